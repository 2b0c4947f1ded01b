"""`lava-ed bench`: a group of measurements, one command each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lava_ed.cli.report import JsonFlag, Report, table

if TYPE_CHECKING:
    from rich.console import Console

QuickFlag = Annotated[bool, typer.Option("--quick", help="Tiny nets: whether it works, not how fast it is.")]
OutOption = Annotated[str | None, typer.Option(help="Folder for the figures as JSON and the plots.")]

COLUMNS: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "net": lambda net: net["name"],
    "neurons": lambda net: "-".join(map(str, net["sizes"])),
    "Lava": lambda net: f"{1e6 * net['lava_seconds']:,.0f}",
    "engine": lambda net: f"{1e6 * net['engine_seconds']:,.2f}",
    "ratio": lambda net: f"{net['ratio']:,.0f}",
    "spikes": lambda net: f"{net['spikes']:.1f}",
    "bare": lambda net: f"{1e6 * net['roofline_seconds']:.2f}",
    "/bare": lambda net: f"{net['distance']:,.1f}",
    "Gop/s": lambda net: f"{1e-9 * net['operations_per_second']:.2f}",
    "equal": lambda net: "yes" if net["equal"] else "NO",
}
"""Columns of the table of nets."""
NOTES: Final = (
    "ratio: Lava by engine. spikes: into synapses, a step. bare: the row additions alone, int8, in a bare loop;",
    "/bare: engine by that.",
    "Gop/s: 10⁹ weights added and synapses visited by a learning rule, a second. equal: every Var, on both runtimes.",
)


def engine(
    quick: QuickFlag = False,
    out: OutOption = None,
    net: Annotated[list[str] | None, typer.Option(help="Only this net; may be given several times.")] = None,
    json: JsonFlag = False,
) -> Report:
    """Time the engine beside Lava's own runtime on nets of stock Lava processes, and compare every Var."""
    from lava_ed import __version__
    from lava_ed.bench import bench_engine
    from lava_ed.bench.nets import NETS
    from lava_ed.train import reporter

    value = {"lava_ed_version": __version__, **bench_engine(net or list(NETS), quick, reporter().message)}
    return Report(value, lambda console: _show(console, value), 0 if value["equal"] else 1)


def _show(console: Console, value: dict[str, Any]) -> None:
    """The table of nets, and under which load it was measured."""
    rows = [[shown(net) for shown in COLUMNS.values()] for net in value["nets"]]
    table("A time step, in µs; one thread", list(COLUMNS), rows)(console)
    for line in NOTES:
        console.print(line, soft_wrap=True)
    for net in value["nets"]:
        if not net["equal"]:
            console.print(f"{net['name']}: these Vars DIFFER: {', '.join(net['differing'])}", soft_wrap=True)
    load = " … ".join(f"{x:.1f}" for x in value["load"])
    console.print(f"Load of the machine: {load} on {value['cores']} cores.", soft_wrap=True)


BENCHES: Final[dict[str, Callable[..., Report]]] = {"engine": engine}
"""Measurements by name; a new one needs a function here that returns a Report."""
