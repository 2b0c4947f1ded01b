"""Fixed-point ProcessModel of the output error; all arithmetic is in `lava_ed.kernels`."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels.counting import BACKWARD, HOST_OPS
from lava_ed.kernels.loihi.neuron import split_error
from lava_ed.kernels.loihi.random_streams import PORT_STREAM, layer_key
from lava_ed.kernels.loihi.softmax import softmax_error, winner
from lava_ed.network.settings import ROUNDINGS
from lava_ed.proc.phased import Array, PhasedModel, fixed_point
from lava_ed.proc.softmax_error.process import SoftmaxError


@fixed_point(SoftmaxError)
class PySoftmaxErrorModelFixed(PhasedModel):
    """SoftmaxError in integers."""

    def run_spk(self) -> None:
        """One time step."""
        s, phase = self.schedule, self.sample_phase
        v, label = self.v_in.recv(), self.label_in.recv()
        self.begin(self.e, self.y1, self.y2, self.gate)
        message = np.zeros_like(self.e)
        gate = np.zeros(1, np.int32)
        if phase == s.error_phase:
            self._decide(v + self.bias, int(label[0]))
            message[:] = self.e << s.error_fraction_bits
            gate[:] = self.gate
        self._set_ports(phase)
        self.send(e_out=message, gate_out=gate, s_out_y1=self.y1, s_out_y2=self.y2)

    def _decide(self, v: Array, label: int) -> None:
        """The decision, and where learning is on the error."""
        best = winner(v)
        self.prediction[0] = best
        self.label[0] = label
        self.seen += 1
        self.correct += best == label
        if not self.learning[0]:
            return
        p, values = self.proc_params, np.append(v, self.rest)
        rounding = ROUNDINGS.index(p["rounding"])
        live = softmax_error(values, label, p["shift"], p["dead_zone"], rounding, self.e)
        self.count(HOST_OPS, BACKWARD, self.e.size)
        self.count_spikes(BACKWARD, live, "e_out")
        if live:
            self.gate[0] = 1
            self.triggered += 1
            self.count_messages(BACKWARD, 1, "gate_out")

    def _set_ports(self, phase: int) -> None:
        """y1 and y2 in the learning phases of the last layer, 0 elsewhere."""
        s = self.schedule
        if phase in s.learning_phases(s.layers) and self.gate[0]:
            key = layer_key(self.seed, int(self.presentation[0]), s.layers + PORT_STREAM, phase)
            split_error(self.e, int(self.port_shift[0]), 0, key, self.y1, self.y2)
        else:
            self.y1[:] = 0
            self.y2[:] = 0
