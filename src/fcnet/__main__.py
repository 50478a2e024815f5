"""Entry point of ``python -m fcnet`` and of the ``fcnet`` script."""

import sys

from fcnet.system import signals

SWITCHES = ("--debug", "-v", "-vv", "--verbose", "-q", "--quiet")  # words that may stand before a command


def entry() -> None:
    """Run the command line of this process; signals are handled from here on."""
    try:
        command = next((word for word in sys.argv[1:] if word not in SWITCHES), None)
        # These keep their handlers until the process ends, so that a repeated signal is harmless.
        stop = signals.catch() if command in ("train", "sweep") else None
        from fcnet.cli import main
    except KeyboardInterrupt:
        raise SystemExit(signals.INTERRUPTED) from None
    main.entry(stop)


if __name__ == "__main__":
    entry()
