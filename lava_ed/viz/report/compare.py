"""The page of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final

from lava_ed.energy import PriceList
from lava_ed.errors import RunFolderError
from lava_ed.train.comparison import ComparedRun, group_runs
from lava_ed.viz.bars import stacked_bars
from lava_ed.viz.curves import accuracy_plot
from lava_ed.viz.report.costs import GROUP, slug
from lava_ed.viz.report.page import Block, Code, Figures, Page, Section, Table, Text, Tile, Variants, number, percent
from lava_ed.viz.report.reproduce import commands_of

COMPARISON: Final = "compare.html"
COUNTS: Final = {
    "spikes": "spikes",
    "messages": "messages",
    "backward_messages": "of these backward",
    "synaptic_updates": "synapses visited",
    "weight_writes": "weight writes",
}


def write_comparison(
    runs: Sequence[ComparedRun], value: Mapping[str, Any], prices: Sequence[PriceList], out: str | PathLike[str]
) -> dict[str, Any]:
    """Write ``compare.html`` and its pictures into a folder.

    Parameters
    ----------
    runs : sequence of ComparedRun
    value : mapping
        What `lava_ed.train.comparison.compare` made of them.
    prices : sequence of PriceList
    out : path-like
        The folder; made where it is missing.

    Returns
    -------
    dict
        As `Page.write`.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    page = comparison_page(runs, value, prices)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be made ({error.strerror or error}): choose a folder you may write to"
        ) from error
    return page.write(folder / COMPARISON)


def comparison_page(runs: Sequence[ComparedRun], value: Mapping[str, Any], prices: Sequence[PriceList]) -> Page:
    """The page: accuracy, counts and energies at equal accuracy, the runs, how to get them again."""
    entries = value["rules"]
    best, whose = highest(entries)
    tiles = [
        Tile("runs", str(len(runs)), f"{len(entries)} groups"),
        Tile("highest test accuracy", percent(best), whose),
        Tile(
            "compared at validation accuracy",
            "all epochs" if value["target"] is None else percent(value["target"]),
            "the point of equal accuracy",
        ),
    ]
    sections = [
        _accuracy(runs, value),
        _counts(value),
        _energy(value, prices),
        Section("reproduce", "Reproduce", _reproduce(runs)),
    ]
    title = f"{len(entries)} ways to learn {value['dataset']}"
    labels = ", ".join(entry["label"] for entry in entries)
    return Page(title, labels, tiles, sections)


def highest(entries: Sequence[Mapping[str, Any]]) -> tuple[float, str]:
    """The highest mean test accuracy, and all whose it is."""
    best = max(entry["test_accuracy"]["mean"] for entry in entries)
    labels = [entry["label"] for entry in entries if entry["test_accuracy"]["mean"] == best]
    return best, "the same for all" if len(labels) == len(entries) > 1 else " and ".join(labels)


def spread(values: Mapping[str, Any] | None) -> str:
    """Mean ± standard deviation, as a table shows it."""
    if values is None:
        return "–"
    if values["std"] is None:
        return number(float(values["mean"]))
    # Two digits of a deviation are all that a few seeds can tell.
    std = f"{values['std']:,.0f}" if values["std"] >= 100 else f"{values['std']:.2g}"
    return f"{number(float(values['mean']))}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{std}"


def accuracy(values: Mapping[str, Any] | None) -> str:
    """Mean ± standard deviation in per cent."""
    if values is None:
        return "–"
    std = "" if values["std"] is None else f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{100 * values['std']:.2f}"
    return f"{100 * values['mean']:.2f}{std}\N{NO-BREAK SPACE}%"


def _accuracy(runs: Sequence[ComparedRun], value: Mapping[str, Any]) -> Section:
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
        *(Text(f"{_sentence(note, labels)}.", "note") for note in value["notes"]),
    ]
    return Section("accuracy", "Accuracy", blocks)


def _sentence(note: str, names: tuple[str, ...]) -> str:
    """A note with a capital at its beginning, unless that is a name."""
    return note if note.startswith(names) else f"{note[0].upper()}{note[1:]}"


def _mean_rows(runs: Sequence[ComparedRun]) -> list[dict[str, Any]]:
    """Accuracies of each epoch, averaged over the runs."""
    rows = []
    for epoch in range(min(len(run.rows) for run in runs)):
        row: dict[str, Any] = {"epoch": epoch + 1}
        for key in ("train_accuracy", "validation_accuracy"):
            found = [run.rows[epoch][key] for run in runs]
            row[key] = None if None in found else sum(found) / len(found)
        rows.append(row)
    return rows


