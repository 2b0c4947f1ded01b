"""Fixed-point ProcessModels of the readouts; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels.loihi.neuron import accumulate, count_fired, integrate
from lava_ed.proc.phased import AdaptiveModel, Array, PhasedModel, fixed_point
from lava_ed.proc.readout.process import FirstSpikeReadout, MembraneReadout


def integrate_outputs(model: Any, a_in: Array) -> int:
    """Take one step's input in the layer's window; returns the active neurons."""
    s, phase = model.schedule, model.sample_phase
    model.begin(model.u, model.v)
    if not s.integrate_start(model.layer) <= phase < s.integrate_stop(model.layer):
        return 0
    if s.timing.ramps:
        active, overflows = integrate(a_in, model.u, model.v)
    else:
        active, overflows = accumulate(a_in, model.v)
    model.report_overflow(overflows)
    return int(active)


@fixed_point(MembraneReadout)
class PyMembraneReadoutModelFixed(PhasedModel):
    """MembraneReadout in the number formats of Loihi 2."""

    def run_spk(self) -> None:
        """One time step."""
        active = integrate_outputs(self, self.a_in.recv())
        if self.sample_phase == self.schedule.membrane_phase:
            self.u[:] = 0
        self.count_neurons(active, self.v.size)
        self.v_out.send(self.v)


@fixed_point(FirstSpikeReadout)
class PyFirstSpikeReadoutModelFixed(AdaptiveModel):
    """FirstSpikeReadout in the number formats of Loihi 2."""

    def run_spk(self) -> None:
        """One time step."""
        s, phase, n = self.schedule, self.sample_phase, self.v.size
        a_in = self.a_in.recv()
        active = integrate_outputs(self, a_in)
        if phase == 0:
            self.x[:] = 0
        step = phase - s.membrane_phase
        spikes = np.zeros_like(self.v)
        if 0 <= step < s.steps:
            active += self.fire_falling(a_in, step, spikes)
        if phase == s.learning_phase:
            self.adapt(count_fired(self.x, s.steps), n)
        self.count_neurons(active, n)
        self.send(s_out=spikes, v_out=self.x)
