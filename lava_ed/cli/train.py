"""`lava-ed train`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.options import Command, flag, option, taking
from lava_ed.cli.output import Report, Table, integers
from lava_ed.cli.workers import PLACE, crew_of, seed_list
from lava_ed.errors import ConfigError
from lava_ed.network.settings import is_list, options
from lava_ed.plain_text import percent

RULES = "std-ed, mpd-ed, relpsp-fixed, ssgd, sg-bptt or renner."
Rule = Annotated[str | None, typer.Option(help=f"{RULES}  [default: std-ed]")]
Preset = Annotated[
    str | None, typer.Option(help="Rule, data set and settings of a row of the results table, by name.", metavar="NAME")
]
Data = Annotated[
    str | None,
    typer.Option(
        help="digits, mnist, fashion-mnist, mnist-binary-20, kmnist, emnist, emnist-letters, emnist-digits, "
        "emnist-bymerge, emnist-byclass, cifar10, cifar100, cifar100-coarse, FILE.npz or idx:FOLDER; recordings of "
        "event cameras: nmnist, a folder or archive, or a tonic set (docs/recordings.md); NAME+on-off "
        "splits channels around the mean image.  [default: digits]"
    ),
]
DataDir = Annotated[str | None, typer.Option(help="Folder of the data files (else LAVA_ED_DATA, else data).")]
Download = Annotated[bool, typer.Option("--download", help="Let tonic download the data set, where it is not there.")]
Out = Annotated[str, typer.Option(metavar="RUN", help="Folder of the run.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Continue the run in RUN; its settings are kept. A finished run takes more --epochs."
    ),
]
SettingsFile = Annotated[
    str | None, typer.Option("--settings", metavar="FILE", help="best.json of a sweep: rule, data set and settings.")
]
Seeds = Annotated[
    str | None, typer.Option(help="A run for each of these seeds, for example 0-9 or 0,3,7, in RUN/seed-0 and so on.")
]


SETTINGS: Final[dict[str, Any]] = {
    "data_dir": DataDir,
    "hidden": option(str, "Neurons of the hidden layers, for example 256 or 256,128."),
    "arch": option(str, "Layers with convolutions, for example 24c5-p2-48c3-p2-10."),
    "calibrate": option(
        bool, "With --arch: measure thresholds and shifts on some training samples.  [default: calibrate]"
    ),
    "freeze": option(str, "With --arch: connections whose random kernels stay as they are, as 1,2.", metavar="N,…"),
    "epochs": option(int, "Passes over the training samples."),
    "seed": option(int, "Of weights, rounding, order and split.  [default: 0]"),
    "backend": option(str, "engine or lava.  [default: engine]"),
    "learning_rate": option(float, "Learning rate; rounded to one that the chip holds."),
    **{name: option(kind, text) for name, (kind, text) in options().items()},
    "validation": option(float, "Share of the training part held out."),
    "limit": option(int, "Train on at most this many samples."),
    "shift": option(
        int, "Augmentation: move training images by up to this many pixels, anew each epoch.  [default: 0]"
    ),
    "flip": flag("--flip", "Augmentation: mirror training images left to right, or not, anew each epoch."),
    "events": option(
        str,
        "Recordings: sensor, region, downsample, hot, refractory, polarity, start, duration, count, windows, "
        "transforms, for example duration=100000,downsample=2 (docs/recordings.md).",
        metavar="NAME=VALUE,…",
    ),
    "checkpoint_interval": option(int, "Samples between two checkpoints."),
    "snapshots": flag("--snapshots", "Keep the net of every epoch, for lava-ed diagnose."),
    "snapshot_interval": option(int, "Epochs between two of --snapshots.  [default: 1]"),
}
"""Options that are settings of a run; those of the net are as it declares them."""


def with_settings(*names: str) -> Callable[[Command], Command]:
    """Give a command these options in place of its argument `settings`, which gets the values of those that were given.

    Without names it has all of `SETTINGS`.
    """

    def changed(command: Command) -> Command:
        @wraps(command)
        def reading(settings: Mapping[str, Any], **values: Any) -> Report:
            return command(settings=read_options(settings), **values)

        return taking("settings", {name: SETTINGS[name] for name in names or SETTINGS})(reading)

    return changed


@taking("place", PLACE)
@with_settings()
def train(
    out: Out,
    preset: Preset = None,
    rule: Rule = None,
    dataset: Data = None,
    download: Download = False,
    resume: Resume = False,
    settings: Any = None,
    settings_file: SettingsFile = None,
    seeds: Seeds = None,
    place: Any = None,
) -> Report:
    """Train a net and write its run folder.

    What is not given comes from --preset, then from the defaults of the rule and the data set, or, with
    --resume, from the run itself.  With --seeds, --resume goes with the same command as before.
    """
    from lava_ed import train as training
    from lava_ed.runs.folder import RunFolder
    from lava_ed.train.progress import Lines

    if preset is not None:
        rule, dataset, settings = with_preset(preset, rule, dataset, settings)
    if settings_file is not None:
        from lava_ed.sweep import read_settings

        found_rule, found_dataset, found = read_settings(settings_file)
        rule, dataset = rule or found_rule, dataset or found_dataset
        settings = {**found, **settings}
    if seeds is not None:
        return _several(out, seeds, rule, dataset, settings, resume, place, download=download)
    if place:
        raise ConfigError("--workers, --scheduler and --slurm train several runs at once: give --seeds as well")
    folder = RunFolder(out)
    blank = resume and folder.path.is_dir() and folder.is_blank()
    if blank:
        Lines().message(f"{out}: no checkpoint was written yet, the run starts from its beginning")
    if resume and not blank:
        config = resumed_config(out, rule=rule, dataset=dataset, **settings)
    else:
        config = training.TrainConfig.create(rule or "std-ed", dataset or "digits", **settings)
    if download:
        _fetch(config)
    summary = training.train(config, out, resume=resume, reporter=training.reporter())
    return Report(summary, _shown(summary))


def _fetch(config: Any) -> None:
    """Download the data set of a configuration, where it is not there."""
    from lava_ed.data import data_folder
    from lava_ed.data.events.named import download

    download(config.dataset, data_folder(config.data_dir))


def _several(
    out: str,
    seeds: str,
    rule: str | None,
    dataset: str | None,
    settings: dict[str, Any],
    resume: bool,
    place: Any,
    *,
    download: bool,
) -> Report:
    """A run for each seed."""
    from lava_ed.train import TrainConfig
    from lava_ed.train.many import spread_of_runs, train_runs
    from lava_ed.train.progress import Lines

    if settings.pop("seed", None) is not None:
        raise ConfigError("--seed and --seeds: give one of them")
    names = rule or "std-ed", dataset or "digits"
    configs = {
        str(Path(out) / f"seed-{seed}"): TrainConfig.create(*names, seed=seed, **settings) for seed in seed_list(seeds)
    }
    if download:
        _fetch(next(iter(configs.values())))
    with crew_of(place) as crew:
        runs = train_runs(configs, crew, resume=resume, extend=resume, message=Lines().message)
    spread = spread_of_runs(runs)
    rows = [(path, percent(run["validation_accuracy"]), percent(run["test_accuracy"])) for path, run in runs.items()]
    over = "" if spread["std"] is None else f" ± {100 * spread['std']:.2f}"
    shown: list[Table | str] = [
        Table(f"{out}: {names[0]} on {names[1]}", ("run", "validation accuracy", "test accuracy"), rows),
        f"Test accuracy, mean and standard deviation: {percent(spread['mean'])}{over}",
    ]
    return Report({"run": out, "runs": list(runs.values()), "test_accuracy": spread}, shown)


def with_preset(
    name: str, rule: str | None, dataset: str | None, settings: dict[str, Any]
) -> tuple[str, str, dict[str, Any]]:
    """Rule, data set and settings of a named preset, with what the command line gave in its place.

    Raises a ConfigError where the name is unknown, or the command line names another rule or data set.
    """
    from lava_ed.config.presets import named_preset

    preset = named_preset(name)
    for what, given, there in (("rule", rule, preset.rule), ("dataset", dataset, preset.dataset)):
        if given not in (None, there):
            raise ConfigError(f"preset {name!r} is for {what} {there}, not {given}: leave --{what} out")
    options = {key: value for key, value in settings.items() if value is not None}
    return preset.rule, preset.dataset, {**preset.settings, **options}


def resumed_config(out: str, **settings: Any) -> Any:
    """The configuration of the run in `out`, with what the command line gave in its place."""
    from dataclasses import replace

    from lava_ed.train import preset, stored_config

    given = {name: value for name, value in settings.items() if value is not None}
    stored = stored_config(out)
    preset(given.get("rule", stored.rule), given.get("dataset", stored.dataset))
    return replace(stored, **given)


def read_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the options of `SETTINGS` that were given, as `TrainConfig` takes them."""
    from lava_ed.data.events.code import EventCode

    readers = {"hidden": layer_sizes, "events": EventCode.parse, "freeze": _connections}
    return {
        name: readers[name](value) if name in readers else integer_list(name, value) if is_list(name) else value
        for name, value in given.items()
    }


