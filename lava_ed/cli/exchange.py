"""`lava-ed export` and `lava-ed import`: nets in the formats of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.options import option, taking
from lava_ed.cli.output import OtherData, Report, Table
from lava_ed.errors import ConfigError

OF_FORMAT: Final = {
    "out": option(str, "File to write.  [default: model.net/nir or golden.h5/nirdata in RUN]"),
    "samples": option(int, "golden, nirdata: training samples to present.  [default: 4]"),
    "learning": option(bool, "golden: whether the net learns from them.  [default: learning]"),
    "data_dir": option(str, "golden, nirdata: folder of the data files, if not the run's."),
    "neurons": option(str, "nir: cubalif (what most simulators read, default) or simplest (IF and LIF where they do)."),
}
"""Arguments of `export_run` that are options, some for some formats."""


@taking("of_format", OF_FORMAT)
def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run; for nir, also a netx file, *.net.")],
    file_format: Annotated[
        str, typer.Option("--format", help="netx (lava-dl), nir, golden (vectors), or nirdata (the same).")
    ],
    of_format: Any = None,
    other_data: OtherData = False,
) -> Report:
    """Write the net of a run for another tool, in integers; what the format cannot hold is refused by name."""
    from lava_ed.exchange import export_run

    value = export_run(run, file_format, other_data=other_data, **of_format)
    rows = [("file", name) for name in value["files"]]
    if "samples" in value:
        rows += [("samples", value["samples"]), ("time steps", value["steps"])]
    if file_format == "golden":
        rows.append(("check with", f"python {value['files'][1]} {value['files'][0]}"))
    return Report(value, [Table(f"{run} as {file_format}", ("what", "value"), rows)])


def import_net(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A netx file, usually *.net, or a NIR file, *.nir.")],
    dt: Annotated[
        float | None, typer.Option(help="NIR: seconds of a time step.  [default: noted in the file, or 0.0001]")
    ] = None,
) -> Report:
    """Read a netx or NIR file, check that the engine runs it, and show its layers; test it with lava-ed eval FILE."""
    if file.endswith(".nir"):
        return _import_nir(file, dt)
    if dt is not None:
        raise ConfigError("--dt is for NIR files only: a netx file is in time steps")
    import warnings

    import numpy as np

    from lava_ed.errors import ExchangeWarning
    from lava_ed.exchange import netx_program, read_netx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExchangeWarning)  # they are shown below the table
        net = read_netx(file)
    netx_program(net, np.zeros((net.sizes[0], 1), np.int32), len(net.sizes) + 2).run(1)
    value = {"netx": file, **net.describe()}
    return Report(value, _shown(file, value))


def _import_nir(file: str, dt: float | None) -> Report:
    """The integers of a NIR file, their errors, and the loss that was measured on random spikes."""
    from lava_ed.exchange import measure_loss, read_nir

    net = read_nir(file, dt)
    value = {"nir": file, **net.describe()}
    for layer, loss in zip(value["layers"], measure_loss(net), strict=True):
        layer["measured"] = loss
    titles = ("layer", "du/dv/vth", "unit", "largest error", "spikes differ")
    rows = [
        (
            f"{layer['name']} {layer['neuron']}",
            f"{layer['iDecay']}/{layer['vDecay']}/{layer['vThMant'] or 'never'}",
            f"1/{layer['scale']:,.4g}",
            "none" if layer["exact"] else f"{max(layer['errors'].values()):.2%}",
            f"{layer['measured']['differ']} of {layer['measured']['spikes_of_graph']}",
        )
        for layer in value["layers"]
    ]
    notes = [
        f"Note: a time step is {net.dt:g} s; a unit of the threshold's mantissa is that part of a threshold",
        "Note: errors are those of weights and biases in the largest weight, and of decays; spikes are those of the "
        "graph in floats on 32 steps of random input, and how many (neuron, step) pairs differ from them",
    ]
    return Report(value, [Table(file, titles, rows), *notes])


_TITLES = ("layer", "shape", "neuron", "synapses", "weights", "with")
"""Few enough for a terminal of 80 columns; --json has every field by itself."""


def _shown(file: str, value: dict[str, Any]) -> Iterator[Table | str]:
    """The layers, and whatever is to be said of them."""
    yield Table(file, _TITLES, [_row(k, layer) for k, layer in enumerate(value["layers"])])
    if any(layer["neuron"] == "LIF" for layer in value["layers"]):
        yield "Note: of LIF neurons iDecay/vDecay/vThMant are shown"
    for remark in value["remarks"]:
        yield f"Note: {remark}"


def _row(number: int, layer: dict[str, Any]) -> list[object]:
    """Cells of a layer."""
    neuron = layer["neuron"]
    if neuron == "LIF":
        neuron = f"LIF {layer['iDecay']}/{layer['vDecay']}/{layer['vThMant']}"
    shape, weights = layer["shape"], layer["weight_range"]
    besides = ["bias"] * layer["bias"] + [f"delay {layer['delay']}"] * (layer["delay"] is not None)
    return [
        f"{number} {layer['type']}",
        shape and "×".join(map(str, shape)),
        neuron,
        layer["nonzero_synapses"] if weights else None,
        weights and "…".join(map(str, weights)),
        ", ".join(besides) or None,
    ]
