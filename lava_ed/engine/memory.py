"""The flat state of a program, and where each Var lies in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError, ShapeError
from lava_ed.network.values import numbers_of
from lava_ed.network.weights import pack_weights, unpack_weights

ARENAS: Final[dict[str, type[np.generic]]] = {
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
    "f64": np.float64,
}

CACHE_LINE: Final = 64
"""Bytes."""


def aligned_zeros(size: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Zeros that begin at a cache line, without which the time of a step would vary from run to run."""
    itemsize = np.dtype(dtype).itemsize
    room = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    return room[first : first + size * itemsize].view(dtype)


@dataclass(frozen=True)
class Slot:
    """A region of one arena: where a Var's values, or an op's scratch, lie."""

    arena: str
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


@dataclass
class Memory:
    """Arenas of one integer type each; regions are handed out once, then the arenas are frozen."""

    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ARENAS, 0))
    _initial: list[tuple[Slot, npt.NDArray[Any]]] = field(default_factory=list)

    def allocate(self, arena: str, shape: tuple[int, ...], init: npt.ArrayLike | None = None) -> Slot:
        """Reserve a region, which holds `init` (broadcast) or zeros once the arenas are frozen.

        A region of at least a cache line begins at one, as vector code reads it faster there.
        """
        line = CACHE_LINE // np.dtype(ARENAS[arena]).itemsize
        if math.prod(shape) >= line:
            self._used[arena] += -self._used[arena] % line
        slot = Slot(arena, self._used[arena], shape)
        self._used[arena] += slot.size
        if init is not None:
            values = np.asarray(init)
            if values.size not in (1, slot.size):
                raise ShapeError(f"initial value has shape {values.shape}, the Var has {shape}")
            if arena != "f64" and values.dtype != ARENAS[arena]:
                check_range(values, range_of(ARENAS[arena]), "an initial value")
            self._initial.append((slot, values))
        return slot

    def freeze(self) -> None:
        """Create the arenas and write the initial values."""
        self.arrays = {
            name: aligned_zeros(n if name == "f64" else max(n, 1), ARENAS[name]) for name, n in self._used.items()
        }
        for slot, values in self._initial:
            self.view(slot)[...] = values.reshape(slot.shape) if values.size == slot.size else values
        self._initial.clear()

    def view(self, slot: Slot) -> npt.NDArray[Any]:
        """The live values of a region, without a copy."""
        return self.arrays[slot.arena][slot.offset : slot.offset + slot.size].reshape(slot.shape)


class Limits(NamedTuple):
    """The least and the largest value of a Var, what the values are, and the type that holds them."""

    low: float
    high: float
    meaning: str = ""
    type: str = "integer"


def range_of(dtype: Any) -> Limits:
    """What an integer type can hold."""
    limits = np.iinfo(dtype)
    return Limits(int(limits.min), int(limits.max), type=str(np.dtype(dtype)))


def check_range(values: npt.NDArray[Any], limits: Limits, name: str) -> None:
    """Refuse numbers that are not finite, or outside the limits.

    Raises
    ------
    ConfigError
    """
    if not values.size:
        return
    # Python compares an integer with a float exactly; numpy would round 2^63 − 1 up to 2^63.
    extremes = [float(x) if values.dtype.kind == "f" else int(x) for x in (values.min(), values.max())]
    for value in extremes:
        if not limits.low <= value <= limits.high:
            raise ConfigError(
                f"{name}: {value} is outside the {limits.type} range {limits.low} … {limits.high} of this Var"
                f"{f' ({limits.meaning})' if limits.meaning else ''}; nothing was written: give numbers within it"
            )


@dataclass
class Pending:
    """The values that the user gave for a Var, until the first step converts them."""

    values: npt.NDArray[Any] | None = None


