"""`lava-ed bench`: a group of measurements, one command each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.output import Report, Table, dump
from lava_ed.version import __version__

QuickFlag = Annotated[bool, typer.Option("--quick", help="Tiny nets: whether it works, not how fast it is.")]
NetOption = Annotated[list[str] | None, typer.Option(help="Only this net; may be given several times.")]

COLUMNS: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "net": lambda net: net["name"],
    "Lava": lambda net: f"{1e6 * net['lava_seconds']:,.0f}",
    "engine": lambda net: f"{1e6 * net['engine_seconds']:,.2f}",
    "ratio": lambda net: f"{net['ratio']:,.0f}",
    "pre": lambda net: f"{net['spikes']:.1f}",
    "post": lambda net: "–" if net["post_spikes"] is None else f"{net['post_spikes']:.2f}",
    "bare": lambda net: f"{1e6 * net['roofline_seconds']:.2f}",
    "/bare": lambda net: f"{net['distance']:,.1f}",
    "Gop/s": lambda net: f"{1e-9 * net['operations_per_second']:.2f}",
    "equal": lambda net: "yes" if net["equal"] else "NO",
}
"""Columns of the table of nets."""
NOTES: Final = (
    "ratio: Lava by engine. pre: spikes into synapses, a step; post: of the neurons behind plastic synapses.",
    "bare: the row additions alone, int8, in a bare loop; the engine also counts every operation.",
    "/bare: engine by that. Gop/s: 10⁹ weights added and synapses visited by a learning rule, a second.",
)
RATES: Final = ("last product", "post spikes/step", "Lava", "engine", "ratio", "equal")
FIRST: Final = ("net", "compiled code cached", "nothing compiled", "its CPU time")
SCALE: Final = ("varied", "value", "spikes/step", "µs/step")


def engine(
    quick: QuickFlag = False,
    out: Annotated[str | None, typer.Option(help="Folder for the figures as JSON and the plots.")] = None,
    net: NetOption = None,
) -> Report:
    """Time the engine beside Lava's own runtime on nets of stock Lava processes, and compare every Var.

    Without --net also STDP at several post rates, how the engine's time grows with spikes, neurons, layers and
    steps, and what the first call in a new process takes, with and without compiled code.
    """
    from lava_ed.bench import bench_engine
    from lava_ed.bench.engine import bench_rates
    from lava_ed.bench.first_call import bench_first_call
    from lava_ed.bench.nets import NETS
    from lava_ed.bench.scale import bench_scale
    from lava_ed.files.writing import folder_to_fill
    from lava_ed.train import reporter

    tell = reporter().message
    with folder_to_fill(out) if out is not None else nullcontext():
        value = {"lava_ed_version": __version__, **bench_engine(net or list(NETS), quick, tell)}
        value["rates"] = [] if net else bench_rates(quick, tell)
        value["scale"] = [] if net else bench_scale(quick, tell)
        value["first_call"] = [] if net else bench_first_call(quick, tell)
        value["equal"] = all(timing["equal"] for timing in (*value["nets"], *value["rates"]))
        value["load"][1] = os.getloadavg()[0]
        value["files"] = [] if out is None else _write(out, value)
    return Report(value, _shown_engine(value), 0 if value["equal"] else 1)


def _write(out: str, value: dict[str, Any]) -> list[str]:
    """The figures, and the plot of how the time grows; returns the files."""
    from lava_ed.bench.scale import SWEEPS
    from lava_ed.files.writing import write_atomically
    from lava_ed.viz.scale import scale_plot

    files = [Path(out) / "engine.json"]
    write_atomically(files[0], dump(value).encode())
    if value["scale"]:
        files.append(Path(out) / "scale.png")
        scale_plot(value["scale"], {name: sweep.title for name, sweep in SWEEPS.items()}, files[1])
    return [str(file) for file in files]


def _shown_engine(value: dict[str, Any]) -> Iterator[Table | str]:
    """The table of nets and those of the other measurements, and under which load they were made."""
    rows = [[shown(net) for shown in COLUMNS.values()] for net in value["nets"]]
    yield Table("A time step, in µs; one thread", list(COLUMNS), rows)
    for net in value["nets"]:
        sizes = "-".join(map(str, net["sizes"]))
        outcome = "all equal" if net["equal"] else f"these DIFFER: {', '.join(net['differing'])}"
        yield f"{net['name']}: {net['title']}, {sizes}; {net['compared']} Vars of both runtimes compared, {outcome}"
    yield from NOTES
    if value["rates"]:
        columns = [COLUMNS[name] for name in ("net", "post", "Lava", "engine", "ratio", "equal")]
        rows = [[shown(timing) for shown in columns] for timing in value["rates"]]
        yield Table("STDP at other post rates, µs a step", RATES, rows)
    if value["scale"]:
        rows = [
            [p["sweep"], f"{p['value']:g}", f"{p['spikes']:.1f}", f"{1e6 * p['seconds']:,.2f}"] for p in value["scale"]
        ]
        yield Table("Engine alone, the forward net with one quantity varied", SCALE, rows)
    if value["first_call"]:
        times = ("cached_seconds", "cold_seconds", "cold_cpu_seconds")
        rows = [[call["net"], *(_figure(call[name], ".2f", None) for name in times)] for call in value["first_call"]]
        yield Table("Import, attach and first step in a new process, s", FIRST, rows)
    for file in value["files"]:
        yield f"Written: {file}"
    yield _load(value)


def _figure(number: float | None, form: str, missing: str | None = "–") -> str | None:
    """A figure in a format, where there is one."""
    return missing if number is None else format(number, form)


def _load(value: dict[str, Any]) -> str:
    """Under which load a benchmark was measured."""
    load = " … ".join(f"{x:.1f}" for x in value["load"])
    return f"Load of the machine: {load} on {value['cores']} cores."


def training(
    data_dir: Annotated[
        str | None,
        typer.Option(help="Folder with MNIST's IDX files; without it, synthetic images as sparse as MNIST's."),
    ] = None,
    quick: QuickFlag = False,
    net: Annotated[
        list[str] | None,
        typer.Option(help="Only nets with these hidden neurons or layers; may be given several times."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1000, help="Samples of the epoch.")] = 60_000,
) -> Report:
    """Time one epoch of training, sample by sample, beside lava-dl's SLAYER where that is installed."""
    import numpy as np

    from lava_ed.bench.training import Data, bench_training, synthetic
    from lava_ed.train import reporter

    samples = 200 if quick else samples
    if data_dir is None:
        data = synthetic(samples)
    else:
        from lava_ed.data import load_dataset

        found = load_dataset("mnist", data_dir)
        data = Data(np.ascontiguousarray(found.train_images), found.train_labels, "MNIST")
    value = {"lava_ed_version": __version__, "load": os.getloadavg()[0], "cores": os.cpu_count()}
    value |= bench_training(data, samples, reporter().message, quick=quick, only=net or None)
    return Report(value, _shown_training(value))


