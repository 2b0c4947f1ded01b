"""What a run folder, or a model alone, holds for a report; read in full before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, load_dataset
from lava_ed.errors import RunFolderError
from lava_ed.runs.data import data_of_run
from lava_ed.runs.folder import CHECKPOINT, CONFIG, ENERGY, METRICS, MODEL, RESULT, RunFolder
from lava_ed.runs.tensor_files import Model


@dataclass(frozen=True, eq=False)
class RunFacts:
    """A net and what is known about it; what is not known is None or empty, and the page says so."""

    name: str
    path: Path
    """Folder that the page goes into."""
    model: Model
    config: TrainConfig | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Entry ``facts`` of config.json."""
    metrics: Sequence[Mapping[str, Any]] = ()
    result: Mapping[str, Any] | None = None
    energy: Mapping[str, tuple[Mapping[str, Any], int]] = field(default_factory=dict)
    """Counters and samples of the parts training and test of energy.json."""
    stamp: Mapping[str, Any] = field(default_factory=dict)
    """Version, back end, tag and seed, as the run wrote them."""
    data: Dataset | None = None


def read_facts(
    run: str | PathLike[str], data_dir: str | PathLike[str] | None = None, dataset: str | None = None
) -> RunFacts:
    """Read a run that has ended, or a folder that holds nothing but a model.

    The data files lie in `data_dir`, or where the run found them; `dataset` is for a model without a run.  Errors are
    those of `lava_ed.report.report_run`.
    """
    folder = RunFolder(run)
    if not folder.path.is_dir():
        raise RunFolderError(f"{folder.path} is no folder: name the folder of a run")
    name = folder.path.resolve().name
    if not any(folder.file(name).exists() for name in (CONFIG, CHECKPOINT, METRICS)):
        if not folder.file(MODEL).exists():
            raise RunFolderError(f"{folder.path} holds no run and no {MODEL}: name the folder of a run")
        data = None if dataset is None else load_dataset(dataset, data_dir)
        return RunFacts(name, folder.path, Model.read(folder.file(MODEL)), data=data)
    config = folder.read_config()
    if dataset not in (None, config.dataset):
        raise RunFolderError(f"{folder.path} was trained on {config.dataset}, not on {dataset}: leave --dataset out")
    model = Model.read(folder.file(MODEL))
    result, metrics, saved = folder.read_json(RESULT), folder.read_metrics(), folder.read_json(ENERGY)
    facts = folder.entry(folder.read_json(CONFIG), CONFIG, "facts")
    if len(metrics) != config.epochs:
        raise RunFolderError(
            f"{folder.file(METRICS)} has {len(metrics)} of {config.epochs} epochs: train to the end first "
            "(lava-ed train --resume)"
        )
    energy = {
        part: (folder.entry(saved, ENERGY, part, "counters"), folder.entry(saved, ENERGY, part, "samples"))
        for part in ("training", "test")
    }
    stamp = {key: folder.entry(saved, ENERGY, key) for key in ("lava_ed_version", "backend", "tag", "seed")}
    data = data_of_run(folder, config, data_dir=data_dir, flag=False).data
    return RunFacts(name, folder.path, model, config, facts, metrics, result, energy, stamp, data)
