"""Sequences of tasks out of a data set: its classes in groups, or its pixels in another order for each task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from lava_ed.data import Dataset
from lava_ed.errors import ConfigError
from lava_ed.train.order import pixel_order

Incremental = Literal["task", "domain", "class"]
INCREMENTAL: Final[tuple[Incremental, ...]] = get_args(Incremental)
"""What a net is told and asked in a test (van de Ven & Tolias, arXiv 1904.07734): told the task, asked which of its
classes; not told, asked for the class within the task; not told, asked for one of all classes."""
KINDS: Final = {"permuted": "domain", "split": "class"}
"""What is done to the data set, and how that is usually asked."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is learned in one go.

    Attributes
    ----------
    classes : tuple of int
        Labels of the data set, in the order of `outputs`.
    outputs : tuple of int
        Neuron of the readout for each class.
    pixels : int64 (n,), optional
        Input k shows pixel ``pixels[k]``; default: every pixel is in its place.
    """

    classes: tuple[int, ...]
    outputs: tuple[int, ...]
    pixels: npt.NDArray[np.int64] | None = None

    def rows(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Which samples belong to the task."""
        return np.flatnonzero(np.isin(labels, self.classes))

    def seen(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Images as the task shows them."""
        if self.pixels is None:
            return np.ascontiguousarray(images)
        planes = images.reshape(len(images), -1, self.pixels.size)
        return np.ascontiguousarray(planes[..., self.pixels]).reshape(images.shape)

    def targets(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The output of each sample's class, 0 for samples of other tasks."""
        table = np.zeros(int(labels.max(initial=0)) + max(self.classes) + 1, np.int64)
        table[list(self.classes)] = self.outputs
        return table[labels]


@dataclass(frozen=True, eq=False)
class Scenario:
    """Tasks in the order in which they come.

    Attributes
    ----------
    name : str
        For example ``"split-mnist"``.
    incremental : {"task", "domain", "class"}
    tasks : tuple of Task
    n_outputs : int
        Neurons of the readout.
    """

    name: str
    incremental: Incremental
    tasks: tuple[Task, ...]
    n_outputs: int


def parse_scenario(name: str) -> tuple[str, str]:
    """Kind and data set of a name such as ``"permuted-mnist"``.

    Raises
    ------
    ConfigError

    Examples
    --------
    >>> parse_scenario("split-fashion-mnist")
    ('split', 'fashion-mnist')
    """
    kind, _, dataset = name.partition("-")
    if kind not in KINDS or not dataset:
        raise ConfigError(f"scenario {name!r} is unknown: use permuted-DATASET or split-DATASET, such as split-mnist")
    return kind, dataset


def make_scenario(name: str, data: Dataset, tasks: int, incremental: str | None = None, seed: int = 0) -> Scenario:
    """The tasks of a scenario.

    ``permuted-…``: every task has all classes, and an order of pixels of its own, drawn from the seed (Goodfellow et
    al., arXiv 1312.6211).  ``split-…``: every task has equally many classes, in the order of their numbers (Zenke et
    al., arXiv 1703.04200).

    Raises
    ------
    ConfigError
        If the classes cannot be shared out evenly, or the scenario is not asked in this way.
    """
    kind, _ = parse_scenario(name)
    asked = KINDS[kind] if incremental is None else incremental
    if asked not in INCREMENTAL:
        raise ConfigError(f"incremental {asked!r} is unknown: use one of {', '.join(INCREMENTAL)}")
    if tasks < 2:
        raise ConfigError(f"tasks is {tasks}: at least two are needed")
    every = tuple(range(data.n_classes))
    if kind == "permuted":
        if asked != "domain":
            raise ConfigError(f"{name} is domain-incremental, all tasks having the same classes; not {asked}")
        orders = (pixel_order(seed, task, data.inputs) for task in range(tasks))
        return Scenario(name, "domain", tuple(Task(every, every, order) for order in orders), len(every))
    size, left = divmod(data.n_classes, tasks)
    if left or size < 2:
        raise ConfigError(
            f"{data.n_classes} classes cannot be split into {tasks} tasks of two or more each: choose another number"
        )
    groups = [every[k * size : (k + 1) * size] for k in range(tasks)]
    if asked == "domain":
        return Scenario(name, "domain", tuple(Task(group, every[:size]) for group in groups), size)
    return Scenario(name, asked, tuple(Task(group, group) for group in groups), len(every))
