"""Entry of the command: parses, runs one command, prints its report, and maps errors to exit codes.

Exit codes: 0 good; 2 bad usage or bad input; 1 any other failure; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any, Final

import typer

from lava_ed.cli.report import Interrupted, Report, dump
from lava_ed.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    ExchangeError,
    LavaEDError,
    PriceListError,
    RunFolderError,
)

OK, FAILURE, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
INPUT_ERRORS: Final = (ConfigError, DataError, RunFolderError, CheckpointError, PriceListError, ExchangeError)
"""What the user can mend by changing the command or its files."""

# Newer releases of typer carry click inside, older ones depend on it; the base class is the same.
_UsageError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Default: the arguments of the process.

    Returns
    -------
    int
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    try:
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            result = _run(arguments)
    except (Interrupted, KeyboardInterrupt, typer.Abort) as error:
        return _fail("Interrupted", str(error) or "interrupted", INTERRUPTED, as_json)
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
    except Exception as error:
        traceback.print_exc()
        return _fail(type(error).__name__, str(error), FAILURE, as_json)
    return _print(result, as_json)


def _run(arguments: list[str]) -> Any:
    """What the command returned."""
    from lava_ed.cli.app import app

    return typer.main.get_command(app).main(args=arguments, prog_name="lava-ed", standalone_mode=False)


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
        from rich.console import Console

        result.show(Console(highlight=False))
    return result.exit_code


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    """Tell about an error: as the one JSON object, or as a line on stderr."""
    if as_json:
        print(dump({"error": {"type": kind, "message": message}}), flush=True)
    else:
        print(f"lava-ed: {message}", file=sys.stderr)
    return code
