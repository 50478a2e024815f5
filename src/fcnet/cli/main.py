"""The command line: the only place that prints errors and exits."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from fcnet.cli import app, train
from fcnet.cli.advice import usage
from fcnet.cli.words import Verbosity, verbosity
from fcnet.errors import FcnetError
from fcnet.system import signals, streams
from fcnet.system.files import from_os_error
from fcnet.system.memory import is_out_of_memory, no_memory
from fcnet.system.signals import INTERRUPTED, Stop

# Words that may be anywhere, by what they mean; the first one that is there counts.
VERBOSITY = {Verbosity.QUIET: ("--quiet", "-q"), Verbosity.VERBOSE: ("--verbose", "-v", "-vv")}

# The base error of typer's parser, of which every version of typer exports only this subclass.
_UsageError: Any = typer.BadParameter.__mro__[1]


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run a command line, and return the exit code (0 done, else as in ``errors``).

    Args:
        argv: its words; by default those of the process.
        stop: whether a signal has requested a stop, if signals are handled already.
    """
    words, debug = _without_switches(list(sys.argv[1:] if argv is None else argv))
    if stop is not None or words[:1] not in (["train"], ["sweep"]):
        return _run(words, debug, stop or Stop())
    with signals.catching() as stop:
        return _run(words, debug, stop)


def _without_switches(words: list[str]) -> tuple[list[str], bool]:
    """Return the words without those that may be anywhere, which are heeded, and whether ``--debug`` is among them."""
    end = words.index("--") if "--" in words else len(words)
    given = set(words[:end])
    told = [one for one, names in VERBOSITY.items() if given & set(names)]
    verbosity.set(told[0] if told else Verbosity.USUAL)
    switches = {"--debug", *(name for names in VERBOSITY.values() for name in names)}
    return [word for word in words[:end] if word not in switches] + words[end:], "--debug" in given


def _run(words: list[str], debug: bool, stop: Stop) -> int:
    command = typer.main.get_command(app.app)
    try:
        words = usage.arrange(_with_values(words), command)
        code = int(command(words, prog_name="fcnet", standalone_mode=False, obj=stop) or 0)
        if code == INTERRUPTED:  # returned for Ctrl-C by newer versions of typer
            raise KeyboardInterrupt
        return code
    except _UsageError as error:
        from fcnet.cli.advice import options  # imported here: its look-ups are slow to import

        return _fail(options.explain(error, words, command), debug)
    except FcnetError as error:
        return _fail(error, debug)
    except (KeyboardInterrupt, typer.Abort):
        _print_last("fcnet: interrupted")
        return INTERRUPTED
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        if is_out_of_memory(error):
            return _fail(no_memory(), debug)
        if isinstance(error, OSError):
            return _fail(from_os_error(error), debug)
        raise


def _with_values(words: list[str]) -> list[str]:
    """Give a bare ``--resume`` the value that typer needs; the next word may be its run, or something else."""
    named = any(re.match(r"-c|--config\b", word) for word in words)
    for i, word in enumerate(words):
        behind = r"-|[A-Za-z_][\w.]*=" if named else r"-|[A-Za-z_][\w.]*=|.*\.ya?ml$"  # a config is not a run
        if word == "--resume" and (i + 1 == len(words) or re.match(behind, words[i + 1])):
            words[i] = f"--resume={train.NEWEST}"
    return words


def _fail(error: FcnetError, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    for problem in error.problems:
        _print_last(f"fcnet: {error.word}: " + " ".join(problem.splitlines()))
    return error.exit_code


def _print_last(text: str) -> None:
    """Write a last line to stderr; if that fails, the exit code still shows the outcome."""
    with contextlib.suppress(OSError):
        streams.write(sys.stderr, text)


def entry(stop: Stop | None = None) -> None:
    """Run the ``fcnet`` script; ``stop`` is as for ``main``."""
    streams.prepare()
    try:
        code = main(stop=stop)
    except KeyboardInterrupt:  # while another error was being printed
        code = INTERRUPTED
    except Exception as error:
        if is_out_of_memory(error):  # again, while the error was being printed
            code = _fail(no_memory(), debug=False)
        else:  # a bug
            with contextlib.suppress(OSError):
                traceback.print_exc()
            code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # its reader may be gone
            stream.flush()
    # All files are written and closed by now. An orderly unloading of torch would take another half second.
    os._exit(code)
