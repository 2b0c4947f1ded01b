"""RefPorts: Vars that another process reads or writes; and Lava's Reset, which writes one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import WRITE, Assembler, Node
from lava_ed.engine.hosts import HostTask
from lava_ed.engine.memory import Limits, Memory, Slot, Variable, write_variable
from lava_ed.engine.op import each, number, op, reads
from lava_ed.errors import ConfigError, NotCompiledError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import WEIGHT_MAX, WEIGHT_MIN

ARENA_CODES: Final = {"i8": 0, "i16": 1, "i32": 2, "i64": 3}
I8, I16, I32 = 0, 1, 2

Reference = tuple[int, str]
"""(process id, Var name) of what a RefPort is connected to."""


RESET = op(
    "reset",
    "others",
    arena=number("I8, I16, I32, or another number for i64"),
    first=number("offset of the region in its arena"),
    size=number("values of the region"),
    **each(reads("i64"), "reset_value", "interval", "offset"),
)


@kernel
def reset(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Fill a region at an interval."""
    f = RESET
    interval = i64[a[f.interval]]
    if interval == 0 or (now - 1) % interval != i64[a[f.offset]]:
        return
    first, last, value = a[f.first], a[f.first] + a[f.size], i64[a[f.reset_value]]
    if a[f.arena] == I32:
        i32[first:last] = value
    elif a[f.arena] == I16:
        i16[first:last] = value
    elif a[f.arena] == I8:
        i8[first:last] = value
    else:
        i64[first:last] = value


def referenced(
    asm: Assembler, name: str, source: tuple[str, str], verb: str, arenas: tuple[str, ...] = tuple(ARENA_CODES)
) -> Variable:
    """The Var that a RefPort is connected to.

    Raises
    ------
    BackendError
        If the engine stores the Var in another form than Lava, or knows its value only between runs.
    """
    variable = asm.variables.get(source)
    if variable is None or source[1] == "counters" or variable.slot.arena not in arenas or variable.order is not None:
        raise NotCompiledError(
            f"{name} {verb} {'.'.join(source)}, which the engine does not hold step by step: use get() and set() "
            "between runs",
            name,
        )
    return variable


@dataclass(kw_only=True)
class ReferringNode(Node):
    """A process with a RefPort.

    Parameters
    ----------
    target : (process id, Var name) or None
        What the RefPort is connected to.
    """

    target: Reference | None = None
    _source: tuple[str, str] | None = None

    def resolve(self, names: Mapping[int, str]) -> None:
        """Find the node whose Var is meant."""
        if self.target is not None:
            self._source = names[self.target[0]], self.target[1]


@dataclass
class IntervalTask(HostTask):
    """Something that is done after the steps t with ``(t − 1) % interval == offset``."""

    name: str
    interval: Slot
    offset: Slot

    def _timing(self, memory: Memory) -> tuple[int, int]:
        return int(memory.view(self.interval)[0]), int(memory.view(self.offset)[0])

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """Steps until it is due again, at least 1; None where it never is."""
        interval, offset = self._timing(memory)
        if not (0 <= offset < interval or interval < offset <= 0):
            return None
        return (offset - time_step) % abs(interval) + 1

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Do it if it is due."""
        interval, offset = self._timing(memory)
        if interval != 0 and (time_step - 1) % interval == offset:
            self.act(memory, time_step)
        return True

    def act(self, memory: Memory, time_step: int) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass
class _Write(IntervalTask):
    """Writes a Var whose write needs more than copying."""

    value: Slot
    target: Variable

    def act(self, memory: Memory, time_step: int) -> None:
        """Write one value to the whole Var."""
        values = np.full(self.target.shape, int(memory.view(self.value)[0]))
        write_variable(memory, self.target, values, by_reference=True, name=f"what {self.name} writes")


@dataclass(kw_only=True)
class ResetNode(ReferringNode):
    """Sets a Var to one value at an interval, after the step.

    Parameters
    ----------
    settings : mapping
        Initial reset_value, interval, offset.
    """

    settings: dict[str, npt.NDArray[Any]]

    delayed = True
    observes = True

    def declare(self, asm: Assembler) -> None:
        """The settings are Vars."""
        for name, value in self.settings.items():
            self.at[name] = asm.var(self, name, (1,), value, "i64")

    def emit(self, asm: Assembler) -> None:
        """Write in the last stage of a step."""
        if self._source is None:
            return
        target = referenced(asm, self.name, self._source, "writes")
        self._limit(asm, target)
        plain = target.after_write is None and target.row_nonzeros is None and target.pending is None
        if plain and not target.packed and not target.flag:
            slot = target.slot
            arena = ARENA_CODES[slot.arena]
            asm.every_step(WRITE, RESET, self.at, arena=arena, first=slot.offset, size=slot.size)
        else:
            value, interval, offset = (asm.variables[self.name, name].slot for name in self.settings)
            asm.hosts.append(_Write(self.name, interval, offset, value, target))

    def _limit(self, asm: Assembler, target: Variable) -> None:
        """Hold the value, now and whenever it is written, to what the Var can hold: the op checks nothing."""
        assert self._source is not None
        where, limits = ".".join(self._source), target.range
        if target.read_only:
            raise ConfigError(target.read_only)
        if target.flag or limits is None:
            return
        if target.packed:
            limits = Limits(WEIGHT_MIN, WEIGHT_MAX, "weights")
        limits = limits._replace(meaning=f"that of {where}")
        setting = asm.variables[self.name, "reset_value"]
        asm.variables[self.name, "reset_value"] = replace(setting, limits=limits)
        value = int(self.settings["reset_value"][0])
        if not limits.low <= value <= limits.high:
            raise ConfigError(f"{self.name} resets {where} to {value}, which holds {limits.low} … {limits.high}")
