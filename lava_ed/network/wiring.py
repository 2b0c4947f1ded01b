"""Who is connected to whom, and the weights a net starts with: shared by the engine and by EDClassifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.network.spec import NetworkSpec
from lava_ed.network.weights import random_weights

Edge = tuple[str, str, str, str]
"""(source, OutPort, target, InPort) by name."""

LEARNING_PORTS: Final = ("s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3")
"""InPorts through which a synapse learns of its post-synaptic neuron, with which it shares a core: no messages."""
ON_CORE_PORTS: Final = (*LEARNING_PORTS, "y_in")
"""The same, and that through which kernels learn."""
_WEIGHT_STREAM, _FEEDBACK_STREAM = 0, 1
FEEDBACK_LIMIT = 64
"""Largest stored random feedback weight."""


def initial_weights(spec: NetworkSpec, layer: int) -> npt.NDArray[np.int8]:
    """Stored weights (n_pre, n_post) that connection `layer` starts with."""
    n_pre, n_post = spec.weights_shape(layer)
    return random_weights(n_pre, n_post, spec.init_limits[layer - 1], (spec.seed, layer, _WEIGHT_STREAM))


def feedback_weights(spec: NetworkSpec, layer: int) -> npt.NDArray[np.int8]:
    """Fixed weights (n_layer, n_out) through which hidden `layer` gets its error, read backwards."""
    return random_weights(spec.sizes[layer], spec.sizes[-1], FEEDBACK_LIMIT, (spec.seed, layer, _FEEDBACK_STREAM))


def connections_of(spec: NetworkSpec) -> Iterator[Edge]:
    """All edges of the graph.

    Processes are named encoder, labels, conv1 …, dense1 … denseW, hidden1 … hidden(W−1), feedback1 …,
    readout and error.
    """
    last = len(spec.sizes) - 1
    first = next(layer for layer in spec.layers if layer not in spec.freeze)  # below it nothing learns from errors

    def neurons(layer: int) -> str:
        return "encoder" if layer == 0 else "readout" if layer == last else f"hidden{layer}"

    def teacher(layer: int) -> str:
        return "error" if layer == last else f"hidden{layer}"

    for layer in spec.layers:
        dense = spec.synapses(layer)
        yield neurons(layer - 1), "s_out", dense, "s_in"
        yield dense, "a_out", neurons(layer), "a_in"
        if spec.connections[layer - 1].is_conv:
            if not spec.rule.timing.replays:
                yield dense, "reached_out", neurons(layer), "reached_in"
            if layer >= first:
                yield teacher(layer), "e_out", dense, "e_in"
                if spec.rule.timing.replays:
                    yield teacher(layer), "y_out", dense, "y_in"
            continue
        yield teacher(layer), "s_out_y1", dense, "s_in_y1"
        yield teacher(layer), "s_out_y2", dense, "s_in_y2"
        if layer != last:
            yield teacher(layer), "s_out_bap", dense, "s_in_bap"
    yield "readout", "v_out", "error", "v_in"
    yield "labels", "label_out", "error", "label_in"
    for layer in spec.hidden:
        if spec.feedback == "random":
            yield "error", "e_out", f"feedback{layer}", "e_in"
            yield f"feedback{layer}", "e_out", f"hidden{layer}", "e_in"
        elif layer >= first:
            above = spec.synapses(layer + 1)
            if not spec.connections[layer].is_conv:
                yield teacher(layer + 1), "e_out", above, "e_in"
            yield above, "e_out", f"hidden{layer}", "e_in"
    if spec.rule.timing.replays:
        # Without spikes to replay what gets no errors needs no gate: an encoder, or neurons behind frozen kernels.
        for layer in range(0 if spec.rule.timing.replays_spikes else first, last):
            yield "error", "gate_out", neurons(layer), "gate_in"
