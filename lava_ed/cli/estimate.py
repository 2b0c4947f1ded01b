"""`lava-ed estimate`: what a net would cost, before it is trained."""

from __future__ import annotations

from typing import Annotated

import typer

from lava_ed.cli.output import JsonFlag, PriceListName, Report, Table, integers, visits_table


def estimate(
    sizes: Annotated[str, typer.Argument(metavar="SIZES", help="Neurons of each layer, such as 784-400-10.")],
    spikes: Annotated[str, typer.Option(help="Spikes per sample of each layer but the output, such as 150,120.")],
    steps: Annotated[int, typer.Option(help="Time steps of a sample.")] = 32,
    rule: Annotated[
        str | None,
        typer.Option(help="Rule of the net: under std-ed a neuron spikes once a sample.  [default: once a step]"),
    ] = None,
    price_list: PriceListName = "loihi1-davies2018",
    json: JsonFlag = False,
) -> Report:
    """Price one training sample of a dense net from its sizes and spikes alone, under each learning dependency."""
    from lava_ed.energy import estimate_sample

    complaint = "{} {!r} is no list of integers with {!r} between them"
    layers = integers(sizes, complaint.format("SIZES", sizes, "-"), "-")
    value = estimate_sample(
        layers, integers(spikes, complaint.format("--spikes", spikes, ",")), steps, price_list, rule
    )
    rows = [(name, cost["low"], cost["high"], cost["updates"]) for name, cost in value["microjoules"].items()]
    title = f"{sizes}, {spikes} spikes, {steps} steps: µJ per training sample, {value['price_list']}"
    header = ("visited", "all idle", "all active", "of which updates")
    return Report(value, [Table(title, header, rows), visits_table(value["visits"], 1), f"Note: {value['caveat']}"])
