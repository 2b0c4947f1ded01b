"""The commands by name."""

from __future__ import annotations

from collections.abc import Callable
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


def _telling(command: Callable[..., Report]) -> Callable[..., Report]:
    """A command whose message on a stop signal, for example how to resume, is not lost."""

    @wraps(command)
    def told(*args: Any, **options: Any) -> Report:
        try:
            return command(*args, **options)
        except KeyboardInterrupt as error:
            raise Interrupted(str(error) or "interrupted", exit_code(error)) from error

    return told


COMMANDS: Final[dict[str, Callable[..., Report]]] = {
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

bench = typer.Typer(
    help="Measure speed: each command prints a table, or JSON.", no_args_is_help=True, rich_markup_mode=None
)
for _name, _command in BENCHES.items():
    bench.command(_name)(_telling(_command))
app.add_typer(bench, name="bench")

data = typer.Typer(
    help="Look at recordings of event cameras, or simulate them.", no_args_is_help=True, rich_markup_mode=None
)
for _name, _command in DATA.items():
    data.command(_name)(_telling(_command))
app.add_typer(data, name="data")
