"""Lowerings of Lava's Sigma, Delta, SigmaDelta and SigmaS4dDelta."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from lava.proc.s4d.models import PySigmaS4dDeltaModelFloat
from lava.proc.sdn.models import (
    PyDeltaModelFixed,
    PyDeltaModelFloat,
    PySigmaDeltaModelFixed,
    PySigmaDeltaModelFloat,
    PySigmaModelFixed,
    PySigmaModelFloat,
)
from lava.proc.sdn.process import ActivationMode

from lava_ed.engine.families.neurons import NeuronNode
from lava_ed.engine.families.sigma_delta import REAL_DELTA, SigmaDeltaNode
from lava_ed.engine.op import NOWHERE
from lava_ed.errors import ConfigError
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.values import array_of

_KINDS: Final = {"Sigma", "Delta", "SigmaDelta", "SigmaS4dDelta"}


@lowers(PySigmaModelFixed, PyDeltaModelFixed, PySigmaDeltaModelFixed)
def lower_sigma_delta(process: Any, name: str) -> SigmaDeltaNode:
    """Sigma, Delta or SigmaDelta → SigmaDeltaNode.

    Raises
    ------
    ConfigError
        If the activation is none that Lava's model knows.
    """
    relu = _is_relu(process)
    state = {
        var.name: array_of(var, np.bool_).astype(np.int32) if var.name == "cum_error" else array_of(var, np.int32)
        for var in process.vars.members
    }
    return SigmaDeltaNode(name, state=state, relu=relu)


def _is_relu(process: Any) -> bool:
    """Whether activations are not less than 0."""
    mode = process.proc_params.get("act_mode", ActivationMode.UNIT)
    if mode not in tuple(ActivationMode):
        raise ConfigError(f"{process.name}: activation mode {mode!r} is unknown: use UNIT or RELU of ActivationMode")
    return bool(mode == ActivationMode.RELU)


@lowers(PySigmaModelFloat, PyDeltaModelFloat, PySigmaDeltaModelFloat, PySigmaS4dDeltaModelFloat)
def lower_real_sigma_delta(process: Any, name: str) -> NeuronNode:
    """Sigma, Delta, SigmaDelta or SigmaS4dDelta → NeuronNode; of complex numbers Lava's model takes the real part."""
    if any(np.iscomplexobj(var.init) for var in process.vars.members):
        raise NotLoweredError(f"{process.name} has complex parameters")
    types: dict[str, Any] = {"cum_error": np.bool_, "spike_exp": np.int32, "state_exp": np.int32, "s4_exp": np.int32}
    state = {var.name: array_of(var, types.get(var.name, np.float64)) for var in process.vars.members}
    parts = {"sigma": _KINDS - {"Delta"}, "bias": {"SigmaDelta"}, "s4": {"SigmaS4dDelta"}, "act": _KINDS - {"Sigma"}}
    kind, n = type(process).__name__, int(np.prod(process.s_out.shape))
    missing = dict.fromkeys({"sigma", "bias", "s4_state", "a", "b", "c", "act", "residue", "error"} - set(state), 0)
    missing |= dict.fromkeys({"vth", "cum_error"} - set(state), NOWHERE)
    lengths = {f"n_{part}": n if kind in kinds else 0 for part, kinds in parts.items()}
    numbers = missing | lengths | {"relu": int(_is_relu(process))}
    return NeuronNode(name, step=REAL_DELTA, shape=process.s_out.shape, state=state, numbers=numbers)
