"""Lowerings of our own processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.engine.families.aft_if import AFTIFNode
from lava_ed.engine.families.aft_lif import AFTLIFNode
from lava_ed.engine.families.encoder import EncoderNode, LabelNode
from lava_ed.engine.families.plastic_dense import FeedbackNode, PlasticDenseNode
from lava_ed.engine.families.readout import ReadoutNode, SoftmaxErrorNode
from lava_ed.engine.lowering.registry import lowers
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.weights import pack_weights
from lava_ed.proc import (
    AFTIF,
    AFTLIF,
    Encoder,
    FeedbackDense,
    FirstSpikeReadout,
    Labels,
    MembraneReadout,
    PlasticDense,
    PyAFTIFModelFixed,
    PyAFTLIFModelFixed,
    PyEncoderModelFixed,
    PyFeedbackDenseModelFixed,
    PyFirstSpikeReadoutModelFixed,
    PyLabelsModelFixed,
    PyMembraneReadoutModelFixed,
    PyPlasticDenseModelFixed,
    PySoftmaxErrorModelFixed,
    SoftmaxError,
)


def _scalar(var: Any) -> int:
    """Initial value of a Var of shape (1,)."""
    return int(np.asarray(var.init).reshape(-1)[0])


@lowers(PyEncoderModelFixed)
def lower_encoder(process: Encoder, name: str) -> EncoderNode:
    """Encoder → EncoderNode."""
    samples = np.ascontiguousarray(process.samples.init, np.uint8)
    p = process.proc_params
    return EncoderNode(name, samples.shape[1], p["kind"], samples, drop=_scalar(process.drop), seed=p["seed"])


@lowers(PyLabelsModelFixed)
def lower_labels(process: Labels, name: str) -> LabelNode:
    """Labels → LabelNode."""
    return LabelNode(name, np.asarray(process.labels.init, np.int32))


@lowers(PyPlasticDenseModelFixed)
def lower_plastic_dense(process: PlasticDense, name: str) -> PlasticDenseNode:
    """PlasticDense → PlasticDenseNode."""
    p = process.proc_params
    return PlasticDenseNode(
        name,
        layer=p["layer"],
        weights=pack_weights(process.weights.init),
        weight_exponent=p["weight_exp"],
        error_shift=p["error_shift"],
        with_x1=p["rule"].with_x1 or p["graded"],
        mantissa=_scalar(process.rate_mantissa),
        exponent=_scalar(process.rate_exponent),
        seed=p["seed"],
        gather=p["gather"],
        carry=p["carry"],
        scalar_rounding=_scalar(process.scalar),
        graded=p["graded"],
    )


@lowers(PyFeedbackDenseModelFixed)
def lower_feedback_dense(process: FeedbackDense, name: str) -> FeedbackNode:
    """FeedbackDense → FeedbackNode."""
    p = process.proc_params
    return FeedbackNode(name, p["layer"], pack_weights(process.weights.init), p["error_shift"])


@lowers(PyAFTIFModelFixed)
def lower_aft_if(process: AFTIF, name: str) -> AFTIFNode:
    """AFTIF → AFTIFNode."""
    p = process.proc_params
    return AFTIFNode(
        name,
        process.v.shape[0],
        p["layer"],
        p["adaptation"],
        p["error_limit"],
        p["seed"],
        _scalar(process.port_shift),
    )


@lowers(PyAFTLIFModelFixed)
def lower_aft_lif(process: AFTLIF, name: str) -> AFTLIFNode:
    """AFTLIF → AFTLIFNode."""
    p = process.proc_params
    return AFTLIFNode(
        name, process.v.shape[0], p["layer"], p["adaptation"], p["dv"], p["dv_post"], p["half_width"], p["seed"],
        _scalar(process.port_shift),
    )  # fmt: skip


@lowers(PyMembraneReadoutModelFixed)
def lower_membrane_readout(process: MembraneReadout, name: str) -> ReadoutNode:
    """MembraneReadout → ReadoutNode."""
    return ReadoutNode(name, process.v.shape[0], process.proc_params["layer"], Adaptation())


@lowers(PyFirstSpikeReadoutModelFixed)
def lower_first_spike_readout(process: FirstSpikeReadout, name: str) -> ReadoutNode:
    """FirstSpikeReadout → ReadoutNode."""
    p = process.proc_params
    return ReadoutNode(name, process.v.shape[0], p["layer"], p["adaptation"])


@lowers(PySoftmaxErrorModelFixed)
def lower_softmax_error(process: SoftmaxError, name: str) -> SoftmaxErrorNode:
    """SoftmaxError → SoftmaxErrorNode."""
    p = process.proc_params
    return SoftmaxErrorNode(
        name, process.e.shape[0], p["shift"], p["dead_zone"], _scalar(process.learning), p["seed"],
        _scalar(process.port_shift), p["rounding"],
    )  # fmt: skip
