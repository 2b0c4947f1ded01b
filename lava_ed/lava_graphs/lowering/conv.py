"""Lowering of Lava's Conv."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lava_ed.engine.assembler import Node
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.float_synapses import FloatConvNode
from lava_ed.errors import ConfigError
from lava_ed.lava_graphs.lowering.registry import lowers
from lava_ed.lava_graphs.lowering.values import array_of

if TYPE_CHECKING:  # it imports scipy.signal, which takes longer than the engine
    from lava.proc.conv.process import Conv

GEOMETRY = ("kernel_size", "stride", "padding", "dilation", "groups")


def _geometry(process: Conv) -> dict[str, tuple[int, ...]]:
    """Kernel size, stride, padding, dilation and groups, as Lava's models take them; each has to fit 8 bits."""
    geometry = {var: tuple(int(x) for x in array_of(getattr(process, var), np.int8)) for var in GEOMETRY}
    if geometry["kernel_size"] != process.weight.shape[1:3] or min(geometry["stride"] + geometry["dilation"]) < 1:
        raise ConfigError(
            f"{process.name}: kernel size, stride and dilation are {geometry}, of which Lava's model can use numbers "
            "from 1 to 127 only: choose smaller ones"
        )
    return geometry


@lowers("lava.proc.conv.models.PyConvModelFixed", node=ConvNode, dtype=np.int32)
@lowers("lava.proc.conv.models.PyConvModelFloat", node=FloatConvNode, dtype=np.float64)
def lower_conv(process: Conv, name: str, node: Callable[..., Node], dtype: type[np.generic]) -> Node:
    """Conv → the node of either model; both leave some Vars unread."""
    return node(
        name,
        weight=array_of(process.weight, dtype),
        message_bits=int(array_of(process.num_message_bits, np.int8)[0]),
        input_shape=tuple(int(n) for n in process.s_in.shape),
        geometry=_geometry(process),
        unused={
            "weight_exp": int(array_of(process.weight_exp, np.int32)[0]),
            "num_weight_bits": int(array_of(process.num_weight_bits, np.int8)[0]),
        },
        a_buff=array_of(process.a_buf, dtype),
    )
