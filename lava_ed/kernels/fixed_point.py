"""Named widths, shifts, saturation, wrapping and counter-based randomness of Loihi 2 arithmetic.

All functions are scalar and compiled; array kernels of the other modules call them in loops.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel_part

STATE_BITS: Final = 24
"""Width of membrane, current, and error states, sign included."""
STATE_MAX: Final = 2 ** (STATE_BITS - 1) - 1
STATE_MIN: Final = -(2 ** (STATE_BITS - 1))
DECAY_BITS: Final = 12
"""Decay constants are unsigned 12-bit fractions: 4096 is all of the state."""
DECAY_UNITY: Final = 2**DECAY_BITS
WEIGHT_BITS: Final = 8
"""Stored width of a weight; mixed-sign weights are even numbers in WEIGHT_MIN … WEIGHT_MAX."""
WEIGHT_MIN: Final = -256
WEIGHT_MAX: Final = 254
TRACE_BITS: Final = 7
TRACE_MAX: Final = 2**TRACE_BITS - 1
ACCUMULATOR_BITS: Final = 15
"""Learning accumulator: 15 bits and a sign; one weight unit is 2^(15-8) of its units."""
ACCUMULATOR_MAX: Final = 2**ACCUMULATOR_BITS - 1
ACCUMULATOR_MIN: Final = -(2**ACCUMULATOR_BITS) - 1
WEIGHT_LSB_SHIFT: Final = 8
"""One stored (halved) weight step is 2^8 accumulator units."""
MANTISSA_BITS: Final = 4
SCALE_EXPONENT_MIN: Final = -7
SCALE_EXPONENT_MAX: Final = 8
TAG_MAX: Final = 255
"""Tags hold 8 bits and a sign."""
ERROR_MAX: Final = 127
"""An output error is a signed 8-bit number."""
ERROR_FRACTION_BITS: Final = 8
"""Fractional bits that MPD-ED's D, B and messages carry."""
MAP_FRACTION_BITS: Final = 4
"""The same of maps, whose errors are calibrated: with them, the largest sums of a kernel's errors fit 32 bits."""
COLUMNS_MAX: Final = (1 << 15) - 1
"""Most post-synaptic neurons of a connection that learns: what its kernel counts in a row fits 16 bits."""
BIAS_MAX: Final = 2**30
"""Largest |bias| of an output: with a membrane of 24 bits it stays inside 32, and −2^30 takes an output out."""
PORT_SHIFT_MAX: Final = 16
"""Most bits that `random_word` gives, and so the longest shift of what is rounded with it."""
HISTORY_BITS: Final = 32
"""Width of a word of a neuron's spike history: a bit for each time step."""
HISTORY_WORDS: Final = 2
"""Most words of a history, and so the longest window MPD-ED can replay."""
BIN_STEPS: Final = 8
"""Time steps that a byte of a sample holds under the encoder bins, a bit each; the bytes of the next 8 follow."""

_GOLDEN: Final = 0x9E3779B97F4A7C15
_MIX_A: Final = 0xBF58476D1CE4E5B9
_MIX_B: Final = 0x94D049BB133111EB


def planes_of(encoder: str | None, steps: int) -> int:
    """Bytes of an input in a sample, which come one plane of all inputs after the other: more than 1 of bins only.

    Examples
    --------
    >>> planes_of("rate", 64), planes_of("bins", 8), planes_of("bins", 64)
    (1, 1, 8)
    """
    return -(-steps // BIN_STEPS) if encoder == "bins" else 1


@kernel_part
def shift_signed(x, n):
    """sign(x)·(|x| » n): an arithmetic shift that rounds towards zero, left for negative n."""
    if n >= 0:
        size = abs(x) >> n
        return -size if x < 0 else size
    return x << -n


@kernel_part
def decay(x, constant):
    """sign(x)·(|x|·(4096 − constant) » 12): the state decay of Lava's fixed-point LIF."""
    return shift_signed(np.int64(x) * (DECAY_UNITY - constant), DECAY_BITS)


@kernel_part
def saturate(x, low, high):
    """min(max(x, low), high)."""
    return low if x < low else (high if x > high else x)


@kernel_part
def wrap_state(x):
    """x modulo 2^24, as a signed 24-bit number."""
    return ((x + 0x800000) & 0xFFFFFF) - 0x800000


@kernel_part
def mix64(x):
    """Finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): 64 bits in, 64 mixed bits out."""
    z = np.uint64(x) + np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX_A)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX_B)
    return z ^ (z >> np.uint64(31))


@kernel_part
def stream_key(seed, presentation, layer, step):
    """64-bit key of the random stream of one layer in one step of one presentation."""
    key = mix64(np.uint64(seed))
    key = mix64(key ^ np.uint64(presentation))
    key = mix64(key ^ np.uint64(layer))
    return mix64(key ^ np.uint64(step))


@kernel_part
def row_key(key, row):
    """32-bit key of one row (one pre-synaptic neuron) of a layer's random stream."""
    return np.uint32(mix64(key ^ np.uint64(row)) >> np.uint64(32))


@kernel_part
def hash32(key32, column):
    """32 mixed bits for one synapse or neuron: an integer hash of its row key and column.

    The mixing constants are those of "lowbias32" (C. Wellons, hash-prospector).
    """
    h = np.uint32(key32 + np.uint32(np.uint32(column) * np.uint32(0x9E3779B9)))
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x7FEB352D))
    h = np.uint32(h ^ (h >> np.uint32(15)))
    return np.uint32(h * np.uint32(0x846CA68B))


@kernel_part
def row_byte(key, row):
    """Uniform 0 … 255 for one row (one pre-synaptic neuron)."""
    return np.int32(mix64(key ^ np.uint64(row)) >> np.uint64(56))


@kernel_part
def column_key(key):
    """32-bit key of the bytes of a layer's columns (post-synaptic neurons)."""
    return np.uint32(mix64(~np.uint64(key)) >> np.uint64(32))


@kernel_part
def column_byte(key32, column):
    """Uniform 0 … 255 for one column: the top byte of `hash32`."""
    return np.int32(hash32(key32, column) >> np.uint32(24))


@kernel_part
def random_byte(key, row, column):
    """Uniform 0 … 255 for one synapse: (row byte + column byte) modulo 256.

    The bytes of any two synapses of a layer are independent, which is all that unbiased rounding and the
    variance of a sum need, and a layer draws n + m numbers instead of n·m.
    """
    return (row_byte(key, row) + column_byte(column_key(key), column)) & 255


@kernel_part
def random_word(key32, column, bits):
    """Uniform 0 … 2^bits − 1 for one neuron: the top `bits` (1 … 16) bits of `hash32`."""
    return np.int64(hash32(key32, column) >> np.uint32(32 - bits))
