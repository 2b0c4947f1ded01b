"""Fixed-point ProcessModels of encoder and labels; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels.counting import BACKWARD, BARRIER_STEPS, FORWARD
from lava_ed.kernels.loihi import encoding
from lava_ed.kernels.loihi.random_streams import DROP_STREAM, layer_key
from lava_ed.network.encoding import encoder_table
from lava_ed.proc.encoder.process import Encoder, Labels
from lava_ed.proc.phased import Array, PhasedModel, fixed_point


@fixed_point(Encoder)
class PyEncoderModelFixed(PhasedModel):
    """Encoder in integers."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._kind: str = proc_params["kind"]
        self._table = encoder_table(proc_params["kind"], self.schedule.steps)
        highest = max(int(self._table.max()), self.schedule.steps)
        self._starts = np.zeros(highest + 2, np.int32)
        self._order = np.zeros(0, np.int32)

    def run_spk(self) -> None:
        """One time step."""
        s, phase = self.schedule, self.sample_phase
        replays = self.opens(self.gate_in.recv())
        self.begin()
        if phase == 0:
            self._order = np.zeros(self.s_out.shape, np.int32)
            pixels = self.samples[int(self.presentation[0]) % len(self.samples)]
            key = layer_key(self.seed, int(self.presentation[0]), DROP_STREAM, 0)
            load = encoding.load_values if self.x.size == self._order.size else encoding.load_planes
            load(pixels, self._table, int(self.drop[0]), key, self.x, self._order, self._starts)
        replay = phase - s.error_arrival(1)
        spikes = np.zeros(self.s_out.shape, np.int32)
        if phase < s.steps:
            self._spikes(phase, FORWARD, spikes)
        elif s.timing.replays_spikes and replays and 0 <= replay < s.steps:
            self._spikes(s.steps - 1 - replay, BACKWARD, spikes)
        self.count(BARRIER_STEPS, FORWARD if phase <= s.error_phase else BACKWARD, 1)
        self.s_out.send(spikes)

    def _spikes(self, t: int, phase: int, spikes: Array) -> None:
        """Spikes of step t of the window."""
        events = np.zeros_like(spikes)
        if self._kind == "ttfs":
            n = encoding.events_of_value(self._order, self._starts, self.schedule.steps - t, events)
        elif self._kind == "rate":
            n = encoding.events_of_rate(self._order, self._starts, self.x, self.schedule.steps, t, events)
        elif self._kind == "bins":
            n = encoding.events_of_bit(self._order, self._starts, self.x, t, events)
        else:
            n = encoding.events_of_nonzero(self._order, self._starts, events)
        fired = events[:n]
        spikes[fired] = self.x[fired] if self._kind == "current" else 1
        self.count_spikes(phase, n, "s_out")


@fixed_point(Labels)
class PyLabelsModelFixed(PhasedModel):
    """Labels in integers."""

    def run_spk(self) -> None:
        """One time step."""
        self.begin()
        index = int(self.presentation[0]) % self.labels.size
        self.label_out.send(self.labels[index : index + 1])
