"""Lowerings of Lava's Dense, DelayDense and LearningDense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava.proc.dense.models import PyDelayDenseModelBitAcc, PyDenseModelBitAcc, PyLearningDenseModelBitApproximate
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.utils.weightutils import SignMode

from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.learning import TRACES, LearningSettings
from lava_ed.engine.families.learning_dense import LearningDenseNode
from lava_ed.engine.families.synapses import WeightFormat
from lava_ed.errors import ConfigError, UnsupportedProcessError
from lava_ed.installed import without_engine
from lava_ed.kernels.stock.rule_table import RuleTable, compile_rule
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.values import array_of, integer_of, parameter_of

STORED = np.iinfo(np.int16)
"""Range in which tags and delays are kept."""


def synapse_arguments(process: Any, weights: Any) -> dict[str, Any]:
    """Parameters that all nodes of Dense and Sparse have."""
    mode = process.proc_params.get("sign_mode")
    return {
        "weights": weights,
        "weight_format": WeightFormat(mode.value if mode else None, parameter_of(process, "num_weight_bits", 8)),
        "exponent": parameter_of(process, "weight_exp", 0),
        "message_bits": integer_of(process.num_message_bits),
        "a_buff": array_of(process.a_buff, np.int32),
    }


def _arguments(process: Any) -> dict[str, Any]:
    return synapse_arguments(process, array_of(process.weights, np.int32))


def _stored(var: Any) -> Any:
    """Values that are kept in 16 bits."""
    values = array_of(var, np.int64)
    if values.size and (values.min() < STORED.min or values.max() > STORED.max):
        raise ConfigError(
            f"{var.process.name}.{var.name} lies outside {STORED.min} … {STORED.max}, which the engine can hold: "
            f"lower it, or {without_engine()}"
        )
    return values


@lowers(PyDenseModelBitAcc)
def lower_dense(process: Dense, name: str) -> DenseNode:
    """Dense → DenseNode."""
    return DenseNode(name, **_arguments(process))


@lowers(PyDelayDenseModelBitAcc)
def lower_delay_dense(process: DelayDense, name: str) -> DelayDenseNode:
    """DelayDense → DelayDenseNode."""
    return DelayDenseNode(name, **_arguments(process), delays=_stored(process.delays))


def learning_settings(process: Any, real: bool = False) -> LearningSettings:
    """Rule and settings of a plastic connection, of a floating-point model if `real`.

    A rule that the engine does not know is a `NotLoweredError`, a sign mode with which Lava's model cannot learn an
    `UnsupportedProcessError`.
    """
    p = process.proc_params
    rule, mode = p["learning_rule"], p.get("sign_mode", SignMode.MIXED)
    if not isinstance(rule, (Loihi2FLearningRule, Loihi3FLearningRule)):
        raise NotLoweredError(
            f"{process.name} has a {type(rule).__name__}; the engine knows Loihi2FLearningRule and Loihi3FLearningRule"
        )
    if mode not in (SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY):
        raise UnsupportedProcessError(
            f"{process.name} has sign_mode {mode}, with which Lava's model cannot learn either"
        )
    strings = {"dw": rule.dw_str, "dd": rule.dd_str, "dt": rule.dt_str}
    try:
        table = compile_rule(rule, real)
    except ValueError as error:
        raise NotLoweredError(f"the rule of {process.name} cannot be compiled: {error}") from error
    return LearningSettings(
        table,
        int(rule.t_epoch),
        isinstance(rule, Loihi3FLearningRule),
        p["graded_spike_cfg"].value,
        mode.value,
        int(rule.rng_seed),
        np.array([getattr(rule, f"{trace}_tau") for trace in TRACES], np.float64),
        np.array([getattr(rule, f"{trace}_impulse") for trace in TRACES], np.float64),
        {key: text for key, text in strings.items() if text},
        partial(parse_rule, real=real),
    )


def initial_traces(process: Any, dtype: type[np.generic] = np.int32) -> dict[str, Any]:
    """Initial traces, of a type, and spike times and flags of a plastic connection."""
    types = dict.fromkeys(("x0", "y0"), np.bool_) | dict.fromkeys(("tx", "ty"), np.int32) | dict.fromkeys(TRACES, dtype)
    return {name: array_of(getattr(process, name), kind) for name, kind in types.items()}


def parse_rule(texts: Mapping[str, str], real: bool = False) -> RuleTable:
    """Tables of the texts of dw, dd and dt, by Lava's own parser; both kinds of rules have one."""
    return compile_rule(Loihi2FLearningRule(**texts), real)


@lowers(PyLearningDenseModelBitApproximate)
def lower_learning_dense(process: LearningDense, name: str) -> LearningDenseNode:
    """LearningDense → LearningDenseNode."""
    settings, arguments = learning_settings(process), _arguments(process)
    arguments["weight_format"] = replace(arguments["weight_format"], sign_mode=settings.sign_mode, clip=False)
    tags = {"tag_2": _stored(process.tag_2), "tag_1": _stored(process.tag_1)}
    return LearningDenseNode(name, **arguments, settings=settings, traces=initial_traces(process), **tags)
