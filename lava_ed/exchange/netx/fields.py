"""The numbers of a netx file, declared once: reading, checking and writing a layer follow from these tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

NEVER: Final = 1 << 17
"""vThMant of a neuron that never spikes: 2^17·2^6 lies above the largest 24-bit membrane."""
MAX_MANTISSA: Final = 2**31 - 1
"""Largest vThMant that is read: from 2^17 on a neuron never spikes."""
MAX_DELAY: Final = 62
"""Longest synaptic delay that lava-dl passes on."""
MAX_NEURONS: Final = 1 << 20
"""Inputs and neurons of a net: as many as a Loihi 2 chip has."""


@dataclass(frozen=True)
class Field:
    """One field of a group.

    Attributes
    ----------
    name : str
    low, high : int
        Smallest and largest value.
    default : int or None
        The value of a field that a file leaves out; None where the file must have it.
    fractions : {"refused", "cut", "told"}
        Whether they are an error, or are cut off, as lava-dl does it, without a word or with a remark.
    fits, written : integer types
        What holds the values of a file that we write, and the type that they have in it.
    """

    name: str
    low: int = -(2**31)
    high: int = 2**31 - 1
    default: int | None = None
    fractions: Literal["refused", "cut", "told"] = "refused"
    fits: npt.DTypeLike = np.int64
    written: npt.DTypeLike = np.int64

    def holds(self, values: npt.ArrayLike) -> bool:
        """Whether all values lie in the range."""
        found: npt.NDArray[Any] = np.asarray(values)
        return not found.size or bool(found.min() >= self.low and found.max() <= self.high)


def _bias(fractions: Literal["cut", "told"]) -> Field:
    """Biases that Lava's LIF holds as they are: its mantissa has 16 bits, of which the chip has 13."""
    return Field("bias", -(2**15), 2**15 - 1, 0, fractions, np.int16, np.int32)


def _opaque(name: str) -> Field:
    """Weights that are clipped, and delays that are clamped, are believed up to 2^40."""
    return Field(name, -(2**40), 2**40, None, "told", np.int16, np.int16)


SHAPE: Final = Field("shape", 1, MAX_NEURONS)
NEURON: Final = (Field("iDecay", 0, 4096), Field("vDecay", 0, 4096), Field("vThMant", 0, MAX_MANTISSA))
MESSAGE_BITS: Final = Field("messageBits", default=0)
CONVOLUTION: Final = (
    Field("stride", 1, 127, 1),
    Field("padding", 0, 127, 0),
    Field("dilation", 1, 127, 1),
    Field("groups", 1, 127, 1),
)
TRANSFORM: Final = (Field("weight", -(2**15), 2**15 - 1, 64, "cut"), Field("bias", -(2**15), 2**15 - 1, 0, "cut"))
"""Of an input layer with neurons; lava-dl takes 64 for the weight, and 0 for the bias, where they are left out."""
_DENSE: Final = (_opaque("weight"), _opaque("weight_rec"), _bias("told"), _opaque("delay"))
ARRAYS: Final[dict[str, tuple[Field, ...]]] = {
    "input": (),
    "flatten": (),
    "dense": _DENSE,
    "dense_rec": _DENSE,
    "conv": (Field("weight", fractions="told", fits=np.int32, written=np.int32), _bias("cut")),
}
"""Kind of layer → the arrays that it can have, by the names that they also have in `NetxLayer`."""
