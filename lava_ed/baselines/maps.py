"""Baselines in nets with convolutions: the same files, counters and calls, layer by layer over kernels of `maps`.

Sums of taps gather on the embedded processor and carry what lies below a weight's last bit, as those of our rules do.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.baselines.backend import SampleLoop
from lava_ed.baselines.map_kernels import Int32, MapKernels
from lava_ed.kernels.baselines.surrogate_samples import CORRECT, LEARNING, OVERFLOWED, PRESENTATION, SEEN, TRIGGERED
from lava_ed.kernels.counting import (
    BACKWARD,
    BARRIER_STEPS,
    EFFECTIVE_UPDATES,
    FORWARD,
    HOST_OPS,
    N_COUNTERS,
    N_PHASES,
    NEURON_ACTIVE,
    NEURON_IDLE,
    SPIKE_MESSAGES,
    SPIKES,
    SYNAPTIC_UPDATES,
    TRACE_UPDATES,
    UPDATE,
    WEIGHT_WRITES,
)
from lava_ed.kernels.loihi.neuron import threshold_from_step
from lava_ed.kernels.loihi.softmax import softmax_error, winner
from lava_ed.learning_rules import LearningRate
from lava_ed.network.graph import stored_weights
from lava_ed.network.settings import ROUNDINGS
from lava_ed.network.spec import NetworkSpec


class MapBaseline(SampleLoop):
    """What the baselines have in common; each has its own forward and backward pass.

    Parameters
    ----------
    spec : NetworkSpec
    weights : sequence of int8 (rows, columns), optional
        Stored weights to start with; default: drawn from the spec's seed.

    Attributes
    ----------
    kernels : list of MapKernels
        Of connection 1 …
    learned : list of (inputs, y)
        Of connection 1 …, after a sample with an error: inputs (T, n_pre) and errors (T, n_post), of whose products
        the connection learns.
    errors : dict of layer to int32
        Of each hidden layer, after such a sample: what it learned from.
    fixed : bool
        Whether the weights stay as they are, while all else is done.
    """

    def __init__(self, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> None:
        super().__init__(spec)
        self.kernels = [MapKernels(layer, k == 0) for k, layer in enumerate(spec.connections)]
        for kernels, matrix in zip(self.kernels, stored_weights(spec, weights), strict=True):
            kernels.take(matrix)
        steps = spec.threshold_steps or (spec.adaptation.initial_step,) * len(spec.hidden)
        self.threshold_step = [np.array([step], np.int32) for step in steps]
        self.square = [layer.squares.astype(np.int32) for layer in spec.connections]
        self.error, self.v = np.zeros(spec.sizes[-1], np.int32), np.zeros(spec.sizes[-1], np.int32)
        self.learned: list[tuple[Int32, Int32]] = []
        self.errors: dict[int, Int32] = {}
        self.counted = {node.name: np.zeros((N_COUNTERS, N_PHASES), np.int64) for node in self._graph.nodes}
        self.fixed = False
        self._rate = spec.rule.rate

    def set_rate(self, rate: LearningRate) -> None:
        """Learn at this rate from the next sample on."""
        super().set_rate(rate)
        self._rate = rate

    def weights(self, layer: int) -> npt.NDArray[np.int8]:
        """The stored weights (rows, columns) of a connection, as a view."""
        kernels = self.kernels[layer - 1]
        return kernels.stored.reshape(kernels.rows, kernels.columns)

    def _take(self, layer: int, matrix: npt.NDArray[np.int8]) -> None:
        self.kernels[layer - 1].take(matrix)

    def _own_views(self) -> dict[str, npt.NDArray[Any]]:
        synapses = {
            f"{self.spec.synapses(layer)}.tag_1": kernels.carries.reshape(kernels.rows, kernels.columns).T
            for layer, kernels in enumerate(self.kernels, start=1)
        }
        steps = {f"hidden{layer}.threshold_step": self.threshold_step[layer - 1] for layer in self.spec.hidden}
        return {**synapses, **steps}

    def _counted(self) -> dict[str, npt.NDArray[np.int64]]:
        return self.counted

    def count(self, node: str, counter: int, phase: int, n: Any) -> None:
        """Add to a counter of a node."""
        self.counted[node][counter, phase] += int(n)

    def count_spikes(self, node: str, phase: int, n: Any, targets: int = 1) -> None:
        """Add spikes, each of which is sent to so many targets."""
        self.count(node, SPIKES, phase, n)
        self.count(node, SPIKE_MESSAGES, phase, int(n) * targets)

    def count_errors(self, layer: int, n: Any) -> None:
        """Add errors of a hidden layer, which its own kernels learn from, or the layer before it is sent."""
        self.count_spikes(f"hidden{layer}", BACKWARD, n, int(self.spec.connections[layer - 1].is_conv or layer > 1))

    def count_active(self, layer: int, phase: int, n: Any) -> None:
        """Add active updates of neurons, which have been counted as idle."""
        self.count(self._neurons(layer), NEURON_ACTIVE, phase, n)
        self.count(self._neurons(layer), NEURON_IDLE, phase, -int(n))

    def _neurons(self, layer: int) -> str:
        return "encoder" if layer == 0 else "readout" if layer == len(self.kernels) else f"hidden{layer}"

    @property
    def back_always(self) -> bool:
        """Whether errors go back after samples without an error as well."""
        return False

    def theta(self, layer: int) -> int:
        """Threshold of a hidden layer."""
        return int(threshold_from_step(int(self.threshold_step[layer - 1][0])))

    def error_shift(self, layer: int) -> int:
        """Right shift of the errors that leave a connection backwards."""
        return self.spec.error_shifts[layer - 1] if self.spec.error_shifts else self.spec.error_shift

    def _run(self, images: npt.NDArray[np.uint8], rows: Any, labels: Any, decisions: npt.NDArray[np.int32]) -> int:
        state = self.work.state
        for k, row in enumerate(rows):
            before = int(state[OVERFLOWED])
            state[PRESENTATION] += 1
            self._count_steps()
            self.forward(self.work.table[images[row]])
            decisions[k] = winner(self.v)
            state[SEEN] += 1
            state[CORRECT] += decisions[k] == labels[k]
            if state[LEARNING]:
                self._learn(int(labels[k]))
            if state[OVERFLOWED] > before:
                return k + 1
        return len(rows)

    def _count_steps(self) -> None:
        """Count the barriers of a sample, and all neuron steps as idle."""
        schedule = self.spec.schedule
        forward = schedule.error_phase + 1
        for phase, steps in ((FORWARD, forward), (BACKWARD, schedule.period - forward)):
            self.count("encoder", BARRIER_STEPS, phase, steps)
            for layer in self.spec.layers:
                self.count(self._neurons(layer), NEURON_IDLE, phase, steps * self.spec.sizes[layer])

    def _learn(self, label: int) -> None:
        """The error, the backward pass, and one update of every connection that is not frozen."""
        spec = self.spec
        how = self._graph.of_kind("SoftmaxError")[0].parameters
        rounding = ROUNDINGS.index(how["rounding"])
        live = softmax_error(self.v, label, how["shift"], how["dead_zone"], rounding, self.error)
        self.count("error", HOST_OPS, BACKWARD, self.error.size)
        self.learned, self.errors = [], {}
        if not live and not self.back_always:
            return
        self.work.state[TRIGGERED] += 1
        self.backward()
        for layer in spec.layers:
            if layer not in spec.freeze:
                self._update(layer)

    def _update(self, layer: int) -> None:
        """Sum the products of a connection, and bring the sums into its weights."""
        kernels, node = self.kernels[layer - 1], self.spec.synapses(layer)
        products, live = self.gather(layer)
        if live == 0:
            return
        n = kernels.sums.size
        if self.spec.connections[layer - 1].is_conv:
            self.count(node, HOST_OPS, UPDATE, products + n)
        else:
            n = np.count_nonzero(self.learned[layer - 1][0].any(axis=0)) * self.spec.sizes[layer]
        self.count(node, SYNAPTIC_UPDATES, UPDATE, n)
        self.count(node, TRACE_UPDATES, UPDATE, live)
        if not self.fixed:
            effective, writes = kernels.apply(self._rate.mantissa, self.spec.rate_shift(layer, self._rate))
            self.count(node, EFFECTIVE_UPDATES, UPDATE, effective)
            self.count(node, WEIGHT_WRITES, UPDATE, writes)

    def gather(self, layer: int) -> tuple[int, int]:
        """Put the products of a connection into its sums; returns how many there were, and how many errors."""
        return self.kernels[layer - 1].gather(*self.learned[layer - 1])

    @abstractmethod
    def forward(self, x: Int32) -> None:
        """Run the window of a sample with these input values, into `v` of the readout."""

    @abstractmethod
    def backward(self) -> None:
        """Put into `learned` what every connection learns from."""

    @abstractmethod
    def share_fired(self, layer: int) -> float:
        """Share of a hidden layer's possible spikes that the last sample had."""
