"""Plastic synapses: forward, backward, and learning; and the fixed synapses of random feedback."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.variable import Var

from lava_ed.errors import ConfigError
from lava_ed.kernels.fixed_point import TRACE_MAX
from lava_ed.kernels.loihi.plasticity import COUNTER_ROUNDING
from lava_ed.learning_rules import LearningRule, check, columns_limit, sum_limit
from lava_ed.network.kinds import FEEDBACK_DENSE, PLASTIC_DENSE
from lava_ed.network.values import DEPENDENCIES
from lava_ed.network.weights import pack_weights
from lava_ed.proc.phased import PhasedProcess


class WeightVar(Var):
    """A Var of mixed-sign weights: what does not fit is refused before it is sent to a runtime."""

    def set(self, value: npt.NDArray[Any], idx: npt.NDArray[Any] | None = None) -> None:
        """Write the Var; weights that do not fit raise a `WeightError` or `ShapeError`."""
        if idx is None:
            pack_weights(value, self.shape)
        super().set(value, idx)


class PlasticDense(PhasedProcess):
    """All-to-all synapses that sum spikes forward, sum errors backward, and learn by one of our rules.

    Forward a_j = (Σ_i w_ij s_i)·2^weight_exp; backward e_i = (Σ_j w_ij e_j) » error_shift, with the
    same weights; both are sent one step after they were summed.  Learning follows `rule.dw()`: y1,
    y2 come from the post-synaptic process, x1 from the phase of the pre-synaptic spike (STD-ED),
    from its payload, or from the number of spikes (aggregated MPD-ED), and the sum is rounded to even
    weights.  The learning phase is skipped where every y1 and y2 is 0.

    Parameters
    ----------
    weights : array_like of int (n_post, n_pre)
        Even integers, −256 … 254.
    rule : LearningRule
    schedule : Schedule
    layer : int
        Number of the connection: it leads from layer − 1 to layer.
    weight_exp : int
        −8 … 7; negative exponents shift the sum right and floor, as in Lava's Dense.
    error_shift : int
        Right shift of backward sums, towards zero.
    graded : bool
        Input spikes carry a payload that multiplies the weight and is x1.
    summed : bool
        s_in is a number of spikes, of neurons that share an axon, and x1 counts them.
    gather : bool
        Updates gather in the tag and move to the weights at the sample's end: for MPD-ED
        connections that carry errors while they learn.
    carry : bool
        What an update leaves over below an even weight stays in the tag and is added to the next one; default:
        stochastic rounding.  Excludes `gather`, which needs the tag, and `scalar_rounding`.
    dependency : {"x0", "y0", "u0"}
        Which synapses the learning engine visits, as counted: those of inputs that spiked, or of neurons with an error;
        all of them where a sample does not fit an epoch.
    scalar_rounding : int
        One byte that rounds every synapse, as Lava's learning engine does with its one random number a step;
        default −1: a hashed byte for each synapse.
    seed, overflow, name, log_config
        See `PhasedProcess`.

    Raises
    ------
    WeightError, ShapeError, ConfigError, ChipLimitError
        If the weights or a setting are out of range, or the sum of one step could pass 32 bits.

    Notes
    -----
    Ports: s_in, e_in; a_out, e_out; s_in_bap, s_in_y1, s_in_y2, s_in_y3 as on LearningDense.
    Vars: weights (n_post, n_pre), a_buff, e_buff (24 bit), x0, x1 (7 bit), y1, y2 (7 bit), tag_1 (8 bit and a
    sign, with `gather`; 8 bit with `carry`), rate_mantissa, rate_exponent, visits_x0, visits_y0 (synapses that either
    dependency would have visited).
    """

    declares = PLASTIC_DENSE

    def __init__(
        self,
        *,
        weights: npt.ArrayLike,
        rule: LearningRule,
        layer: int,
        weight_exp: int = 0,
        error_shift: int = 0,
        graded: bool = False,
        summed: bool = False,
        gather: bool = False,
        carry: bool = False,
        dependency: str = "x0",
        scalar_rounding: int = COUNTER_ROUNDING,
        **params: Any,
    ) -> None:
        n_pre, n_post = pack_weights(weights).shape
        if carry and (gather or scalar_rounding != COUNTER_ROUNDING):
            raise ConfigError(
                f"carry=True excludes gather={gather}, which needs the tag too, and scalar_rounding={scalar_rounding}, "
                "which rounds: leave them at their defaults, or carry=False"
            )
        if not isinstance(rule, LearningRule) or rule.kind != getattr(params.get("schedule"), "kind", rule.kind):
            raise ConfigError(f"rule {rule!r} does not learn by this schedule: a LearningRule of its kind is needed")
        if dependency not in DEPENDENCIES:
            raise ConfigError(f"dependency {dependency!r} is unknown: use one of {', '.join(DEPENDENCIES)}")
        own = {"weight_exp": weight_exp, "error_shift": error_shift, "scalar_rounding": scalar_rounding}
        self.check_settings(own)
        check([sum_limit(layer, n_pre, TRACE_MAX if graded or summed else 1, weight_exp), columns_limit(layer, n_post)])
        inits = {
            "weights": WeightVar(shape=(n_post, n_pre), init=np.asarray(weights)),
            "rate_mantissa": rule.rate.mantissa,
            "rate_exponent": rule.rate.exponent,
            "scalar": scalar_rounding,
            **({} if gather or carry else {"tag_1": np.zeros((1, 1), int)}),
        }
        super().__init__(
            shape=(n_post, n_pre), rule=rule, layer=layer, weight_exp=weight_exp, error_shift=error_shift,
            graded=graded, summed=summed, gather=gather, carry=carry, dependency=dependency, inits=inits, **params,
        )  # fmt: skip


class FeedbackDense(PhasedProcess):
    """Fixed synapses that carry the output error straight to one hidden layer.

    e_i = (Σ_o w_oi e_o) » error_shift, delivered with an axonal delay, so that it arrives when the
    layer would get its error through symmetric feedback.

    Parameters
    ----------
    weights : array_like of int (n_out, n_hidden)
        Even integers, −256 … 254.
    layer : int
        The hidden layer that it leads to.
    error_shift : int
        Right shift of the sums, towards zero.
    schedule, overflow, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: e_in; e_out.  Vars: weights, e_buff.
    """

    declares = FEEDBACK_DENSE

    def __init__(self, *, weights: npt.ArrayLike, layer: int, error_shift: int = 0, **params: Any) -> None:
        n_hidden, n_out = pack_weights(weights).shape
        inits = {"weights": WeightVar(shape=(n_out, n_hidden), init=np.asarray(weights))}
        super().__init__(shape=(n_out, n_hidden), layer=layer, error_shift=error_shift, inits=inits, **params)
