"""`lava-ed demo`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.output import Report, Table
from lava_ed.plain_text import percent

ROWS: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "test accuracy": lambda run: percent(run["test_accuracy"]),
    "spikes per hidden neuron": lambda run: ", ".join(f"{x:.2f}" for x in run["spikes_per_neuron"].values()),
    "backward messages": lambda run: run["backward_messages"],
    "weight updates (visited synapses)": lambda run: run["synaptic_updates"],
    "weight writes": lambda run: run["weight_writes"],
    "µJ in training": lambda run: run["microjoules_training"],
    "µJ in inference": lambda run: run["microjoules_inference"],
    "samples/s in training": lambda run: run["samples_per_second"],
}
"""Lines of the table, and how each is shown."""


def demo(
    out: Annotated[str, typer.Option(help="Folder of the results; an earlier demo is overwritten.")] = "demo",
) -> Report:
    """Train both rules on the digits, compare the engine with Lava's runtime, draw the results."""
    from lava_ed.demo import run_demo
    from lava_ed.train import reporter
    from lava_ed.version import __version__

    value = {"lava_ed_version": __version__, **run_demo(out, reporter())}
    return Report(value, _shown(value), 1 if value["equal"] is False else 0)


def _shown(value: dict[str, Any]) -> Iterator[Table | str]:
    """The table, the outcome of the comparison, and where the pictures are."""
    runs = value["rules"].values()
    rows = [(name, *(shown(run) for run in runs)) for name, shown in ROWS.items()]
    header = ("", *(rule.upper() for rule in value["rules"]))
    yield Table("Digits; counts and energies are per sample", header, rows)
    yield (
        f"µJ: dynamic energy of the counted operations at the prices of {value['price_list']} (Loihi 1, "
        "pre-silicon); no such prices of Loihi 2 are public."
    )
    for rule, parity in value["parity"].items():
        yield f"{rule.upper()}: {_parity_line(parity)}"
    for picture in value["pictures"]:
        yield f"Picture: {picture}"


def _parity_line(parity: dict[str, Any] | None) -> str:
    """Outcome of the comparison with Lava's runtime."""
    if parity is None:
        return "not compared with Lava's runtime, because lava-nc is not installed (it needs Python 3.10)."
    what = f"{parity['samples']} samples on the engine and on Lava's runtime, {parity['compared']} Vars"
    if parity["equal"]:
        return f"{what}: all weights ({parity['moved']:,} of them learned) and counters equal bit for bit."
    return f"{what}: MISMATCH in {', '.join(parity['differing'])}."
