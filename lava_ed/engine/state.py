"""What a program keeps from step to step: Vars by name, the clock, the counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, Row
from lava_ed.engine.entries import entries_at, named, with_entries
from lava_ed.engine.idle import IdleCounts
from lava_ed.engine.memory import read_variable, write_variable
from lava_ed.engine.op import CLOCK
from lava_ed.errors import BackendError
from lava_ed.kernels.counting import check_counting, named_counts
from lava_ed.network.schedule import Schedule
from lava_ed.network.values import count_of

_LAST_STEP: Final = 2**62
"""Largest time step that a clock may be set to, from where it goes on counting in 64 bits."""


class State:
    """The flat state of a program, read and written by the names of its Vars."""

    def __init__(self, asm: Assembler, schedule: Schedule | None) -> None:
        self.schedule = schedule
        self.rows: Sequence[Row] = asm.rows()
        self._memory = asm.memory
        self._variables = asm.variables
        self._signals = asm.signals
        self._idle = IdleCounts(asm.neuron_counts, asm.barrier, schedule)
        self._progress = np.zeros(3, np.int64)

    @property
    def time_step(self) -> int:
        """Time steps run so far."""
        return int(self._progress[CLOCK])

    @property
    def period(self) -> int:
        """Steps of a sample; 1 without a schedule."""
        return 1 if self.schedule is None else self.schedule.period

    @property
    def phase(self) -> int:
        """Phase that the next step will have."""
        return self.time_step % self.period

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """(node, Var) of everything that `get` and `set` know."""
        return tuple(self._variables)

    def _count_idle(self) -> None:
        self._idle.count(self._memory, self.time_step)

    def _recount(self) -> None:
        self._idle.count_on(self._memory, self.time_step)

    def get(self, node: str, var: str, idx: Any = None) -> npt.NDArray[Any]:
        """A copy of a Var, or of the entries that `idx` names as in numpy; weights are even integers (n_post, n_pre).

        Raises
        ------
        BackendError
            If there is no such Var.
        ShapeError
            If it has no such entries.
        """
        variable = self._variable(node, var)
        if var == "counters":
            check_counting()
            self._count_idle()
        values = read_variable(self._memory, variable)
        return values if idx is None else entries_at(values, idx, f"{node}.{var}")

    def set(self, node: str, var: str, value: npt.ArrayLike, idx: Any = None) -> None:
        """Write a Var, or the entries that `idx` names as in numpy; a value that does not fit changes nothing.

        Raises
        ------
        BackendError
            If there is no such Var.
        ShapeError, WeightError, ConfigError
            If the value does not fit it.
        """
        variable = self._variable(node, var)
        self._count_idle()
        if idx is not None:
            value = with_entries(read_variable(self._memory, variable), idx, value, f"{node}.{var}")
        write_variable(self._memory, variable, value, name=f"{node}.{var}")
        if var == "counters":
            self._recount()

    def load(self, values: Mapping[tuple[str, str], npt.ArrayLike], time_step: int) -> None:
        """Write many Vars and set the clock, between two samples; if one value does not fit, nothing changes.

        Parameters
        ----------
        values : mapping of (node, Var) to array_like
            As `get` returns them.
        time_step : int
            Steps that had been run; the end of a sample.

        Raises
        ------
        BackendError
            If a Var is unknown, or `time_step` is not the end of a sample.
        ShapeError, WeightError, ConfigError
            If a value does not fit its Var.
        """
        time_step = count_of(time_step, "time_step")
        if time_step > _LAST_STEP or time_step % self.period:
            raise BackendError(
                f"time step {time_step} is not the end of a sample (a multiple of {self.period}): "
                "save and load between samples"
            )
        variables = {name: self._variable(*named(name)) for name in values}
        self._count_idle()
        # A write may change what lies in other arenas, such as copies of weights; the images are never written.
        before = {name: array.copy() for name, array in self._memory.arrays.items() if name != "u8"}
        held = [(v.pending, v.pending.values) for v in variables.values() if v.pending is not None]
        try:
            for name, value in values.items():
                write_variable(self._memory, variables[name], value, name=".".join(name))
        except Exception:
            for arena, array in before.items():
                self._memory.arrays[arena][...] = array
            for pending, given in held:
                pending.values = given
            raise
        self._progress[CLOCK] = time_step
        self._recount()

    def _variable(self, node: str, var: str) -> Any:
        if (node, var) not in self._variables:
            known = ", ".join(v for n, v in self._variables if n == node) or "none"
            raise BackendError(f"{node}.{var} is no Var of this program; {node} has: {known}")
        return self._variables[node, var]

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """All counters: node → counter → phase → count.

        Raises
        ------
        BackendError
            If the graph has floating-point models, which do nothing that a chip does, or nothing counts in this
            process.
        """
        if any(row.op.group == "floating" for row in self.rows):
            raise BackendError(
                "the graph runs floating-point models, whose operations no chip has: nothing is counted. Attached with "
                'Loihi2SimCfg(select_tag="fixed_pt") it counts, but computes in fixed point, where fractions are cut'
            )
        check_counting()
        self._count_idle()
        result = {}
        for (node, var), variable in self._variables.items():
            if var == "counters":
                result[node] = named_counts(self._memory.view(variable.slot))
        return result

    def reset_counters(self) -> None:
        """Set every counter to 0."""
        for (_, var), variable in self._variables.items():
            if var == "counters":
                self._memory.view(variable.slot)[...] = 0
        self._recount()
