"""A program: flat integer state, op table, clock; the same for a net from a spec and for a Lava graph."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node, assemble
from lava_ed.engine.families.opcodes import DENSE_RESET
from lava_ed.engine.memory import read_variable, write_variable
from lava_ed.errors import (
    BackendError,
    ConfigError,
    FixedPointOverflowError,
    FixedPointOverflowWarning,
    ShapeError,
)
from lava_ed.kernels.counting import (
    BACKWARD,
    BARRIER_STEPS,
    COUNTERS,
    FORWARD,
    NEURON_ACTIVE,
    NEURON_IDLE,
    PHASES,
)
from lava_ed.network.schedule import Schedule

OVERFLOW_POLICIES: Final = ("raise", "warn", "wrap")
_STEPS_PER_CALL: Final = 1 << 16
"""Longest stretch inside compiled code, so that Ctrl-C is heard."""


class Program:
    """A net laid out for the compiled loop.

    Parameters
    ----------
    nodes, connections : sequences
        The graph.
    schedule : Schedule
    overflow : {"raise", "warn", "wrap"}
        What happens when a state leaves its 24-bit register.  All three wrap it; "raise" then stops.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        connections: Sequence[Connection],
        schedule: Schedule,
        overflow: str = "raise",
    ) -> None:
        if overflow not in OVERFLOW_POLICIES:
            raise ConfigError(f"overflow policy {overflow!r} is unknown: use one of {', '.join(OVERFLOW_POLICIES)}")
        self.schedule = schedule
        self.overflow = overflow
        self.node_names = tuple(node.name for node in nodes)
        self.time_step = 0
        asm = assemble(nodes, connections, schedule)
        self._ops, self._ptr, self._order = asm.table()
        self._memory = asm.memory
        self._variables = asm.variables
        self._neuron_counts = asm.neuron_counts
        self._barrier = asm.barrier
        self._named = asm.named
        self._totals: dict[tuple[int, int], int] = {}

    @property
    def phase(self) -> int:
        """Phase that the next step will have."""
        return self.time_step % self.schedule.period

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """(node, Var) of everything that `get` and `set` know."""
        return tuple(self._variables)

    def run(self, steps: int, predictions: npt.NDArray[np.int32] | None = None) -> int:
        """Run time steps; returns how many samples were decided.

        Raises
        ------
        FixedPointOverflowError
            Under "raise", after the first step in which a state left 24 bits; the state is readable.
        """
        from lava_ed.engine.interpreter import run_steps

        if steps < 0:
            raise ConfigError(f"cannot run {steps} steps: the number must not be negative")
        done = np.zeros(1, np.int64)
        if predictions is None:
            predictions = np.zeros(0, np.int32)
        arrays = self._memory.arrays
        overflows = 0
        start = self.time_step
        try:
            remaining = steps
            while remaining and not (overflows and self.overflow == "raise"):
                ran, lost = run_steps(
                    self._ops, self._ptr, self._order, arrays["i8"], arrays["i16"], arrays["i32"], arrays["i64"],
                    arrays["u8"], self.phase, min(remaining, _STEPS_PER_CALL), int(self.overflow == "raise"),
                    predictions, done,
                )  # fmt: skip
                self.time_step += int(ran)
                remaining -= int(ran)
                overflows += int(lost)
        finally:
            self._count_idle(start, self.time_step)
        self._report_overflow(overflows)
        return int(done[0])

    def _count_idle(self, start: int, stop: int) -> None:
        """Idle neuron updates and barriers of steps start … stop − 1, which the loop leaves to us."""
        s = self.schedule

        def forward_steps(until: int) -> int:
            full, rest = divmod(until, s.period)
            return full * (s.error_phase + 1) + min(rest, s.error_phase + 1)

        forward = forward_steps(stop) - forward_steps(start)
        backward = (stop - start) - forward
        for group in self._neuron_counts:
            counters = self._memory.view(group.counters)
            for phase, steps in ((FORWARD, forward), (BACKWARD, backward)):
                total = counters[NEURON_ACTIVE, phase] + counters[NEURON_IDLE, phase]
                # Active updates were added in the loop; what is missing to n a step was idle.
                expected = self._totals.get((group.counters.offset, phase), 0) + steps * group.neurons
                counters[NEURON_IDLE, phase] += expected - total
                self._totals[group.counters.offset, phase] = expected
        if self._barrier is not None:
            counters = self._memory.view(self._barrier)
            counters[BARRIER_STEPS, FORWARD] += forward
            counters[BARRIER_STEPS, BACKWARD] += backward

    def _report_overflow(self, overflows: int) -> None:
        """Raise or warn under the policy."""
        if not overflows or self.overflow == "wrap":
            return
        where = [
            name
            for (name, var), variable in self._variables.items()
            if var == "overflows" and self._memory.view(variable.slot)[0]
        ]
        message = (
            f"{overflows} state(s) left their 24-bit register by time step {self.time_step} in {', '.join(where)}: "
            "lower the weights, the fan-in, the weight exponent or the window, raise the error shift, or choose "
            'overflow="wrap"'
        )
        if self.overflow == "raise":
            raise FixedPointOverflowError(message)
        warnings.warn(message, FixedPointOverflowWarning, stacklevel=3)

    def get(self, node: str, var: str) -> npt.NDArray[Any]:
        """A copy of a Var; weights come as even integers (n_post, n_pre)."""
        return read_variable(self._memory, self._variable(node, var))

    def set(self, node: str, var: str, value: npt.ArrayLike) -> None:
        """Write a Var; a value that does not fit changes nothing."""
        write_variable(self._memory, self._variable(node, var), value)
        if var == "counters":
            self._resync_totals(node)

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
        if time_step < 0 or time_step % self.schedule.period:
            raise BackendError(
                f"time step {time_step} is not the end of a sample (a multiple of {self.schedule.period}): "
                "save and load between samples"
            )
        variables = {name: self._variable(*name) for name in values}
        before = {name: array.copy() for name, array in self._memory.arrays.items() if name != "u8"}
        try:
            for name, value in values.items():
                write_variable(self._memory, variables[name], value)
        except Exception:
            for arena, array in before.items():
                self._memory.arrays[arena][...] = array
            raise
        self.time_step = time_step
        self._relist_x0()
        for node, var in variables:
            if var == "counters":
                self._resync_totals(node)

    def _relist_x0(self) -> None:
        """Rebuild the lists of inputs that spiked, which no Var holds, from x0."""
        i32 = self._memory.arrays["i32"]
        for _, _, count, listed, x0, x1 in self._ops[self._ops[:, 0] == DENSE_RESET, :6]:
            spiked = np.flatnonzero(i32[x0:x1])  # x1 lies right behind x0
            i32[count] = spiked.size
            i32[listed : listed + spiked.size] = spiked

    def _variable(self, node: str, var: str) -> Any:
        if (node, var) not in self._variables:
            known = ", ".join(v for n, v in self._variables if n == node) or "none"
            raise BackendError(f"{node}.{var} is no Var of this program; {node} has: {known}")
        return self._variables[node, var]

    def _resync_totals(self, node: str) -> None:
        """After a write to counters, idle updates count on from the new values."""
        slot = self._variables[node, "counters"].slot
        counters = self._memory.view(slot)
        for phase in (FORWARD, BACKWARD):
            self._totals[slot.offset, phase] = int(counters[NEURON_ACTIVE, phase] + counters[NEURON_IDLE, phase])

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Let the encoder read `images` (N, n) uint8 in place, without a copy.

        Raises
        ------
        ShapeError
            If the images are not a contiguous uint8 matrix.
        """
        if images.dtype != np.uint8 or images.ndim != 2 or not images.flags.c_contiguous:
            raise ShapeError(
                f"images are {images.dtype} of shape {images.shape}: a C-contiguous uint8 matrix (N, pixels) is needed"
            )
        self._memory.arrays["u8"] = images.reshape(-1)

    def present(
        self, indices: npt.NDArray[np.integer[Any]], labels: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.int32]:
        """Run one sample after the other, from the images bound, and return the decisions.

        Parameters
        ----------
        indices : int (k,)
            Rows of the bound images.
        labels : int (k,)

        Returns
        -------
        int32 (k,)
        """
        if self.phase:
            raise BackendError(
                f"the program stands at phase {self.phase} of {self.schedule.period}: run to the sample's end first"
            )
        capacity = self._named["order", "samples"].size
        predictions = np.zeros(len(indices), np.int32)
        for first in range(0, len(indices), capacity):
            chunk = slice(first, min(first + capacity, len(indices)))
            n = chunk.stop - chunk.start
            for kind, values in (("samples", indices[chunk]), ("labels", labels[chunk])):
                self._memory.view(self._named["order", kind])[:n] = values
                self._memory.view(self._named["length", kind])[0] = n
                self._memory.view(self._named["base", kind])[0] = self._presentations
            self.run(n * self.schedule.period, predictions[chunk])
        return predictions

    @property
    def _presentations(self) -> int:
        """Number of the next presentation."""
        return 1 + max(
            int(self._memory.view(v.slot)[0]) for (_, name), v in self._variables.items() if name == "presentation"
        )

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """All counters: node → counter → phase → count."""
        result = {}
        for (node, var), variable in self._variables.items():
            if var == "counters":
                values = self._memory.view(variable.slot)
                result[node] = {
                    name: {phase: int(values[i, j]) for j, phase in enumerate(PHASES)}
                    for i, name in enumerate(COUNTERS)
                }
        return result

    def reset_counters(self) -> None:
        """Set every counter to 0."""
        for (node, var), variable in self._variables.items():
            if var == "counters":
                self._memory.view(variable.slot)[...] = 0
                self._resync_totals(node)
