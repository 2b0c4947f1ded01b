"""The commands by name."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.bench import BENCHES
from lava_ed.cli.compare import compare
from lava_ed.cli.continual import continual
from lava_ed.cli.data import DATA
from lava_ed.cli.demo import demo
from lava_ed.cli.diagnose import diagnose
from lava_ed.cli.estimate import estimate
from lava_ed.cli.exchange import export, import_net
from lava_ed.cli.options import JSON, Command, parameter_of, with_parameters
from lava_ed.cli.output import Interrupted, Report
from lava_ed.cli.report import report
from lava_ed.cli.run import energy, evaluate
from lava_ed.cli.stream import stream
from lava_ed.cli.sweep import sweep
from lava_ed.cli.system import info
from lava_ed.cli.train import train
from lava_ed.stop_signals import exit_code
from lava_ed.version import __version__

app = typer.Typer(
    help="Event-driven supervised learning on Loihi 2: train, evaluate, count operations.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Event-driven supervised learning on Loihi 2: train, evaluate, count operations."""


def _telling(command: Command) -> Command:
    """A command that keeps its message on a stop signal, such as how to resume, and has --json, read by `main`."""

    @wraps(command)
    def told(**options: Any) -> Report:
        del options["json"]
        try:
            return command(**options)
        except KeyboardInterrupt as error:
            raise Interrupted(str(error) or "interrupted", exit_code(error)) from error

    parameters = inspect.signature(command, eval_str=True).parameters.values()
    return with_parameters(told, [*parameters, parameter_of("json", JSON, False)])


COMMANDS: Final[dict[str, Command]] = {
    "train": train,
    "eval": evaluate,
    "energy": energy,
    "estimate": estimate,
    "report": report,
    "compare": compare,
    "export": export,
    "import": import_net,
    "sweep": sweep,
    "stream": stream,
    "continual": continual,
    "diagnose": diagnose,
    "info": info,
    "demo": demo,
}

for _name, _command in COMMANDS.items():
    app.command(_name)(_telling(_command))
for _group, _help, _commands in (
    ("bench", "Measure speed: each command prints a table, or JSON.", BENCHES),
    ("data", "Look at recordings of event cameras, or simulate them.", DATA),
):
    _inner = typer.Typer(help=_help, no_args_is_help=True, rich_markup_mode=None)
    for _name, _command in _commands.items():
        _inner.command(_name)(_telling(_command))
    app.add_typer(_inner, name=_group)
