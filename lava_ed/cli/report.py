"""`lava-ed report`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lava_ed.cli.options import taking
from lava_ed.cli.output import PriceLists, Report, RunDataDir
from lava_ed.cli.run import OF_FILE, refuse_netx_options
from lava_ed.errors import ConfigError
from lava_ed.plain_text import percent


@taking("of_file", OF_FILE)
def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a run, or of a model.safetensors alone, or a netx file.")
    ],
    samples: Annotated[int, typer.Option(help="Test samples whose spikes and membranes are drawn.")] = 3,
    price_list: PriceLists = None,
    data_dir: RunDataDir = None,
    dataset: Annotated[str | None, typer.Option(help="Data set of a model that comes without a run.")] = None,
    of_file: Any = None,
) -> Report:
    """Write report.html, one page with all that is known of a run, and its pictures into the run's folder."""
    from lava_ed.report import report_netx, report_run

    common: dict[str, Any] = {"price_lists": price_list, "data_dir": data_dir, "dataset": dataset}
    if Path(run).is_file() and run.endswith(".nir"):
        raise ConfigError(f"{run} is a NIR file, of which there are no pages: see lava-ed import, and lava-ed eval")
    if Path(run).is_file():
        value = report_netx(run, samples=samples, **common, **of_file)
    else:
        refuse_netx_options(of_file)
        value = report_run(run, samples=samples, **common)
    return Report(value, _shown(value))


def _shown(value: dict[str, Any]) -> Iterator[str]:
    """Lines that say where the page is, and what is missing in it."""
    yield f"{value['report']}: {value['bytes'] / 1e6:.2f} MB, opens without a network"
    if value["test_accuracy"] is not None:
        yield f"test accuracy: {percent(value['test_accuracy'])}"
    yield f"{len(value['pictures'])} pictures in {value['picture_folder']}"
    for what in value["missing"]:
        yield f"Not in the page: {what}"
