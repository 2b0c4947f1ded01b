"""The numbers of a netx file, declared once: reading, checking and writing a layer follow from these tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError

NEVER: Final = 1 << 17
"""vThMant of a neuron that never spikes: 2^17·2^6 lies above the largest 24-bit membrane."""
MAX_MANTISSA: Final = 2**31 - 1
"""Largest vThMant that is read: from 2^17 on a neuron never spikes."""
MAX_THRESHOLD: Final = 2**19 - 1
"""Largest vThMant of a sigma-delta neuron, which Lava scales by 2^12 and holds in 32 bits."""
MAX_DELAY: Final = 62
"""Longest synaptic delay that lava-dl passes on."""
MAX_NEURONS: Final = 1 << 20
"""Inputs and neurons of a net: as many as a Loihi 2 chip has."""


@dataclass(frozen=True)
class Field:
    """One field of a group."""

    name: str
    low: int = -(2**31)
    high: int = 2**31 - 1
    """Smallest and largest value."""
    default: int | None = None
    """The value of a field that a file leaves out; None where the file must have it."""
    fractions: Literal["refused", "cut", "told"] = "refused"
    """Whether they are an error, or are cut off, as lava-dl does it, without a word or with a remark."""
    fits: npt.DTypeLike = np.int64
    written: npt.DTypeLike = np.int64
    """What holds the values of a file that we write, and the type that they have in it."""

    def holds(self, values: npt.ArrayLike) -> bool:
        """Whether all values lie in the range."""
        found: npt.NDArray[Any] = np.asarray(values)
        return not found.size or bool(found.min() >= self.low and found.max() <= self.high)


def check_numbers(fields: Sequence[Field], record: Any, problem: str) -> None:
    """Refuse a record with a value out of range, by a sentence with places for its name, value and range."""
    for field, value in zip(fields, astuple(record), strict=True):
        if np.asarray(value).dtype.kind not in "iu" or not field.holds(value):
            raise ExchangeError(problem.format(field.name, value, field.low, field.high))


SHAPE: Final = Field("shape", 1, MAX_NEURONS)
NEURON: Final = (Field("iDecay", 0, 4096), Field("vDecay", 0, 4096), Field("vThMant", 0, MAX_MANTISSA))
MESSAGE_BITS: Final = Field("messageBits", default=0)
CONVOLUTION: Final = (
    Field("stride", 1, 127, 1),
    Field("padding", 0, 127, 0),
    Field("dilation", 1, 127, 1),
    Field("groups", 1, 127, 1),
)
_INT16: Final = (-(2**15), 2**15 - 1)
"""Biases that Lava's LIF holds as they are: its mantissa has 16 bits, of which the chip has 13."""
_OPAQUE: Final = (-(2**40), 2**40)
"""Weights that are clipped, and delays that are clamped, are believed up to here."""
TRANSFORM: Final = (Field("weight", *_INT16, 64, "cut"), Field("bias", *_INT16, 0, "cut"))
"""Fields of an input layer with neurons; lava-dl takes weight 64 and bias 0 where a file leaves them out."""
_DENSE: Final = (
    Field("weight", *_OPAQUE, None, "told", np.int16, np.int16),
    Field("weight_rec", *_OPAQUE, None, "told", np.int16, np.int16),
    Field("bias", *_INT16, 0, "told", np.int16, np.int32),
    Field("delay", *_OPAQUE, None, "told", np.int16, np.int16),
)
_CONV: Final = (
    Field("weight", fractions="told", fits=np.int32, written=np.int32),
    Field("bias", *_INT16, 0, "cut", np.int16, np.int32),
)
ARRAYS: Final[dict[str, tuple[Field, ...]]] = {
    "input": (),
    "flatten": (),
    "dense": _DENSE,
    "dense_rec": _DENSE,
    "conv": _CONV,
}
"""Kind of layer → the arrays that it can have, by the names that they also have in `NetxLayer`."""
