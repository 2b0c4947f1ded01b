"""Lowerings of Lava's graded, resonating and adaptive neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.proc.atrlif.models import PyATRLIFModelFixed, PyATRLIFModelFloat
from lava.proc.graded.models import (
    InvSqrtModelFloat,
    InvSqrtModelFP,
    NormVecDelayModel,
    PyGradedReluVecModelFixed,
    PyGradedVecModelFixed,
)
from lava.proc.graded.process import GradedReluVec
from lava.proc.prodneuron.models import PyProdNeuronModelFixed
from lava.proc.resfire.models import PyRFZeroModelFixed
from lava.proc.rf.models import PyRFModelFixed, PyRFModelFloat
from lava.proc.rf_iz.models import PyRF_IZModelFixed, PyRF_IZModelFloat
from lava.proc.rf_iz.process import RF_IZ

from lava_ed.engine.families.atrlif import ATRLIF_STEP, DELTAS, REAL_ATRLIF, SCALED, ATRLIFNode
from lava_ed.engine.families.graded import GRADED_SEND, NORM_SEND, PRODUCT_SEND, REAL_ROOT_SEND, ROOT_SEND
from lava_ed.engine.families.inputs import SHORT
from lava_ed.engine.families.neurons import NeuronNode
from lava_ed.engine.families.resonators import REAL_RF, RF_STEP, RF_ZERO_STEP
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.values import array_of

Types = Mapping[str, Any]


@lowers(NormVecDelayModel, step=NORM_SEND)
@lowers(PyProdNeuronModelFixed, step=PRODUCT_SEND)
@lowers(InvSqrtModelFloat, step=REAL_ROOT_SEND)
@lowers(PyRFZeroModelFixed, step=RF_ZERO_STEP)
def _node(process: Any, name: str, step: Any, types: Types | None = None, **more: Any) -> NeuronNode:
    """A node with all Vars of a process, of 32 bits but for those that `types` names."""
    inputs = tuple(port.name for port in process.in_ports.members)
    state = {var.name: array_of(var, (types or {}).get(var.name, np.int32)) for var in process.vars.members}
    return NeuronNode(name, step=step, shape=process.s_out.shape, state=state, inputs=inputs, **more)


def _one_value(var: Any) -> None:
    """Let Lava's own model run with an array where it takes one number."""
    if np.size(var.init) != 1:
        raise NotLoweredError(f"{var.process.name}.{var.name} has {np.size(var.init)} values")


@lowers(PyGradedVecModelFixed, PyGradedReluVecModelFixed)
def lower_graded(process: Any, name: str) -> NeuronNode:
    """GradedVec or GradedReluVec → NeuronNode."""
    relu = int(isinstance(process, GradedReluVec))
    return _node(process, name, GRADED_SEND, numbers={"relu": relu}, uncompiled=range(0))


@lowers(InvSqrtModelFP)
def lower_root(process: Any, name: str) -> NeuronNode:
    """InvSqrt of one neuron → NeuronNode; Lava's model fails with more."""
    if process.s_out.shape != (1,):
        raise NotLoweredError(f"{process.name} has the shape {process.s_out.shape}")
    return _node(process, name, ROOT_SEND)


@lowers(PyRFModelFixed, PyRF_IZModelFixed)
def lower_resonator(process: Any, name: str) -> NeuronNode:
    """RF or RF_IZ → NeuronNode; with decays that are no integers Lava's model fails."""
    for var in (process.sin_decay, process.cos_decay):
        if np.asarray(var.init).dtype.kind != "i":
            raise NotLoweredError(f"{process.name}.{var.name} is {var.init}, which is no integer")
        _one_value(var)
    return _node(process, name, RF_STEP, numbers={"izhikevich": int(isinstance(process, RF_IZ))})


@lowers(PyRFModelFloat, PyRF_IZModelFloat)
def lower_real_resonator(process: Any, name: str) -> NeuronNode:
    """RF or RF_IZ → NeuronNode."""
    for var in (process.sin_decay, process.cos_decay, process.vth):
        _one_value(var)
    types = dict.fromkeys(("real", "imag", "sin_decay", "cos_decay", "vth"), np.float64)
    return _node(process, name, REAL_RF, types, numbers={"izhikevich": int(isinstance(process, RF_IZ))})


@lowers(PyATRLIFModelFixed)
def lower_atrlif(process: Any, name: str) -> ATRLIFNode:
    """ATRLIF → ATRLIFNode; decays that are no plain numbers are computed with in types of their own."""
    single: dict[str, npt.NDArray[Any]] = {}
    for var in (getattr(process, name) for name in (*DELTAS, *SCALED)):
        if type(var.init) not in (int, float, np.float64) or not math.isfinite(var.init) or abs(var.init) >= 2**25:
            raise NotLoweredError(f"{process.name}.{var.name} is {var.init!r}")
        single[var.name] = np.array([var.init])
    types: Types = {"bias_mant": np.int16, "bias_exp": np.int16, "s": np.bool_}
    state = {
        var.name: single.get(var.name, array_of(var, types.get(var.name, np.int32)))
        for var in process.vars.members
        if var.name not in SCALED
    }
    thresholds = (single["theta_0"][0], single["theta_step"][0])
    return ATRLIFNode(
        name, step=ATRLIF_STEP, shape=process.v.shape, state=state, thresholds=thresholds, uncompiled=SHORT
    )


@lowers(PyATRLIFModelFloat)
def lower_real_atrlif(process: Any, name: str) -> NeuronNode:
    """ATRLIF → NeuronNode."""
    for var in (getattr(process, name) for name in (*DELTAS, *SCALED)):
        _one_value(var)
    types: Types = {var.name: np.bool_ if var.name == "s" else np.float64 for var in process.vars.members}
    return _node(process, name, REAL_ATRLIF, types)
