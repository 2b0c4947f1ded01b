"""The page of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any, Final

from lava_ed.comparison import RATIOS, ComparedRun, group_runs
from lava_ed.energy import PriceList
from lava_ed.plain_text import number, percent
from lava_ed.report.costs import GROUP, slug
from lava_ed.report.page import Block, Code, Figures, Page, Section, Table, Text, Tile, Variants, sentence
from lava_ed.report.reproduce import commands_of
from lava_ed.viz.bars import stacked_bars
from lava_ed.viz.curves import accuracy_plot
from lava_ed.viz.plot import Plot

COMPARISON: Final = "compare.html"
COUNTS: Final = {
    "spikes": "spikes",
    "messages": "messages",
    "backward_messages": "of these backward",
    "synaptic_updates": "synapses visited",
    "weight_writes": "weight writes",
}
_PLUS_MINUS: Final = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"


def write_comparison(
    runs: Sequence[ComparedRun], value: Mapping[str, Any], prices: Sequence[PriceList], out: str | PathLike[str]
) -> dict[str, Any]:
    """Write ``compare.html`` and its pictures into a folder, which is made where it is missing; returns `Page.write`'s.

    `value` is what `lava_ed.comparison.compare` made of the runs.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    entries, target = value["rules"], value["target"]
    best, whose = highest(entries)
    tiles = [
        Tile("runs", str(len(runs)), f"{len(entries)} groups"),
        Tile("highest test accuracy", percent(best), whose),
        Tile(
            "compared at validation accuracy", "all epochs" if target is None else percent(target),
            "the point of equal accuracy",
        ),
    ]  # fmt: skip
    sections = [_accuracy(runs, value), _counts(value), _energy(value, prices), _reproduce(runs)]
    title = f"{len(entries)} ways to learn {value['dataset']}"
    page = Page(title, ", ".join(entry["label"] for entry in entries), tiles, sections)
    return page.write(Path(out) / COMPARISON)


def highest(entries: Sequence[Mapping[str, Any]]) -> tuple[float, str]:
    """The highest mean test accuracy, and all whose it is."""
    best = max(entry["test_accuracy"]["mean"] for entry in entries)
    labels = [entry["label"] for entry in entries if entry["test_accuracy"]["mean"] == best]
    return best, "the same for all" if len(labels) == len(entries) > 1 else " and ".join(labels)


def spread(values: Mapping[str, Any] | None) -> str:
    """Mean ± standard deviation, as a table shows it."""
    if values is None:
        return "–"
    std = values["std"]
    if std is None:
        return number(float(values["mean"]))
    # Two digits of a deviation are all that a few seeds can tell.
    return f"{number(float(values['mean']))}{_PLUS_MINUS}{f'{std:,.0f}' if std >= 100 else f'{std:.2g}'}"


def accuracy(values: Mapping[str, Any] | None) -> str:
    """Mean ± standard deviation in per cent."""
    if values is None:
        return "–"
    std = "" if values["std"] is None else f"{_PLUS_MINUS}{100 * values['std']:.2f}"
    return f"{100 * values['mean']:.2f}{std}\N{NO-BREAK SPACE}%"


def _accuracy(runs: Sequence[ComparedRun], value: Mapping[str, Any]) -> Section:
    """Learning curves, accuracies, and the comparison's notes."""
    means = {group.label: _mean_rows(group.runs) for group in group_runs(runs)}
    rows = [
        [entry["label"], len(entry["runs"]), ", ".join(map(str, entry["seeds"])), accuracy(entry["test_accuracy"]),
         f"{percent(entry['test_accuracy']['min'])} – {percent(entry['test_accuracy']['max'])}"]
        for entry in value["rules"]
    ]  # fmt: skip
    header = ["rule", "runs", "seeds", "test accuracy (mean ± std. dev.)", "range over seeds"]
    labels = tuple(entry["label"] for entry in value["rules"])
    blocks: list[Block] = [
        Figures([accuracy_plot(means)]),
        Text("Curves are means over the seeds; the test set was seen once by each run, at its end."),
        Table("Test accuracy at the end of training", header, rows),
        *(Text(sentence(note, labels), "note") for note in value["notes"]),
    ]
    return Section("accuracy", "Accuracy", blocks)


def _mean_rows(runs: Sequence[ComparedRun]) -> list[dict[str, Any]]:
    """Accuracies of each epoch, averaged over the runs."""
    rows = []
    for epoch, together in enumerate(zip(*(run.rows for run in runs), strict=False), start=1):
        row: dict[str, Any] = {"epoch": epoch}
        for key in ("train_accuracy", "validation_accuracy"):
            found = [one[key] for one in together]
            row[key] = None if None in found else sum(found) / len(found)
        rows.append(row)
    return rows


def _counts(value: Mapping[str, Any]) -> Section:
    """What the runs counted up to equal accuracy."""
    rows = []
    for entry in value["rules"]:
        per_sample = entry["per_sample"] or dict.fromkeys(COUNTS)
        rows.append(
            [entry["label"], spread(entry["epochs"]), spread(entry["samples"]), accuracy(entry["accuracy_there"]),
             *(spread(per_sample[name]) for name in COUNTS)]
        )  # fmt: skip
    header = ["rule", "epochs", "training samples", "validation accuracy there", *COUNTS.values()]
    words = "All epochs are counted."
    if value["target"] is not None:
        words = (
            f"Counted up to the end of the first epoch with a validation accuracy of {percent(value['target'])} or "
            f"more; accuracies within {100 * value['tolerance']:g} points count as equal. The test set is seen once, "
            "so it cannot tell that point."
        )
    caption = "Counts per training sample up to equal accuracy (mean ± std. dev. over seeds)"
    return Section("counts", "Counts at equal accuracy", [Text(words), Table(caption, header, rows)])


