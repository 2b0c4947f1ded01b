"""Lowerings of Lava's LIF neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.lif.models import PyLearningLIFModelFixed, PyLifModelBitAcc, PyLifResetModelBitAcc, PyTernLifModelFixed
from lava.proc.lif.process import LearningLIF, LIFReset, TernaryLIF

from lava_ed.engine.families.lif import RESET, TERNARY, LIFNode
from lava_ed.lava_graphs.lowering.registry import lowers
from lava_ed.lava_graphs.lowering.values import array_of, integer_of, parameter_of, refuse_connected

LEARNING_PORTS = ("s_out_bap", "s_out_y1", "s_out_y2", "s_out_y3")


@lowers(PyLifModelBitAcc)
def lower_lif(process: Any, name: str, **more: Any) -> LIFNode:
    """LIF → LIFNode; other neurons have the same parameters, and more."""
    types: dict[str, Any] = {"u": np.int32, "v": np.int32, "bias_mant": np.int16, "bias_exp": np.int16}
    if "thresholds" not in more:
        more["thresholds"] = {"vth": integer_of(process.vth)}
    return LIFNode(
        name,
        state={var: array_of(getattr(process, var), dtype) for var, dtype in types.items()},
        decays=(integer_of(process.du), integer_of(process.dv)),
        **more,
    )


@lowers(PyLifResetModelBitAcc)
def lower_lif_reset(process: LIFReset, name: str) -> LIFNode:
    """LIFReset → LIFNode."""
    interval, offset = (parameter_of(process, f"reset_{what}") for what in ("interval", "offset"))
    return lower_lif(process, name, kind=RESET, interval=interval, offset=offset)


@lowers(PyTernLifModelFixed)
def lower_ternary_lif(process: TernaryLIF, name: str) -> LIFNode:
    """TernaryLIF → LIFNode."""
    thresholds = {var: int(array_of(getattr(process, var), np.int32)[0]) for var in ("vth_lo", "vth_hi")}
    return lower_lif(process, name, kind=TERNARY, thresholds=thresholds)


@lowers(PyLearningLIFModelFixed)
def lower_learning_lif(process: LearningLIF, name: str) -> LIFNode:
    """LearningLIF → LIFNode: Lava's own model fires like LIF, and sends nothing on its learning ports."""
    refuse_connected(process, LEARNING_PORTS, "Lava's LearningLIF never sends on it")
    return lower_lif(
        process, name, constants={var: array_of(getattr(process, var), np.int32) for var in ("y1", "y2", "y3")}
    )
