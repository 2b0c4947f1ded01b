"""Several runs at once: rules and seeds, each in a folder of its own, by this process or by workers."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lava_ed.cluster import Crew
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, data_folder
from lava_ed.errors import RunFolderError
from lava_ed.files.writing import folder_to_fill
from lava_ed.runs.data import with_data
from lava_ed.runs.folder import RunFolder
from lava_ed.train.progress import Reporter, reporter
from lava_ed.train.trainer import train


def train_runs(
    configs: Mapping[str, TrainConfig],
    crew: Crew,
    *,
    resume: bool = True,
    extend: bool = False,
    message: Callable[[str], None] = lambda text: None,
) -> dict[str, dict[str, Any]]:
    """Train what is missing of several runs (folder → configuration), going on where one was stopped.

    Without `resume` a folder that holds a run raises a RunFolderError, before anything is trained; with `extend` more
    epochs make a finished run longer.  A run that a killed worker had begun goes on from its checkpoint.  Returns
    folder → what `lava_ed.train.train` returned, in the order of `configs`; `message` is told about each run that has
    ended.
    """
    if not resume and (taken := [path for path in configs if not RunFolder(path).is_blank()]):
        raise RunFolderError(f"{taken[0]} already holds a run: continue with --resume, or choose another folder")
    found: dict[tuple[Any, ...], Dataset] = {}
    ended: dict[str, dict[str, Any]] = {}
    with ExitStack() as made:
        for path, config in configs.items():
            where = os.path.abspath(data_folder(config.data_dir))
            needed = (config.dataset, where, config.encoding)
            if crew.distributed and needed not in found:
                found[needed] = config.load(where)
            made.enter_context(folder_to_fill(path))
            if crew.distributed:
                arguments = (config, where, found[needed].digest, os.path.abspath(path), extend)
                crew.submit(path, with_data, train_or_go_on, *arguments, folder=Path(path))
            else:
                crew.submit(path, train_or_go_on, config, None, path, extend, reporter(), folder=Path(path))
        for _ in configs:
            path, summary = crew.next()
            ended[path] = {**summary, "run": path}
            message(f"{path}: test {100 * summary['test_accuracy']:.2f} % ({len(ended)} of {len(configs)} runs)")
            for note in summary.get("notes", ()):
                message(f"{path}: {note}")
    return {path: ended[path] for path in configs}


def train_or_go_on(
    config: TrainConfig, data: Dataset | None, path: str, extend: bool, shown: Reporter | None = None
) -> dict[str, Any]:
    """Train in a folder, from the checkpoint there where there is one."""
    there = not RunFolder(path).is_blank()
    return train(config, path, resume=there, dataset=data, reporter=shown, extend=extend)


def spread_of_runs(summaries: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Mean, standard deviation, least and largest accuracy of several runs."""
    values = [float(summary["test_accuracy"]) for summary in summaries.values()]
    return {
        "mean": statistics.fmean(values),
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }
