"""Lava's SpikeDataloader and StateDataloader: samples of a data set, at an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.ref_ports import IntervalTask, ReferringNode, referenced
from lava_ed.engine.families.ring_buffer import declare_rows
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.memory import Limits, Memory, Slot, Variable, check_range, range_of, write_variable
from lava_ed.engine.op import each, number, op, reads, writes
from lava_ed.errors import ConfigError, DataError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.events import copy_vector, list_events
from lava_ed.kernels.views import segment
from lava_ed.network.values import numbers_of

_INT32: Final = range_of(np.int32)


SPIKE_LOADER = op(
    "spike_loader",
    "others",
    n=number("values of a row"),
    data=reads("i32", "rows * n"),
    rows=number("steps of a sample"),
    **each(writes("i32", "n"), "values", "events"),
    count=writes("i32"),
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


def _numbers(values: Any, what: str, limits: Limits | None = None) -> npt.NDArray[Any]:
    """Numbers of a data set within limits, or a DataError."""
    try:
        array = numbers_of(values, what)
        if limits is not None:
            check_range(array, limits, what)
    except ConfigError as error:
        raise DataError(f"{error}") from error
    return array


def as_messages(values: Any, what: str) -> npt.NDArray[np.int32]:
    """Values as the engine sends them.

    Raises
    ------
    DataError
        If they are not whole numbers of 32 bits.  Lava cuts them only where they are received.
    """
    array = _numbers(values, what)
    whole = array.astype(np.float64)
    if array.size and not (
        np.all(whole == np.floor(whole)) and _INT32.low <= whole.min() <= whole.max() <= _INT32.high
    ):
        raise DataError(f"{what} holds {whole.min()} … {whole.max()}: the engine sends integers of 32 bits; round them")
    return array.astype(np.int32)


@dataclass
class _Loader(IntervalTask):
    """Takes the next sample, and puts it where `load` says."""

    dataset: Any
    truth: Slot | None
    load: Callable[[Memory, npt.NDArray[Any], int, str], None]
    next_sample: int = 0

    def act(self, memory: Memory, time_step: int) -> None:
        """Check the sample and its ground truth before either is written."""
        data, truth = self.dataset[self.next_sample]
        where = f"sample {self.next_sample} of {self.name}"
        if self.truth is not None:
            truth = as_messages(truth, f"the ground truth of {where}")
            if truth.size not in (1, self.truth.size):
                raise DataError(f"the ground truth of {where} has shape {truth.shape}, not {self.truth.shape}")
        self.load(memory, np.asarray(data), time_step, where)
        if self.truth is not None:
            memory.view(self.truth)[...] = truth.reshape(self.truth.shape) if truth.size != 1 else truth.item()
        self.next_sample = (self.next_sample + 1) % len(self.dataset)


@dataclass(kw_only=True)
class DataloaderNode(Node):
    """Loads samples and their ground truth.

    Parameters
    ----------
    dataset : sequence
        Gives (data, ground truth) by index.
    timing : mapping
        Initial interval and offset.
    truth_shape : tuple
    """

    dataset: Any
    timing: dict[str, npt.NDArray[Any]]
    truth_shape: tuple[int, ...]
    _truth: Any = None

    def declare(self, asm: Assembler) -> None:
        """Vars interval and offset; OutPort ground_truth, which keeps its value between samples."""
        for name, value in self.timing.items():
            asm.var(self, name, (1,), value, "i64")
        self._truth = asm.memory.allocate("i32", self.truth_shape)
        asm.vector_signal(self, "ground_truth", self._truth.size, self._truth.offset)

    def emit(self, asm: Assembler) -> None:
        """Load after the steps that are due."""
        interval, offset = (asm.variables[self.name, name].slot for name in ("interval", "offset"))
        truth = self._truth if asm.fan_out(self, "ground_truth") else None
        asm.hosts.append(_Loader(self.name, interval, offset, self.dataset, truth, self._loading(asm)))

    def _loading(self, asm: Assembler) -> Callable[[Memory, npt.NDArray[Any], int, str], None]:
        """What puts a sample where it belongs, given the memory, the sample, the time step and the sample's name."""
        raise NotImplementedError


@dataclass(kw_only=True)
class SpikeDataloaderNode(DataloaderNode):
    """Sends a sample step by step.

    Parameters
    ----------
    data : int32 (…, interval)
        Initial values.
    """

    data: npt.NDArray[np.int32]

    def declare(self, asm: Assembler) -> None:
        """Var data, stored time first; OutPort s_out."""
        super().declare(asm)
        if not self.data.shape[-1]:
            raise ConfigError(f"{self.name}.data has shape {self.data.shape}: samples need at least one time step")
        self.at.update(declare_rows(self, asm, self.data))
        reason = (
            f"{self.name}.interval cannot be changed in a graph that is attached, because it is the length of "
            f"{self.name}.data: build the graph with the interval"
        )
        interval = asm.variables[self.name, "interval"]
        asm.variables[self.name, "interval"] = Variable(interval.slot, read_only=reason)
        size = self.at["n"]
        values = asm.scratch(size)
        signal = Signal(size, asm.scratch(1), asm.scratch(size), values, values)
        asm.signals[self.name, "s_out"] = signal
        loaded = asm.scratch(1, "i64")
        self.at.update(values=values, count=signal.count, events=signal.events, loaded=loaded)
        asm.counters(self)

    def emit(self, asm: Assembler) -> None:
        """Send in every step; load after the steps that are due."""
        asm.counted_step(RUN, SPIKE_LOADER, self, self.at, destinations=asm.destinations(self, "s_out"))
        super().emit(asm)

    def _loading(self, asm: Assembler) -> Callable[[Memory, npt.NDArray[Any], int, str], None]:
        variable, loaded = asm.variables[self.name, "data"], Slot("i64", self.at["loaded"], (1,))
        shape = variable.shape

        def load(memory: Memory, data: npt.NDArray[Any], time_step: int, where: str) -> None:
            """Keep the first `interval` steps of the sample, or add zeros."""
            if data.shape[:-1] != shape[:-1]:
                raise DataError(f"{where} has shape {data.shape}, the first one had {(*shape[:-1], '…')}")
            steps = min(data.shape[-1], shape[-1])
            values = np.zeros(shape, np.int32)
            values[..., :steps] = as_messages(data[..., :steps], where)
            write_variable(memory, variable, values)
            memory.view(loaded)[0] = time_step

        return load


@dataclass(kw_only=True)
class StateDataloaderNode(DataloaderNode, ReferringNode):
    """Writes a sample to a Var of another process."""

    def _loading(self, asm: Assembler) -> Callable[[Memory, npt.NDArray[Any], int, str], None]:
        target = None if self._source is None else referenced(asm, self.name, self._source, "writes")

        def load(memory: Memory, data: npt.NDArray[Any], time_step: int, where: str) -> None:
            """Cut the sample to integers, as Lava's channel does."""
            if target is None:
                return
            if data.shape != target.shape:
                raise DataError(f"{where} has shape {data.shape}, the Var that it is loaded to {target.shape}")
            values = _numbers(data, where, _INT32).astype(np.int32)
            write_variable(memory, target, values, by_reference=True, name=where)

        return load
