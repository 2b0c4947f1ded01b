"""Fixed-point ProcessModel of AFT-IF neurons in maps; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels.counting import BACKWARD, FORWARD
from lava_ed.kernels.loihi.map_neuron import fire_best, gate_pooled_errors, pool_membranes
from lava_ed.kernels.loihi.neuron import count_fired, integrate, threshold_from_step
from lava_ed.network.layers import Layer
from lava_ed.proc.aft_if_map.process import AFTIFMap
from lava_ed.proc.phased import AdaptiveModel, Array, fixed_point


@fixed_point(AFTIFMap)
class PyAFTIFMapModelFixed(AdaptiveModel):
    """AFT-IF neurons in maps, in the number formats of Loihi 2."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        geometry: Layer = proc_params["geometry"]
        self._maps = geometry.shape.height, geometry.shape.width, geometry.shape.channels, geometry.pool
        self._best = np.zeros(geometry.pooled.size, np.int32)

    def run_spk(self) -> None:
        """One time step."""
        s, phase, n = self.schedule, self.sample_phase, self.v.size
        a_in, e_in, reached = self.a_in.recv(), self.e_in.recv(), int(self.reached_in.recv()[0])
        active = 0
        spikes, errors = np.zeros_like(self.x), np.zeros_like(self.v)
        self.begin(self.u, self.v, self.x, self.delta)
        if s.integrate_start(self.layer) <= phase < s.integrate_stop(self.layer):
            self.report_overflow(integrate(a_in, self.u, self.v)[1])
            active += reached
        step = phase - s.fire_start(self.layer)
        if 0 <= step < s.steps:
            active += self._fire(step, spikes)
        if phase == s.error_arrival(self.layer) and self.e_in.csp_ports:
            active += self._gate_errors(e_in)
            errors[:] = self.delta
        if phase == s.learning_phase:
            self.adapt(count_fired(self.x, s.steps), self.x.size)
        self.count_neurons(active, n)
        self.send(s_out=spikes, e_out=errors)

    def _fire(self, step: int, spikes: Array) -> int:
        """Spikes of one step of the firing window; returns the neurons that were idle but for their spike."""
        if step == 0:
            height, width, channels, pool = self._maps
            pool_membranes(self.v, height, width, channels, pool, self._best)
            self.u[:] = 0
        events = np.zeros_like(self.x)
        kappa = threshold_from_step(int(self.threshold_step[0]))
        n = fire_best(self._best, kappa, self.schedule.steps - step, self.x, events)
        spikes[events[:n]] = 1
        self.count_spikes(FORWARD, n, "s_out")
        return n if step else 0

    def _gate_errors(self, e_in: Array) -> int:
        """δ of the neurons that fired for their squares; returns the neurons that got an error."""
        p, none = self.proc_params, np.zeros_like(self.v)
        squares = e_in, self.x, self.schedule.steps, p["error_limit"], p["dead_zone"], self.v, self._best
        messages, active = gate_pooled_errors(*squares, *self._maps, self.delta, none)
        self.count_spikes(BACKWARD, messages, "e_out")
        return int(active)
