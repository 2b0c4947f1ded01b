"""Initial values of Vars, as Lava's builder makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError, UnsupportedProcessError


def array_of(var: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Initial value as an array of the ProcessModel's type; Lava assigns it in the same way."""
    values: npt.NDArray[Any] = np.zeros(var.shape, dtype)
    with np.errstate(invalid="ignore"):
        values[:] = np.asarray(var.init)
    return values


def _one_of(var: Any) -> Any:
    """The one number that a Var of shape (1,) was given, or that each entry of an array is."""
    values = np.asarray(var.init).reshape(-1)
    if np.any(values != values[0]):
        raise ConfigError(
            f"{var.process.name}.{var.name} has {values.size} values that differ: a layer has one, give one number"
        )
    return values[0]


def integer_of(var: Any) -> int:
    """Initial value of a Var that the ProcessModel takes as one Python integer.

    Raises
    ------
    ConfigError
        If it is not an integer, with which the fixed-point model cannot compute, or there are several that differ.
    """
    value = _one_of(var)
    if value != int(value):
        raise ConfigError(f"{var.process.name}.{var.name} is {value}: the fixed-point model needs an integer")
    return int(value)


def float_of(var: Any) -> float:
    """As `integer_of`, of a floating-point ProcessModel."""
    return float(_one_of(var))


def refuse_connected(process: Any, ports: tuple[str, ...], reason: str) -> None:
    """Refuse a process one of whose OutPorts is connected, though its ProcessModel never sends on it."""
    for name in ports:
        if getattr(process, name).out_connections:
            raise UnsupportedProcessError(
                f"{process.name}.{name} is connected, but {reason}: on Lava's own runtime the receiver waits for ever. "
                "Connect an OutPort that sends, such as s_out"
            )
