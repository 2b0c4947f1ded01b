"""`lava-ed sweep`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from lava_ed.cli.options import option, taking
from lava_ed.cli.output import Report, Table
from lava_ed.cli.train import RULES, Data, DataDir, layer_sizes
from lava_ed.cli.workers import PLACE, crew_of
from lava_ed.plain_text import percent

Out = Annotated[str, typer.Option(metavar="SWEEP", help="Folder of the sweep; a sweep in it is continued.")]
Rule = Annotated[str, typer.Option(help=RULES)]
OF_TRIALS: Final = {
    "data_dir": DataDir,
    "trials": option(int, "Trials in all; the first is the preset.  [default: 20]"),
    "hidden": option(str, "Neurons of the hidden layers, for example 256 or 256,128.  [default: 400]"),
    "epochs": option(int, "Passes over the training samples of each trial.  [default: 3]"),
    "limit": option(int, "Training samples of each trial; 0: all.  [default: 10000]"),
    "seed": option(int, "Of the sampler and of every trial.  [default: 0]"),
    "parallel": option(
        int,
        "Trials that may run at once: none knows the outcomes of so many before it, whoever runs them.  "
        "[default: the folder's; of a new one 1, with workers 8]",
    ),
}
"""Fields of `SweepConfig` that are options."""


@taking("of_trials", OF_TRIALS)
@taking("place", PLACE)
def sweep(out: Out, rule: Rule, dataset: Data = None, of_trials: Any = None, place: Any = None) -> Report:
    """Search for settings of a rule on validation samples; `train --settings` takes its best.json."""
    from lava_ed.sweep import SweepConfig
    from lava_ed.sweep import sweep as run
    from lava_ed.train.progress import Lines

    if "hidden" in of_trials:
        of_trials["hidden"] = layer_sizes(of_trials["hidden"])
    if of_trials.get("limit") == 0:
        of_trials["limit"] = None
    config = SweepConfig(rule=rule, dataset=dataset or "digits", **of_trials)
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
