"""Fixed-point ProcessModel of the AFT-LIF neuron; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels.counting import BACKWARD, FORWARD
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS
from lava_ed.kernels.loihi.history import count_history, spikes_at
from lava_ed.kernels.loihi.neuron import leak_and_fire, replay_error, split_error, sum_errors, threshold_and_width
from lava_ed.kernels.loihi.random_streams import PORT_STREAM, layer_key
from lava_ed.proc.aft_lif.process import AFTLIF
from lava_ed.proc.phased import AdaptiveModel, Array, fixed_point


@fixed_point(AFTLIF)
class PyAFTLIFModelFixed(AdaptiveModel):
    """AFT-LIF in the number formats of Loihi 2."""

    def run_spk(self) -> None:
        """One time step."""
        s, phase, n = self.schedule, self.sample_phase, self.v.size
        a_in, e_in, gate_in = self.a_in.recv(), self.e_in.recv(), self.gate_in.recv()
        self.begin(self.v, self.b, self.d, self.delta, self.spike_word, self.support_word, self.y1, self.y2)
        spikes = np.zeros_like(self.v)
        errors = np.zeros_like(self.v)
        active = 0
        t = phase - s.fire_start(self.layer)
        if 0 <= t < s.steps:
            active = self._forward(a_in, t, spikes)
        if self.opens(gate_in):
            active += self._replay(e_in, phase, spikes, errors)
        if phase == s.learning_phase:
            self.adapt(count_history(self.spike_word, n, s.steps), n)
        self.count_neurons(active, n)
        self.send(s_out=spikes, e_out=errors, s_out_bap=spikes, s_out_y1=self.y1, s_out_y2=self.y2)

    def _forward(self, a_in: Array, t: int, spikes: Array) -> int:
        """Step t of the window; returns the active neurons."""
        events = np.zeros_like(self.v)
        theta, width = threshold_and_width(int(self.threshold_step[0]), self.proc_params["half_width"])
        n, active, overflows = leak_and_fire(
            a_in, self.v, theta, self.proc_params["dv"], width, t, self.spike_word, self.support_word, events
        )
        self.report_overflow(overflows)
        spikes[events[:n]] = 1
        self.count_spikes(FORWARD, n, "s_out")
        return int(active)

    def _replay(self, e_in: Array, phase: int, spikes: Array, errors: Array) -> int:
        """Spikes for the next layer's clock, and the own step of reversed time; returns the active neurons."""
        s, p = self.schedule, self.proc_params
        offset = phase - s.error_arrival(self.layer + 1)
        if 0 <= offset < s.steps and s.timing.replays_spikes:
            events = np.zeros_like(self.v)
            n = spikes_at(self.spike_word, s.steps - 1 - offset, events)
            spikes[events[:n]] = 1
            self.count_spikes(BACKWARD, n, "s_out")
        if offset == s.steps + 1:
            self.delta[:] = 0
            if s.timing.replays_spikes:
                self.y1[:] = self.y2[:] = 0
        if not 1 <= offset <= s.steps:
            return 0
        messages, active, overflows = replay_error(
            e_in, self.b, self.d, self.spike_word, self.support_word, s.steps - offset, p["dv"], p["dv_post"],
            p["dead_zone"] << ERROR_FRACTION_BITS, self.delta,
        )  # fmt: skip
        learned = self.d
        if s.timing.aggregates:
            learned = self.v
            overflows += sum_errors(self.d, self.v, s.steps - offset, s.steps)
        self.report_overflow(overflows)
        errors[:] = self.delta
        self.count_spikes(BACKWARD, messages, "e_out")
        if s.timing.aggregates and offset < s.steps:
            return int(active)
        key = layer_key(self.seed, int(self.presentation[0]), self.layer + PORT_STREAM, phase)
        shift = ERROR_FRACTION_BITS + int(self.port_shift[0])
        split_error(learned, shift, p["grain"], key, self.y1, self.y2)
        return int(active)
