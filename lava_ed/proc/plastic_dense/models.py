"""Fixed-point ProcessModels of the synapses; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.kernels.counting import (
    BACKWARD,
    EFFECTIVE_UPDATES,
    FORWARD,
    GRADED_SYNOPS,
    SYNAPTIC_UPDATES,
    SYNOPS,
    TRACE_UPDATES,
    UPDATE,
    WEIGHT_WRITES,
)
from lava_ed.kernels.loihi.plasticity import WORK_ROWS, apply_tag, gather_rows, learn_rows
from lava_ed.kernels.loihi.random_streams import TAG_EXPONENT, TAG_STREAM, layer_key
from lava_ed.kernels.loihi.synapse import backward_errors, forward_graded, forward_spikes, synops_of
from lava_ed.network.weights import pack_weights, unpack_weights
from lava_ed.proc.phased import Array, PhasedModel, fixed_point
from lava_ed.proc.plastic_dense.process import FeedbackDense, PlasticDense


class _StoredWeights(PhasedModel):
    """Keeps the stored int8 form in step with the Var `weights`."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._stored: npt.NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self._stale = True

    def on_var_update(self) -> None:
        """A Var was written: take the weights over again at the next step."""
        self._stale = True

    def load(self) -> None:
        """Pack the weights if they were written since the last step."""
        if self._stale:
            self._stale = False
            self._stored = pack_weights(self.weights)
            self._nonzeros = np.count_nonzero(self._stored, axis=1).astype(np.int32)

    def backward(self, e_in: Array, shift: int, e_buff: Array) -> None:
        """Sum errors over the same synapses, read backwards."""
        synops, overflows = backward_errors(self._stored, e_in, shift, e_buff)
        self.count(GRADED_SYNOPS, BACKWARD, synops)
        self.report_overflow(overflows)


