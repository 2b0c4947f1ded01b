"""Weights between the form users know and the form the chip stores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ShapeError, WeightError
from lava_ed.kernels.fixed_point import WEIGHT_MAX, WEIGHT_MIN
from lava_ed.network.values import numbers_of

Int8 = npt.NDArray[np.int8]


def pack_weights(weights: npt.ArrayLike, shape: tuple[int, int] | None = None) -> Int8:
    """Mixed-sign weights (n_post, n_pre) as stored: halved int8, pre-synaptic-major (n_pre, n_post).

    They are even integers, −256 … 254; anything else is a `WeightError`, another `shape` than this a `ShapeError`.

    Examples
    --------
    >>> pack_weights([[2, -256, 254]]).tolist()
    [[1], [-128], [127]]
    """
    matrix = numbers_of(weights, "weights", "integers", WeightError)
    if matrix.ndim != 2 or (shape is not None and matrix.shape != shape):
        wanted = f"{shape}" if shape is not None else "(n_post, n_pre)"
        raise ShapeError(f"weights have shape {matrix.shape}, expected {wanted}: post-synaptic neurons first")
    if not np.issubdtype(matrix.dtype, np.integer):
        if not np.issubdtype(matrix.dtype, np.floating) or not np.all(np.isfinite(matrix)):
            raise WeightError(f"weights of type {matrix.dtype} are not integers: round them first")
        if np.any(matrix != np.round(matrix)):
            bad = matrix[matrix != np.round(matrix)][0]
            raise WeightError(f"weight {bad} is not an integer: scale and round to even {WEIGHT_MIN} … {WEIGHT_MAX}")
    if matrix.size:
        low, high = int(matrix.min()), int(matrix.max())
        if low < WEIGHT_MIN or high > WEIGHT_MAX:
            raise WeightError(
                f"weights span {low} … {high}, mixed-sign 8-bit weights span {WEIGHT_MIN} … {WEIGHT_MAX}: "
                "clip them or use a weight exponent"
            )
    integers = matrix.astype(np.int16)
    odd = integers & 1
    if np.any(odd):
        raise WeightError(
            f"weight {int(integers[odd.astype(bool)][0])} is odd, mixed-sign weights lose their last bit: "
            "round to even numbers"
        )
    return np.ascontiguousarray((integers >> 1).astype(np.int8).T)


def unpack_weights(stored: Int8) -> npt.NDArray[np.int16]:
    """Stored weights (n_pre, n_post) as even integers (n_post, n_pre); inverse of `pack_weights`."""
    return np.ascontiguousarray(stored.T).astype(np.int16) << 1


def random_weights(n_pre: int, n_post: int, limit: int, seed: tuple[int, ...]) -> Int8:
    """Stored weights drawn evenly from −limit … limit, 1 … 127 in halved units, by a generator of this seed."""
    if not 1 <= limit <= 127:
        raise WeightError(f"initial weight limit {limit} is outside 1 … 127 stored units")
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    return generator.integers(-limit, limit + 1, size=(n_pre, n_post), dtype=np.int8)
