"""Fixed-point ProcessModel of plastic kernels; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels import counting
from lava_ed.kernels.counting import BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.loihi import convolution
from lava_ed.network.layers import Layer, tables_of
from lava_ed.network.weights import pack_weights, unpack_weights
from lava_ed.proc.phased import Array, PhasedModel, fixed_point
from lava_ed.proc.plastic_conv.process import PlasticConv


@fixed_point(PlasticConv)
class PyPlasticConvModelFixed(PhasedModel):
    """PlasticConv in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._geometry: Layer = proc_params["geometry"]
        self._shared: bool = proc_params["shared"]
        self._graded, self._summed = proc_params["graded"], proc_params["summed"]
        counted = convolution.GRADED if self._graded else convolution.COUNTED
        self._kind = convolution.TIMED if self.schedule.timing.spikes_once else counted
        self._tables = tables_of(self._geometry, self._shared, proc_params["planar"])
        self._delta = np.zeros(self._geometry.shape.size, np.int32)

    def run_spk(self) -> None:
        """One time step: send last step's sums, then sum this step's spikes and errors."""
        s, phase = self.schedule, self.sample_phase
        reached = int(self.reached.sum()) * self._geometry.shape.channels
        self.send(a_out=self.a_buff, e_out=self.e_buff, reached_out=np.array([reached], np.int32))
        s_in, e_in, y_in = self.s_in.recv(), self.e_in.recv(), self.y_in.recv()
        self.begin(self.x1)
        if phase == 0:
            self._delta[:] = 0
        self.a_buff[:] = 0
        self.e_buff[:] = 0
        step = phase - s.fire_start(self.layer - 1)
        if 0 <= step < s.steps:
            self._sum_spikes(s_in, s.steps - step)
        elif step == s.steps:
            self.reached[:] = 0
        if phase in s.error_phases(self.layer) and self.e_in.csp_ports:
            self._delta[:] = e_in
            if self.e_out.csp_ports and self._delta.any():
                self._sum_errors()
        if phase == s.learning_phase and self.y_in.csp_ports:
            self._delta[:] = y_in

    def _sum_spikes(self, s_in: Array, time: int) -> None:
        """Sum what spikes read; note when or how often they come, and what they reach."""
        events = np.flatnonzero(s_in).astype(np.int32)
        weighted = self._graded + 2 * self._summed
        rows = *self._stored(), self._tables, events, 0, events.size
        read = convolution.scatter_spikes(*rows, s_in, weighted, self.a_buff)
        self.count(counting.GRADED_SYNOPS if self._graded else counting.SYNOPS, FORWARD, read)
        if self.reached_out.csp_ports:
            convolution.mark_reached(self._tables, events, events.size, self.reached)
        listed = events, events.size, s_in, self._graded or self._summed, time, events.copy(), 0, self.x1
        self.count(counting.TRACE_UPDATES, UPDATE, convolution.note_spikes(self._kind, *listed)[1])

    def _sum_errors(self) -> None:
        """Sum errors over the same synapses, read backwards."""
        turned = np.zeros(self._geometry.turned_size(self._shared), np.int8)
        convolution.turn_weights(self._stored()[0], self._tables, turned)
        errors, shift = np.flatnonzero(self._delta).astype(np.int32), self.proc_params["error_shift"]
        synops, overflows = convolution.scatter_errors(
            turned, self._tables, errors, errors.size, self._delta, shift, self.e_buff
        )
        self.count(counting.GRADED_SYNOPS, BACKWARD, synops)
        self.report_overflow(overflows)

    def _stored(self) -> tuple[Array, Array]:
        """Stored weights side by side, and the non-zero ones of each row."""
        packed = pack_weights(self.weights)
        return packed.reshape(-1), np.count_nonzero(packed, axis=1).astype(np.int32)

    def lrn_guard(self) -> bool:
        """Ask for the learning phase only where there is something to learn."""
        learns = self.sample_phase == self.schedule.learning_phase and not self.proc_params["frozen"]
        return learns and bool(self._delta.any() and self.x1.any())

    def run_lrn(self) -> None:
        """Sum the products of each tap, and bring the sums into the weights."""
        tables, shape = self._tables, self._geometry.shape
        errors, events = (np.flatnonzero(of).astype(np.int32) for of in (self._delta, self.x1))
        live, (weights, nonzeros) = np.zeros(shape.height * (shape.width + 1), np.int32), self._stored()
        sums, tag = np.zeros(weights.size, np.int32), np.ascontiguousarray(self.tag_1.T).reshape(-1)
        convolution.count_errors(tables, errors, errors.size, live)
        products = convolution.sum_taps(tables, events, events.size, self.x1, self._delta, live, sums)
        rows, columns = nonzeros.size, weights.size // nonzeros.size
        area = self._geometry.kernel**2
        parts = [(0, rows)] if self._shared else [(int(i) * area, area) for i in events]
        rate = int(self.rate_mantissa[0]), int(self.rate_shift[0])
        for first, some in parts:
            effective, writes = convolution.apply_sums(weights, tag, sums, nonzeros, first, some, columns, *rate)
            self.count(counting.EFFECTIVE_UPDATES, UPDATE, effective)
            self.count(counting.WEIGHT_WRITES, UPDATE, writes)
            self.count(counting.SYNAPTIC_UPDATES, UPDATE, some * columns)
        if self._shared:
            self.count(counting.HOST_OPS, UPDATE, products + weights.size)
        self.count(counting.TRACE_UPDATES, UPDATE, errors.size)
        self.weights[:] = unpack_weights(weights.reshape(rows, columns))
        self.tag_1[:] = tag.reshape(rows, columns).T
