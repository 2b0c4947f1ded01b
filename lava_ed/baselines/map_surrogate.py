"""Surrogate gradients on feature maps: LIF neurons whose squares share an axon, which sums their spikes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.baselines.layout import MASKS
from lava_ed.baselines.map_kernels import Int32
from lava_ed.baselines.maps import MapBaseline
from lava_ed.kernels.baselines.maps import pool_counts, replay_map
from lava_ed.kernels.baselines.surrogate import EVERYWHERE, leak_fire_record
from lava_ed.kernels.baselines.surrogate_samples import OVERFLOWED
from lava_ed.kernels.counting import BACKWARD, FORWARD, GRADED_SYNOPS, SPIKE_MESSAGES, SYNOPS, TRACE_UPDATES, UPDATE
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS
from lava_ed.kernels.loihi.neuron import accumulate, threshold_and_width


class SurrogateMaps(MapBaseline):
    """ssgd and sg-bptt without a leak: g_j[t] = h_j[t]·B_j[t] + (1 − s_j[t])·g_j[t + 1], B[t] = wᵀ·g[t].

    The input is a constant current.  dw = η·Σ n_i[t]·round(g_j[t]) over the steps and the positions of a tap, where n_i
    is how many neurons of a square spiked; sums of a constant factor are made of it once.
    """

    @property
    def _everywhere(self) -> bool:
        return MASKS[self.spec.rule.name] == EVERYWHERE

    @property
    def back_always(self) -> bool:
        """Published without a dead zone, sg-bptt goes back after every sample."""
        return self._everywhere and self.spec.dead_zone == 0

    def forward(self, x: Int32) -> None:
        """Layer by layer, each over the whole window."""
        spec, last = self.spec, len(self.kernels)
        self.x = [np.broadcast_to(x, (spec.steps, x.size))]
        self.spikes: list[Any] = [None]
        self.level: list[Any] = [None]
        self.v = np.zeros(spec.sizes[-1], np.int32)
        for layer in spec.layers:
            each, hidden = spec.connections[layer - 1], layer < last
            v = np.zeros(each.shape.size, np.int32) if hidden else self.v
            spikes, level = np.zeros((2, spec.steps, v.size if hidden else 0), np.uint8)
            counts, record = np.zeros((spec.steps, each.pooled.size), np.int32), np.zeros(v.size, np.int32)
            theta, width = self.theta_and_width(layer) if hidden else (0, 0)
            for t in range(spec.steps):
                a = self._currents(layer, t)
                if hidden:
                    _, active, lost = leak_fire_record(
                        a, v, theta, 0, width, MASKS[spec.rule.name], spikes[t], level[t], record
                    )
                    pool_counts(spikes[t], self.square[layer - 1], counts[t])
                    self.count_spikes(f"hidden{layer}", FORWARD, counts[t].sum())
                else:
                    active, lost = accumulate(a, v)
                self.count_active(layer, FORWARD, active)
                self.work.state[OVERFLOWED] += lost
            self.x.append(counts)
            self.spikes.append(spikes)
            self.level.append(level)

    def theta_and_width(self, layer: int) -> tuple[int, int]:
        """Threshold of a hidden layer, and half the width of its surrogate gradient."""
        theta, width = threshold_and_width(int(self.threshold_step[layer - 1][0]), self.spec.half_width)
        return int(theta), int(width)

    def _currents(self, layer: int, t: int) -> Int32:
        """Sums of a step; those of the input, which stands, are made in the first one."""
        kernels, x, node, graded = self.kernels[layer - 1], self.x[layer - 1][t], self.spec.synapses(layer), layer == 1
        if not (graded and t):
            count, (total, synops) = np.count_nonzero(x), kernels.forward(x, not graded)
            self._standing = total, int(count), int(synops)
            self.count(node, TRACE_UPDATES, UPDATE, count if graded else x.sum())
        total, sent, synops = self._standing
        if graded:
            self.count_spikes("encoder", FORWARD, sent)
        self.count(node, GRADED_SYNOPS if graded else SYNOPS, FORWARD, synops)
        return total

    def backward(self) -> None:
        """Errors of every layer and step, from the output to the input."""
        spec, last = self.spec, len(self.kernels)
        n = spec.steps
        held = self.error << MAP_FRACTION_BITS
        message = np.zeros((n, held.size), np.int32)
        message[slice(None) if self._everywhere else n - 1] = held
        sent = held.size * n if self._everywhere else np.count_nonzero(held)
        self.count_spikes("error", BACKWARD, sent, int(last > 1))
        if self._everywhere:
            self.count_active(last, BACKWARD, held.size * n)
        else:
            self.count("error", SPIKE_MESSAGES, BACKWARD, last)  # the gate, to every layer that replays
        learned = [(self.x[last - 1].sum(axis=0, dtype=np.int32)[None], self.error[None])]
        for layer in range(last - 1, 0, -1):
            message, y = self._replayed(layer, message)
            self.errors[layer] = y
            if layer == 1:
                learned.insert(0, (np.ascontiguousarray(self.x[0][:1]), y.sum(axis=0, dtype=np.int32)[None]))
            else:
                learned.insert(0, (self.x[layer - 1], y))
        self.learned = learned

    def _replayed(self, layer: int, above: Int32) -> tuple[Int32, Int32]:
        """Messages and errors of a layer in every step, out of the messages of the layer above."""
        spec, kernels = self.spec, self.kernels[layer]
        dead_zone = spec.hidden_dead_zone(layer) << MAP_FRACTION_BITS
        b, g = np.zeros((2, spec.sizes[layer]), np.int32)
        message, y = np.zeros((2, spec.steps, g.size), np.int32)
        all_read = self._everywhere and (layer + 1 == len(self.kernels) or spec.hidden_dead_zone(layer + 1) == 0)
        for t in range(spec.steps - 1, -1, -1):
            e_in, synops, lost = kernels.read_back(above[t], self.error_shift(layer + 1))
            # Without sparsity every synapse is read, for messages of value 0 as well.
            read = kernels.synapses if all_read else synops
            self.count(spec.synapses(layer + 1), GRADED_SYNOPS, BACKWARD, read)
            messages, active = replay_map(
                e_in, self.square[layer - 1], b, g, self.spikes[layer][t], self.level[layer][t], self._everywhere,
                spec.error_limit << MAP_FRACTION_BITS, dead_zone, message[t], y[t],
            )  # fmt: skip
            self.work.state[OVERFLOWED] += lost
            self.count_errors(layer, messages)
            self.count_active(layer, BACKWARD, active)
        return message, y

    def share_fired(self, layer: int) -> float:
        """Share of the neurons that spike in a step."""
        return float(self.spikes[layer].mean())
