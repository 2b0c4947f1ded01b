"""The net that a NetworkSpec describes, as a chip sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chip_net import ChipNet
from lava_ed.energy.convolutions import plastic_conv, squares_of
from lava_ed.energy.processes import Edge, Process, Sends, feedback, net_of_processes, plastic
from lava_ed.errors import ShapeError
from lava_ed.network.graph import NetGraph, graph_of
from lava_ed.network.kinds import KINDS

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec


def net_of_spec(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.integer[Any]]] | None = None) -> ChipNet:
    """The net that a spec describes; with weights, which have to fit it, only those that are not zero are synapses."""
    shapes = [spec.weights_shape(layer) for layer in spec.layers]
    given = shapes if weights is None else [np.shape(matrix) for matrix in weights]
    if given != shapes:
        raise ShapeError(
            f"weights have the shapes {given}, the net needs {shapes}: "
            "one stored matrix, (n_pre, n_post) of dense connections, a connection"
        )
    graph = graph_of(spec)
    matrices = repeat(None) if weights is None else iter(weights)
    return named_by_place(net_of_processes(_processes(graph, matrices), (Edge(*edge) for edge in graph.connections)))


def _processes(graph: NetGraph, matrices: Iterable[npt.NDArray[np.integer[Any]] | None]) -> Iterator[Process]:
    """What the nodes of a graph take on a chip; labels are given by a processor."""
    sends: Sends = "replay" if graph.schedule.timing.replays_spikes else "errors"
    for node, matrix in zip(graph.dense, matrices, strict=False):
        if node.kind == "PlasticConv":
            own = {name: node.parameters[name] for name in ("shared", "planar", "frozen")}
            yield plastic_conv(node.name, node.parameters["geometry"], matrix, **own)
            continue
        matrix = np.ones(node.shape[::-1], np.int8) if matrix is None else matrix
        by_post, by_pre = (np.count_nonzero(matrix, axis=axis).astype(np.int64) for axis in (0, 1))
        with_x1 = node.parameters["rule"].with_x1 or node.parameters["graded"]
        yield plastic(node.name, by_post, by_pre, with_x1, node.parameters["gather"], node.parameters["carry"])
    for node in graph.of_kind("Encoder", "MembraneReadout", "FirstSpikeReadout"):
        yield Process(node.name, node.shape[0])
    for node in graph.hidden:
        kind = KINDS.get(node.kind)  # the neurons of a baseline have none
        state = kind.state_bits(node.shape, graph.schedule.steps) if kind else 0
        squares = squares_of(node.parameters.get("geometry"))
        yield Process(node.name, node.shape[0], sends=sends, squares=squares, state_bits=state)
    for node in graph.of_kind("FeedbackDense"):
        yield feedback(node.name, *reversed(node.shape))
    for node in graph.of_kind("SoftmaxError"):
        yield Process(node.name, sends="output error")


def named_by_place(net: ChipNet) -> ChipNet:
    """The net with its layers called input, hidden1 …, output."""
    return replace(net, names=("input", *(f"hidden{layer}" for layer in range(1, len(net.names) - 1)), "output"))