def _counts(value: Mapping[str, Any]) -> Section:
    rows = []
    for entry in value["rules"]:
        per_sample = entry["per_sample"] or dict.fromkeys(COUNTS)
        rows.append(
            [entry["label"], spread(entry["epochs"]), spread(entry["samples"]), accuracy(entry["accuracy_there"]),
             *(spread(per_sample[name]) for name in COUNTS)]
        )  # fmt: skip
    header = ["rule", "epochs", "training samples", "validation accuracy there", *COUNTS.values()]
    if value["target"] is None:
        words = "All epochs are counted."
    else:
        words = (
            f"Counted up to the end of the first epoch with a validation accuracy of {percent(value['target'])} or "
            f"more; accuracies within {100 * value['tolerance']:g} points count as equal. The test set is seen once, "
            "so it cannot tell that point."
        )
    caption = "Counts per training sample up to equal accuracy (mean ± std. dev. over seeds)"
    return Section("counts", "Counts at equal accuracy", [Text(words), Table(caption, header, rows)])


def _energy(value: Mapping[str, Any], prices: Sequence[PriceList]) -> Section:
    reference = value["reference"]
    options: dict[str, list[Block]] = {}
    for price_list in prices:
        name = price_list.name
        counted = [entry for entry in value["rules"] if entry["energy"] is not None]
        rows = []
        for entry in value["rules"]:
            if entry["energy"] is None:
                rows.append([entry["label"], *["–"] * 4])
                continue
            mine = entry["energy"][name]
            rows.append(
                [entry["label"], spread(mine["learning_microjoules_per_sample"]), _ratio(mine["learning_ratio"]),
                 spread(mine["training_millijoules"]), _ratio(mine["training_ratio"])]
            )  # fmt: skip
        header = [
            "rule", "learning energy, µJ per sample", f"{reference} needs", "training energy, mJ", f"{reference} needs",
        ]  # fmt: skip
        plots = [
            stacked_bars(
                f"{key}-{slug(name)}",
                title,
                {entry["label"]: {"energy": entry["energy"][name][figure]["mean"]} for entry in counted},
                f"{unit} at {name}",
                ["energy"],
            )
            for key, title, figure, unit in (
                ("learning", "Learning energy", "learning_microjoules_per_sample", "µJ per training sample"),
                ("training", "Training energy up to equal accuracy", "training_millijoules", "mJ"),
            )
        ]
        options[name] = [
            Text(f"{price_list.title}. {price_list.caveat}"),
            Text(f"Source of {name}: {price_list.source}", "source"),
            Figures(plots),
            Table(f"Energy at equal accuracy under {name}", header, rows),
            Text(_static(price_list), "note"),
        ]
    blocks: list[Block] = [
        Text(
            "Learning energy is that of the backward and update phases, per training sample; training energy that of "
            "all three phases, until the target accuracy is reached. Counts of lava-ed times published prices: no chip "
            "was measured, and none of these figures is Loihi 2's."
        ),
        _ratios(value, prices),
        Variants(GROUP, "Price list", options),
    ]
    return Section("energy", "Energy at equal accuracy", blocks)


def _ratios(value: Mapping[str, Any], prices: Sequence[PriceList]) -> Table:
    """Learning energy of the reference over each rule's, under every list."""
    rows = [
        [
            entry["label"],
            *(_ratio(entry["energy"][p.name]["learning_ratio"]) if entry["energy"] else "–" for p in prices),
        ]
        for entry in value["rules"]
    ]
    caption = f"Learning energy: how many times as much {value['reference']} needs, under each price list"
    return Table(caption, ["rule", *(price_list.name for price_list in prices)], rows)


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"× {number(ratio)}"


def _static(prices: PriceList) -> str:
    if prices.static is None:
        return f"Static power: {prices.name} gives none."
    power = prices.static
    return f"Static power, not in any sum above: {power.milliwatts:g} mW a chip ({prices.name}). Source: {power.source}"


def _reproduce(runs: Sequence[ComparedRun]) -> list[Block]:
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
    return [
        Table("Runs", header, rows),
        Code(commands),
        *(Text(words, "note") for words in beyond),
    ]
