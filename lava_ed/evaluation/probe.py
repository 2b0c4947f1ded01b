"""A trained net looked at sample by sample: decisions, spikes, membranes and thresholds, learning switched off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend
from lava_ed.backends.spikes import Spikes, forward_spikes
from lava_ed.evaluation.evaluate import evaluate, holding
from lava_ed.kernels.loihi.neuron import threshold_from_step
from lava_ed.network.spec import NetworkSpec
from lava_ed.runs.tensor_files import Model

_kappa: Callable[[int], int] = threshold_from_step

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trace:
    """Membranes of a layer during one sample."""

    layer: str
    """Its name: hidden1 …, or readout."""
    neurons: Ints
    """Which neurons are recorded, (k,)."""
    membranes: Ints
    """v after each time step, (k, S)."""
    threshold: npt.NDArray[np.float64]
    """In each step, (S,); NaN where the layer cannot fire."""
    unit: str = "weight units"
    """That of both, as an axis shows it; of our nets that of the weights (w = 2 is one stored unit)."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample of a data set as a net saw it: spikes by layer (phase, neuron), membranes, and the decision."""

    index: int
    label: int
    decided: int
    spikes: dict[str, Spikes]
    traces: tuple[Trace, ...]


NEURONS: Final = 3
"""Membranes that are kept of each hidden layer."""
decide: Final = partial(evaluate, "engine")
"""Decisions of the engine on all samples."""


def trace_samples(
    model: Model, images: npt.NDArray[np.uint8], labels: Ints, indices: Sequence[int], neurons: int = NEURONS
) -> list[Sample]:
    """Run the samples of these indices step by step and record what each layer did.

    So many membranes are kept of each hidden layer: those of neurons whose first spikes spread over the window.
    """
    chosen = np.asarray(indices, np.int64)
    backend = holding(model, images[chosen], EngineBackend(model.spec))
    return [_trace(backend, int(k), int(labels[k]), neurons) for k in chosen]


def _trace(backend: EngineBackend, index: int, label: int, neurons: int) -> Sample:
    spec, program = backend.spec, backend.program
    layers = [*(f"hidden{layer}" for layer in spec.hidden), "readout"]
    recorded: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in layers}
    for _ in range(spec.schedule.period):
        program.run(1)
        for name in layers:
            recorded[name].append(program.get(name, "v"))
    state = backend.state()
    spikes = forward_spikes(spec, state)
    traces = []
    for k, name in enumerate(layers, start=1):
        membranes = np.array(recorded[name], np.int64).T
        hidden = name != "readout"
        shown = spread_neurons(spikes[name], membranes, neurons) if hidden else np.arange(len(membranes))
        threshold = _threshold(spec, k, state) if hidden else np.full(spec.schedule.period, np.nan)
        traces.append(Trace(name, shown, membranes[shown], threshold))
    return Sample(index, label, int(state["error.prediction"][0]), spikes, tuple(traces))


def spread_neurons(spikes: Spikes, membranes: Ints, count: int) -> Ints:
    """Neurons from the first to the last to fire, evenly; where fewer fired, those of the highest membranes too."""
    times, neurons = spikes
    order = neurons[np.lexsort((neurons, times))]
    firsts = list(dict.fromkeys(order.tolist()))
    if len(firsts) > count:
        firsts = [firsts[round(k * (len(firsts) - 1) / max(count - 1, 1))] for k in range(count)]
    highest = np.argsort(-membranes.max(axis=1), kind="stable").tolist()
    firsts += [neuron for neuron in highest if neuron not in firsts]
    return np.array(firsts[:count], np.int64)


def _threshold(spec: NetworkSpec, layer: int, state: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
    """κ·(T − s) in STD-ED's firing window, θ in MPD-ED's; NaN outside."""
    kappa = int(_kappa(int(state[f"hidden{layer}.threshold_step"][0])))
    start, steps = spec.schedule.fire_start(layer), spec.steps
    result = np.full(spec.schedule.period, np.nan)
    falling = spec.schedule.timing.in_turn
    result[start : start + steps] = kappa * np.arange(steps, 0, -1) if falling else kappa
    return result
