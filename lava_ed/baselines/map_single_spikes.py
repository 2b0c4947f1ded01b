"""Single spikes at a fixed threshold on feature maps: the first neuron of a square to cross speaks for it."""

from __future__ import annotations

import numpy as np

from lava_ed.baselines.map_kernels import Int32
from lava_ed.baselines.maps import MapBaseline
from lava_ed.kernels.baselines.maps import causal_windows, run_squares
from lava_ed.kernels.baselines.single_spikes import divide_errors
from lava_ed.kernels.counting import BACKWARD, FORWARD, GRADED_SYNOPS, HOST_OPS, SYNOPS, TRACE_UPDATES, UPDATE
from lava_ed.kernels.loihi.encoding import sort_values


class SingleSpikeMaps(MapBaseline):
    """One spike a neuron: dw = η·Σ max(x_i − x_j, 0)·δ_j over the positions of a tap, δ_j = B_j/Σ_C w where j spoke.

    As `single_spikes`; a square of neurons has one spike time, and its error goes to the neuron that fired.
    """

    def forward(self, x: Int32) -> None:
        """Layer by layer, each over the whole window."""
        spec, last = self.spec, len(self.kernels)
        self.x, self.slope, self.winner = [x], [x], [x]
        for layer, (kernels, each) in enumerate(zip(self.kernels, spec.connections, strict=True), start=1):
            source = self.x[-1]
            order, starts = np.zeros(source.size, np.int32), np.zeros(spec.steps + 2, np.int32)
            sort_values(source, order, starts)
            u, v = np.zeros((2, each.shape.size), np.int32)
            best, x, slope, winner = np.zeros((4, each.pooled.size), np.int32)
            hidden, (channels, height, width) = layer < last, each.shape
            spikes, active, synops = run_squares(
                kernels.stored, kernels.row_nonzeros, kernels.tables, order, starts, source, u, v, best,
                self.theta(layer) if hidden else 0, spec.steps, int(hidden), x, slope, winner,
                (height, width, channels), each.pool,
            )  # fmt: skip
            sent, node = np.count_nonzero(source), spec.synapses(layer)
            if layer == 1:
                self.count_spikes("encoder", FORWARD, sent)
            self.count(node, SYNOPS, FORWARD, synops)
            self.count(node, TRACE_UPDATES, UPDATE, sent)
            self.count_active(layer, FORWARD, active)
            if hidden:
                self.count_spikes(self._neurons(layer), FORWARD, spikes)
                self.x.append(x)
                self.slope.append(slope)
                self.winner.append(winner)
        self.v = v

    def backward(self) -> None:
        """Sums of each connection, and the errors that its synapses carry back, from the output to the input."""
        spec, last = self.spec, len(self.kernels)
        neurons = np.flatnonzero(self.error).astype(np.int32)
        delta, own = self.error[neurons], np.zeros(neurons.size, np.int32)
        self.count_spikes("error", BACKWARD, neurons.size, int(last > 1))
        self._gathered: dict[int, tuple[int, int]] = {}
        self.learned = []
        for layer in range(last, 0, -1):
            kernels, x = self.kernels[layer - 1], self.x[layer - 1]
            self.learned.insert(0, (x[None], delta))
            back = np.zeros(kernels.n_padded, np.int32)
            kernels.sums[:] = 0
            products, synops = causal_windows(
                kernels.w8, kernels.nonzeros, kernels.tables, kernels.corners, kernels.padded(x), neurons, delta, own,
                kernels.sums, back,
            )  # fmt: skip
            self._gathered[layer] = int(products), neurons.size
            if layer == 1:
                return
            self.count(spec.synapses(layer), GRADED_SYNOPS, BACKWARD, synops)
            e, sent = 2 * kernels.inside(back), np.zeros(x.size, np.int32)
            messages, divisions, _ = divide_errors(
                e, x, self.slope[layer - 1], self.error_shift(layer), spec.error_limit, sent
            )  # fmt: skip
            self.count_errors(layer - 1, messages)
            self.count(self._neurons(layer - 1), HOST_OPS, BACKWARD, divisions)
            self.count_active(layer - 1, BACKWARD, divisions)
            self.errors[layer - 1] = sent
            live = np.flatnonzero(sent)
            neurons, delta, own = self.winner[layer - 1][live], sent[live], x[live]

    def gather(self, layer: int) -> tuple[int, int]:
        """What the backward pass has summed."""
        return self._gathered[layer]

    def share_fired(self, layer: int) -> float:
        """Share of the squares that fired."""
        return float(np.count_nonzero(self.x[layer])) / self.x[layer].size
