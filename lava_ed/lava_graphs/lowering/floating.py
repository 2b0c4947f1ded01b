"""Lowerings of the floating-point models of Lava's LIF neurons, and of its Dense, LearningDense and Sparse synapses."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.dense.models import PyDelayDenseModelFloat, PyDenseModelFloat, PyLearningDenseModelFloat
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.lif.models import (
    PyLearningLifModelFloat,
    PyLifModelFloat,
    PyLifRefractoryModelFloat,
    PyLifResetModelFloat,
    PyTernLifModelFloat,
)
from lava.proc.lif.process import LearningLIF, LIFRefractory, LIFReset
from lava.proc.sparse.models import PyDelaySparseModelFloat, PySparseModelFloat
from lava.proc.sparse.process import DelaySparse, Sparse

from lava_ed.engine.families.float_learning import FloatLearningDenseNode
from lava_ed.engine.families.float_lif import FloatLIFNode
from lava_ed.engine.families.float_synapses import FloatDenseNode, FloatSparseNode
from lava_ed.lava_graphs.lowering.dense import initial_traces, learning_settings
from lava_ed.lava_graphs.lowering.lif import LEARNING_PORTS
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.sparse import entries_of, whole_entries_of
from lava_ed.lava_graphs.lowering.values import array_of, float_of, integer_of, parameter_of, refuse_connected


@lowers(PyLifModelFloat)
@lowers(PyTernLifModelFloat, thresholds=("vth_lo", "vth_hi"))
def lower_float_lif(process: Any, name: str, thresholds: tuple[str, ...] = ("vth",), **more: Any) -> FloatLIFNode:
    """LIF or TernaryLIF → FloatLIFNode; other neurons have the same parameters, and more."""
    state = {var: array_of(getattr(process, var), np.float64) for var in ("u", "v", "bias_mant", "bias_exp")}
    scalars = {var: float_of(getattr(process, var)) for var in ("du", "dv", *thresholds)}
    return FloatLIFNode(name, process.u.shape, state, scalars, **more)


@lowers(PyLifResetModelFloat)
def lower_float_lif_reset(process: LIFReset, name: str) -> FloatLIFNode:
    """LIFReset → FloatLIFNode."""
    interval, offset = (parameter_of(process, f"reset_{what}") for what in ("interval", "offset"))
    return lower_float_lif(process, name, interval=interval, offset=offset)


@lowers(PyLifRefractoryModelFloat)
def lower_float_lif_refractory(process: LIFRefractory, name: str) -> FloatLIFNode:
    """LIFRefractory → FloatLIFNode."""
    end, period = array_of(process.refractory_period_end, np.int64), parameter_of(process, "refractory_period")
    return lower_float_lif(process, name, refractory_end=end, period=period)


@lowers(PyLearningLifModelFloat)
def lower_float_learning_lif(process: LearningLIF, name: str) -> FloatLIFNode:
    """LearningLIF → FloatLIFNode: Lava's own model fires like LIF, and sends nothing on its learning ports."""
    refuse_connected(process, LEARNING_PORTS, "Lava's LearningLIF never sends on it")
    constants = {var: array_of(getattr(process, var), np.float64) for var in ("y1", "y2", "y3")}
    return lower_float_lif(process, name, constants=constants)


def _synapses(process: Any) -> dict[str, Any]:
    """What all synapses have in common."""
    return {"a_buff": array_of(process.a_buff, np.float64), "message_bits": integer_of(process.num_message_bits)}


@lowers(PyDenseModelFloat, PyDelayDenseModelFloat)
def lower_float_dense(process: Dense, name: str) -> FloatDenseNode:
    """Dense or DelayDense → FloatDenseNode."""
    delays = array_of(process.delays, np.int64) if isinstance(process, DelayDense) else None
    return FloatDenseNode(name, **_synapses(process), weights=array_of(process.weights, np.float64), delays=delays)


@lowers(PyLearningDenseModelFloat)
def lower_float_learning_dense(process: LearningDense, name: str) -> FloatLearningDenseNode:
    """LearningDense → FloatLearningDenseNode."""
    arguments = _synapses(process)
    if arguments["message_bits"] > 0:
        raise NotLoweredError(f"{process.name} has graded spikes, whose sums Lava leaves to a BLAS library")
    synapses: dict[str, Any] = {
        var: array_of(getattr(process, var), np.float64) for var in ("weights", "tag_2", "tag_1")
    }
    settings, traces = learning_settings(process, real=True), initial_traces(process, np.float64)
    return FloatLearningDenseNode(name, **arguments, **synapses, settings=settings, traces=traces)


@lowers(PySparseModelFloat, PyDelaySparseModelFloat)
def lower_float_sparse(process: Sparse, name: str) -> FloatSparseNode:
    """Sparse or DelaySparse → FloatSparseNode."""
    delays = whole_entries_of(process.delays) if isinstance(process, DelaySparse) else None
    return FloatSparseNode(name, **_synapses(process), weights=entries_of(process.weights), delays=delays)
