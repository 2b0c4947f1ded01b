"""Fixed-point ProcessModel of the AFT-IF neuron; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels.counting import BACKWARD
from lava_ed.kernels.loihi.neuron import count_fired, gate_error, integrate, split_error
from lava_ed.kernels.loihi.random_streams import PORT_STREAM, layer_key
from lava_ed.proc.aft_if.process import AFTIF
from lava_ed.proc.phased import AdaptiveModel, fixed_point


@fixed_point(AFTIF)
class PyAFTIFModelFixed(AdaptiveModel):
    """AFT-IF in the number formats of Loihi 2."""

    def run_spk(self) -> None:
        """One time step."""
        s, p, phase, n = self.schedule, self.proc_params, self.sample_phase, self.v.size
        a_in, e_in = self.a_in.recv(), self.e_in.recv()
        active = 0
        spikes = np.zeros_like(self.v)
        errors = np.zeros_like(self.v)
        self.begin(self.u, self.v, self.x, self.delta, self.y1, self.y2)
        if s.integrate_start(self.layer) <= phase < s.integrate_stop(self.layer):
            active, overflows = integrate(a_in, self.u, self.v)
            self.report_overflow(overflows)
        step = phase - s.fire_start(self.layer)
        if 0 <= step < s.steps:
            active += self.fire_falling(a_in, step, spikes)
        if phase == s.error_arrival(self.layer) and self.e_in.csp_ports:
            messages, touched, _ = gate_error(e_in, self.x, s.steps, p["error_limit"], p["dead_zone"], self.delta)
            errors[:] = self.delta
            active += touched
            self.count_spikes(BACKWARD, messages, "e_out")
        if phase == s.learning_phase:
            if self.e_in.csp_ports:
                key = layer_key(self.seed, int(self.presentation[0]), self.layer + PORT_STREAM, phase)
                split_error(self.delta, int(self.port_shift[0]), p["grain"], key, self.y1, self.y2)
            self.adapt(count_fired(self.x, s.steps), n)
        self.count_neurons(active, n)
        self.send(s_out=spikes, e_out=errors, s_out_bap=spikes, s_out_y1=self.y1, s_out_y2=self.y2)
