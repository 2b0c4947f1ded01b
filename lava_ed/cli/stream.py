"""`lava-ed stream`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lava_ed.cli.output import Report, Table
from lava_ed.cli.train import Rule, with_settings
from lava_ed.plain_text import percent

if TYPE_CHECKING:
    from lava_ed.stream import Item, StreamLearner

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A folder or archive of recordings, or - for lines.")]
Out = Annotated[str, typer.Option(metavar="STATE", help="Folder of the stream's state.")]
Classes = Annotated[str | None, typer.Option(help="Names of the classes, with commas.  [default: the folders' names]")]
Sensor = Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Pixels of the sensor.")]
Interval = Annotated[int, typer.Option(help="Items between two reports, each with a saved state.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the state in STATE.")]


@with_settings("hidden", "events", "seed")
def stream(
    source: Source,
    out: Out,
    sensor: Sensor = "34x34",
    classes: Classes = None,
    rule: Rule = None,
    settings: Any = None,
    interval: Interval = 1000,
    resume: Resume = False,
) -> Report:
    """Decide recordings one by one and learn from those with a label, without epochs.

    SOURCE - takes lines from standard input, {"id": …, "recording": FILE, "label": …}: the label may be missing, and
    may come in a later line of the same id.  After --resume they begin behind the items that the state has taken.
    """
    from lava_ed.config import TrainConfig
    from lava_ed.data.events.code import EventCode
    from lava_ed.data.events.sources import members
    from lava_ed.errors import ConfigError, RunFolderError
    from lava_ed.stream import StreamConfig, StreamLearner, of_lines, of_recordings
    from lava_ed.stream.learner import STATE

    if interval < 1:
        raise ConfigError(f"--interval {interval}: at least one item is needed")
    if source == "-" and classes is None:
        raise ConfigError("lines name no folders: give the names of the classes with --classes")
    names = (
        tuple(classes.split(","))
        if classes is not None
        else tuple(sorted({member.class_name for member in members(Path(source))}))
    )
    training = TrainConfig.create(rule or "std-ed", "nmnist", **settings)
    learner = StreamLearner(StreamConfig(training, names, EventCode(sensor=sensor).sensor_size()))
    folder = Path(out)
    if resume:
        learner.load(folder)
    elif (folder / STATE).exists():
        raise RunFolderError(f"{out} holds the state of a stream: go on with --resume, or name another folder")
    items, skip = (of_lines(sys.stdin), 0) if source == "-" else (of_recordings(Path(source)), learner.progress.items)
    _take_all(learner, items, skip, folder, interval)
    value = learner.report()
    rows = [(name.replace("_", " "), "–" if found is None else found) for name, found in value.items()]
    return Report(value, [Table(f"{out}: stream", ("what", "value"), rows)])


def _take_all(learner: StreamLearner, items: Iterable[Item], skip: int, folder: Path, interval: int) -> None:
    """Let a learner take all items but the first ones, and save its state in the folder every so many."""
    from lava_ed.errors import DataError
    from lava_ed.files.writing import folder_to_fill
    from lava_ed.train.interrupt import InterruptWatch, TrainingInterrupted

    with InterruptWatch() as watch, folder_to_fill(folder):
        try:
            for _ in learner.run(items, skip):
                if learner.progress.items % interval == 0 or watch.signal is not None:
                    learner.save(folder)
                    print(_line(learner.report()), file=sys.stderr, flush=True)
                if watch.signal is not None:
                    done = learner.progress.items
                    raise TrainingInterrupted(f"stopped after item {done:,}; go on with --resume", watch.signal)
        except DataError:
            # The item that cannot be taken has changed nothing; those before it are not learned in vain.
            if learner.progress.items:
                learner.save(folder)
            raise
        learner.save(folder)


def _line(value: dict[str, Any]) -> str:
    """A report on one line."""
    speed = f"{value['samples_per_second'] or 0:,.0f} samples a second"
    if not value["labelled"]:
        return f"{value['items']:,} items: no label yet, {speed}"
    return (
        f"{value['items']:,} items: accuracy {percent(value['accuracy'])}, last {percent(value['window_accuracy'])}, "
        f"a learned sample {value['synapses_visited_per_learned_sample']:,.0f} synapses and "
        f"{value['microjoules_per_learned_sample']:.2f} µJ, {speed}"
    )
