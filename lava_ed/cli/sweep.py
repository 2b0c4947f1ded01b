"""`lava-ed sweep`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lava_ed.cli.options import taking
from lava_ed.cli.output import Report, Table
from lava_ed.cli.train import RULES, Data, DataDir, layer_sizes
from lava_ed.cli.workers import PLACE, crew_of
from lava_ed.plain_text import percent

Trials = Annotated[int, typer.Option(help="Trials in all; the first is the preset.")]
Out = Annotated[str, typer.Option(metavar="SWEEP", help="Folder of the sweep; a sweep in it is continued.")]
Rule = Annotated[str, typer.Option(help=RULES)]
Hidden = Annotated[str, typer.Option(help="Neurons of the hidden layers, for example 256 or 256,128.")]
Epochs = Annotated[int, typer.Option(help="Passes over the training samples of each trial.")]
Limit = Annotated[int, typer.Option(help="Training samples of each trial; 0: all.")]
Seed = Annotated[int, typer.Option(help="Of the sampler and of every trial.")]
Parallel = Annotated[
    int | None,
    typer.Option(
        help="Trials that may run at once: none knows the outcomes of so many before it, whoever runs them.  "
        "[default: the folder's; of a new one 1, with workers 8]"
    ),
]


@taking("place", PLACE)
def sweep(
    out: Out,
    rule: Rule,
    dataset: Data = None,
    data_dir: DataDir = None,
    trials: Trials = 20,
    hidden: Hidden = "400",
    epochs: Epochs = 3,
    limit: Limit = 10_000,
    seed: Seed = 0,
    parallel: Parallel = None,
    place: Any = None,
) -> Report:
    """Search for settings of a rule on validation samples; `train --settings` takes its best.json."""
    from lava_ed.sweep import SweepConfig
    from lava_ed.sweep import sweep as run
    from lava_ed.train.progress import Lines

    config = SweepConfig(
        rule=rule, dataset=dataset or "digits", data_dir=data_dir, trials=trials, hidden=layer_sizes(hidden),
        epochs=epochs, limit=limit or None, seed=seed, parallel=parallel,
    )  # fmt: skip
    with crew_of(place) as crew:
        value = run(config, out, message=Lines().message, crew=crew)
    rows = [
        (row["number"], percent(row["validation_accuracy"]), f"{row['seconds']:.0f}", _short(row["settings"]))
        for row in sorted(value["trials"], key=lambda row: -row["validation_accuracy"])[:10]
    ]
    header = ("trial", "validation", "s", "settings")
    return Report(value, [Table(f"{out}: {rule} on {config.dataset}", header, rows)])


def _short(settings: dict[str, object]) -> str:
    """Settings on one line."""
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "the preset"
