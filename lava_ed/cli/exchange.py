"""`lava-ed export` and `lava-ed import`: nets in the formats of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lava_ed.cli.report import JsonFlag, OtherData, Report, RunArgument, table

if TYPE_CHECKING:
    from rich.console import Console


def export(
    run: RunArgument,
    file_format: Annotated[str, typer.Option("--format", help="netx (lava-dl) or golden (vectors of every step).")],
    out: Annotated[str | None, typer.Option(help="File to write.  [default: model.net or golden.h5 in RUN]")] = None,
    samples: Annotated[int, typer.Option(help="golden: training samples to present.")] = 4,
    learning: Annotated[bool, typer.Option(help="golden: whether the net learns from them.")] = True,
    data_dir: Annotated[str | None, typer.Option(help="golden: folder of the data files, if not the run's.")] = None,
    other_data: OtherData = False,
    json: JsonFlag = False,
) -> Report:
    """Write the net of a run for another tool, in integers; what the format cannot hold is refused by name."""
    from lava_ed.exchange import export_run

    value = export_run(
        run, file_format, out, samples=samples, learning=learning, data_dir=data_dir, other_data=other_data
    )
    rows = [("file", name) for name in value["files"]]
    if file_format == "golden":
        rows += [("samples", value["samples"]), ("time steps", value["steps"])]
        rows.append(("check with", f"python {value['files'][1]} {value['files'][0]}"))
    return Report(value, table(f"{run} as {file_format}", ("what", "value"), rows))


def import_net(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A netx file, usually *.net.")],
    json: JsonFlag = False,
) -> Report:
    """Read a netx file, check that the engine runs it, and show its layers; test it with lava-ed eval FILE."""
    import warnings

    import numpy as np

    from lava_ed.errors import ExchangeWarning
    from lava_ed.exchange import netx_program, read_netx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExchangeWarning)  # they are shown below the table
        net = read_netx(file)
    if net.cannot_run is None:
        netx_program(net, np.zeros((net.sizes[0], 1), np.int32), len(net.sizes) + 2).run(1)
    value = {"netx": file, **net.describe()}
    return Report(value, lambda console: _show_net(console, file, value))


_COLUMNS = (
    "type",
    "shape",
    "neuron",
    "iDecay",
    "vDecay",
    "vThMant",
    "nonzero_synapses",
    "weight_range",
    "bias",
    "delay",
)
_TITLES = ("type", "shape", "neuron", "iDecay", "vDecay", "vThMant", "synapses", "weights", "bias", "delay")


def _show_net(console: Console, file: str, value: dict[str, Any]) -> None:
    """The layers, and whatever is to be said of them."""
    rows = [(k, *_row(layer)) for k, layer in enumerate(value["layers"])]
    table(file, ("layer", *_TITLES), rows)(console)
    for remark in value["remarks"]:
        console.print(f"Note: {remark}", soft_wrap=True, markup=False)
    if value["cannot_run"] is not None:
        console.print(f"Note: {value['cannot_run']}", soft_wrap=True, markup=False)


def _row(layer: dict[str, Any]) -> list[object]:
    """Cells of a layer."""
    return [_cell(layer[name], "×" if name == "shape" else " … ") for name in _COLUMNS]


def _cell(value: Any, between: str) -> object:
    """Lists joined, truth values as words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return between.join(map(str, value)) if isinstance(value, list) else value
