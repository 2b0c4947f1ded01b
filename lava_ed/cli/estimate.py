"""`lava-ed estimate`: what a net would cost, before it is trained."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from lava_ed.cli.output import PriceListName, Report, Table, integers, least_visits, visits_table
from lava_ed.errors import ConfigError


def estimate(
    sizes: Annotated[
        str,
        typer.Argument(
            metavar="SIZES", help="Neurons of each layer, such as 784-400-10, or layers as --arch of train."
        ),
    ],
    spikes: Annotated[str, typer.Option(help="Spikes per sample of each layer but the output, such as 150,120.")],
    steps: Annotated[
        int | None, typer.Option(help="Time steps of a sample.  [default: 32, with convolutions 24, under mpd-ed 4]")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="Rule of the net: under std-ed a neuron spikes once a sample.  [default: once a step]"),
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="With convolutions: channels, height, width.", metavar="C,H,W")
    ] = None,
    chip: Annotated[str | None, typer.Option(help="With convolutions: loihi1 or loihi2.  [default: loihi2]")] = None,
    price_list: PriceListName = "loihi1-davies2018",
) -> Report:
    """Price one training sample from a net's layers and spikes alone, under each dependency or way to share weights."""
    from lava_ed.energy import estimate_sample

    complaint = "{} {!r} is no list of integers with {!r} between them"
    fired = integers(spikes, complaint.format("--spikes", spikes, ","))
    if re.search(r"\dc\d", sizes):
        rule = rule or "std-ed"
        steps = (4 if rule == "mpd-ed" else 24) if steps is None else steps
        return _convolutions(sizes, image, fired, steps, price_list, chip or "loihi2", rule)
    if image is not None or chip is not None:
        raise ConfigError("--image and --chip are for layers with convolutions, such as 24c5-p2-48c3-p2-10")
    layers = integers(sizes, complaint.format("SIZES", sizes, "-"), "-")
    value = estimate_sample(layers, fired, 32 if steps is None else steps, price_list, rule)
    steps = value["steps"]
    value |= least_visits(value["visits"], 1)
    rows = [(name, cost["low"], cost["high"], cost["updates"]) for name, cost in value["microjoules"].items()]
    title = f"{sizes}, {spikes} spikes, {steps} steps: µJ per training sample, {value['price_list']}"
    header = ("visited", "all idle", "all active", "of which updates")
    least = f"Learning visits the fewest synapses with --dependency {value['fewest']}: {value['reason']}"
    table = Table(title, header, rows)
    return Report(value, [table, visits_table(value["visits"], 1), least, f"Note: {value['caveat']}"])


def _convolutions(
    arch: str, image: str | None, spikes: tuple[int, ...], steps: int, price_list: str, chip: str, rule: str
) -> Report:
    """The estimate of a net with convolutions, a row for either way to share weights."""
    from lava_ed.energy import estimate_convolutions

    given = "give --image" if image is None else f"--image {image!r}"
    complaint = f"{given}: convolutions read an image, written as channels, height, width: 1,28,28"
    shape = integers(image or "", complaint)
    if len(shape) != 3:
        raise ConfigError(complaint)
    value = estimate_convolutions(arch, shape, spikes, steps, price_list, chip, rule)
    rows, notes = [], []
    for sharing, found in value["sharing"].items():
        place, cost = found["chip"], found["microjoules"]
        cores = (place["cores"], round(place["synapse_kib"], 1)) if "cores" in place else ("–", "–")
        rows.append((sharing, *found["counts"].values(), cost["low"], cost["high"], *cores))
        if "refused" in place:
            notes.append(f"{sharing} does not fit {chip}: {place['refused']}")
    header = (
        "sharing", "visits", "writes at most", "host operations", "messages", "µJ, all idle", "µJ, all active",
        f"cores of {chip}", "synapses, KiB",
    )  # fmt: skip
    title = f"{arch}, {rule}, {steps} steps, {value['price_list']}: one training sample in which every layer learns"
    return Report(value, [Table(title, header, rows), *notes, f"Note: {value['caveat']}"])
