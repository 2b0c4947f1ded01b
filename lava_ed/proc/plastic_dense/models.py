"""Fixed-point ProcessModels of the synapses; all arithmetic is in `lava_ed.kernels`.

Which synapses there are and what a rule does to them are two classes, and neither knows the other: a connectivity
has rows of synapses (`sum_rows`, `sum_back`, `change`), plasticity decides which rows are changed when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.kernels import counting
from lava_ed.kernels.counting import BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.loihi.plasticity import WORK_ROWS, apply_tag, count_into_traces, gather_rows, learn_rows
from lava_ed.kernels.loihi.random_streams import TAG_EXPONENT, TAG_STREAM, layer_key
from lava_ed.kernels.loihi.synapse import backward_errors, forward_graded, forward_spikes, synops_of, synops_of_several
from lava_ed.learning_rules import LearningRule
from lava_ed.network.weights import pack_weights, unpack_weights
from lava_ed.proc.phased import Array, PhasedModel, fixed_point
from lava_ed.proc.plastic_dense.process import FeedbackDense, PlasticDense


class DenseSynapses(PhasedModel):
    """All-to-all connectivity: rows (n_pre, n_post) in their stored form, kept in step with the Var `weights`."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._graded: bool = proc_params.get("graded", False)
        self._summed: bool = proc_params.get("summed", False)
        self._stored: npt.NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self._stale = True

    def on_var_update(self) -> None:
        """Note that a Var was written, so that the next step takes the weights over again."""
        self._stale = True

    def load(self) -> None:
        """Pack the weights if they were written since the last step."""
        if self._stale:
            self._stale = False
            self._stored = pack_weights(self.weights)
            self._nonzeros = np.count_nonzero(self._stored, axis=1).astype(np.int32)

    def sum_rows(self, s_in: Array, events: Array) -> None:
        """Sum the rows of spikes."""
        several = self._graded or self._summed
        args: tuple[Any, ...] = (events, s_in, events.size) if several else (events, events.size)
        forward: Callable[..., int] = forward_graded if several else forward_spikes
        synops = forward(self._stored, self._nonzeros, *args, self.proc_params["weight_exp"], self.a_buff)
        if self._summed:
            synops = synops_of_several(self._nonzeros, events, events.size, s_in)
        self._count_synops(FORWARD, synops)

    def count_rows(self, events: Array) -> None:
        """Count the rows of spikes that are read again, in the replay."""
        self._count_synops(BACKWARD, synops_of(self._nonzeros, events, events.size))

    def _count_synops(self, phase: int, synops: int) -> None:
        self.count(counting.GRADED_SYNOPS if self._graded else counting.SYNOPS, phase, synops)

    def sum_back(self, e_in: Array) -> None:
        """Sum errors over the same synapses, read backwards."""
        synops, overflows = backward_errors(self._stored, e_in, self.proc_params["error_shift"], self.e_buff)
        self.count(counting.GRADED_SYNOPS, BACKWARD, synops)
        self.report_overflow(overflows)

    def change(self, kernel: Callable[..., tuple[int, int]], *args: Any) -> None:
        """Let a kernel of plasticity change rows, count, and show the new weights in their Var."""
        effective, writes = kernel(self._stored, self._nonzeros, *args)
        self.count(counting.EFFECTIVE_UPDATES, UPDATE, effective)
        self.count(counting.WEIGHT_WRITES, UPDATE, writes)
        self.weights[:] = unpack_weights(self._stored)


