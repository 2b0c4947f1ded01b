"""One sample through a net with the rule's own integers: who fired, the errors, the gradient it would apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend, loop_backend
from lava_ed.diagnose.smooth import Floats, Loss, crossing_loss, masked_loss, ramp_loss, spike_time_loss
from lava_ed.kernels.fixed_point import DECAY_UNITY
from lava_ed.network.graph import graph_of
from lava_ed.network.spec import NetworkSpec
from lava_ed.runs.tensor_files import Model

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """What one sample did."""

    activity: list[npt.NDArray[Any]]
    """Activity (n,) of the input and of each hidden layer: 0 where a neuron did not fire."""
    saturated: list[Bools]
    """Neurons (n,) of each hidden layer that are at their ceiling."""
    gradient: list[Floats]
    """The rule's −∂L/∂w (n_post, n_pre) of each connection, as the learning engine receives it, without the rate; a
    factor of the layer aside, which changes no sign."""
    loss: Loss
    """The smooth net at this sample, a function of the weights."""
    step: float = 1.0
    """Step of the finite differences."""

    @property
    def fired(self) -> list[Bools]:
        """Which neurons of each hidden layer fired."""
        return [layer > 0 for layer in self.activity[1:]]


class Probe:
    """A net that can be asked about one sample after the other, and never changes."""

    def __init__(self, model: Model, backend: Any, look: Callable[[Probe, int], Sample]) -> None:
        self.spec, self.backend, self._look = model.spec, backend, look
        self.graph = graph_of(model.spec)
        self.weights: list[Floats] = [
            model.weights[node.name].T.astype(np.float64) * 2.0 ** (1 + node.parameters["weight_exp"])
            for node in self.graph.dense
        ]
        """Weights (n_post, n_pre), in weight units."""
        self.thresholds = [float(model.thresholds[node.name]) for node in self.graph.hidden]
        """κ or θ of the hidden layers."""
        self._state = model.put_into(backend.state())

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample to the net as it was, with learning on, and look."""
        backend = self.backend
        backend.load_state(self._state)
        if not isinstance(backend, EngineBackend):  # the next one: its loop rounds by the number of the presentation
            self._state["encoder.presentation"] += 1
            backend.window.d[:] = 0
            backend.work.d[:] = 0
        backend.bind(np.ascontiguousarray(image[None]))
        backend.present(np.zeros(1, np.int64), np.array([label]))
        return self._look(self, label)

    def layers(self, array: npt.NDArray[Any]) -> list[Floats]:
        """Copies of the parts of a baseline's array over all neurons (last axis), layer by layer."""
        return [part.astype(float) for part in np.split(array, self.backend.net.first[1:-1], axis=-1)]


def _spike_times(probe: Probe, label: int) -> Sample:
    """STD-ED: gradients are outer products of the errors and the x of each layer."""
    spec, get = probe.spec, probe.backend.program.get
    x = [get(node.name, "x") for node in (*probe.graph.of_kind("Encoder"), *probe.graph.hidden)]
    e = get("error", "e").astype(float)
    delta = [*(get(node.name, "delta").astype(float) for node in probe.graph.hidden), e]
    return Sample(
        activity=x,
        saturated=[v >= spec.steps for v in x[1:]],
        gradient=[np.outer(d, v) for d, v in zip(delta, x, strict=True)],
        loss=spike_time_loss(probe.weights, x, probe.thresholds, spec.steps, e),
    )


def _windows(probe: Probe, label: int) -> Sample:
    """MPD-ED, ssgd and sg-bptt: gradients are products of errors and spikes, summed over the steps of the window."""
    spec, window, work = probe.spec, probe.backend.window, probe.backend.work
    spikes, d = probe.layers(window.spikes), probe.layers(window.d)
    if spec.graded_input:
        spikes[0] *= probe.layers(work.x)[0]
    mask = [np.where(level > 0, 2.0 ** (1 - level), 0.0) for level in probe.layers(window.level)]
    counts = [s.sum(axis=0) for s in spikes[:-1]]
    decay = 1.0 - spec.dv / DECAY_UNITY
    return Sample(
        activity=counts,
        saturated=[2 * count > spec.steps for count in counts[1:]],
        gradient=[d[layer].T @ spikes[layer - 1] for layer in spec.layers],
        loss=masked_loss(probe.weights, spikes[:-1], mask[:-1], decay, work.e.astype(float)),
    )


def _crossings(probe: Probe, label: int) -> Sample:
    """RelPSPFixed: spike times and divided errors, without the saturation of the message, from the last layer back."""
    spec, weights, last = probe.spec, probe.weights, len(probe.spec.layers)
    x = probe.layers(probe.backend.work.x)
    e = probe.backend.work.e.astype(float)
    delta, gradient = e, [np.outer(e, x[last - 1])]
    for layer in range(last - 1, 0, -1):
        after = np.ones_like(weights[layer], bool) if layer + 1 == last else x[layer] > x[layer + 1][:, None]
        causal = (x[layer - 1] > x[layer][:, None]) & (x[layer] > 0)[:, None]
        slope = (weights[layer - 1] * causal).sum(axis=1)
        back = (weights[layer] * after).T @ delta
        delta = np.where(x[layer] > 0, back / np.where(slope > 0, slope, 1.0), 0.0)
        gradient.insert(0, delta[:, None] * causal * (x[layer - 1] - x[layer][:, None]))
    times = np.where(x[0] > 0, spec.steps - x[0], np.inf)
    saturated = [v >= spec.steps - 1 for v in x[1:last]]
    loss = crossing_loss(times, probe.thresholds, spec.steps, e)
    return Sample(activity=x[:last], saturated=saturated, gradient=gradient, loss=loss, step=2.0**-6)


def _ramps(probe: Probe, label: int) -> Sample:
    """renner: gradients are outer products of signs and binary activations."""
    work, theta = probe.backend.work, probe.thresholds[0]
    x, v, d = probe.layers(work.x), probe.layers(work.v), probe.layers(work.d)
    loss = ramp_loss(probe.weights, x, theta, np.eye(probe.spec.sizes[-1])[label])
    gradient = [np.outer(d[1], x[0]), np.outer(d[2], x[1])]
    return Sample(activity=x[:2], saturated=[v[1] >= 2 * theta], gradient=gradient, loss=loss, step=2.0**-6)


_LOOKS: Final[dict[str, tuple[Callable[[Probe, int], Sample], Any]]] = {
    "std-ed": (_spike_times, EngineBackend),
    "mpd-ed": (_windows, loop_backend),
    "relpsp": (_crossings, loop_backend),
    "renner": (_ramps, loop_backend),
}
"""The function that looks at a sample, and the back end that runs it, by the name of a rule's schedule."""


def probe_of(model: Model) -> Probe:
    """The probe for a model's rule."""
    look, backend = _LOOKS[model.spec.rule.kind]
    return Probe(model, backend(model.spec), look)


def why_unsupported(spec: NetworkSpec) -> str | None:
    """Why a net cannot be diagnosed, or None."""
    if spec.arch:
        return "gradients of convolutions are not measured yet, only those of dense layers"
    if spec.feedback != "symmetric" or spec.readout != "membrane":
        return "random feedback and first-spike readouts have no smooth net whose gradient theirs could equal"
    if spec.sample_bytes > spec.sizes[0]:
        return f"binned samples are looked at in windows of at most 8 steps, not {spec.steps}"
    if spec.rule.timing.aggregates:
        return "aggregated learning adds up errors that are those of replayed learning: diagnose a replayed run"
    return None
