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
from lava_ed.runs.data import data_on_worker
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
    """Train what is missing of several runs, going on where one was stopped.

    Parameters
    ----------
    configs : mapping
        Folder → configuration.
    crew : Crew
        Who trains; a run that a killed worker had begun goes on from its checkpoint.
    resume : bool
        Whether folders may hold runs.
    extend : bool
        Whether more epochs may make a finished run longer.
    message : callable
        Told about each run that has ended.

    Returns
    -------
    dict
        Folder → what `lava_ed.train.train` returned, in the order of `configs`.

    Raises
    ------
    RunFolderError
        If a folder holds a run, and none may; nothing was trained then.
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
                digest = found[needed].digest
                arguments: tuple[Any, ...] = (config, os.path.abspath(path), extend, where, digest)
                crew.submit(path, train_on_worker, *arguments, folder=Path(path))
            else:
                crew.submit(path, train_or_go_on, config, path, extend, None, reporter(), folder=Path(path))
        for _ in configs:
            path, summary = crew.next()
            ended[path] = {**summary, "run": path}
            message(f"{path}: test {100 * summary['test_accuracy']:.2f} % ({len(ended)} of {len(configs)} runs)")
            for note in summary.get("notes", ()):
                message(f"{path}: {note}")
    return {path: ended[path] for path in configs}


def train_or_go_on(
    config: TrainConfig, path: str, extend: bool, data: Dataset | None = None, shown: Reporter | None = None
) -> dict[str, Any]:
    """Train in a folder, from the checkpoint there where there is one."""
    there = not RunFolder(path).is_blank()
    return train(config, path, resume=there, dataset=data, reporter=shown, extend=extend)


def train_on_worker(config: TrainConfig, path: str, extend: bool, data_dir: str, digest: str) -> dict[str, Any]:
    """As `train_or_go_on`, where the data are read by a worker."""
    data = data_on_worker(config.dataset, data_dir, digest, config.encoding)
    return train_or_go_on(config, path, extend, data)


def spread_of_runs(summaries: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Mean, standard deviation, least and largest accuracy of several runs."""
    values = [float(summary["test_accuracy"]) for summary in summaries.values()]
    return {
        "mean": statistics.fmean(values),
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }
