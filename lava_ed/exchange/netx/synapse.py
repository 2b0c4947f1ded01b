"""How lava-dl turns a weight matrix of a netx file into the weights of a Dense process."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.exchange.whole import narrow
from lava_ed.kernels.fixed_point import WEIGHT_BITS, WEIGHT_MAX, WEIGHT_MIN
from lava_ed.kernels.stock.dense import SIGN_INHIBITORY, SIGN_MIXED, clip_weights, dominant_sign_mode, truncate_weights


class FittedWeights(NamedTuple):
    """Arguments of a Dense process: w·2^b with b as large as eight bits allow, num_weight_bits, and weight_exp = −b."""

    weights: npt.NDArray[np.int32]
    bits: int
    exponent: int


def fit_weights(weight: npt.NDArray[Any]) -> FittedWeights:
    """Shift weights (n_post, n_pre) of −256 … 254 up to a synapse's full range, with the exponent that takes it back.

    Raises an ExchangeError where all weights are 0 or one is out of range; lava-dl crashes on the first and clips the
    second.  Source: lava-dl 0.6.0, `netx/utils.py`.
    """
    weight = narrow(weight, np.int64, "weights")
    low, high = int(weight.min()), int(weight.max())
    if low < WEIGHT_MIN or high > WEIGHT_MAX:
        raise ExchangeError(f"weights span {low} … {high}, a synapse holds {WEIGHT_MIN} … {WEIGHT_MAX}: scale them")
    if low == high == 0:
        raise ExchangeError("a layer with weights of 0 only cannot be loaded by lava-dl: leave the layer out")
    mixed = high >= 0 and low < 0
    single = -256 / low if high < 0 else 255 / (high or 1)
    scale = min(127 / high if high else np.inf, -128 / low) if mixed else single
    shift = int(np.floor(np.log2(scale))) + int(mixed)
    zeros = next(n for n in range(WEIGHT_BITS, -1, -1) if not np.any(weight % (1 << n)))
    bits = WEIGHT_BITS - shift - (zeros - int(mixed))
    return FittedWeights((weight * 2**shift).astype(np.int32), bits, -shift)


def clip_mixed(weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Weights of both signs clipped to a synapse's range, as lava-dl clips them; it leaves those of one sign alone.

    Examples
    --------
    >>> clip_mixed(np.array([[352, -3]])).tolist(), clip_mixed(np.array([[352, 3]])).tolist()
    ([[254, -3]], [[352, 3]])
    """
    low, high = int(weight.min()), int(weight.max())
    if (high > WEIGHT_MAX and low < 0) or (low < WEIGHT_MIN and high > 0):
        return np.clip(weight, WEIGHT_MIN, WEIGHT_MAX)
    return weight


def effective_weights(fitted: FittedWeights) -> npt.NDArray[np.float64]:
    """What the synapses of a Dense process with these arguments hold, exponent included."""
    mode = dominant_sign_mode(fitted.weights)
    stored = truncate_weights(clip_weights(fitted.weights, mode), mode, fitted.bits)
    return stored * 2.0**fitted.exponent


def check_exact(weight: npt.NDArray[Any], where: str) -> None:
    """Refuse weights that a Dense process would not hold as they are, which can happen to those of a single sign."""
    held = effective_weights(fit_weights(weight))
    if not np.array_equal(held, weight):
        kind = {SIGN_MIXED: "mixed", SIGN_INHIBITORY: "inhibitory"}.get(dominant_sign_mode(weight), "excitatory")
        at = tuple(int(k) for k in np.argwhere(held != weight)[0])
        raise ExchangeError(
            f"{where}: the {kind} weight {int(weight[at])} would become {held[at]:g} in lava-dl's Dense: "
            "change one weight of the layer so that both signs occur"
        )
