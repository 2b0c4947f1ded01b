"""Spike times of the sample presented last, read from the Vars in which a net keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.kernels.fixed_point import BIN_STEPS, HISTORY_BITS
from lava_ed.network.spec import NetworkSpec

Spikes = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Phase and neuron of every spike."""


def forward_spikes(spec: NetworkSpec, state: Mapping[str, npt.NDArray[Any]]) -> dict[str, Spikes]:
    """Forward spikes of input and hidden layers, out of a back end's state after a sample.

    STD-ED keeps x = T − t of each neuron's one spike; MPD-ED keeps a word of history, and its rate
    encoder spikes in step t where ⌊(t+1)·x/T⌋ > ⌊t·x/T⌋.

    Returns
    -------
    dict
        Layer (``"input"``, ``"hidden1"``, …) → spikes.
    """
    schedule = spec.schedule
    result = {"input": _input_spikes(spec, state["encoder.x"])}
    for layer in spec.hidden:
        start = schedule.fire_start(layer)
        if schedule.timing.spikes_once:
            result[f"hidden{layer}"] = _one_each(state[f"hidden{layer}.x"], spec.steps, start)
        else:
            result[f"hidden{layer}"] = _from_history(state[f"hidden{layer}.spike_word"], spec.steps, start)
    return result


def _one_each(x: npt.NDArray[Any], steps: int, start: int) -> Spikes:
    """One spike in step T − x of every neuron whose x is not 0."""
    neurons = np.flatnonzero(x)
    return start + steps - x[neurons].astype(np.int64), neurons


def _from_history(words: npt.NDArray[Any], steps: int, start: int, bits: int = HISTORY_BITS) -> Spikes:
    """The spikes whose bits are set, bit t mod `bits` of word t div `bits` for step t."""
    t = np.arange(steps)
    of_steps = words.astype(np.int64).reshape(-(-steps // bits), -1)[t // bits]
    times, neurons = np.nonzero(of_steps >> (t % bits)[:, None] & 1)
    return start + times, neurons


def _input_spikes(spec: NetworkSpec, x: npt.NDArray[Any]) -> Spikes:
    """Spikes of the encoder."""
    if spec.encoder == "ttfs":
        return _one_each(x, spec.steps, 0)
    if spec.encoder == "bins":
        return _from_history(x, spec.steps, 0, BIN_STEPS)
    t = np.arange(spec.steps)[:, None]
    value = x.astype(np.int64)[None, :]
    fires = (t + 1) * value // spec.steps > t * value // spec.steps if spec.encoder == "rate" else value + 0 * t > 0
    times, neurons = np.nonzero(fires)
    return times.astype(np.int64), neurons.astype(np.int64)
