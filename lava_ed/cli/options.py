"""Options that are declared in a table, which a command takes in place of one argument, so that each is said once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Annotated, Any, Final, get_args

import typer

from lava_ed.cli.output import Report

Command = Callable[..., Report]


def option(kind: Any, text: str, **more: Any) -> Any:
    """The type of an option with this help, which is None where it is not given."""
    return Annotated[kind | None, typer.Option(help=text, **more)]


def flag(name: str, text: str) -> Any:
    """The type of a flag of this name."""
    return Annotated[bool, typer.Option(name, help=text)]


JSON: Final = flag("--json", "Print one JSON object on standard output, nothing else.")


def taking(argument: str, table: Mapping[str, Any]) -> Callable[[Command], Command]:
    """Give a command the options of a table in place of an argument, which gets the values of those that were given."""
    defaults = {name: False if get_args(kind)[0] is bool else None for name, kind in table.items()}

    def changed(command: Command) -> Command:
        @wraps(command)
        def taken(**values: Any) -> Report:
            given = {name: values.pop(name) for name in table}
            return command(**values, **{argument: {n: v for n, v in given.items() if v is not defaults[n]}})

        parameters = list(inspect.signature(command, eval_str=True).parameters.values())
        place = [parameter.name for parameter in parameters].index(argument)
        parameters[place : place + 1] = [parameter_of(name, table[name], defaults[name]) for name in table]
        return with_parameters(taken, parameters)

    return changed


def parameter_of(name: str, kind: Any, default: Any) -> inspect.Parameter:
    """A parameter of a command."""
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def with_parameters(command: Command, parameters: Iterable[inspect.Parameter]) -> Command:
    """A command that typer sees with these parameters."""
    parameters = list(parameters)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
