"""Accuracy and operation counts of a trained net, learning switched off."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import TAG, Backend, Counts, make_backend, warm_up
from lava_ed.cluster import Crew
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, data_folder
from lava_ed.energy.counting import counts_between, means, sums
from lava_ed.errors import ConfigError
from lava_ed.runs.data import FoundData, data_of_run
from lava_ed.runs.folder import MODEL, RunFolder
from lava_ed.runs.tensor_files import Model
from lava_ed.version import __version__

Running = TypeVar("Running", bound=Backend)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a net decided on some samples, and what that cost.

    Attributes
    ----------
    labels, decided : int64 (N,)
        Of samples or, where these are windows of recordings, of recordings.
    n_classes : int
    counters
        node → counter → phase → count.
    """

    labels: npt.NDArray[np.int64]
    decided: npt.NDArray[np.int64]
    n_classes: int
    counters: Counts

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.labels)

    @property
    def correct(self) -> int:
        """Number of samples decided rightly."""
        return int(np.count_nonzero(self.labels == self.decided))

    @property
    def accuracy(self) -> float:
        """Share decided rightly."""
        return self.correct / self.samples

    def confusion(self) -> npt.NDArray[np.int64]:
        """(n_classes, n_classes): samples by label (row) and decision (column)."""
        matrix = np.zeros((self.n_classes, self.n_classes), np.int64)
        np.add.at(matrix, (self.labels, self.decided), 1)
        return matrix

    def to_dict(self) -> dict[str, Any]:
        """Samples and counters, as saved in energy.json."""
        return part_of_energy(self.samples, self.counters)


def part_of_energy(samples: int, counters: Counts) -> dict[str, Any]:
    """Training or test as an entry of energy.json."""
    return {"samples": samples, "per_sample": means(sums(counters), samples), "counters": counters}


def holding(model: Model, images: npt.NDArray[np.uint8], backend: Running) -> Running:
    """The back end with a trained net in it, learning off, and the images bound.

    Raises a ConfigError where the images do not fit the net.
    """
    if images.shape[1] != model.spec.sample_bytes:
        raise ConfigError(
            f"the net takes {model.spec.sample_bytes} inputs, the samples have {images.shape[1]}: name the data set "
            "that the net was trained on"
        )
    backend.load_state(model.put_into(backend.state()))
    backend.set_learning(False)
    backend.bind(np.ascontiguousarray(images))
    return backend


def evaluate(
    backend_name: str,
    model: Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64] | None = None,
    windows: int = 1,
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
    windows : int
        Samples that follow each other and are windows of one recording.

    Raises
    ------
    ConfigError
        If the samples do not fit the net.
    """
    backend = make_backend(backend_name, model.spec)
    try:
        return judged_by(backend, model, images, labels, indices, windows)
    finally:
        backend.close()


def judged_by(
    backend: Backend,
    model: Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64] | None = None,
    windows: int = 1,
) -> Evaluation:
    """As `evaluate`, on a back end of the model's net that is there already; what it held before is lost."""
    rows = np.arange(len(labels)) if indices is None else indices
    n_classes = model.spec.sizes[-1]
    if int(labels.max()) >= n_classes:
        raise ConfigError(f"the net knows {n_classes} classes, the samples have label {labels.max()}")
    holding(model, images, backend)
    before = backend.counters()
    decided = backend.present(rows, labels[rows]).astype(np.int64)
    counts = counts_between(backend.counters(), before)
    if windows > 1:
        decided = voted(decided, images[rows].any(axis=1), windows, n_classes)
    return Evaluation(labels[rows][::windows], decided, n_classes, counts)


def voted(
    decided: npt.NDArray[Any], heard: npt.NDArray[np.bool_], windows: int, n_classes: int
) -> npt.NDArray[np.int64]:
    """Decisions on recordings out of those on their windows: the class with most, and of equals the smallest.

    Only windows that are heard, which hold an event, have a vote; a recording without any is of class 0.  A host
    counts the votes, as it reads the decisions: they are on no chip.

    Examples
    --------
    >>> heard = np.array([True, False, False, True, True, True, False, False, False])
    >>> voted(np.array([2, 1, 1, 0, 2, 1, 2, 2, 2]), heard, windows=3, n_classes=3).tolist()
    [2, 0, 0]
    """
    sums = np.zeros((len(decided) // windows, n_classes), np.int64)
    np.add.at(sums, (np.arange(len(decided)) // windows, decided), heard)
    result: npt.NDArray[np.int64] = sums.argmax(axis=1)
    return result


_SHARE: Final = 1000
"""Samples, or recordings, that a worker judges in one job; with learning off, samples know nothing of each other."""


def joined(parts: Sequence[Evaluation]) -> Evaluation:
    """The outcomes on several shares of the samples as one."""
    counters: Counts = {}
    for part in parts:
        for node, of_node in part.counters.items():
            for counter, phases in of_node.items():
                sums_here = counters.setdefault(node, {}).setdefault(counter, dict.fromkeys(phases, 0))
                for phase, count in phases.items():
                    sums_here[phase] += count
    labels, decided = (np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "decided"))
    return Evaluation(labels, decided, parts[0].n_classes, counters)


def evaluate_on(crew: Crew, run: str, name: str, data_dir: str, other_data: bool, samples: int) -> Evaluation:
    """Let workers judge the model of a run on its test set, in shares."""
    folder = RunFolder(run).path.resolve()
    parts: dict[str, Evaluation] = {}
    names = [f"samples from {start:,} on" for start in range(0, samples, _SHARE)]
    for k, share in enumerate(names):
        crew.submit(share, share_on_worker, str(folder), name, data_dir, other_data, k * _SHARE, folder=folder)
    for _ in names:
        share, part = crew.next()
        parts[share] = part
    return joined([parts[share] for share in names])


@lru_cache(maxsize=1)
def _opened(run: str, data_dir: str, other_data: bool, config: TrainConfig, stamp: int) -> tuple[Model, FoundData]:
    """Model and data of a run; `stamp` is the time of the model's file, so that an older model is not taken for it."""
    folder = RunFolder(run)
    found = data_of_run(folder, config, data_dir=data_dir, other_data=other_data)
    return Model.read(folder.file(MODEL)), found


def share_on_worker(run: str, name: str, data_dir: str, other_data: bool, start: int) -> Evaluation:
    """One share of a run's test set, from sample, or recording, `start` on."""
    folder = RunFolder(run)
    stamp = folder.file(MODEL).stat().st_mtime_ns
    model, found = _opened(run, data_dir, other_data, folder.read_config(), stamp)
    data = found.data
    rows = np.arange(start * data.windows, min((start + _SHARE) * data.windows, len(data.test_labels)))
    return evaluate(name, model, data.test_images, data.test_labels, rows, data.windows)


def evaluate_run(
    out: str | PathLike[str],
    data_dir: str | None = None,
    backend_name: str | None = None,
    *,
    dataset: Dataset | None = None,
    other_data: bool = False,
    crew: Crew | None = None,
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
    crew : Crew, optional
        Workers that share the test set; default: this process judges it.

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
    if crew is not None and crew.distributed:
        if dataset is not None:
            raise ConfigError("data of one's own are in this process only: let workers read a data set by its name")
        where = os.path.abspath(data_folder(config.data_dir if data_dir is None else data_dir))
        result = evaluate_on(crew, str(out), name, where, other_data, len(data.test_labels) // data.windows)
    else:
        result = evaluate(name, model, data.test_images, data.test_labels, windows=data.windows)
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
