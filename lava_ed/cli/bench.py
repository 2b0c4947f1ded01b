"""`lava-ed bench`: a group of measurements, one command each."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lava_ed.cli.report import JsonFlag, Report, table
from lava_ed.errors import RunFolderError

if TYPE_CHECKING:
    from rich.console import Console

QuickFlag = Annotated[bool, typer.Option("--quick", help="Tiny nets: whether it works, not how fast it is.")]
OutOption = Annotated[str | None, typer.Option(help="Folder for the figures as JSON and the plots.")]

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
    out: OutOption = None,
    net: Annotated[list[str] | None, typer.Option(help="Only this net; may be given several times.")] = None,
    json: JsonFlag = False,
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
    from lava_ed.train import reporter
    from lava_ed.version import __version__

    tell = reporter().message
    value = {"lava_ed_version": __version__, **bench_engine(net or list(NETS), quick, tell)}
    value["rates"] = [] if net else bench_rates(quick, tell)
    value["scale"] = [] if net else bench_scale(quick, tell)
    value["first_call"] = [] if net else bench_first_call(quick, tell)
    value["equal"] = all(timing["equal"] for timing in (*value["nets"], *value["rates"]))
    value["load"][1] = os.getloadavg()[0]
    value["files"] = [] if out is None else _write(out, value)
    return Report(value, lambda console: _show(console, value), 0 if value["equal"] else 1)


def _write(out: str, value: dict[str, Any]) -> list[str]:
    """The figures, and the plot of how the time grows; returns the files."""
    from lava_ed.bench.scale import SWEEPS
    from lava_ed.cli.report import dump
    from lava_ed.files.writing import write_atomically
    from lava_ed.viz.scale import scale_plot

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(
            f"{out} cannot be a folder ({error.strerror or error}): choose one you may write to with --out"
        ) from error
    files = [folder / "engine.json"]
    write_atomically(files[0], dump(value).encode())
    if value["scale"]:
        files.append(folder / "scale.png")
        scale_plot(value["scale"], {name: sweep.title for name, sweep in SWEEPS.items()}, files[1])
    return [str(file) for file in files]


def _show(console: Console, value: dict[str, Any]) -> None:
    """The table of nets, and under which load it was measured."""
    rows = [[shown(net) for shown in COLUMNS.values()] for net in value["nets"]]
    table("A time step, in µs; one thread", list(COLUMNS), rows)(console)
    for net in value["nets"]:
        sizes = "-".join(map(str, net["sizes"]))
        outcome = "all equal" if net["equal"] else f"these DIFFER: {', '.join(net['differing'])}"
        line = f"{net['name']}: {net['title']}, {sizes}; {net['compared']} Vars of both runtimes compared, {outcome}"
        console.print(line, soft_wrap=True)
    for line in NOTES:
        console.print(line, soft_wrap=True)
    if value["rates"]:
        table("STDP at other post rates, µs a step", RATES, _rate_rows(value["rates"]))(console)
    if value["scale"]:
        table("Engine alone, the forward net with one quantity varied", SCALE, _scale_rows(value["scale"]))(console)
    if value["first_call"]:
        table("Import, attach and first step in a new process, s", FIRST, _first_rows(value["first_call"]))(console)
    for file in value["files"]:
        console.print(f"Written: {file}", soft_wrap=True)
    load = " … ".join(f"{x:.1f}" for x in value["load"])
    console.print(f"Load of the machine: {load} on {value['cores']} cores.", soft_wrap=True)


def _rate_rows(timings: list[dict[str, Any]]) -> list[list[object]]:
    """Rows of the table of post rates."""
    shown = [COLUMNS[name] for name in ("net", "post", "Lava", "engine", "ratio", "equal")]
    return [[show(timing) for show in shown] for timing in timings]


def _first_rows(calls: list[dict[str, Any]]) -> list[list[object]]:
    """Rows of the table of first calls."""
    times = ([call[name] for name in ("cached_seconds", "cold_seconds", "cold_cpu_seconds")] for call in calls)
    return [
        [call["net"], *(None if t is None else f"{t:.2f}" for t in row)] for call, row in zip(calls, times, strict=True)
    ]


def _scale_rows(points: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of the table of sweeps."""
    return [[p["sweep"], f"{p['value']:g}", f"{p['spikes']:.1f}", f"{1e6 * p['seconds']:,.2f}"] for p in points]


