"""Fixed-point ProcessModel of the AFT-IF neuron; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_ed.kernels.counting import BACKWARD, FORWARD
from lava_ed.kernels.neuron import (
    count_fired,
    fire_falling_threshold,
    gate_error,
    integrate,
    split_error,
    threshold_from_step,
)
from lava_ed.kernels.streams import PORT_STREAM, layer_key
from lava_ed.proc.aft_if.process import AFTIF
from lava_ed.proc.phased import AdaptiveModel, Array


@implements(proc=AFTIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAFTIFModelFixed(AdaptiveModel):
    """AFT-IF in the number formats of Loihi 2."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    e_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    e_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    s_out_bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    s_out_y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    u: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    v: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    x: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    delta: Array = LavaPyType(np.ndarray, np.int32, precision=8)
    y1: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    y2: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    port_shift: Array = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.layer: int = proc_params["layer"]
        self._limit: int = proc_params["error_limit"]

    def run_spk(self) -> None:
        """One time step."""
        s, phase, n = self.schedule, self.sample_phase, self.v.size
        a_in, e_in = self.a_in.recv(), self.e_in.recv()
        active = 0
        spikes = np.zeros_like(self.v)
        errors = np.zeros_like(self.v)
        if phase == 0:
            self.presentation += 1
            for state in (self.u, self.v, self.x, self.delta, self.y1, self.y2):
                state[:] = 0
        if s.integrate_start(self.layer) <= phase < s.integrate_stop(self.layer):
            active, overflows = integrate(a_in, self.u, self.v)
            self.report_overflow(overflows)
        step = phase - s.fire_start(self.layer)
        if 0 <= step < s.steps:
            active += self._fire(a_in, step, spikes)
        if phase == s.error_arrival(self.layer) and self.e_in.csp_ports:
            messages, touched, _ = gate_error(e_in, self.x, s.steps, self._limit, self.delta)
            errors[:] = self.delta
            active += touched
            self.count_spikes(BACKWARD, messages, "e_out")
        if phase == s.learning_phase:
            if self.e_in.csp_ports:
                key = layer_key(self.seed, int(self.presentation[0]), self.layer + PORT_STREAM, phase)
                split_error(self.delta, int(self.port_shift[0]), key, self.y1, self.y2)
            self.adapt(count_fired(self.x, s.steps), n)
        self.count_neurons(active, n)
        self.s_out.send(spikes)
        self.e_out.send(errors)
        self.s_out_bap.send(spikes)
        self.s_out_y1.send(self.y1)
        self.s_out_y2.send(self.y2)
        self.s_out_y3.send(np.zeros_like(self.v))

    def _fire(self, a_in: Array, step: int, spikes: Array) -> int:
        """Spikes of one step of the firing window; returns the neurons that were idle but for their spike."""
        events = np.zeros_like(self.v)
        kappa = threshold_from_step(int(self.threshold_step[0]))
        remaining = self.schedule.steps - step
        n, newly_active = fire_falling_threshold(a_in, self.u, self.v, kappa, remaining, self.x, events)
        if step == 0:
            self.u[:] = 0
        spikes[events[:n]] = 1
        self.count_spikes(FORWARD, n, "s_out")
        return int(newly_active)
