"""Lowerings of Lava's Sigma, Delta, SigmaDelta, S4d and SigmaS4dDelta."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from lava.proc.s4d.models import PySigmaS4dDeltaModelFloat, S4dModel
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
from lava_ed.engine.families.s4d import PARAMETERS, ComplexS4dNode
from lava_ed.engine.families.sigma_delta import REAL_DELTA, SigmaDeltaNode
from lava_ed.engine.op import NOWHERE
from lava_ed.errors import ConfigError
from lava_ed.kernels.stock.state_space import multiply_complex
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.values import array_of

_SUMMING: Final = {"Sigma", "SigmaDelta", "SigmaS4dDelta"}
_CHANGES: Final = {"Delta", "SigmaDelta", "SigmaS4dDelta"}
_LINEAR: Final = {"S4d", "SigmaS4dDelta"}
_SHORT: Final = {"float16", "float32", "complex64"}
_TYPES: Final[dict[str, Any]] = {
    "cum_error": np.bool_, "spike_exp": np.int32, "state_exp": np.int32, "s4_exp": np.int32, "inp_exp": np.int32,
}  # fmt: skip


@lowers(PySigmaModelFixed, PyDeltaModelFixed, PySigmaDeltaModelFixed)
def lower_sigma_delta(process: Any, name: str) -> SigmaDeltaNode:
    """Sigma, Delta or SigmaDelta → SigmaDeltaNode."""
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
    """Sigma, Delta, SigmaDelta, or SigmaS4dDelta or S4d with real parameters → NeuronNode."""
    if any(np.iscomplexobj(var.init) for var in process.vars.members):
        raise NotLoweredError(f"{process.name} has complex parameters")
    state = {var.name: array_of(var, _TYPES.get(var.name, np.float64)) for var in process.vars.members}
    parts = {"sigma": _SUMMING, "bias": {"SigmaDelta"}, "s4": _LINEAR, "act": _CHANGES}
    kind, n = type(process).__name__, int(np.prod(process.s_out.shape))
    missing = dict.fromkeys({"sigma", "bias", "s4_state", "a", "b", "c", "act", "residue", "error"} - set(state), 0)
    missing |= dict.fromkeys({"vth", "cum_error"} - set(state), NOWHERE)
    lengths = {f"n_{part}": n if kind in kinds else 0 for part, kinds in parts.items()}
    numbers = missing | lengths | {"relu": int(_is_relu(process))}
    return NeuronNode(name, step=REAL_DELTA, shape=process.s_out.shape, state=state, numbers=numbers)


@lowers(S4dModel)
def lower_s4d(process: Any, name: str) -> NeuronNode:
    """S4d → NeuronNode, or ComplexS4dNode where a is complex."""
    given = {var: np.asarray(getattr(process, var).init) for var in ("s4_state", *PARAMETERS)}
    if any(values.dtype.name in _SHORT for values in given.values()):
        raise NotLoweredError(f"{process.name} has parameters in less than double precision")
    if not np.iscomplexobj(given["a"]):
        return lower_real_sigma_delta(process, name)
    shape = process.s_out.shape
    whole = {var: np.array(np.broadcast_to(values, shape), np.complex128) for var, values in given.items()}
    exponents = {var: array_of(getattr(process, var), np.int32) for var in ("s4_exp", "inp_exp")}
    return ComplexS4dNode(
        name,
        shape=shape,
        state={var: values.real.copy() for var, values in whole.items()} | exponents,
        imaginary={var: values.imag.copy() for var, values in whole.items()},
        numbers={"real_b": int(not np.iscomplexobj(given["b"])), "is_fused": int(_products_are_fused(process.name))},
    )


def _products_are_fused(name: str) -> bool:
    """How numpy multiplies complex numbers on this processor, if it is in one of the two ways that are known."""
    x, y = np.random.default_rng(0).normal(size=(2, 64, 2))
    expected = (x.view(np.complex128) * y.view(np.complex128)).view(np.float64)
    for is_fused in (True, False):
        values = np.zeros_like(x)
        multiply_complex(x, y, is_fused, values)
        if np.array_equal(values, expected):
            return is_fused
    raise NotLoweredError(f"{name} has complex parameters, which numpy multiplies here in a way that is not known")
