"""Lava's SpikeDataloader and StateDataloader: samples of a data set, at an interval."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, HostTask, Node, Signal
from lava_ed.engine.families.references import Reference, is_due, referenced, steps_until
from lava_ed.engine.families.ring_buffer import declare_rows
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.memory import Memory, Slot, Variable, check_range, range_of, write_variable
from lava_ed.engine.op import number, op, reads, writes
from lava_ed.errors import ConfigError, DataError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.events import copy_vector, list_events
from lava_ed.kernels.views import segment
from lava_ed.network.values import numbers_of

_INT32: Final = np.iinfo(np.int32)


SPIKE_LOADER = op(
    "spike_loader",
    "others",
    n=number("values of a row"),
    data=reads("i32", "rows * n"),
    rows=number("steps of a sample"),
    values=writes("i32", "n"),
    count=writes("i32"),
    events=writes("i32", "n"),
    loaded=reads("i64"),
    destinations=number("InPorts that a spike is delivered to"),
    counters=COUNTERS,
)
"""`loaded` is the time step after which the sample was loaded."""


@kernel
def spike_loader(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step."""
    f = SPIKE_LOADER
    n = a[f.n]
    row = a[f.data] + (now - 1 - i64[a[f.loaded]]) % a[f.rows] * n
    values = segment(i32, a[f.values], n)
    copy_vector(segment(i32, row, n), values)
    count = list_events(values, segment(i32, a[f.events], n))
    i32[a[f.count]] = count
    add_spikes(a[f.counters], count, a[f.destinations], i64)


def as_messages(values: Any, what: str) -> npt.NDArray[np.int32]:
    """Values as the engine sends them.

    Raises
    ------
    DataError
        If they are not whole numbers of 32 bits.  Lava cuts them only where they are received.
    """
    try:
        array = numbers_of(values, what)
    except ConfigError as error:
        raise DataError(f"{error}") from error
    whole = array.astype(np.float64)
    if array.size and not (np.all(whole == np.floor(whole)) and _INT32.min <= whole.min() <= whole.max() <= _INT32.max):
        raise DataError(f"{what} holds {whole.min()} … {whole.max()}: the engine sends integers of 32 bits; round them")
    return array.astype(np.int32)


def _cut(data: npt.NDArray[Any], what: str) -> npt.NDArray[np.int32]:
    """Values cut to integers, as Lava's channel cuts them.

    Raises
    ------
    DataError
        If they are no finite numbers of 32 bits.
    """
    try:
        array = numbers_of(data, what)
        check_range(array, range_of(np.int32), what)
    except ConfigError as error:
        raise DataError(f"{error}") from error
    return array.astype(np.int32)


@dataclass
class _Loader(HostTask):
    """Takes the next sample when it is time."""

    name: str
    dataset: Any
    interval: Slot
    offset: Slot
    truth: Slot
    with_truth: bool
    next_sample: int = 0

    def _timing(self, memory: Memory) -> tuple[int, int]:
        return int(memory.view(self.interval)[0]), int(memory.view(self.offset)[0])

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """Steps until the next sample."""
        return steps_until(time_step, *self._timing(memory))

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Load if it is time."""
        if is_due(time_step, *self._timing(memory)):
            data, truth = self.dataset[self.next_sample]
            where = f"sample {self.next_sample} of {self.name}"
            if self.with_truth:
                truth = as_messages(truth, f"the ground truth of {where}")
                if truth.size not in (1, self.truth.size):
                    raise DataError(f"the ground truth of {where} has shape {truth.shape}, not {self.truth.shape}")
            self.load(memory, np.asarray(data), time_step, where)
            if self.with_truth:
                memory.view(self.truth)[...] = truth.reshape(self.truth.shape) if truth.size != 1 else truth.item()
            self.next_sample = (self.next_sample + 1) % len(self.dataset)
        return True

    def load(self, memory: Memory, data: npt.NDArray[Any], time_step: int, where: str) -> None:
        """Put a sample where it belongs."""
        raise NotImplementedError


@dataclass
class _SpikeLoader(_Loader):
    data: Variable = field(default_factory=lambda: Variable(Slot("i32", 0, (1,))))
    loaded: Slot = field(default_factory=lambda: Slot("i64", 0, (1,)))

    def load(self, memory: Memory, data: npt.NDArray[Any], time_step: int, where: str) -> None:
        """Keep the first `interval` steps of it, or add zeros."""
        shape = self.data.shape
        if data.shape[:-1] != shape[:-1]:
            raise DataError(f"{where} has shape {data.shape}, the first one had {(*shape[:-1], '…')}")
        steps = min(data.shape[-1], shape[-1])
        values = np.zeros(shape, np.int32)
        values[..., :steps] = as_messages(data[..., :steps], where)
        write_variable(memory, self.data, values)
        memory.view(self.loaded)[0] = time_step


@dataclass
class _StateLoader(_Loader):
    target: Variable | None = None

    def load(self, memory: Memory, data: npt.NDArray[Any], time_step: int, where: str) -> None:
        """Write it to the Var, cut to integers as Lava's channel cuts it."""
        if self.target is not None:
            if data.shape != self.target.shape:
                raise DataError(f"{where} has shape {data.shape}, the Var that it is loaded to {self.target.shape}")
            write_variable(memory, self.target, _cut(data, where), by_reference=True, name=where)