@dataclass(frozen=True)
class Variable:
    """A Var of a node: where its values lie, in which form, and what a read or a write has to do besides.

    Parameters
    ----------
    slot : Slot
    packed : bool
        Halved mixed-sign weights, transposed.
    transposed : bool
        The user's last axis is stored first.
    row_nonzeros : Slot, optional
        Non-zero weights of each row, kept up to date.
    user_shape : tuple, optional
        Shape as the user sees it, where the slot does not tell.
    pending : Pending, optional
        Holds the values until the first step.
    order : integer array, optional
        Place of each value of the user's (k,) in the slot.
    limits : Limits, optional
        What the Var may hold where its arena's type holds more.  Compiled code checks nothing, so that every Var
        that it uses as an index, a shift or a length has limits.
    flag : bool
        Whether the Var is a bool: 0, or 1 for any other number that is written.
    before_read : callable, optional
        Called before every read between two steps, to bring the values up to date.
    after_write : callable, optional
        Called after every write, to compute what the engine derives from the values.
    on_update : callable, optional
        Called after a write by the user, as Lava calls on_var_update, but not after one through a RefPort.
    text : callable, optional
        Writes an ASCII text that is at most as long as the slot, if the Var holds the codes of characters.
    read_only : str
        Why the Var cannot be written, empty if it can.
    """

    slot: Slot
    packed: bool = False
    transposed: bool = False
    row_nonzeros: Slot | None = None
    user_shape: tuple[int, ...] | None = None
    pending: Pending | None = None
    order: npt.NDArray[np.int64] | None = None
    limits: Limits | None = None
    flag: bool = False
    before_read: Callable[[Memory], None] | None = None
    after_write: Callable[[Memory], None] | None = None
    on_update: Callable[[Memory], None] | None = None
    text: Callable[[Memory, str], None] | None = None
    read_only: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape as the user sees it: weights are (n_post, n_pre)."""
        if self.user_shape is not None:
            return self.user_shape
        return self.slot.shape[::-1] if self.packed or self.transposed else self.slot.shape

    @property
    def range(self) -> Limits | None:
        """What can be written, None for floats without limits."""
        if self.slot.arena == "f64":
            return self.limits
        whole = range_of(ARENAS[self.slot.arena])
        if self.limits is None:
            return whole
        low, high, meaning, _ = self.limits
        return Limits(max(whole.low, low), min(whole.high, high), meaning, whole.type)


def read_variable(memory: Memory, variable: Variable) -> npt.NDArray[Any]:
    """A copy of a Var's value in the user's form."""
    if variable.pending is not None and variable.pending.values is not None:
        return variable.pending.values.copy()
    if variable.before_read is not None:
        variable.before_read(memory)
    values = memory.view(variable.slot)
    if variable.packed:
        return unpack_weights(values)
    if variable.text is not None:
        return np.asarray(values[: np.count_nonzero(values)])
    if variable.order is not None:
        return np.asarray(values[variable.order]).reshape(variable.shape)
    return (values.T if variable.transposed else values).reshape(variable.shape).copy()


def write_variable(
    memory: Memory, variable: Variable, value: npt.ArrayLike, by_reference: bool = False, name: str = "the value"
) -> None:
    """Check and store a Var's value, from the user or through a RefPort; nothing changes if it does not fit.

    Floats other than weights are cut to integers, as Lava's runtime does.

    Raises
    ------
    ShapeError, WeightError, ConfigError
        If the shape, a weight, the type or the range is wrong, or the Var cannot be written.
    """
    if variable.read_only:
        raise ConfigError(variable.read_only)
    if variable.packed:
        view = memory.view(variable.slot)
        view[...] = pack_weights(value, variable.shape)  # type: ignore[arg-type]
        if variable.row_nonzeros is not None:
            memory.view(variable.row_nonzeros)[...] = np.count_nonzero(view, axis=1)
    elif variable.text is not None:
        variable.text(memory, _text_of(numbers_of(value, name), variable.slot.size))
    else:
        _write_plain(memory, variable, numbers_of(value, name), name)
    if variable.after_write is not None:
        variable.after_write(memory)
    if variable.on_update is not None and not by_reference:
        variable.on_update(memory)


def _write_plain(memory: Memory, variable: Variable, new: npt.NDArray[Any], name: str) -> None:
    """Store numbers after a check of their shape and range."""
    _check_shape(new, variable.shape, name)
    view = memory.view(variable.slot)
    pending = variable.pending
    if pending is not None and pending.values is not None:
        # The first step cuts them to their format, so that only their type is a limit.
        dtype = pending.values.dtype
        check_range(new, range_of(dtype if dtype.kind in "iu" else np.int32), name)
        pending.values = new.reshape(variable.shape).astype(dtype)
        return
    if variable.flag:
        check_range(new, Limits(-(2**63), 2**63 - 1), name)
        new = new != 0
    limits = variable.range
    if limits is not None:
        check_range(new, limits, name)
    if variable.order is not None:
        view[variable.order] = new.reshape(-1)
    else:
        view = view.T if variable.transposed else view
        view[...] = new.reshape(view.shape)


def _check_shape(new: npt.NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    """Refuse a shape that is not the Var's own; axes of one value do not matter, and a row of all values will do.

    Raises
    ------
    ShapeError
    """
    own = [length for length in shape if length != 1]
    if new.size != np.prod(shape, dtype=np.int64) or (
        new.ndim > 1 and [length for length in new.shape if length != 1] != own
    ):
        raise ShapeError(f"{name} has shape {new.shape}, the Var has {shape}: give it all of its values, in that shape")


def _text_of(codes: npt.NDArray[Any], most: int) -> str:
    """A text from its character codes, which is how Lava hands it over."""
    if codes.ndim != 1 or not 0 < codes.size <= most:
        raise ShapeError(f"a text of {codes.size} characters does not fit this Var: 1 … {most} are possible")
    if not np.all(np.isfinite(codes)) or codes.min() < 1 or codes.max() > 127:
        raise ConfigError("this Var holds a text: give it a str of ASCII characters")
    return bytes(codes.astype(np.uint8)).decode("ascii")
