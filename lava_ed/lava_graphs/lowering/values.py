"""Initial values of Vars, as Lava's builder makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError, ShapeError, UnsupportedProcessError
from lava_ed.lava_graphs.lowering.registry import NotLoweredError
from lava_ed.network.values import whole_of


class NotWholeError(ConfigError):
    """A parameter that must be a whole number has a fraction, as those of floating-point models have."""


def array_of(var: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Initial value as an array of the ProcessModel's type; Lava assigns it in the same way.

    What is no array of numbers is a `ConfigError`, one that does not fit the shape of the Var a `ShapeError`.
    """
    given = np.asarray(var.init)
    if given.dtype.kind not in "biuf":
        raise ConfigError(f"{var.process.name}.{var.name} is {var.init!r}: numbers are needed")
    values: npt.NDArray[Any] = np.zeros(var.shape, dtype)
    try:
        with np.errstate(invalid="ignore"):
            values[:] = given
    except ValueError as error:
        raise ShapeError(
            f"{var.process.name}.{var.name} has the initial value of shape {given.shape}, which does not fit its "
            f"shape {var.shape}"
        ) from error
    return values


def _one_of(var: Any) -> Any:
    """The one number that a Var of shape (1,) was given, or that each entry of an array is."""
    values = np.asarray(var.init).reshape(-1)
    if not values.size or values.dtype.kind not in "biuf":
        raise ConfigError(f"{var.process.name}.{var.name} is {var.init!r}: a number is needed")
    if np.any(values != values[0]) and not np.all(np.isnan(values)):
        raise NotLoweredError(f"{var.process.name}.{var.name} has {values.size} values that differ")
    return values[0]


def integer_of(var: Any) -> int:
    """Initial value of a Var that the ProcessModel takes as one Python integer; with a fraction it cannot compute."""
    return _whole(_one_of(var), f"{var.process.name}.{var.name}")


def parameter_of(process: Any, name: str, default: int | None = None) -> int:
    """A parameter that is no Var and that the ProcessModel takes as one Python integer."""
    return _whole(process.proc_params.get(name, default), f"{process.name}: {name}")


def _whole(value: Any, what: str) -> int:
    number = whole_of(value)
    if number is None:
        raise NotWholeError(f"{what} is {value}: the model needs an integer")
    return number


def float_of(var: Any) -> float:
    """Initial value of a Var that the ProcessModel takes as one float."""
    return float(_one_of(var))


def refuse_connected(process: Any, ports: tuple[str, ...], reason: str) -> None:
    """Refuse a process one of whose OutPorts is connected, though its ProcessModel never sends on it."""
    for name in ports:
        if getattr(process, name).out_connections:
            raise UnsupportedProcessError(
                f"{process.name}.{name} is connected, but {reason}: on Lava's own runtime the receiver waits for ever. "
                "Connect an OutPort that sends, such as s_out"
            )
