"""One sample through a net with the rule's own integers: who fired, the errors, the gradient it would apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend
from lava_ed.baselines import BaselineBackend
from lava_ed.diagnose.smooth import Loss, crossing_loss, masked_loss, ramp_loss, spike_time_loss
from lava_ed.kernels.fixed_point import DECAY_UNITY
from lava_ed.kernels.neuron import threshold_from_step
from lava_ed.kernels.surrogate_loop import ADAPTING
from lava_ed.network.spec import NetworkSpec
from lava_ed.runs.tensor_files import Model

_kappa: Callable[[int], int] = threshold_from_step

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """What one sample did.

    Attributes
    ----------
    fired, saturated : list of bool (n,)
        Of each hidden layer.
    gradient : list of (n_post, n_pre)
        Of each connection, the rule's −∂L/∂w as it reaches the learning engine but for its rate; a factor of
        the layer aside, which changes no sign.
    active : list of int (k,)
        Inputs of each connection that spiked.
    loss : callable
        The smooth net at this sample, a function of the weights.
    step : float
        Of its finite differences.
    """

    fired: list[Bools]
    saturated: list[Bools]
    gradient: list[Floats]
    active: list[Ints]
    loss: Loss
    step: float


class Probe(Protocol):
    """A net that can be asked about one sample after the other."""

    weights: list[Floats]
    """(n_post, n_pre), in weight units."""

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample with learning on, look, and put the weights back."""


def probe_of(model: Model) -> Probe:
    """The probe for a model's rule."""
    probes: dict[str, Callable[[Model], Probe]] = {
        "std-ed": SpikeTimeProbe,
        "mpd-ed": WindowProbe,
        "relpsp": CrossingProbe,
        "renner": RampProbe,
    }
    return probes[model.spec.rule.kind](model)


def thresholds_of(model: Model) -> list[float]:
    """κ or θ of the hidden layers."""
    return [float(_kappa(int(model.threshold_steps[f"hidden{layer}"][0]))) for layer in model.spec.hidden]


def float_weights(model: Model) -> list[Floats]:
    """Weights (n_post, n_pre) in weight units, with their exponents."""
    spec = model.spec
    return [
        model.weights[f"dense{layer}"].T.astype(np.float64) * 2.0 ** (1 + spec.weight_exponents[layer - 1])
        for layer in spec.layers
    ]


class SpikeTimeProbe:
    """STD-ED, on the engine."""

    def __init__(self, model: Model) -> None:
        self.spec, self.weights = model.spec, float_weights(model)
        self.kappa = thresholds_of(model)
        self.backend = EngineBackend(model.spec)
        self.state = model.put_into(self.backend.state())

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample, and look."""
        self.backend.load_state(self.state)
        self.backend.bind(np.ascontiguousarray(image[None]))
        self.backend.present(np.zeros(1, np.int64), np.array([label]))
        spec, get = self.spec, self.backend.program.get
        x = [get("encoder", "x"), *(get(f"hidden{layer}", "x") for layer in spec.hidden)]
        e = get("error", "e").astype(float)
        delta = [*(get(f"hidden{layer}", "delta").astype(float) for layer in spec.hidden), e]
        return Sample(
            fired=[v > 0 for v in x[1:]],
            saturated=[v >= spec.steps for v in x[1:]],
            gradient=[np.outer(d, v) for d, v in zip(delta, x, strict=True)],
            active=[np.flatnonzero(v) for v in x],
            loss=spike_time_loss(self.weights, x, self.kappa, spec.steps, e),
            step=1.0,  # the loss is affine in every single weight
        )


class _FlatProbe:
    """A net in a `BaselineBackend`, whose weights are put back after every sample."""

    def __init__(self, model: Model) -> None:
        self.spec, self.weights = model.spec, float_weights(model)
        self.theta = thresholds_of(model)
        self.backend = BaselineBackend(model.spec)
        self.backend.load_state(model.put_into(self.backend.state()))
        self.backend.work.state[ADAPTING] = 0
        self._stored = self.backend.net.w8.copy(), self.backend.net.nonzeros.copy()

    def present(self, image: npt.NDArray[np.uint8], label: int) -> None:
        """Let the sample learn, and undo it."""
        self.backend.bind(np.ascontiguousarray(image[None]))
        self.backend.window.d[:] = 0
        self.backend.work.d[:] = 0
        self.backend.present(np.zeros(1, np.int64), np.array([label]))
        self.backend.net.w8[:], self.backend.net.nonzeros[:] = self._stored

    def layers(self, array: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """The parts of an array over all neurons (last axis), copied, layer by layer."""
        return [part.copy() for part in np.split(array, self.backend.net.first[1:-1], axis=-1)]


class WindowProbe(_FlatProbe):
    """MPD-ED, ssgd and sg-bptt: spikes and errors in every step."""

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample, and look."""
        self.present(image, label)
        window, spec = self.backend.window, self.spec
        spikes = [s.astype(float) for s in self.layers(window.spikes)]
        if spec.graded_input:
            spikes[0] = spikes[0] * self.layers(self.backend.work.x)[0]
        d = [part.astype(float) for part in self.layers(window.d)]
        level = [part.astype(float) for part in self.layers(window.level)]
        mask = [np.where(part > 0, 2.0 ** (1 - part), 0.0) for part in level]
        counts = [s.sum(axis=0) for s in spikes]
        e = self.backend.work.e.astype(float)
        decay = 1.0 - spec.dv / DECAY_UNITY
        return Sample(
            fired=[c > 0 for c in counts[1:-1]],
            saturated=[2 * c > spec.steps for c in counts[1:-1]],
            gradient=[d[layer].T @ spikes[layer - 1] for layer in spec.layers],
            active=[np.flatnonzero(c) for c in counts[:-1]],
            loss=masked_loss(self.weights, spikes[:-1], mask[:-1], decay, e),
            step=1.0,
        )