def _connections(text: str) -> tuple[int, ...]:
    return integers(text, f"--freeze {text!r} is no list of connections: 1,2")


def integer_list(name: str, text: str) -> tuple[int, ...]:
    """The value of an option such as ``--weight-exponents -4,0``."""
    option = f"--{name.replace('_', '-')}"
    return integers(text, f"{option} {text!r} is no list of integers: write for example 28 or 28,24")


def layer_sizes(text: str) -> tuple[int, ...]:
    """``"256,128"`` as (256, 128), within the limits of a layer."""
    from lava_ed.config.checks import NEURONS, check_hidden
    from lava_ed.network.layers import check_recurrent

    check_recurrent(text)
    example = f"write for example 256 or 256,128, each of {NEURONS} neurons"
    sizes = integers(text, f"--hidden {text!r} is no list of layer sizes: {example}")
    try:
        check_hidden(sizes)
    except ConfigError as error:
        raise ConfigError(f"--hidden {text}: {error}") from error
    return sizes


def _shown(summary: dict[str, Any]) -> list[Table | str]:
    """The result of a run as a table, and what has to be said with it."""
    rows = [
        ("rule", summary["rule"]),
        ("net", "-".join(map(str, summary["sizes"]))),
        ("back end", summary["backend"]),
        ("learning rate (as rounded)", f"{summary['learning_rate']:g}"),
        *((f"threshold of {node}", kappa) for node, kappa in summary["thresholds"].items()),
        ("validation accuracy", percent(summary["validation_accuracy"])),
        ("test accuracy", percent(summary["test_accuracy"])),
        ("samples/s", float(summary["samples_per_second"])),
        ("seconds", float(summary["seconds"])),
    ]
    title = f"{summary['run']}: {summary['dataset']}, seed {summary['seed']}"
    return [Table(title, ("quantity", "value"), rows), *(f"Note: {note}" for note in summary.get("notes", ()))]