def _shown_training(value: dict[str, Any]) -> Iterator[Table | str]:
    """The table of nets, and what SLAYER did."""
    ratios = {(r["rule"], r["hidden"], r["steps"]): r["ratio"] for r in value["ratios"]}
    slayer = {(net["hidden"], net["steps"]): net for net in value["slayer"]["nets"]}
    rows = []
    for net in value["nets"]:
        other = slayer.get((net["hidden"], net["steps"]))
        rows.append(
            [
                net["rule"],
                str(net["hidden"]),
                str(net["steps"]),
                *(f"{net[name]:,.0f}" for name in ("epoch_rate", "untrained_rate")),
                f"{100 * net['triggered']:.0f} %",
                f"{net['distance']:.1f}",
                "–" if other is None else f"{other['best_rate']:,.0f} ({other['best_batch']})",
                _figure(ratios.get((net["rule"], net["hidden"], net["steps"])), ",.0f"),
            ]
        )
    header = ("rule", "H", "T", "epoch", "fresh", "learned", "/bare", "SLAYER", "ratio")
    yield Table(f"Samples a CPU second in training, 784-H-10 or layers, one thread; {value['data']}", header, rows)
    yield (
        "epoch: mean of one epoch from random weights; fresh: its first 5,000 samples. learned: share of the samples "
        "whose error was sent. /bare: time by that of a sample's forward row additions alone. SLAYER: its rate (and "
        "best batch)."
    )
    if value["slayer"]["why"]:
        yield value["slayer"]["why"]
    yield f"Load of the machine at the start: {value['load']:.1f} on {value['cores']} cores."


def energy(quick: QuickFlag = False, net: NetOption = None) -> Report:
    """Measure what counting operations costs: nets of stock Lava processes, and training with either rule."""
    from lava_ed.bench import bench_energy
    from lava_ed.bench.energy import TRAINED
    from lava_ed.bench.nets import NETS
    from lava_ed.train import reporter

    value = {"lava_ed_version": __version__, **bench_energy(net or (*NETS, *TRAINED), quick, reporter().message)}
    rows = [
        (
            net["name"], "-".join(map(str, net["sizes"])), net["unit"], f"{1e6 * net['off_seconds']:.2f}",
            f"{1e6 * net['on_seconds']:.2f}", f"{net['ratio']:.3f}", f"{net['low']:.3f} … {net['high']:.3f}",
        )
        for net in value["nets"]
    ]  # fmt: skip
    header = ("net", "neurons", "a", "without", "with", "ratio", "quartiles")
    title = "A time step, or a sample learned, without and with counters, in µs; one thread"
    return Report(value, [Table(title, header, rows), _load(value)])


BENCHES: Final[dict[str, Callable[..., Report]]] = {"energy": energy, "engine": engine, "training": training}
"""Measurements by name; a new one needs a function here that returns a Report."""