class CrossingProbe(_FlatProbe):
    """relpsp-fixed: spike times and divided errors, without the saturation of the message."""

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample, and look."""
        self.present(image, label)
        spec, last = self.spec, len(self.spec.layers)
        x = [part.astype(float) for part in self.layers(self.backend.work.x)]
        e = self.backend.work.e.astype(float)
        delta, gradient = e, [np.outer(e, x[last - 1])]
        for layer in range(last - 1, 0, -1):
            after = np.ones_like(self.weights[layer], bool) if layer + 1 == last else x[layer] > x[layer + 1][:, None]
            causal = (x[layer - 1] > x[layer][:, None]) & (x[layer] > 0)[:, None]
            slope = (self.weights[layer - 1] * causal).sum(axis=1)
            back = (self.weights[layer] * after).T @ delta
            delta = np.where(x[layer] > 0, back / np.where(slope > 0, slope, 1.0), 0.0)
            gradient.insert(0, delta[:, None] * causal * (x[layer - 1] - x[layer][:, None]))
        times = np.where(x[0] > 0, spec.steps - x[0], np.inf)
        return Sample(
            fired=[v > 0 for v in x[1:last]],
            saturated=[v >= spec.steps - 1 for v in x[1:last]],
            gradient=gradient,
            active=[np.flatnonzero(v) for v in x[:last]],
            loss=crossing_loss(times, self.theta, spec.steps, e),
            step=2.0**-6,
        )


class RampProbe(_FlatProbe):
    """renner: binary activations and signs."""

    def __call__(self, image: npt.NDArray[np.uint8], label: int) -> Sample:
        """Present a sample, and look."""
        self.present(image, label)
        x = [part.astype(float) for part in self.layers(self.backend.work.x)]
        v = self.layers(self.backend.work.v)
        _, d1, d2 = (part.astype(float) for part in self.layers(self.backend.work.d))
        target = np.zeros(self.spec.sizes[-1])
        target[label] = 1.0
        return Sample(
            fired=[x[1] > 0],
            saturated=[v[1] >= 2 * self.theta[0]],
            gradient=[np.outer(d1, x[0]), np.outer(d2, x[1])],
            active=[np.flatnonzero(x[0]), np.flatnonzero(x[1])],
            loss=ramp_loss(self.weights, x, self.theta[0], target),
            step=2.0**-6,
        )


def supported(spec: NetworkSpec) -> str | None:
    """Why a net cannot be diagnosed, or None."""
    if spec.feedback != "symmetric" or spec.readout != "membrane":
        return "random feedback and first-spike readouts have no smooth net whose gradient theirs could equal"
    return None
