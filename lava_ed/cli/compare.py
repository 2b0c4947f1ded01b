"""`lava-ed compare`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lava_ed.cli.options import option, taking
from lava_ed.cli.output import PriceLists, Report, Table
from lava_ed.cli.train import read_options, with_preset
from lava_ed.cli.workers import PLACE, crew_of, seed_list
from lava_ed.errors import ConfigError

if TYPE_CHECKING:
    from lava_ed.cluster import Crew


TRAINED: Final = {
    "data_dir": option(str, "With --train: folder of the data files."),
    "hidden": option(str, "With --train: hidden layers, for example 256 or 256,128."),
    "epochs": option(int, "With --train: passes over the training samples."),
    "limit": option(int, "With --train: at most this many training samples."),
}


@taking("settings", TRAINED)
@taking("place", PLACE)
def compare(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Folders of runs that have ended.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Write compare.html and its pictures there.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            help="Validation accuracy (0 … 1) of the comparison.  [default: the highest that every run reaches]"
        ),
    ] = None,
    reference: Annotated[str, typer.Option(help="Rule that the ratios refer to, where it is among them.")] = "sg-bptt",
    price_list: PriceLists = None,
    train: Annotated[bool, typer.Option("--train", help="Train what is missing, into FOLDER/RULE-SEED.")] = False,
    rules: Annotated[
        str | None, typer.Option(help="With --train: rules or named presets, for example std-ed,mpd-ed,sg-bptt.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="With --train: seeds, for example 0,1,2 or 0-9.")] = "0,1,2",
    dataset: Annotated[
        str | None, typer.Option(help="With --train: data set.  [default: the preset's, or digits]")
    ] = None,
    settings: Any = None,
    place: Any = None,
) -> Report:
    """Set runs of several rules and seeds beside each other: accuracy, counts, and energy at equal accuracy."""
    from lava_ed import comparison
    from lava_ed.report.run import load_lists

    prices = load_lists(price_list)
    paths, left_out = given_runs(runs or [])
    if train:
        values = read_options(settings)
        with crew_of(place) as crew:
            paths += train_missing(out, rules, seeds, dataset, values, crew)
    elif place:
        raise ConfigError("--workers, --scheduler and --slurm train runs: give --train as well")
    read = [comparison.read_run(path) for path in dict.fromkeys(paths)]
    value = comparison.compare(read, prices, target, reference)
    value["notes"] += [f"{path} is no folder of a run, and was left out" for path in left_out]
    if out is not None:
        from lava_ed.report import write_comparison

        value |= write_comparison(read, value, prices, out)
    return Report(value, _shown(value))


def given_runs(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Folders of runs, and what else a pattern such as RUNS/* brings along: plain files, and a page's pictures.

    A path that does not exist stays among the runs, and is an error there.
    """
    from lava_ed.report.page import PICTURES

    left_out = [p for p in paths if Path(p).is_file() or (Path(p).is_dir() and Path(p).name == PICTURES)]
    return [path for path in paths if path not in left_out], left_out


def train_missing(
    out: str | None, rules: str | None, seeds: str, dataset: str | None, settings: Mapping[str, Any], crew: Crew
) -> list[str]:
    """Train every rule with every seed into a folder of its own, going on where a run was stopped.

    Raises a ConfigError where no folder or rules were given, a seed is no number, or a setting is out of range; nothing
    was trained then.
    """
    from lava_ed.train.many import train_runs
    from lava_ed.train.progress import Lines

    if out is None or not rules:
        raise ConfigError("--train needs --out FOLDER for the runs, and --rules, for example std-ed,mpd-ed,sg-bptt")
    configs = {
        str(Path(out) / f"{name}-{seed}"): _config(name, seed, dataset, settings)
        for name in (part.strip() for part in rules.split(","))
        for seed in seed_list(seeds)
    }
    return list(train_runs(configs, crew, message=Lines().message))


def _config(name: str, seed: int, dataset: str | None, settings: Mapping[str, Any]) -> Any:
    """Configuration of a rule or a named preset, with what the command line gave in its place."""
    from lava_ed.config.presets import NAMED
    from lava_ed.train import TrainConfig

    if name in NAMED:
        rule, dataset, values = with_preset(name, None, dataset, dict(settings))
        return TrainConfig.create(rule, dataset, seed=seed, **values)
    return TrainConfig.create(name, dataset or "digits", seed=seed, **settings)


def _shown(value: dict[str, Any]) -> Iterator[Table | str]:
    """Accuracy and counts, then the energies under each price list, then what belongs to them."""
    from lava_ed.report.compare import accuracy, spread

    target = value["target"]
    where = "all epochs" if target is None else f"up to {100 * target:.2f} % validation accuracy"
    header = ("rule", "runs", "test accuracy", "epochs", "spikes", "messages", "synapses visited", "weight writes")
    rows: list[Sequence[object]] = []
    for entry in value["rules"]:
        counts = entry["per_sample"] or {}
        rows.append(
            (entry["label"], len(entry["runs"]), accuracy(entry["test_accuracy"]), spread(entry["epochs"]),
             *(spread(counts.get(key)) for key in ("spikes", "messages", "synaptic_updates", "weight_writes")))
        )  # fmt: skip
    yield Table(f"{value['dataset']}, {where}; counts per training sample", header, rows)
    for name in value["price_lists"]:
        yield from _energies(value, name)
    for note in value["notes"]:
        yield f"Note: {note}"
    if "report" in value:
        yield f"Page: {value['report']}"


def _energies(value: dict[str, Any], name: str) -> Iterator[Table | str]:
    """The energies under one price list, without and with what it lacks; ratios where there are some."""
    where = "of all epochs" if value["target"] is None else "at equal accuracy"
    mine = [entry["energy"] and entry["energy"][name] for entry in value["rules"]]
    title = f"Energy {where}, {name}"
    yield _energy_table(value, title, mine)
    yield _energy_table(value, f"{title}, with memory and idle time", [each and each["with_lacking"] for each in mine])
    if any(value["references"].values()):
        yield f"Ratio: {value['reference']} / this, above 1 where this one needs less"
    yield f"Prices: {value['price_lists'][name]}"


def _energy_table(value: dict[str, Any], title: str, energies: Sequence[dict[str, Any] | None]) -> Table:
    """Learning and training energy of each group, and the ratios to the groups of the reference that there are."""
    from lava_ed.report.compare import ratio_columns, spread

    columns: dict[str, list[object]] = {"rule": [entry["label"] for entry in value["rules"]]}
    for key, unit in (
        ("learning_microjoules_per_sample", "learning µJ a sample"),
        ("training_millijoules", "training mJ"),
    ):
        columns[unit] = [spread(energy and energy[key]) for energy in energies]
        for ratio, said in ratio_columns(value).items():
            part = key.partition("_")[0]
            columns[f"{part} ratio, {said}"] = [energy and energy[f"{part}_{ratio}"] for energy in energies]
    return Table(title, tuple(columns), list(zip(*columns.values(), strict=True)))
