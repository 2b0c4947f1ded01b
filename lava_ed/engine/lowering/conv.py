"""Lowering of Lava's Conv."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.conv.models import PyConvModelFixed, PyConvModelFloat
from lava.proc.conv.process import Conv

from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.float_synapses import FloatConvNode
from lava_ed.engine.lowering.registry import lowers
from lava_ed.engine.lowering.values import array_of
from lava_ed.errors import ConfigError

GEOMETRY = ("kernel_size", "stride", "padding", "dilation", "groups")


def _geometry(process: Conv) -> dict[str, tuple[int, ...]]:
    """Kernel size, stride, padding, dilation and groups, as Lava's models take them.

    Raises
    ------
    ConfigError
        If one does not fit its 8 bits.
    """
    geometry = {var: tuple(int(x) for x in array_of(getattr(process, var), np.int8)) for var in GEOMETRY}
    if geometry["kernel_size"] != process.weight.shape[1:3] or min(geometry["stride"] + geometry["dilation"]) < 1:
        raise ConfigError(
            f"{process.name}: kernel size, stride and dilation are {geometry}, of which Lava's model can use numbers "
            "from 1 to 127 only: choose smaller ones"
        )
    return geometry


def _unused(process: Conv) -> dict[str, int]:
    """Vars that Lava's models never read."""
    return {
        "weight_exp": int(array_of(process.weight_exp, np.int32)[0]),
        "num_weight_bits": int(array_of(process.num_weight_bits, np.int8)[0]),
    }


def _shape(port: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in port.shape)


@lowers(PyConvModelFixed)
def lower_conv(process: Conv, name: str) -> ConvNode:
    """Conv → ConvNode."""
    return ConvNode(
        name,
        int(array_of(process.num_message_bits, np.int8)[0]),
        array_of(process.a_buf, np.int32),
        weight=array_of(process.weight, np.int32),
        input_shape=_shape(process.s_in),
        output_shape=_shape(process.a_out),
        geometry=_geometry(process),
        unused=_unused(process),
    )


@lowers(PyConvModelFloat)
def lower_float_conv(process: Conv, name: str) -> FloatConvNode:
    """Conv → FloatConvNode."""
    return FloatConvNode(
        name,
        process.s_in.size,
        ("a_buf", array_of(process.a_buf, np.float64)),
        int(array_of(process.num_message_bits, np.int8)[0]),
        weight=array_of(process.weight, np.float64),
        input_shape=_shape(process.s_in),
        geometry=_geometry(process),
        unused=_unused(process),
    )