@fixed_point(PlasticDense)
class PyPlasticDenseModelFixed(_StoredWeights):
    """PlasticDense in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._exponent: int = proc_params["weight_exp"]
        self._shift: int = proc_params["error_shift"]
        self._graded: bool = proc_params["graded"]
        self._gather: bool = proc_params["gather"]
        self._carry: bool = proc_params["carry"]
        self._with_x1: bool = proc_params["rule"].with_x1 or self._graded
        self._visit_all = self.schedule.learning_epoch[1] == "u0"
        self._gathered = False
        self._events = np.zeros(0, np.int32)

    def run_spk(self) -> None:
        """One time step: send last step's sums, then sum this step's spikes and errors."""
        s, phase = self.schedule, self.sample_phase
        self.load()
        self.send(a_out=self.a_buff, e_out=self.e_buff)
        s_in, e_in = self.s_in.recv(), self.e_in.recv()
        self.s_in_bap.recv()
        self.y1[:] = self.s_in_y1.recv()
        self.y2[:] = self.s_in_y2.recv()
        self.s_in_y3.recv()
        self.begin(self.x0, self.x1)
        if phase == 0:
            self._gathered = False
        self._events = np.flatnonzero(s_in).astype(np.int32)
        self.a_buff[:] = 0
        self.e_buff[:] = 0
        step = phase - s.fire_start(self.layer - 1)
        if 0 <= step < s.steps:
            self._forward(s_in, step)
        elif self._learns and s.timing.replays:
            synops = synops_of(self._nonzeros, self._events, self._events.size)
            self.count(GRADED_SYNOPS if self._graded else SYNOPS, BACKWARD, synops)
        if self.e_out.csp_ports and phase in s.error_phases(self.layer):
            self.backward(e_in, self._shift, self.e_buff)

    def _forward(self, s_in: Array, step: int) -> None:
        """Sum rows, note x0 and x1."""
        events, n = self._events, self._events.size
        if self._graded:
            synops = forward_graded(self._stored, self._nonzeros, events, s_in, n, self._exponent, self.a_buff)
            self.count(GRADED_SYNOPS, FORWARD, synops)
        else:
            synops = forward_spikes(self._stored, self._nonzeros, events, n, self._exponent, self.a_buff)
            self.count(SYNOPS, FORWARD, synops)
        if self._with_x1:
            new = events[self.x0[events] == 0]
            self.x0[new] = 1
            self.x1[new] = s_in[new] if self._graded else self.schedule.steps - step
            self.count(TRACE_UPDATES, UPDATE, new.size)

    @property
    def _learns(self) -> bool:
        """Whether this phase is one of the layer's learning phases."""
        return bool(self.s_in_y1.csp_ports) and self.sample_phase in self.schedule.learning_phases(self.layer)

    @property
    def _empties_tag(self) -> bool:
        return self._gather and self.sample_phase == self.schedule.learning_phase

    def lrn_guard(self) -> bool:
        """Ask for the learning phase only where there is something to learn."""
        live = self._learns and bool(self.y1.any() or self.y2.any())
        return live or (self._empties_tag and self._gathered)

    def run_lrn(self) -> None:
        """The learning engine."""
        if self._learns and (self.y1.any() or self.y2.any()):
            self._gathered = True
            self.count(TRACE_UPDATES, UPDATE, int(np.count_nonzero(self.y1 + self.y2)))
            events = self._events
            if self.schedule.timing.learns_once:
                events = np.flatnonzero(self.x0).astype(np.int32)
            visited = self.x0.size if self._visit_all else events.size
            self.count(SYNAPTIC_UPDATES, UPDATE, visited * self.y1.size)
            self._learn(events)
        if self._empties_tag and self._gathered:
            self._gathered = False
            self._apply_tag()

    def _learn(self, events: Array) -> None:
        """Products of the rows that x0 names, into the weights or the tag."""
        key_layer = self.layer + (TAG_STREAM if self._gather else 0)
        key = layer_key(self.seed, int(self.presentation[0]), key_layer, self.sample_phase)
        if self._gather:
            stored_tag = np.ascontiguousarray(self.tag_1.T)
            effective = gather_rows(
                stored_tag,
                events,
                events.size,
                self.x1,
                int(self._with_x1),
                self.y1,
                self.y2,
                TAG_EXPONENT,
                key,
            )
            self.tag_1[:] = stored_tag.T
            self.count(EFFECTIVE_UPDATES, UPDATE, effective)
            return
        stored_tag = np.ascontiguousarray(self.tag_1.T) if self._carry else np.zeros((0, self.y1.size), np.int16)
        effective, writes = learn_rows(
            self._stored, self._nonzeros, events, events.size, self.x1, int(self._with_x1), self.y1, self.y2,
            int(self.rate_mantissa[0]), int(self.rate_exponent[0]), key, int(self.scalar[0]), self._work(),
            stored_tag,
        )  # fmt: skip
        if self._carry:
            self.tag_1[:] = stored_tag.T
        self._store(effective, writes)

    def _apply_tag(self) -> None:
        """Move what gathered in the tag to the weights; every synapse is visited."""
        key = layer_key(self.seed, int(self.presentation[0]), self.layer, self.sample_phase)
        stored_tag = np.ascontiguousarray(self.tag_1.T)
        effective, writes = apply_tag(
            self._stored, self._nonzeros, stored_tag, int(self.rate_mantissa[0]),
            int(self.rate_exponent[0]) - TAG_EXPONENT, key, int(self.scalar[0]), self._work(),
        )  # fmt: skip
        self.tag_1[:] = stored_tag.T
        self.count(SYNAPTIC_UPDATES, UPDATE, self.x0.size * self.y1.size)
        self._store(effective, writes)

    def _work(self) -> Array:
        """Scratch of the kernels."""
        return np.zeros((WORK_ROWS, self.y1.size), np.int16)

    def _store(self, effective: int, writes: int) -> None:
        """Count, and show the new weights in their Var."""
        self.count(EFFECTIVE_UPDATES, UPDATE, effective)
        self.count(WEIGHT_WRITES, UPDATE, writes)
        self.weights[:] = unpack_weights(self._stored)


@fixed_point(FeedbackDense)
class PyFeedbackDenseModelFixed(_StoredWeights):
    """FeedbackDense in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._shift: int = proc_params["error_shift"]
        self._delivery = self.schedule.error_arrival(proc_params["layer"]) - 1
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
            self.backward(self._held, self._shift, self.e_buff)
