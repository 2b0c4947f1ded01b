"""Accuracy and operation counts of a trained net, learning switched off."""

from __future__ import annotations

import time
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import TAG, Counts, make_backend, warm_up
from lava_ed.data import Dataset
from lava_ed.energy.counting import counts_between, means, sums
from lava_ed.runs.data import data_of_run
from lava_ed.runs.folder import MODEL, RunFolder
from lava_ed.runs.tensor_files import Model
from lava_ed.version import __version__


@dataclass(frozen=True)
class Evaluation:
    """Decisions of a net on some samples, and what they cost."""

    samples: int
    correct: int
    counters: Counts

    @property
    def accuracy(self) -> float:
        """Share decided rightly."""
        return self.correct / self.samples

    def to_dict(self) -> dict[str, Any]:
        """Samples and counters, as saved in energy.json."""
        return {
            "samples": self.samples,
            "per_sample": means(sums(self.counters), self.samples),
            "counters": self.counters,
        }


def evaluate(
    backend_name: str,
    model: Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64] | None = None,
) -> Evaluation:
    """Present samples to a net of their own back end, with learning and adaptation off.

    Parameters
    ----------
    backend_name : {"engine", "lava"}
    model : Model
    images : uint8 (N, n)
    labels : int64 (N,)
    indices : int64 (k,), optional
        Which samples; default: all.

    Returns
    -------
    Evaluation
    """
    if indices is None:
        indices = np.arange(len(labels))
    backend = make_backend(backend_name, model.spec)
    try:
        backend.load_state(model.put_into(backend.state()))
        backend.set_learning(False)
        backend.bind(images)
        before = backend.counters()
        decided = backend.present(indices, labels[indices])
        counters = counts_between(backend.counters(), before)
    finally:
        backend.close()
    return Evaluation(len(indices), int(np.count_nonzero(decided == labels[indices])), counters)


def evaluate_run(
    out: str | PathLike[str],
    data_dir: str | None = None,
    backend_name: str | None = None,
    *,
    dataset: Dataset | None = None,
    other_data: bool = False,
) -> dict[str, Any]:
    """Judge the model of a run folder on its test set.

    Parameters
    ----------
    out : path-like
    data_dir : str, optional
        Default: the one the run was trained from.
    backend_name : {"engine", "lava"}, optional
        Default: the run's.
    dataset : Dataset, optional
        The data themselves, where the run was trained on data of one's own.
    other_data : bool
        Judge the model on data that it was not trained for, too.

    Returns
    -------
    dict
        What `lava-ed eval --json` prints; on other data ``accuracy_on_other_data`` in place of ``test_accuracy``.

    Raises
    ------
    RunFolderError
        If the folder holds no run, or one that has not ended.
    ConfigError, CheckpointError
        If config or model are of another version, or damaged.
    DataError
        If the data are not those that the run was trained on, and other data were not asked for.
    """
    folder = RunFolder(out)
    config = folder.read_config()
    model = Model.read(folder.file(MODEL))
    found = data_of_run(folder, config, data_dir=data_dir, dataset=dataset, other_data=other_data)
    data = found.data
    name = backend_name or config.backend
    if name == "engine":
        warm_up(model.spec)
    started = time.perf_counter()
    result = evaluate(name, model, np.ascontiguousarray(data.test_images), data.test_labels)
    seconds = time.perf_counter() - started
    return {
        "lava_ed_version": __version__,
        "run": str(folder.path),
        "backend": name,
        "tag": TAG,
        "seed": config.seed,
        "rule": config.rule,
        "dataset": config.dataset,
        "sizes": list(model.spec.sizes),
        "thresholds": model.thresholds,
        **found.note(),
        found.accuracy_key: result.accuracy,
        "correct": result.correct,
        "samples": result.samples,
        "samples_per_second": result.samples / seconds,
        "seconds": seconds,
        "counters_per_sample": means(sums(result.counters), result.samples),
    }
