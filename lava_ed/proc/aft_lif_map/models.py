"""Fixed-point ProcessModel of AFT-LIF neurons in maps; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels.counting import BACKWARD, FORWARD
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS
from lava_ed.kernels.loihi.history import count_history, spikes_at
from lava_ed.kernels.loihi.lif_map import mean_errors, pool_spikes, replay_spikes
from lava_ed.kernels.loihi.neuron import leak_and_fire, threshold_and_width
from lava_ed.network.layers import Layer
from lava_ed.proc.aft_lif_map.process import AFTLIFMap
from lava_ed.proc.phased import AdaptiveModel, Array, fixed_point


@fixed_point(AFTLIFMap)
class PyAFTLIFMapModelFixed(AdaptiveModel):
    """AFT-LIF neurons in maps, in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        geometry: Layer = proc_params["geometry"]
        self._squares, self._area = geometry.squares, geometry.pool**2
        self._line = np.zeros(geometry.shape.width * geometry.shape.channels, np.int32)
        self._maps = geometry.shape.height, geometry.shape.width, geometry.shape.channels, geometry.pool
        self._merge: bool = proc_params["pooling"] == "or"

    def run_spk(self) -> None:
        """One time step."""
        s, phase, n = self.schedule, self.sample_phase, self.v.size
        a_in, e_in, gate_in = self.a_in.recv(), self.e_in.recv(), self.gate_in.recv()
        self.begin(self.v, self.b, self.d, self.delta, self.spike_word, self.support_word, self.y)
        spikes, active = np.zeros_like(self.b), 0
        t = phase - s.fire_start(self.layer)
        if 0 <= t < s.steps:
            active = self._forward(a_in, t, spikes)
        self.delta[:] = 0
        offset = phase - s.error_arrival(self.layer)
        if self.opens(gate_in) and 0 <= offset < s.steps:
            active += self._replay(e_in, s.steps - 1 - offset)
        if phase == s.learning_phase:
            self.adapt(count_history(self.spike_word, n, s.steps), n)
        self.count_neurons(active, n)
        self.send(s_out=spikes, e_out=self.delta, y_out=self.y)

    def _forward(self, a_in: Array, t: int, spikes: Array) -> int:
        """Step t of the window; returns the active neurons."""
        fired = np.zeros_like(self.v)
        theta, width = threshold_and_width(int(self.threshold_step[0]), self.proc_params["half_width"])
        _, active, overflows = leak_and_fire(
            a_in, self.v, theta, 0, width, t, self.spike_word, self.support_word, fired
        )
        self.report_overflow(overflows)
        messages = pool_spikes(self.spike_word, t, *self._maps, self._merge, self._line, spikes)
        self.count_spikes(FORWARD, messages, "s_out")
        return int(active)

    def _replay(self, e_in: Array, t: int) -> int:
        """Step t of reversed time; returns the active neurons."""
        p, fraction = self.proc_params, MAP_FRACTION_BITS
        if t == self.schedule.steps - 1:
            self.v[:] = 0
        fired, errors = np.zeros_like(self.v), np.zeros_like(self.v)
        n = spikes_at(self.spike_word, t, fired)
        messages, active, overflows = replay_spikes(
            e_in, self.b, fired, 0, n, self.support_word, self._squares, self._area, self._merge, t, p["fraction"],
            p["error_limit"] << fraction, p["dead_zone"] << fraction, self.d, self.v, self.delta, errors,
            np.zeros_like(self.b),
        )  # fmt: skip
        self.report_overflow(overflows)
        self.count_spikes(BACKWARD, messages, "e_out")
        if t == 0:
            mean_errors(self.v, self.schedule.steps, self.y)
        return int(active)
