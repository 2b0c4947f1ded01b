"""Lowerings of Lava's Sigma, Delta and SigmaDelta."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.sdn.models import PyDeltaModelFixed, PySigmaDeltaModelFixed, PySigmaModelFixed
from lava.proc.sdn.process import ActivationMode

from lava_ed.engine.families.sigma_delta import SigmaDeltaNode
from lava_ed.errors import ConfigError
from lava_ed.lava_graphs.lowering.registry import lowers
from lava_ed.lava_graphs.lowering.values import array_of


@lowers(PySigmaModelFixed, PyDeltaModelFixed, PySigmaDeltaModelFixed)
def lower_sigma_delta(process: Any, name: str) -> SigmaDeltaNode:
    """Sigma, Delta or SigmaDelta → SigmaDeltaNode.

    Raises
    ------
    ConfigError
        If the activation is none that Lava's model knows.
    """
    mode = process.proc_params.get("act_mode", ActivationMode.UNIT)
    if mode not in tuple(ActivationMode):
        raise ConfigError(f"{process.name}: activation mode {mode!r} is unknown: use UNIT or RELU of ActivationMode")
    state = {
        var.name: array_of(var, np.bool_).astype(np.int32) if var.name == "cum_error" else array_of(var, np.int32)
        for var in process.vars.members
    }
    return SigmaDeltaNode(name, state=state, relu=mode == ActivationMode.RELU)