def training(
    data_dir: Annotated[
        str | None,
        typer.Option(help="Folder with MNIST's IDX files; without it, synthetic images as sparse as MNIST's."),
    ] = None,
    quick: QuickFlag = False,
    samples: Annotated[int, typer.Option(min=1000, help="Samples of the epoch.")] = 60_000,
    json: JsonFlag = False,
) -> Report:
    """Time one epoch of training, sample by sample, beside lava-dl's SLAYER where that is installed."""
    import numpy as np

    from lava_ed.bench.training import Data, bench_training, synthetic
    from lava_ed.train import reporter
    from lava_ed.version import __version__

    if data_dir is None:
        data = synthetic(200 if quick else samples)
    else:
        from lava_ed.data import load_dataset

        found = load_dataset("mnist", data_dir)
        data = Data(np.ascontiguousarray(found.train_images), found.train_labels, "MNIST")
    load = os.getloadavg()[0]
    value = bench_training(data, 200 if quick else samples, reporter().message, quick=quick)
    value = {"lava_ed_version": __version__, "load": load, "cores": os.cpu_count(), **value}
    return Report(value, lambda console: _show_training(console, value))


def _show_training(console: Console, value: dict[str, Any]) -> None:
    """The table of nets, and what SLAYER did."""
    against = {(r["rule"], r["hidden"], r["steps"]): r["ratio"] for r in value["ratios"]}
    slayer = {(net["hidden"], net["steps"]): net for net in value["slayer"]["nets"]}
    rows = []
    for net in value["nets"]:
        other, ratio = (
            slayer.get((net["hidden"], net["steps"])),
            against.get((net["rule"], net["hidden"], net["steps"])),
        )
        rows.append(
            [
                net["rule"],
                str(net["hidden"]),
                str(net["steps"]),
                *(f"{net[name]:,.0f}" for name in ("epoch_rate", "untrained_rate")),
                f"{100 * net['triggered']:.0f} %",
                f"{net['distance']:.1f}",
                "–" if other is None else f"{other['best_rate']:,.0f} ({other['best_batch']})",
                "–" if ratio is None else f"{ratio:,.0f}",
            ]
        )
    header = ("rule", "H", "T", "epoch", "fresh", "learned", "/bare", "SLAYER", "ratio")
    table(f"Samples a CPU second in training, 784-H-10, one thread; {value['data']}", header, rows)(console)
    console.print(
        "epoch: mean of one epoch from random weights; fresh: its first 5,000 samples. learned: share of the samples "
        "whose error was sent. /bare: time by that of a sample's forward row additions alone. SLAYER: its rate (and "
        "best batch).",
        soft_wrap=True,
    )
    if value["slayer"]["why"]:
        console.print(value["slayer"]["why"], soft_wrap=True)
    console.print(f"Load of the machine at the start: {value['load']:.1f} on {value['cores']} cores.", soft_wrap=True)


def energy(
    quick: QuickFlag = False,
    net: Annotated[list[str] | None, typer.Option(help="Only this net; may be given several times.")] = None,
    json: JsonFlag = False,
) -> Report:
    """Measure what counting operations costs: nets of stock Lava processes, and training with either rule."""
    from lava_ed.bench import bench_energy
    from lava_ed.bench.energy import TRAINED
    from lava_ed.bench.nets import NETS
    from lava_ed.train import reporter
    from lava_ed.version import __version__

    value = {"lava_ed_version": __version__, **bench_energy(net or (*NETS, *TRAINED), quick, reporter().message)}
    return Report(value, lambda console: _show_counting(console, value))


def _show_counting(console: Console, value: dict[str, Any]) -> None:
    """What counting costs on each net."""
    rows = [
        (
            net["name"], "-".join(map(str, net["sizes"])), net["unit"], f"{1e6 * net['off_seconds']:.2f}",
            f"{1e6 * net['on_seconds']:.2f}", f"{net['ratio']:.3f}", f"{net['low']:.3f} … {net['high']:.3f}",
        )
        for net in value["nets"]
    ]  # fmt: skip
    header = ("net", "neurons", "a", "without", "with", "ratio", "quartiles")
    table("A time step, or a sample learned, without and with counters, in µs; one thread", header, rows)(console)
    load = " … ".join(f"{x:.1f}" for x in value["load"])
    console.print(f"Load of the machine: {load} on {value['cores']} cores.", soft_wrap=True)


BENCHES: Final[dict[str, Callable[..., Report]]] = {"energy": energy, "engine": engine, "training": training}
"""Measurements by name; a new one needs a function here that returns a Report."""
