"""Idle neuron updates and barriers follow from the clock, so the compiled loop does not count them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lava_ed.engine.memory import Memory, Slot
from lava_ed.kernels.counting import BACKWARD, BARRIER_STEPS, FORWARD, NEURON_ACTIVE, NEURON_IDLE
from lava_ed.network.schedule import Schedule


@dataclass(frozen=True)
class NeuronCount:
    """A group of neurons whose idle updates follow from steps run and active updates."""

    counters: Slot
    neurons: int


@dataclass
class IdleCounts:
    """Computes the idle updates of neurons, and the barriers, from the number of steps.

    A group of n neurons makes n updates in every step, idle or active.  The compiled loop counts the active ones, so
    the idle ones are n times the steps, less the active ones.  Every step has one barrier.

    Parameters
    ----------
    groups : sequence of NeuronCount
    barrier : Slot or None
        Counters that hold the barriers.
    schedule : Schedule or None
        None: every step is a forward one.
    """

    groups: Sequence[NeuronCount]
    barrier: Slot | None
    schedule: Schedule | None
    _offsets: dict[tuple[int, int], int] = field(default_factory=dict)
    """Counts before step 0, by number of the group and phase; barriers have the number after the last group's."""

    def _steps(self, time_step: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """(phase, steps run in it) for the forward and the backward phase, since step 0."""
        if self.schedule is None:
            return (FORWARD, time_step), (BACKWARD, 0)
        full, rest = divmod(time_step, self.schedule.period)
        length = self.schedule.error_phase + 1
        forward = full * length + min(rest, length)
        return (FORWARD, forward), (BACKWARD, time_step - forward)

    def count(self, memory: Memory, time_step: int) -> None:
        """Write the counts as of this time step; to call it twice, or again after Ctrl-C, is harmless."""
        for phase, steps in self._steps(time_step):
            for k, group in enumerate(self.groups):
                counters = memory.view(group.counters)
                total = steps * group.neurons + self._offsets.get((k, phase), 0)
                counters[NEURON_IDLE, phase] = total - int(counters[NEURON_ACTIVE, phase])
            if self.barrier is not None:
                memory.view(self.barrier)[BARRIER_STEPS, phase] = steps + self._offsets.get(
                    (len(self.groups), phase), 0
                )

    def count_on(self, memory: Memory, time_step: int) -> None:
        """Take the present values as the start of the count, after somebody has written the counters or the clock."""
        for phase, steps in self._steps(time_step):
            for k, group in enumerate(self.groups):
                counters = memory.view(group.counters)
                total = int(counters[NEURON_ACTIVE, phase]) + int(counters[NEURON_IDLE, phase])
                self._offsets[k, phase] = total - steps * group.neurons
            if self.barrier is not None:
                self._offsets[len(self.groups), phase] = int(memory.view(self.barrier)[BARRIER_STEPS, phase]) - steps

    def copy(self) -> IdleCounts:
        """A copy that counts on independently of this one."""
        return IdleCounts(self.groups, self.barrier, self.schedule, dict(self._offsets))
