"""`lava-ed train`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer

from lava_ed.cli.output import JsonFlag, Report, Table, integers
from lava_ed.cli.workers import Scheduler, Slurm, Workers, crew_of, seed_list
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


def _option(kind: Any, text: str, **more: Any) -> Any:
    return Annotated[kind | None, typer.Option(help=text, **more)]


def _flag(name: str, text: str) -> Any:
    return Annotated[bool, typer.Option(name, help=text)]


SETTINGS: Final[dict[str, Any]] = {
    "data_dir": DataDir,
    "hidden": _option(str, "Neurons of the hidden layers, for example 256 or 256,128."),
    "arch": _option(str, "Layers with convolutions, for example 24c5-p2-48c3-p2-10."),
    "calibrate": _option(
        bool, "With --arch: measure thresholds and shifts on some training samples.  [default: calibrate]"
    ),
    "freeze": _option(str, "With --arch: connections whose random kernels stay as they are, as 1,2.", metavar="N,…"),
    "epochs": _option(int, "Passes over the training samples."),
    "seed": _option(int, "Of weights, rounding, order and split.  [default: 0]"),
    "backend": _option(str, "engine or lava.  [default: engine]"),
    "learning_rate": _option(float, "Learning rate; rounded to one that the chip holds."),
    **{name: _option(kind, text) for name, (kind, text) in options().items()},
    "validation": _option(float, "Share of the training part held out."),
    "limit": _option(int, "Train on at most this many samples."),
    "shift": _option(
        int, "Augmentation: move training images by up to this many pixels, anew each epoch.  [default: 0]"
    ),
    "flip": _flag("--flip", "Augmentation: mirror training images left to right, or not, anew each epoch."),
    "events": _option(
        str,
        "Recordings: sensor, region, downsample, hot, refractory, polarity, start, duration, count, windows, "
        "transforms, for example duration=100000,downsample=2 (docs/recordings.md).",
        metavar="NAME=VALUE,…",
    ),
    "checkpoint_interval": _option(int, "Samples between two checkpoints."),
    "snapshots": _flag("--snapshots", "Keep the net of every epoch, for lava-ed diagnose."),
    "snapshot_interval": _option(int, "Epochs between two of --snapshots.  [default: 1]"),
}
"""Options that are settings of a run; those of the net are as it declares them."""


def with_settings(*names: str) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Give a command these options in place of its argument `settings`, which gets the values of those that were given.

    Without names it has all of `SETTINGS`.
    """
    chosen = names or tuple(SETTINGS)

    def changed(command: Callable[..., Report]) -> Callable[..., Report]:
        @wraps(command)
        def taking(**values: Any) -> Report:
            given = {name: values.pop(name) for name in chosen}
            return command(settings=given_settings(**given), **values)

        signature = inspect.signature(command, eval_str=True)
        parameters = list(signature.parameters.values())
        place = list(signature.parameters).index("settings")
        parameters[place : place + 1] = [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=False if get_args(SETTINGS[name])[0] is bool else None,
                annotation=SETTINGS[name],
            )
            for name in chosen
        ]
        taking.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        taking.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return taking

    return changed


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
    workers: Workers = None,
    scheduler: Scheduler = None,
    slurm: Slurm = False,
    json: JsonFlag = False,
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
    place = {"workers": workers, "scheduler": scheduler, "slurm": slurm}
    if seeds is not None:
        return _several(out, seeds, rule, dataset, settings, resume, place, download=download)
    if any(place.values()):
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
    with crew_of(**place) as crew:
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


def given_settings(**options: Any) -> dict[str, Any]:
    """Values of the options that were given, as `TrainConfig` takes them."""
    from lava_ed.data.events.code import EventCode

    readers = {"hidden": layer_sizes, "events": EventCode.parse, "freeze": _connections}
    flags = ("flip", "snapshots")
    given = {name: value for name, value in options.items() if value is not None and (value or name not in flags)}
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
