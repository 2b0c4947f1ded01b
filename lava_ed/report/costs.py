"""Sections on what a net costs: energy under each price list, counts, and the cores it takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lava_ed.energy import CHIPS, ChipLimits, PriceList, energy_report, map_network, per_sample, total
from lava_ed.energy import Mapping as Placement
from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.plain_text import number
from lava_ed.report.page import Block, Figures, Section, Table, Text, Variants, missing_section
from lava_ed.runs.tensor_files import Model
from lava_ed.viz.bars import stacked_bars
from lava_ed.viz.cores import CHIPS_SHOWN, core_plot

GROUP: Final = "price-list"
_BACKWARD_IN_INFERENCE: Final = (
    "Backward in inference: a sample keeps the steps for its errors when learning is off, too. Nothing is sent in "
    "them; the neurons that rest in them are counted as idle. Forward alone is what the decision costs."
)
"""Why a net that only decides has counts in a phase of learning."""
PARTS: Final = {"training": "training", "test": "inference"}
"""Parts of energy.json, and what the page calls them."""

Counted = Mapping[str, tuple[Mapping[str, Any], int]]
"""Part → (counters, samples)."""
Reports = Mapping[str, dict[str, Any]]
"""Part → energy report"""
Place = Callable[[ChipLimits], Placement]
"""Places a net on a chip."""


def layer_of(node: str, layers: int) -> str:
    """Layer that a process belongs to: a connection to the layer it leads into.

    Examples
    --------
    >>> layer_of("dense1", 2), layer_of("dense2", 2), layer_of("encoder", 2), layer_of("error", 2)
    ('hidden1', 'output', 'input', 'output')
    """
    if node in ("encoder", "labels"):
        return "input"
    found = re.fullmatch(r"[a-z_]+?(\d+)", node)
    if found:
        return f"hidden{found[1]}" if int(found[1]) < layers else "output"
    return "output" if node in ("readout", "error") else node


def by_layer(counters: Mapping[str, Any], layers: int) -> dict[str, dict[str, Any]]:
    """The counters of each layer: layer → node → counter → phase → count, from the input to the output."""
    result: dict[str, dict[str, Any]] = {}
    for node, counts in counters.items():
        result.setdefault(layer_of(node, layers), {})[node] = counts
    ends = {"input": -1, "output": len(counters)}
    order = sorted(result, key=lambda name: ends.get(name, int(re.sub(r"\D", "", name) or len(counters) - 1)))
    return {name: result[name] for name in order}


def energy_section(counted: Counted, prices: Sequence[PriceList], layers: int) -> Section:
    """Energy by layer, phase and category, under each price list, with its source beside every figure."""
    if not counted:
        return missing_section("energy", "Energy", "energy; nothing was counted, because no samples were presented.")
    reports = {p.name: {part: energy_report(*counts, p) for part, counts in counted.items()} for p in prices}
    blocks: list[Block] = [
        Text(
            "Counts of lava-ed times published prices. No chip was measured, and no per-operation prices of Loihi 2 "
            "are public, so none of these figures is Loihi 2's. How far the lists differ shows how uncertain the "
            "figures are."
        ),
        _overview(reports),
        _upper_end(reports),
        Variants(GROUP, "Price list", {p.name: _under(p, counted, reports[p.name], layers) for p in prices}),
    ]
    if missing := [name for part, name in PARTS.items() if part not in counted]:
        blocks.insert(1, Text(f"energy of {' and '.join(missing)}, which was not counted.", "missing"))
    return Section("energy", "Energy", blocks)


def _overview(reports: Mapping[str, Reports]) -> Table:
    """Each list in a row, and their range in the last."""
    parts = next(iter(reports.values()))
    shown = [(part, key) for part in parts for key in ((*PHASES, "dynamic") if part == "training" else ("dynamic",))]
    sums = {
        name: [by_part[part]["microjoules_per_sample"][key] for part, key in shown] for name, by_part in reports.items()
    }
    kinds = {name: next(iter(by_part.values()))["price_list"]["kind"] for name, by_part in reports.items()}
    rows: list[list[object]] = [[name, kinds[name], *values] for name, values in sums.items()]
    if len(rows) > 1:
        ranges = [f"{number(min(column))} – {number(max(column))}" for column in zip(*sums.values(), strict=True)]
        rows.append(["range over the lists", "", *ranges])
    columns = [f"{PARTS.get(part, part)}: {'sum' if key == 'dynamic' else key}" for part, key in shown]
    return Table("Dynamic energy under each price list, µJ per sample", ["price list", "kind", *columns], rows)


def _upper_end(reports: Mapping[str, Reports]) -> Table:
    """What learning and all of a sample cost under each list, without and with what the list lacks."""
    rows = [
        [f"{name}, {PARTS.get(part, part)}", *(sums[key] for sums in both for key in ("learning", "dynamic"))]
        for name, by_part in reports.items()
        for part, report in by_part.items()
        for both in ((report["microjoules_per_sample"], report["lacking"]["microjoules_per_sample"]),)
    ]
    header = ["price list", "learning", "all", "learning, with them", "all, with them"]
    return Table("Without and with memory and idle time, which the lists lack, µJ per sample at most", header, rows)


def _under(prices: PriceList, counted: Counted, reports: Reports, layers: int) -> list[Block]:
    """Everything that one price list says."""
    plots, tables = [], []
    for part, report in reports.items():
        name, (counters, samples) = PARTS.get(part, part), counted[part]
        layer_sums = {
            layer: energy_report(nodes, samples, prices)["microjoules_per_sample"]
            for layer, nodes in by_layer(counters, layers).items()
        }
        in_micro = {
            category.replace("_", " "): {phase: pj / (samples * 1e6) for phase, pj in cost.items()}
            for category, cost in report["picojoules"]["categories"].items()
        }
        sums = report["microjoules_per_sample"]
        phases = [phase for phase in PHASES if sums[phase]] or PHASES[:1]
        unit, key = f"µJ per sample at {prices.name}", f"energy-{slug(prices.name)}-{part}"
        costly = {category: cost for category, cost in in_micro.items() if any(cost.values())}
        for by, values in (("layer", layer_sums), ("category", costly)):
            plural = "layers" if by == "layer" else "categories"
            plots.append(stacked_bars(f"{key}-{plural}", f"{name.capitalize()}, by {by}", values, unit, phases))
        rows: list[list[object]] = []
        for entry, cost in zip(prices.dynamic, in_micro.values(), strict=True):
            price = f"{entry.picojoules:g} pJ × {', '.join(entry.counters)}"
            rows.append([entry.name.replace("_", " "), *cost.values(), sum(cost.values()), price, entry.source])
        rows.append(["dynamic sum", *(sums[phase] for phase in PHASES), sums["dynamic"], "", ""])
        header = ["category", *PHASES, "sum", "price", "source of the price"]
        caption = f"under {prices.name}, µJ per sample"
        tables.append(Table(f"{name.capitalize()} by category {caption}", header, rows, folded=name != "training"))
        rows = [[layer, *(sums[p] for p in PHASES), sums["dynamic"]] for layer, sums in layer_sums.items()]
        tables.append(Table(f"{name.capitalize()} by layer {caption}", ["layer", *PHASES, "sum"], rows, folded=True))
    return [
        Text(f"{prices.title}. {prices.caveat}"),
        Text(f"Source of {prices.name}: {prices.source}", "source"),
        Figures(plots),
        *tables,
        *_beside(prices, {PARTS.get(part, part): report for part, report in reports.items()}),
    ]


def _beside(prices: PriceList, reports: Reports) -> list[Block]:
    """What is never in the dynamic sum: static power, the host, alternatives, and notes."""
    report = next(iter(reports.values()))
    static = report["static"]
    text = f"Static power: {prices.name} gives none."
    if static is not None:
        text = (
            f"Static power, not in any sum above: {static['milliwatts_per_chip']:g} mW a chip ({prices.name}). "
            f"{static['note'].capitalize()}. Source: {static['source']}"
        )
    blocks: list[Block] = [Text(text, "note")]
    rows = [
        [
            f"{entry.replace('_', ' ')} in place of {other['in_place_of'].replace('_', ' ')}",
            *(r["alternatives"][entry]["microjoules_per_sample"]["dynamic"] for r in reports.values()),
        ]
        for entry, other in report["alternatives"].items()
    ]
    if rows:
        caption = f"Dynamic sum with an alternative price of {prices.name}, µJ per sample"
        blocks.append(Table(caption, ["alternative", *reports], rows, folded=True))
    rows = [
        [
            entry.replace("_", " "),
            *(r["lacking"]["entries"][entry]["microjoules_per_sample"]["dynamic"] for r in reports.values()),
            f"{other['picojoules']:,.4g} pJ × {', '.join(other['counters'])}",
            other["source"],
        ]
        for entry, other in report["lacking"]["entries"].items()
    ]
    if rows:
        caption = f"Memory and idle time, which the sum under {prices.name} lacks, µJ per sample at most"
        blocks.append(Table(caption, ["entry", *reports, "price", "source of the price"], rows, folded=True))
    for name, part in reports.items():
        host = part["host"]
        if host["count"]:
            energy = host["microjoules_per_sample"]
            priced = "without a price" if energy is None else f"{number(energy)} µJ per sample at {prices.name}"
            blocks.append(Text(f"Host, {name}: {host['count']:,} operations off the neurocores, {priced}; in no sum."))
    notes = dict.fromkeys(note for part in reports.values() for note in part["notes"][1:])
    return [*blocks, *(Text(f"Note: {note}.", "source") for note in notes)]


def counts_section(counted: Counted) -> Section:
    """Every counter by phase, as means and, folded, by process."""
    if not counted:
        return missing_section("counts", "Counts", "operation counts; no samples were presented.")
    blocks: list[Block] = []
    for part, (counters, samples) in counted.items():
        name, whole = PARTS.get(part, part).capitalize(), total(counters)
        rows = [
            [counter, *mean.values(), sum(mean.values()), sum(whole[counter].values())]
            for counter, mean in per_sample(counters, samples).items()
        ]
        caption = f"{name}: counts per sample, mean of {samples:,} samples"
        blocks.append(Table(caption, ["counter", *PHASES, "all phases", "all samples"], rows))
        if part == "test" and any(phases["backward"] for phases in whole.values()):
            blocks.append(Text(_BACKWARD_IN_INFERENCE, "below"))
        nodes = [
            [node, counter, *(counts[counter][phase] for phase in PHASES)]
            for node, counts in counters.items()
            for counter in COUNTERS
            if any(counts[counter].values())
        ]
        caption = f"{name}: counts of each process, all samples; counters that are 0 are left out"
        blocks.append(Table(caption, ["process", "counter", *PHASES], nodes, folded=True))
    return Section("counts", "Counts", blocks)


def place_model(model: Model) -> Place:
    """How a model is placed: with the weights that are not zero."""
    weights = [model.weights[name] for name in map(model.spec.synapses, model.spec.layers)]
    return lambda chip: map_network(model.spec, chip, weights)


def mapping_section(place: Place, counted: Counted) -> Section:
    """The net on the cores of each chip, or why it does not fit."""
    options = {chip.title: _on(chip, place, counted) for chip in CHIPS.values()}
    return Section("mapping", "Mapping", [Variants("chip", "Chip", options)])


def _on(chip: ChipLimits, place: Place, counted: Counted) -> list[Block]:
    """The net on one kind of chip."""
    try:
        mapping = place(chip)
    except (ChipLimitError, ConfigError) as error:
        why = f"the net does not fit {chip.title}. {error}" if isinstance(error, ChipLimitError) else str(error)
        return [Text(f"a mapping: {why}", "missing")]
    saved = mapping.to_dict()
    rows = [
        [row["layer"], row["neurons_total"], row["cores"],
         *(_usage(row[key]) for key in ("neurons", "synaptic_bits", "axons_in", "axons_out")),
         row["binding"].replace("_", " ")]
        for row in saved["layers"]
    ]  # fmt: skip
    header = ["layer", "neurons", "cores", "neurons a core", "synaptic bits", "axons in", "axons out", "binding limit"]
    blocks: list[Block] = [
        Text(f"{saved['cores']} of {chip.cores} cores of {saved['chips']} chip(s) {chip.title}."),
        Figures([core_plot(mapping)]),
        Table(f"Used and limit of the fullest core of each layer on {chip.title}", header, rows),
    ]
    if saved["chips"] > CHIPS_SHOWN:
        blocks.insert(1, Text(f"the grids of chips beyond the first {CHIPS_SHOWN}.", "missing"))
    traffic = []
    for part, (counters, samples) in counted.items():
        placed = per_sample(mapping.message_counts(counters), samples)
        traffic.append([PARTS.get(part, part), *(sum(placed[name].values()) for name in ("spike_messages", "hops"))])
    if traffic:
        caption = f"Messages and hops per sample when placed on {chip.title}"
        blocks.append(Table(caption, ["part", "messages", "hops"], traffic))
        blocks.append(
            Text("The energies of this page are of the counts without placement: one message a spike, no hops.")
        )
    return [*blocks, Text(f"Limits of {chip.title}: {chip.source}", "source")]


def _usage(usage: Sequence[int | None]) -> str:
    used, limit = usage
    return f"{used:,}" if limit is None else f"{used:,} of {limit:,}"


def slug(name: str) -> str:
    """A name as part of a file's name: itself, if it is short and plain, or else with a digest that keeps it apart.

    Examples
    --------
    >>> slug("anp-i"), slug("My prices, 2nd"), slug("$ 1") != slug("$ 2")
    ('anp-i', 'my-prices-2nd-a08fe35d', True)
    """
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    if words == name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words}-{digest}".lstrip("-")