def ratio_columns(value: Mapping[str, Any]) -> dict[str, str]:
    """Key of each ratio that there is, without learning or training before it, and what it refers to."""
    return {f"ratio{suffix}": said for suffix, said in RATIOS.items() if value["references"].get(said)}


def _energy(value: Mapping[str, Any], prices: Sequence[PriceList]) -> Section:
    """Ratios under all price lists, and the energies under each."""
    entries, reference = value["rules"], value["reference"]
    options = {price_list.name: _under(price_list, value) for price_list in prices}
    blocks: list[Block] = [
        Text(
            "Learning energy is that of the backward and update phases, per training sample; training energy that of "
            "all three phases, until the target accuracy is reached. Counts of lava-ed times published prices: no chip "
            "was measured, and none of these figures is Loihi 2's. Memory and idle time are what a list has no price "
            "of its own for: weights fetched from DRAM, static power while one core does all work, barriers."
        )
    ]
    for (key, said), (view, words) in product(
        (ratio_columns(value) or {"ratio": RATIOS[""]}).items(),
        ((None, ""), ("with_lacking", ", with memory and idle time")),
    ):
        energies = [(entry["label"], _views(entry, view)) for entry in entries]
        rows = [
            [label, *(_ratio(mine[p.name][f"learning_{key}"]) if mine else "–" for p in prices)]
            for label, mine in energies
        ]
        caption = f"Learning energy: how many times as much {reference} needs {said}, under each price list{words}"
        blocks.append(Table(caption, ["rule", *options], rows))
    return Section("energy", "Energy at equal accuracy", [*blocks, Variants(GROUP, "Price list", options)])


def _views(entry: Mapping[str, Any], view: str | None) -> dict[str, Any] | None:
    """Energies of an entry under each list, with what the lists lack or without."""
    energies = entry["energy"]
    return energies and {name: energy if view is None else energy[view] for name, energy in energies.items()}


def _under(prices: PriceList, value: Mapping[str, Any]) -> list[Block]:
    """Energies under one price list."""
    name, reference, ratios = prices.name, value["reference"], ratio_columns(value)
    energies = {entry["label"]: entry["energy"] and entry["energy"][name] for entry in value["rules"]}
    units = {
        "learning_microjoules_per_sample": "learning energy, µJ per sample",
        "training_millijoules": "training energy, mJ",
    }
    tables = []
    for view, words in ((None, ""), ("with_lacking", ", with memory and idle time")):
        header, rows = ["rule"], [[label] for label in energies]
        for key, unit in units.items():
            header += [unit, *(f"{reference} {said} needs" for said in ratios.values())]
            for row, energy in zip(rows, energies.values(), strict=True):
                mine = energy if view is None or energy is None else energy[view]
                row.append(spread(mine and mine[key]))
                row += [_ratio(mine and mine[f"{key.partition('_')[0]}_{ratio}"]) for ratio in ratios]
        tables.append(Table(f"Energy at equal accuracy under {name}{words}", header, rows))

    def bars(key: str, title: str, energy: str, unit: str) -> Plot:
        means = {label: {"energy": mine[energy]["mean"]} for label, mine in energies.items() if mine is not None}
        return stacked_bars(f"{key}-{slug(name)}", title, means, f"{unit} at {name}", ["energy"])

    static = f"Static power: {name} gives none."
    if power := prices.static:
        static = f"Static power, not in any sum above: {power.milliwatts:g} mW a chip ({name}). Source: {power.source}"
    plots = [
        bars("learning", "Learning energy", "learning_microjoules_per_sample", "µJ per training sample"),
        bars("training", "Training energy up to equal accuracy", "training_millijoules", "mJ"),
    ]
    return [
        Text(f"{prices.title}. {prices.caveat}"),
        Text(f"Source of {name}: {prices.source}", "source"),
        Figures(plots),
        *tables,
        Text(static, "note"),
    ]


def _ratio(ratio: Any) -> str:
    return "–" if ratio is None else f"× {number(ratio)}"


def _reproduce(runs: Sequence[ComparedRun]) -> Section:
    """The runs, and the commands that train them again."""
    commands, beyond = [], []
    for run in runs:
        mine, settings = commands_of(run.config, run.path, run.result.get("extended_from", ()))
        commands += mine
        if settings:
            beyond.append(f"{run.path}: no option reaches {', '.join(settings)}; set them in Python, TrainConfig(...).")
    rows = [
        [run.path, run.config.rule, run.config.seed, percent(run.result["test_accuracy"]), percent(run.best),
         f"{run.result['learning_rate']:g}", str(run.result["lava_ed_version"])]
        for run in runs
    ]  # fmt: skip
    header = ["run", "rule", "seed", "test accuracy", "best validation accuracy", "rate after rounding", "lava-ed"]
    blocks: list[Block] = [Table("Runs", header, rows), Code(commands), *(Text(words, "note") for words in beyond)]
    return Section("reproduce", "Reproduce", blocks)
