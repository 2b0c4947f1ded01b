"""From a NetworkSpec to a program, without Lava."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.aft_if import AFTIFNode
from lava_ed.engine.families.aft_lif import AFTLIFNode
from lava_ed.engine.families.encoder import EncoderNode, LabelNode
from lava_ed.engine.families.plastic_dense import FeedbackNode, PlasticDenseNode
from lava_ed.engine.families.readout import ReadoutNode, SoftmaxErrorNode
from lava_ed.engine.program import Program
from lava_ed.errors import ConfigError, ShapeError, WeightError
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.wiring import connections_of, feedback_weights, initial_weights

CAPACITY = 4096
"""Samples whose order and labels a program holds at a time."""


def _nodes(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]]) -> list[Node]:
    rate, last = spec.rule.rate, len(spec.sizes) - 1
    nodes: list[Node] = [
        EncoderNode("encoder", spec.sizes[0], spec.encoder or "ttfs", None, CAPACITY, spec.input_drop, spec.seed),
        LabelNode("labels", capacity=CAPACITY),
    ]
    for layer in spec.layers:
        nodes.append(
            PlasticDenseNode(
                f"dense{layer}",
                layer=layer,
                weights=weights[layer - 1],
                weight_exponent=spec.weight_exponents[layer - 1],
                error_shift=spec.error_shift,
                with_x1=spec.rule.with_x1 or (spec.graded_input and layer == 1),
                mantissa=rate.mantissa,
                exponent=rate.exponent,
                seed=spec.seed,
                gather=spec.gathers(layer),
                carry=spec.weight_rounding == "carry",
            )
        )
    for layer in spec.hidden:
        if spec.rule.neuron == "AFTIF":
            nodes.append(
                AFTIFNode(
                    f"hidden{layer}",
                    spec.sizes[layer],
                    layer,
                    spec.adaptation,
                    spec.error_limit,
                    spec.seed,
                    rate.port_shift,
                )
            )
        else:
            nodes.append(
                AFTLIFNode(
                    f"hidden{layer}", spec.sizes[layer], layer, spec.adaptation, spec.dv,
                    spec.dv_post(layer), spec.half_width, spec.seed, rate.port_shift,
                )
            )  # fmt: skip
        if spec.feedback == "random":
            nodes.append(FeedbackNode(f"feedback{layer}", layer, feedback_weights(spec, layer), spec.error_shift))
    nodes.append(ReadoutNode("readout", spec.sizes[-1], last, spec.readout_adaptation))
    nodes.append(
        SoftmaxErrorNode(
            "error",
            spec.sizes[-1],
            spec.softmax_shift,
            spec.dead_zone,
            1,
            spec.seed,
            rate.port_shift,
            spec.softmax_rounding,
        )
    )
    return nodes


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
    if spec.rule.baseline:
        raise ConfigError(
            f"{spec.rule.name} is a baseline without processes: lava_ed.baselines.make_baseline(spec) runs it"
        )
    if weights is None:
        weights = [initial_weights(spec, layer) for layer in spec.layers]
    if len(weights) != len(spec.layers):
        raise ShapeError(f"{len(weights)} weight matrices were given, the net has {len(spec.layers)} connections")
    for layer, matrix in zip(spec.layers, weights, strict=True):
        expected = (spec.sizes[layer - 1], spec.sizes[layer])
        if matrix.shape != expected:
            raise ShapeError(f"weights of connection {layer} have shape {matrix.shape}, the net needs {expected}")
        if matrix.dtype != np.int8:
            raise WeightError(
                f"weights of connection {layer} are {matrix.dtype}, int8 is needed: pack_weights() turns even "
                "integers (n_post, n_pre) into the stored form"
            )
    edges = [Connection(*edge) for edge in connections_of(spec)]
    return Program(_nodes(spec, weights), edges, spec.schedule, spec.overflow)
