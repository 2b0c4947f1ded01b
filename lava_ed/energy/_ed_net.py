"""Nets of our own processes as a chip sees them: from a NetworkSpec, or from what a program tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_ed.energy._ed_streams import streams_of
from lava_ed.energy.chip_net import SPIKED_BITS, TAG_BITS, TRACE_BITS, ChipNet, Inlet, Inlets
from lava_ed.errors import ShapeError

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec

Masks = Sequence[npt.NDArray[np.bool_]] | None
"""Where each connection has a synapse; None: everywhere."""


@dataclass(frozen=True)
class EDShape:
    """What the mapping asks of a net of our processes.

    Attributes
    ----------
    sizes : tuple of int
    kind : str
        Of the rule: std-ed or mpd-ed.
    symmetric, random : bool
        Whether errors are read backwards over the connections, or come over feedback of their own.
    with_x1, gathers, carries : tuple of bool
        By connection: whether its rule reads x1, whether updates gather in its tag, and whether the tag keeps what
        an update leaves over below a weight's last bit.
    neurons : tuple of str
        Names of the encoder and the hidden layers.
    connections, feedback : tuple of str
        Names of the connections, and of each hidden layer's feedback.
    error, readout : str
        Names of what sends the output error, and of the output neurons.
    """

    sizes: tuple[int, ...]
    kind: str
    symmetric: bool
    random: bool
    with_x1: tuple[bool, ...]
    gathers: tuple[bool, ...]
    carries: tuple[bool, ...]
    neurons: tuple[str, ...]
    connections: tuple[str, ...]
    feedback: tuple[str, ...]
    error: str = "error"
    readout: str = "readout"


def layer_names(layers: int) -> tuple[str, ...]:
    """input, hidden1 …, output."""
    return ("input", *(f"hidden{layer}" for layer in range(1, layers - 1)), "output")


def shape_of_spec(spec: NetworkSpec) -> EDShape:
    """What a spec says, with the names that a program built from it has."""
    return EDShape(
        sizes=spec.sizes,
        kind=spec.rule.kind,
        symmetric=spec.feedback == "symmetric",
        random=spec.feedback != "symmetric",
        with_x1=tuple(spec.rule.with_x1 or (spec.graded_input and layer == 1) for layer in spec.layers),
        gathers=tuple(spec.gathers(layer) for layer in spec.layers),
        carries=(spec.weight_rounding == "carry",) * len(spec.layers),
        neurons=("encoder", *(f"hidden{layer}" for layer in spec.hidden)),
        connections=tuple(f"dense{layer}" for layer in spec.layers),
        feedback=tuple(f"feedback{layer}" for layer in spec.hidden),
    )


def net_of_spec(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.integer[Any]]] | None = None) -> ChipNet:
    """The net that a spec describes; with weights, only those that are not zero have a synapse.

    Raises
    ------
    ShapeError
        If there are weights that do not fit the net.
    """
    return net_of_shape(shape_of_spec(spec), _masks(spec.sizes, weights))


def net_of_shape(shape: EDShape, masks: Masks = None) -> ChipNet:
    """The net of a shape."""
    inlets = _inlets(shape, masks)
    last = len(shape.sizes) - 1
    nodes = {name: layer for layer, name in enumerate(shape.neurons)} | {shape.readout: last, shape.error: last}
    return ChipNet(layer_names(last + 1), shape.sizes, inlets, partial(streams_of, shape, inlets), nodes)


def _masks(sizes: Sequence[int], weights: Sequence[npt.NDArray[np.integer[Any]]] | None) -> Masks:
    if weights is None:
        return None
    matrices = [np.asarray(matrix) for matrix in weights]
    expected = list(pairwise(sizes))
    if [matrix.shape for matrix in matrices] != expected:
        raise ShapeError(
            f"weights have the shapes {[matrix.shape for matrix in matrices]}, the net needs {expected}: "
            "one matrix (n_pre, n_post) a connection"
        )
    return [matrix != 0 for matrix in matrices]


def _inlets(shape: EDShape, masks: Masks) -> Inlets:
    """The synapses that end on each layer, input first."""
    last = len(shape.sizes) - 1
    result: list[tuple[Inlet, ...]] = []
    for layer, n in enumerate(shape.sizes):
        inlets = []
        if layer:
            inlets.append(_plastic(shape, layer, masks, mirrored=False))
        if 0 < layer < last:
            if shape.symmetric:
                inlets.append(_plastic(shape, layer + 1, masks, mirrored=True))
            elif shape.random:
                outputs = shape.sizes[last]
                counts = np.full(n, outputs, np.int64)
                inlets.append(Inlet(shape.feedback[layer - 1], "feedback", last, outputs, counts))
        result.append(tuple(inlets))
    return tuple(result)


def _plastic(shape: EDShape, layer: int, masks: Masks, mirrored: bool) -> Inlet:
    """Connection `layer`, or its copy that is read backwards, whose traces have changed sides."""
    pre, post = shape.sizes[layer - 1], shape.sizes[layer]
    if masks is None:
        counts = np.full(pre if mirrored else post, post if mirrored else pre, np.int64)
    else:
        counts = np.count_nonzero(masks[layer - 1], axis=1 if mirrored else 0).astype(np.int64)
    x_bits, y_bits = SPIKED_BITS + TRACE_BITS * shape.with_x1[layer - 1], 2 * TRACE_BITS
    return Inlet(
        connection=shape.connections[layer - 1],
        kind="mirrored" if mirrored else "weights",
        sender=layer if mirrored else layer - 1,
        axons=post if mirrored else pre,
        counts=counts,
        tag_bits=TAG_BITS if shape.gathers[layer - 1] or shape.carries[layer - 1] else 0,
        axon_trace_bits=y_bits if mirrored else x_bits,
        neuron_trace_bits=x_bits if mirrored else y_bits,
        tag_waits=shape.gathers[layer - 1],
    )
