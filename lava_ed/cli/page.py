"""`lava-ed report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lava_ed.cli.report import JsonFlag, Report, percent

if TYPE_CHECKING:
    from rich.console import Console


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a run, or of a model.safetensors alone, or a netx file.")
    ],
    samples: Annotated[int, typer.Option(help="Test samples whose spikes and membranes are drawn.")] = 3,
    price_list: Annotated[
        list[str] | None,
        typer.Option(help="Name or file of a price list; may be repeated.  [default: all built-in ones]"),
    ] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Folder of the data files, if it is no longer the run's.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set of a model that comes without a run.")] = None,
    encoder: Annotated[str | None, typer.Option(help="netx: rate or ttfs.  [default: noted in the file]")] = None,
    steps: Annotated[int | None, typer.Option(help="netx: steps of input.  [default: noted in the file]")] = None,
    readout: Annotated[str | None, typer.Option(help="netx: membrane or spikes.  [default: noted in the file]")] = None,
    limit: Annotated[int | None, typer.Option(help="netx: test on the first so many samples.")] = None,
    json: JsonFlag = False,
) -> Report:
    """Write report.html, one page with all that is known of a run, and its pictures into the run's folder."""
    from lava_ed.errors import ConfigError
    from lava_ed.viz.report import report_netx, report_run

    common: dict[str, Any] = {"price_lists": price_list, "data_dir": data_dir, "dataset": dataset}
    given: dict[str, Any] = {"encoder": encoder, "steps": steps, "readout": readout, "limit": limit}
    if Path(run).is_file():
        value = report_netx(run, samples=samples, **common, **given)
    elif mine := [f"--{name}" for name, setting in given.items() if setting is not None]:
        raise ConfigError(f"{', '.join(mine)}: only for netx files, a run knows its own")
    else:
        value = report_run(run, samples=samples, **common)
    return Report(value, lambda console: _show(console, value))


def _show(console: Console, value: dict[str, Any]) -> None:
    """Where the page is, and what is not in it."""
    console.print(f"{value['report']}: {value['bytes'] / 1e6:.2f} MB, opens without a network", soft_wrap=True)
    if value["test_accuracy"] is not None:
        console.print(f"test accuracy: {percent(value['test_accuracy'])}", soft_wrap=True)
    console.print(f"{len(value['pictures'])} pictures in {value['picture_folder']}", soft_wrap=True)
    for what in value["missing"]:
        console.print(f"Not in the page: {what}", soft_wrap=True)
