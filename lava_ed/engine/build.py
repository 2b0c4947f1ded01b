"""A NetworkSpec becomes a program, without Lava."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import NODES as NODES  # to be read here, where every node is registered
from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families import aft_lif_map, feedback_dense  # noqa: F401  # which no loop of those below brings
from lava_ed.engine.loops import ours  # noqa: F401  # with whose ops our nodes come
from lava_ed.engine.program import Program
from lava_ed.network.graph import NetGraph, graph_of
from lava_ed.network.spec import NetworkSpec

CAPACITY = 4096
"""Samples whose order and labels a program holds at a time."""


def node_of(kind: str, name: str, shape: tuple[int, ...], parameters: Mapping[str, Any]) -> Node:
    """The engine's node for one of our processes, from the parameters that the process is made with."""
    values = {"size": shape[0], **parameters, "name": name}
    if kind == "PlasticDense":
        rule = values["rule"]
        values = {
            "mantissa": rule.rate.mantissa,
            "exponent": rule.rate.exponent,
            **values,
            "with_x1": rule.with_x1 or values["graded"],
            "x1_counts": rule.x1_counts and not values["graded"],
            "count_shift": rule.count_shift,
            "weight_exponent": values["weight_exp"],
        }
    node = NODES[kind]
    return node(**{field.name: values[field.name] for field in fields(node) if field.name in values})


def nodes_of(graph: NetGraph, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> list[Node]:
    """The engine's nodes of a net, with these stored weights or those drawn from its seed."""
    own = {name: {"weights": matrix} for name, matrix in graph.weights(weights).items()}
    given: dict[str, Any] = {**own, "encoder": {"capacity": CAPACITY}, "labels": {"capacity": CAPACITY}}
    return [
        node_of(node.kind, node.name, node.shape, {**graph.common, **node.parameters, **given.get(node.name, {})})
        for node in graph.nodes
    ]


def build_program(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> Program:
    """A program for the net that a spec describes.

    Parameters
    ----------
    spec : NetworkSpec
    weights : sequence of int8 (n_pre, n_post), optional
        Stored weights of each connection; default: drawn from the spec's seed.

    Raises
    ------
    ShapeError
        If there is not one weight matrix for each connection, or one does not fit its layers.
    WeightError
        If weights are not in their stored form.
    ConfigError
        If the rule is a baseline, which runs in a loop of its own.
    """
    graph = graph_of(spec)
    graph.check_processes()
    edges = [Connection(*edge) for edge in graph.connections]
    return Program(nodes_of(graph, weights), edges, graph.schedule, spec.overflow)
