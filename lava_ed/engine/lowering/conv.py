"""Lowering of Lava's Conv."""

from __future__ import annotations

import numpy as np
from lava.proc.conv.models import PyConvModelFixed
from lava.proc.conv.process import Conv

from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.lowering.registry import lowers
from lava_ed.engine.lowering.values import array_of
from lava_ed.errors import ConfigError

GEOMETRY = ("kernel_size", "stride", "padding", "dilation", "groups")


@lowers(PyConvModelFixed)
def lower_conv(process: Conv, name: str) -> ConvNode:
    """Conv → ConvNode."""
    geometry = {var: tuple(int(x) for x in array_of(getattr(process, var), np.int8)) for var in GEOMETRY}
    if geometry["kernel_size"] != process.weight.shape[1:3] or min(geometry["stride"] + geometry["dilation"]) < 1:
        raise ConfigError(
            f"{process.name}: kernel size, stride and dilation are {geometry}, of which Lava's model can use numbers "
            "from 1 to 127 only: choose smaller ones"
        )
    return ConvNode(
        name,
        array_of(process.weight, np.int32),
        tuple(int(n) for n in process.s_in.shape),
        tuple(int(n) for n in process.a_out.shape),
        array_of(process.a_buf, np.int32),
        int(array_of(process.num_message_bits, np.int8)[0]),
        geometry,
        {
            "weight_exp": int(array_of(process.weight_exp, np.int32)[0]),
            "num_weight_bits": int(array_of(process.num_weight_bits, np.int8)[0]),
        },
    )