@dataclass
class DataloaderNode(Node):
    """What both have in common.

    Parameters
    ----------
    dataset : sequence
        Gives (data, ground truth) by index.
    timing : mapping
        Initial interval and offset.
    truth_shape : tuple
    """

    dataset: Any = ()
    timing: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    truth_shape: tuple[int, ...] = (1,)
    _truth: Any = None

    def declare(self, asm: Assembler) -> None:
        """Vars interval and offset; OutPort ground_truth, which keeps its value between samples."""
        for name, value in self.timing.items():
            asm.var(self, name, (1,), value, "i64")
        truth = asm.memory.allocate("i32", self.truth_shape)
        self._truth = truth
        asm.vector_signal(self, "ground_truth", truth.size, truth.offset)

    def common(self, asm: Assembler) -> dict[str, Any]:
        """Arguments of the loader."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "interval": asm.variables[self.name, "interval"].slot,
            "offset": asm.variables[self.name, "offset"].slot,
            "truth": self._truth,
            "with_truth": asm.fan_out(self, "ground_truth") > 0,
        }


@dataclass
class SpikeDataloaderNode(DataloaderNode):
    """Sends a sample step by step.

    Parameters
    ----------
    data : int32 (…, interval)
        Initial values.
    """

    data: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    _fields: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data, stored time first; OutPort s_out."""
        super().declare(asm)
        if not self.data.shape[-1]:
            raise ConfigError(f"{self.name}.data has shape {self.data.shape}: samples need at least one time step")
        self._fields.update(declare_rows(self, asm, self.data))
        reason = (
            f"{self.name}.interval cannot be changed in a graph that is attached, because it is the length of "
            f"{self.name}.data: build the graph with the interval"
        )
        interval = asm.variables[self.name, "interval"]
        asm.variables[self.name, "interval"] = Variable(interval.slot, read_only=reason)
        size = self._fields["n"]
        values = asm.scratch(size)
        signal = Signal(size, asm.scratch(1), asm.scratch(size), values, values)
        asm.signals[self.name, "s_out"] = signal
        loaded = asm.scratch(1, "i64")
        self._fields.update(values=values, count=signal.count, events=signal.events, loaded=loaded)
        asm.counters(self)

    def emit(self, asm: Assembler) -> None:
        """Send in every step; load after the steps that are due."""
        asm.counted_step(RUN, SPIKE_LOADER, self, **self._fields, destinations=asm.destinations(self, "s_out"))
        loaded = Slot("i64", self._fields["loaded"], (1,))
        asm.hosts.append(_SpikeLoader(**self.common(asm), data=asm.variables[self.name, "data"], loaded=loaded))


@dataclass
class StateDataloaderNode(DataloaderNode):
    """Writes a sample to a Var of another process.

    Parameters
    ----------
    target : (process id, Var name) or None
    """

    target: Reference | None = None
    _source: tuple[str, str] | None = None

    def resolve(self, names: Mapping[int, str]) -> None:
        """Find the node whose Var is written."""
        if self.target is not None:
            self._source = names[self.target[0]], self.target[1]

    def emit(self, asm: Assembler) -> None:
        """Load after the steps that are due."""
        target = None if self._source is None else referenced(asm, self.name, self._source, "writes")
        asm.hosts.append(_StateLoader(**self.common(asm), target=target))
