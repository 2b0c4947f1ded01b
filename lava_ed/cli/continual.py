"""`lava-ed continual`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lava_ed.cli.options import option, taking
from lava_ed.cli.output import Report, Table, integers
from lava_ed.cli.train import Rule, with_settings
from lava_ed.network.settings import options
from lava_ed.plain_text import percent

if TYPE_CHECKING:
    from lava_ed.continual import ContinualConfig
    from lava_ed.data import Dataset

Out = Annotated[str | None, typer.Option(metavar="FOLDER", help="New folder for tasks.json, tasks.png and the net.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on in FOLDER after the last task that was finished.")]
Limit = Annotated[int | None, typer.Option(help="Learn at most this many samples of each task in each pass.")]
Scenario = Annotated[str, typer.Option(help="permuted-DATASET or split-DATASET, such as split-mnist.")]
Tasks = Annotated[int, typer.Option(help="Tasks, one after the other.")]
Validation = Annotated[float, typer.Option(help="Share of the training samples held out and judged on, not the test.")]

OF_TASKS: Final = {
    "incremental": option(str, "task, domain or class: what a test tells and asks.  [default: class of splits]"),
    "strength": option(str, "Mean importance that a task adds, in sixteenths, or one for each connection."),
    "interval": option(int, "Samples between two pulls towards the anchors.  [default: 1000]"),
    "observed": option(int, "Last samples of a task that are counted.  [default: 1000]"),
    "own_outputs": option(bool, "Class-incremental: errors only at the outputs of the task."),
    "rest": option(int, "Value that stands for all other classes in the softmax."),
    "balance": option(int, "First samples over which the drive of hidden neurons is balanced."),
}
"""Fields of `ContinualConfig` that are options."""


@taking("of_tasks", OF_TASKS)
@with_settings("data_dir", "hidden", "epochs", "seed", "backend", "learning_rate", *options(), "events")
def continual(
    scenario: Scenario,
    tasks: Tasks = 5,
    of_tasks: Any = None,
    rule: Rule = None,
    settings: Any = None,
    limit: Limit = None,
    validation: Validation = 0.0,
    out: Out = None,
    resume: Resume = False,
) -> Report:
    """Learn tasks one after the other, and see what is left of the first ones.

    The matrix of tasks has a row for each task learned and a column for each task tested.
    """
    from lava_ed.config import TrainConfig
    from lava_ed.continual import ContinualConfig, learn_tasks, parse_scenario
    from lava_ed.errors import ConfigError
    from lava_ed.train.progress import Lines

    _, dataset = parse_scenario(scenario)
    shared = {"epochs": 1, **settings, "limit": limit, "validation": validation}
    training = TrainConfig.create(rule or "std-ed", dataset, **shared)
    if (strength := of_tasks.get("strength")) is not None:
        of_tasks["strength"] = integers(strength, f"--strength {strength!r}: write 30 or 30,10")
    config = ContinualConfig(training, scenario, tasks, **of_tasks)
    if out is None and resume:
        raise ConfigError("--resume goes on in a folder: name it with --out")
    data = training.load()
    value = learn_tasks(config, data, Lines().message)[0] if out is None else _in_folder(out, resume, config, data)
    return Report(value, [*_shown(value)])


def _in_folder(out: str, resume: bool, config: ContinualConfig, data: Dataset) -> dict[str, Any]:
    """Learn the tasks in a folder, new or begun, and write there what was measured, and the net."""
    from lava_ed.continual import learn_tasks
    from lava_ed.files.writing import make_empty_folder
    from lava_ed.runs.folder import CHECKPOINT, MODEL, RunFolder
    from lava_ed.train.progress import Lines
    from lava_ed.viz.tasks import task_plot

    folder = RunFolder(out)
    try:
        if resume and not folder.is_blank():
            folder.claim_existing()
        else:
            folder.claim()
            if not resume:
                make_empty_folder(out)
        value, model = learn_tasks(config, data, Lines().message, folder.file(CHECKPOINT))
        folder.write_bytes("tasks.json", json.dumps(value, indent=1).encode())
        folder.write_bytes("tasks.png", task_plot(value["accuracies"], value["scenario"]).png())
        folder.write_bytes(MODEL, model.to_bytes())
    finally:
        folder.release()
    return {**value, "folder": out}


def _shown(value: dict[str, Any]) -> list[Table | str]:
    """The matrix, what follows from it, and what it cost."""
    numbers = range(1, len(value["accuracies"]) + 1)
    matrix = [(k, *map(percent, row)) for k, row in zip(numbers, value["accuracies"], strict=True)]
    what = f"{value['scenario']}, {value['incremental']}-incremental, {value['rule']}, seed {value['seed']}"
    rows: list[tuple[str, object]] = [
        ("data", value["data"]),
        ("judged on", value["judged_on"]),
        *(
            (name.replace("_", " "), percent(value[name]))
            for name in ("average_accuracy", "forgetting", "backward_transfer", "learning_accuracy")
        ),
        ("learning, µJ a sample", value["microjoules_per_sample"]["learning"]),
        ("consolidation, µJ a sample", value["microjoules_per_sample"]["consolidation"]),
        ("balancing, µJ a sample", value["microjoules_per_sample"]["balancing"]),
        *((f"consolidation: {k.replace('_', ' ')}", v) for k, v in (value["consolidation"] or {}).items()),
        ("samples/s", value["samples_per_second"]),
    ]
    return [
        Table(f"{what}: accuracy on each task after each", ("learned", *map(str, numbers)), matrix),
        Table(what, ("what", "value"), rows),
    ]
