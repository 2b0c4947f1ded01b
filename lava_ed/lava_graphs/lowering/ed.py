"""Lowering of our own processes: the engine's node for a kind takes what the process was made with."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed import proc
from lava_ed.engine.assembler import Node
from lava_ed.engine.build import node_of
from lava_ed.lava_graphs.lowering.registry import lowers
from lava_ed.network.weights import pack_weights
from lava_ed.proc.phased import PhasedModel, PhasedProcess

_FIELDS = {"rate_mantissa": "mantissa", "rate_exponent": "exponent", "scalar": "scalar_rounding"}
"""Vars whose initial value is a field of another name."""
_LOADED: dict[str, Any] = {
    "weights": pack_weights,
    "samples": lambda init: np.ascontiguousarray(init, np.uint8),
    "labels": lambda init: np.asarray(init, np.int32),
}
"""Vars whose initial values a node loads, and how."""


@lowers(*(value for value in vars(proc).values() if isinstance(value, type) and issubclass(value, PhasedModel)))
def lower_ours(process: PhasedProcess, name: str) -> Node:
    """The node of one of our processes, which starts from the initial values of its Vars."""
    values = {key: process.proc_params[key] for key in process.proc_params._parameters}
    for var in process.vars.members:
        if var.name in _LOADED:
            values[var.name] = _LOADED[var.name](var.init)
        elif var.shape == (1,):
            values[_FIELDS.get(var.name, var.name)] = int(np.asarray(var.init).reshape(-1)[0])
    shape = values.get("shape") or process.out_ports.members[0].shape
    return node_of(process.declares.name, name, shape, values)
