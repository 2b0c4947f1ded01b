"""The random numbers of stock LearningDense, drawn ahead of the steps that use them."""

from __future__ import annotations

import copy
from collections import namedtuple
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.engine.memory import Memory, Slot
from lava_ed.kernels.fixed_point import TRACE_MAX

Draws = namedtuple("Draws", "x_decay x_impulse y_decay y_impulse_first y_impulse synapse")
DRAW: Final = Draws(*range(6))
"""Columns of a step's random numbers."""
RANDOM_COLUMNS: Final = len(DRAW)
SYNAPSE_SEED: Final = 2
"""Lava's `ConnVarRandom` takes this seed whatever the rule says."""
CAPACITY: Final = 8192
DRAWN_AT_LEAST: Final = 256
"""Steps drawn at a time, so that short runs do not pay for each."""


class _Side:
    """Lava's `TraceRandom`: one number for decay and one for impulses, both drawn anew twice a step."""

    def __init__(self, decay_seed: int, impulse_seed: int) -> None:
        self._decay = np.random.default_rng(decay_seed)
        self._impulse = np.random.default_rng(impulse_seed)
        self.draw(1)

    def draw(self, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The next `count` numbers of either kind; the same stream as one at a time."""
        return self._decay.random(count), self._impulse.integers(0, TRACE_MAX + 1, size=count, dtype=np.int64)


class _Streams:
    """Every stream of a rule, and how far they were drawn."""

    def __init__(self, seed: int, t_epoch: int) -> None:
        self._x, self._y = _Side(seed, seed + 1), _Side(seed + 2, seed + 3)
        self._synapse = np.random.default_rng(SYNAPSE_SEED)
        self._synapse.random()
        self._t_epoch = t_epoch
        self._drawn = 0

    def draw(self, steps: int) -> npt.NDArray[np.float64]:
        """The rows of the next `steps` steps."""
        rows = np.zeros((steps, RANDOM_COLUMNS))
        x_decay, x_impulse = self._x.draw(2 * steps)
        y_decay, y_impulse = self._y.draw(2 * steps)
        rows[:, DRAW.x_decay], rows[:, DRAW.x_impulse] = x_decay[1::2], x_impulse[1::2]
        rows[:, DRAW.y_decay], rows[:, DRAW.y_impulse_first], rows[:, DRAW.y_impulse] = (
            y_decay[1::2],
            y_impulse[::2],
            y_impulse[1::2],
        )
        ends = np.arange(self._drawn + 1, self._drawn + steps + 1) % self._t_epoch == 0
        rows[ends, DRAW.synapse] = self._synapse.random(int(ends.sum()))
        self._drawn += steps
        return rows


class _Stock(NamedTuple):
    """Rows that were drawn for the steps after `time_step`."""

    streams: _Streams
    time_step: int
    rows: npt.NDArray[np.float64]


class TraceRandoms:
    """Fills rows of random numbers, one row for each step; it keeps what a run did not use.

    Parameters
    ----------
    seed : int
        rng_seed of the rule.
    t_epoch : int
        The number for synapses is drawn once in so many steps.
    """

    capacity = CAPACITY

    def __init__(self, seed: int, t_epoch: int) -> None:
        self._stock = _Stock(_Streams(seed, t_epoch), 0, np.zeros((0, RANDOM_COLUMNS)))
        self._slot: Slot | None = None

    def allocate(self, memory: Memory) -> int:
        """Reserve the rows; returns their offset (f64)."""
        self._slot = memory.allocate("f64", (self.capacity, RANDOM_COLUMNS))
        return self._slot.offset

    def fill(self, memory: Memory, time_step: int, steps: int) -> None:
        """Write the rows of the `steps` steps after `time_step`."""
        streams, before, rows = self._stock
        rows = rows[max(time_step - before, 0) :]
        missing = steps - len(rows)
        if missing > 0:
            # From a copy, so that Ctrl-C finds either the old stock or the new one.
            streams = copy.deepcopy(streams)
            rows = np.concatenate([rows, streams.draw(max(missing, DRAWN_AT_LEAST))])
        self._stock = _Stock(streams, time_step, rows)
        assert self._slot is not None
        memory.view(self._slot)[:steps] = rows[:steps]
