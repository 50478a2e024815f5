"""``python -m fcnet``, and the ``fcnet`` script: the command line, once it is imported."""

import sys

from fcnet.system import signals


def entry() -> None:
    """Run the command line of this process; signals are answered from here on."""
    try:
        command = next((word for word in sys.argv[1:] if word != "--debug"), None)
        # A training keeps its handlers to the end of the process: a signal that comes again is harmless.
        stop = signals.catch() if command == "train" else None
        from fcnet.cli import main
    except KeyboardInterrupt:
        raise SystemExit(signals.INTERRUPTED) from None
    main.entry(stop)


if __name__ == "__main__":
    entry()