class Plasticity(PhasedModel):
    """What a rule makes of synapses, whatever their connectivity: traces, learning phases, and the tag."""

    change: Callable[..., None]
    _summed: bool

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._rule: LearningRule = proc_params["rule"]
        self._payload_is_x1: bool = proc_params["graded"]
        self._gather: bool = proc_params["gather"]
        self._tags: bool = self._gather or proc_params["carry"]
        self._with_x1 = self._rule.with_x1 or self._payload_is_x1
        self._dependency = "u0" if self.schedule.learning_epoch[1] == "u0" else proc_params["dependency"]
        self._gathered = False
        self._events = np.zeros(0, np.int32)

    def receive_teaching(self) -> None:
        """Take y1 and y2 of the post-synaptic process, and clear the traces at a sample's first phase."""
        self.s_in_bap.recv()
        self.y1[:] = self.s_in_y1.recv()
        self.y2[:] = self.s_in_y2.recv()
        self.s_in_y3.recv()
        self.begin(self.x0, self.x1)
        if self.sample_phase == 0:
            self._gathered = False

    def trace(self, s_in: Array, step: int) -> None:
        """Note x0 and x1 of the spikes in a step of the window."""
        if self._with_x1:
            new = self._events[self.x0[self._events] == 0]
            self.x0[new] = 1
            if self._rule.x1_counts and not self._payload_is_x1:
                spikes = s_in[self._events] if self._summed else np.ones_like(self._events)
                count_into_traces(self.x1, self._events, spikes, self._rule.count_shift)
                self.count(counting.TRACE_UPDATES, UPDATE, int(spikes.sum()))
            else:
                self.x1[new] = s_in[new] if self._payload_is_x1 else self.schedule.steps - step
                self.count(counting.TRACE_UPDATES, UPDATE, new.size)

    @property
    def learns(self) -> bool:
        """Whether this phase is one of the layer's learning phases."""
        return bool(self.s_in_y1.csp_ports) and self.sample_phase in self.schedule.learning_phases(self.layer)

    @property
    def _is_taught(self) -> bool:
        return self.learns and bool(self.y1.any() or self.y2.any())

    @property
    def _empties_tag(self) -> bool:
        return self._gathered and self._gather and self.sample_phase == self.schedule.learning_phase

    def lrn_guard(self) -> bool:
        """Ask for the learning phase only where there is something to learn."""
        return self._is_taught or self._empties_tag

    def run_lrn(self) -> None:
        """The learning engine."""
        if self._is_taught:
            self._gathered = True
            live = int(np.count_nonzero(self.y1 + self.y2))
            self.count(counting.TRACE_UPDATES, UPDATE, live)
            events = self._events
            if self.schedule.timing.learns_once:
                events = np.flatnonzero(self.x0).astype(np.int32)
            visits = {"x0": events.size * self.y1.size, "y0": live * self.x0.size, "u0": self.x0.size * self.y1.size}
            self.visits_x0 += visits["x0"]
            self.visits_y0 += visits["y0"]
            self.count(counting.SYNAPTIC_UPDATES, UPDATE, visits[self._dependency])
            self._learn(events)
        if self._empties_tag:
            self._gathered = False
            self._apply_tag()

    def _learn(self, events: Array) -> None:
        """Products of the rows that x0 names, into the weights or the tag."""
        rows = events, events.size, self.x1, int(self._with_x1), self.y1, self.y2
        tag = np.ascontiguousarray(self.tag_1.T) if self._tags else np.zeros((0, self.y1.size), np.int16)
        if self._gather:
            effective = gather_rows(tag, *rows, TAG_EXPONENT, self._key(TAG_STREAM))
            self.count(counting.EFFECTIVE_UPDATES, UPDATE, effective)
        else:
            rate = int(self.rate_mantissa[0]), int(self.rate_exponent[0])
            self.change(learn_rows, *rows, *rate, self._key(), int(self.scalar[0]), self._work, tag)
        if self._tags:
            self.tag_1[:] = tag.T

    def _apply_tag(self) -> None:
        """Move what gathered in the tag to the weights; every synapse is visited."""
        tag = np.ascontiguousarray(self.tag_1.T)
        self.count(counting.SYNAPTIC_UPDATES, UPDATE, self.x0.size * self.y1.size)
        rate = int(self.rate_mantissa[0]), int(self.rate_exponent[0]) - TAG_EXPONENT
        self.change(apply_tag, tag, *rate, self._key(), int(self.scalar[0]), self._work)
        self.tag_1[:] = tag.T

    def _key(self, stream: int = 0) -> Any:
        """Key of the random bits of this step."""
        return layer_key(self.seed, int(self.presentation[0]), self.layer + stream, self.sample_phase)

    @property
    def _work(self) -> Array:
        """Scratch of the kernels."""
        return np.zeros((WORK_ROWS, self.y1.size), np.int16)


@fixed_point(PlasticDense)
class PyPlasticDenseModelFixed(Plasticity, DenseSynapses):
    """PlasticDense in the number formats of Loihi 2."""

    def run_spk(self) -> None:
        """One time step: send last step's sums, then sum this step's spikes and errors."""
        s, phase = self.schedule, self.sample_phase
        self.load()
        self.send(a_out=self.a_buff, e_out=self.e_buff)
        s_in, e_in = self.s_in.recv(), self.e_in.recv()
        self.receive_teaching()
        self._events = np.flatnonzero(s_in).astype(np.int32)
        self.a_buff[:] = 0
        self.e_buff[:] = 0
        step = phase - s.fire_start(self.layer - 1)
        if 0 <= step < s.steps:
            self.sum_rows(s_in, self._events)
            self.trace(s_in, step)
        elif self.learns and s.timing.replays_spikes:
            self.count_rows(self._events)
        if self.e_out.csp_ports and phase in s.error_phases(self.layer):
            self.sum_back(e_in)


@fixed_point(FeedbackDense)
class PyFeedbackDenseModelFixed(DenseSynapses):
    """FeedbackDense in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._delivery = self.schedule.error_arrival(self.layer) - 1
        self._held = np.zeros(0, np.int32)

    def run_spk(self) -> None:
        """One time step."""
        self.load()
        self.e_out.send(self.e_buff)
        e_in = self.e_in.recv()
        self.begin()
        self.e_buff[:] = 0
        if self.sample_phase == self.schedule.error_phase:
            self._held = np.array(e_in)
        if self.sample_phase == self._delivery:
            self.sum_back(self._held)
