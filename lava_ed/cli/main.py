"""Entry of the command: parses, runs one command, prints its report, and maps errors to exit codes.

Exit codes: 0 good; 2 bad usage, bad input or a place that cannot be read or written; 1 any other failure; 130 stopped
by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP; 141 where the reader of standard output has left.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any, Final

import typer

from lava_ed.cli.output import Interrupted, Report, dump
from lava_ed.cli.streams import give_up_output, lasting_streams
from lava_ed.errors import (
    CheckpointError,
    ChipLimitError,
    ConfigError,
    DataError,
    ExchangeError,
    LavaEDError,
    PriceListError,
    RunFolderError,
)
from lava_ed.plain_text import visible
from lava_ed.stop_signals import StopSignals, exit_code, raise_stopped

OK, FAILURE, BAD_INPUT, INTERRUPTED, READER_LEFT = 0, 1, 2, 130, 141
INPUT_ERRORS: Final = (ConfigError, DataError, RunFolderError, CheckpointError, PriceListError, ExchangeError)
"""What the user can mend by changing the command or its files."""

# Newer releases of typer carry click inside, older ones depend on it; the base class is the same.
_UsageError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, by default that of the process, and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    with lasting_streams(), StopSignals(raise_stopped):
        try:
            return _answer(arguments)
        except BrokenPipeError:
            give_up_output()
            return READER_LEFT


def _answer(arguments: list[str]) -> int:
    """Run a command and print its report, or what went wrong."""
    as_json = "--json" in arguments
    try:
        if any("\0" in argument for argument in arguments):
            raise ConfigError("an argument holds a NUL character, which no name of a file can hold: leave it out")
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            from lava_ed.cli.app import app

            command = typer.main.get_command(app)
            result = command.main(args=arguments, prog_name="lava-ed", standalone_mode=False)
        return _print(result, as_json)
    except (Interrupted, KeyboardInterrupt) as error:
        return _fail("Interrupted", str(error) or "interrupted", getattr(error, "exit_code", exit_code(error)), as_json)
    except typer.Abort:
        return _fail("Interrupted", "interrupted", INTERRUPTED, as_json)
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        message = str(getattr(error, "format_message", error.__str__)())
        if message.startswith("Usage:"):  # the whole help, where no command was given
            message = "a command is needed: see lava-ed --help"
        if context is not None and not as_json:
            print(context.get_usage(), file=sys.stderr)
        return _fail("UsageError", message, BAD_INPUT, as_json)
    except LavaEDError as error:
        code = BAD_INPUT if isinstance(error, INPUT_ERRORS) else FAILURE
        return _fail(type(error).__name__, str(error), code, as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What the system refused, and where: a missing right, a full disk, a name that is too long.
        where = f"{error.filename}: " if error.filename is not None else ""
        refused = f"{where}{error.strerror or error}: make room, change the rights, or name another place"
        return _fail(type(error).__name__, refused, BAD_INPUT, as_json)
    except Exception as error:
        traceback.print_exc()
        return _fail(type(error).__name__, str(error), FAILURE, as_json)


def _print(result: Any, as_json: bool) -> int:
    """Show a report; help and --version have printed already."""
    if result == INTERRUPTED:  # before a command had begun
        return _fail("Interrupted", "interrupted", INTERRUPTED, as_json)
    if not isinstance(result, Report):
        if as_json:
            print(dump({}))
        return OK
    if as_json:
        print(dump(result.value), flush=True)
    else:
        from lava_ed.cli.console import PlainConsole

        result.show(PlainConsole())
        sys.stdout.flush()
    return result.exit_code


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    """Tell about an error: as the one JSON object, or as a line on stderr."""
    if as_json:
        print(dump({"error": {"type": kind, "message": message}}), flush=True)
    else:
        # The report of limits is a list, and names nothing that a user chose.
        print(f"lava-ed: {message if kind == ChipLimitError.__name__ else visible(message)}", file=sys.stderr)
    return code
