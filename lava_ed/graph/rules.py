"""Learning rules, with the names and arguments of Lava's."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from typing import Any, Final

import numpy as np

from lava_ed.graph.rule_text import ProductSeries, parse

_TARGETS: Final = ("dw", "dd", "dt")
_OF_TRACE: Final = re.compile(r"[xy][123]_(impulse|tau)")


class SignMode(Enum):
    """Which signs weights may have."""

    NULL = 0
    MIXED = 1
    EXCITATORY = 2
    INHIBITORY = 3


def determine_sign_mode(weights: Any) -> SignMode:
    """The narrowest sign mode that weights fit."""
    if np.min(weights) >= 0:
        return SignMode.EXCITATORY
    return SignMode.INHIBITORY if np.max(weights) <= 0 else SignMode.MIXED


class GradedSpikeCfg(IntEnum):
    """What a graded spike does to the trace x1 of a plastic synapse."""

    USE_REGULAR_IMPULSE = 0
    OVERWRITE = 1
    ADD_WITH_SATURATION = 2
    ADD_WITHOUT_SATURATION = 3


class LoihiLearningRule:
    """Sums of products for weights, delays and tags, with the traces that they read.

    Parameters
    ----------
    dw, dd, dt : str, optional
        Changes of the weight, tag_2 and tag_1, such as ``"2^-3 * x1 * y0"``; at least one.
    x1_impulse, x1_tau, x2_impulse, x2_tau, y1_impulse, y1_tau, y2_impulse, y2_tau, y3_impulse, y3_tau : float
        Impulse and time constant of each trace.
    t_epoch : int
        Time steps of a learning epoch.
    rng_seed : int, optional
        Seed of stochastic rounding; default: drawn.

    Raises
    ------
    ValueError
        If there is no rule, one cannot be read, or a number is negative.
    """

    def __init__(
        self,
        dw: str | None = None,
        dd: str | None = None,
        dt: str | None = None,
        x1_impulse: float = 0.0,
        x1_tau: float = 0.0,
        x2_impulse: float = 0.0,
        x2_tau: float = 0.0,
        y1_impulse: float = 0.0,
        y1_tau: float = 0.0,
        y2_impulse: float = 0.0,
        y2_tau: float = 0.0,
        y3_impulse: float = 0.0,
        y3_tau: float = 0.0,
        t_epoch: int = 1,
        rng_seed: int | None = None,
    ) -> None:
        self.active_product_series: dict[str, ProductSeries] = {}
        self.decimate_exponent: int | None = None
        self.x1_impulse, self.x1_tau, self.x2_impulse, self.x2_tau = x1_impulse, x1_tau, x2_impulse, x2_tau
        self.y1_impulse, self.y1_tau, self.y2_impulse, self.y2_tau = y1_impulse, y1_tau, y2_impulse, y2_tau
        self.y3_impulse, self.y3_tau, self.t_epoch = y3_impulse, y3_tau, t_epoch
        # Lava's own draw: a script that seeds numpy gets the same seed, and the same numbers after it.
        self.rng_seed = int(np.random.randint(1, np.iinfo(np.int32).max)) if rng_seed is None else rng_seed
        vars(self).update(dw_str=dw, dd_str=dd, dt_str=dt)
        self._read()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; numbers are checked, and texts read."""
        if _OF_TRACE.fullmatch(name) and value < 0:
            raise ValueError(f"{name} is {value}, but cannot be negative.")
        if name == "t_epoch" and value <= 0:
            raise ValueError(f"t_epoch is {value}, but an epoch has at least one time step.")
        super().__setattr__(name, value)
        if name in ("dw_str", "dd_str", "dt_str"):
            self._read()

    def _read(self) -> None:
        texts = {target: getattr(self, f"{target}_str") for target in _TARGETS}
        active = {target: text for target, text in texts.items() if text is not None}
        if not active:
            raise ValueError("At least one learning rule should be specified, of dw, dd and dt.")
        found = [k for text in active.values() for k in re.findall("u[0-9]+", text)]
        if len(set(found)) > 1:
            raise ValueError("Learning rules (dw, dd, dt) cannot contain uk terms with different k.")
        self.decimate_exponent = int(found[0][1]) if found else None
        self.active_product_series = {target: parse(target, text) for target, text in active.items()}

    @property
    def dw(self) -> ProductSeries | None:
        """Products of the weight."""
        return self.active_product_series.get("dw")

    @property
    def dd(self) -> ProductSeries | None:
        """Products of tag_2."""
        return self.active_product_series.get("dd")

    @property
    def dt(self) -> ProductSeries | None:
        """Products of tag_1."""
        return self.active_product_series.get("dt")


class Loihi2FLearningRule(LoihiLearningRule):
    """A rule whose y traces the synapse makes from the spikes that come back."""


class Loihi3FLearningRule(LoihiLearningRule):
    """A rule whose y traces the post-synaptic neuron sends."""

    def __init__(
        self,
        dw: str | None = None,
        dd: str | None = None,
        dt: str | None = None,
        x1_impulse: float = 0.0,
        x1_tau: float = 0.0,
        x2_impulse: float = 0.0,
        x2_tau: float = 0.0,
        t_epoch: int = 1,
        rng_seed: int | None = None,
    ) -> None:
        no_decay = float(np.iinfo(np.uint16).max)
        super().__init__(
            dw, dd, dt, x1_impulse, x1_tau, x2_impulse, x2_tau,
            y1_tau=no_decay, y2_tau=no_decay, y3_tau=no_decay, t_epoch=t_epoch, rng_seed=rng_seed,
        )  # fmt: skip


def float_to_literal(learning_parameter: float) -> str:
    """A number in the notation of learning rules: its whole part times the nearest power of two."""
    if learning_parameter == 0:
        return "0"
    sign, size = int(np.sign(learning_parameter)), abs(learning_parameter)
    mantissa = max(int(size), 1)
    if size == mantissa:
        return f"({sign * mantissa})"
    return f"({sign * mantissa}) * 2 ^ {int(np.round(np.log2(size / mantissa)))}"


class STDPLoihi(Loihi2FLearningRule):
    """Pairwise STDP: ``dw = learning_rate · (A_minus · x0 · y1 + A_plus · y0 · x1)``.

    Parameters
    ----------
    learning_rate, A_plus, A_minus : float
        Rounded to a whole number times a power of two.
    tau_plus, tau_minus : float
        Time constants of x1 and y1, whose impulses are 16 unless given.
    """

    def __init__(
        self, learning_rate: float, A_plus: float, A_minus: float, tau_plus: float, tau_minus: float,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.learning_rate = float_to_literal(learning_rate)
        self.A_plus, self.A_minus = float_to_literal(A_plus), float_to_literal(A_minus)
        self.tau_plus, self.tau_minus = tau_plus, tau_minus
        dw = f"{self.learning_rate} * {self.A_minus} * x0 * y1 +{self.learning_rate} * {self.A_plus} * y0 * x1"
        impulses = {name: kwargs.pop(name, 16) for name in ("x1_impulse", "y1_impulse")}
        super().__init__(dw=dw, x1_tau=tau_plus, y1_tau=tau_minus, **impulses, **kwargs)


class RewardModulatedSTDP(Loihi3FLearningRule):
    """STDP on an eligibility trace in tag_1, which a third factor in y2 turns into weights.

    Parameters
    ----------
    learning_rate, A_plus, A_minus, eligibility_trace_decay_tau : float
        Rounded to a whole number times a power of two.
    pre_trace_decay_tau, pre_trace_kernel_magnitude : float
        Time constant and impulse of x1.
    post_trace_decay_tau, post_trace_kernel_magnitude : float
        For the post-synaptic neuron, which makes its own trace.
    """

    def __init__(
        self, learning_rate: float, A_plus: float, A_minus: float, pre_trace_decay_tau: float,
        post_trace_decay_tau: float, pre_trace_kernel_magnitude: float, post_trace_kernel_magnitude: float,
        eligibility_trace_decay_tau: float, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.learning_rate = float_to_literal(learning_rate)
        self.A_plus, self.A_minus = float_to_literal(A_plus), float_to_literal(A_minus)
        self.pre_trace_decay_tau, self.post_trace_decay_tau = pre_trace_decay_tau, post_trace_decay_tau
        self.pre_trace_kernel_magnitude = pre_trace_kernel_magnitude
        self.post_trace_kernel_magnitude = post_trace_kernel_magnitude
        self.eligibility_trace_decay_tau = float_to_literal(eligibility_trace_decay_tau)
        dt = (
            f"{self.learning_rate} * {self.A_minus} * x0 * y1 + {self.learning_rate} * {self.A_plus} * y0 * x1 - "
            f"u0 * t * {self.eligibility_trace_decay_tau}"
        )
        kwargs |= {"x1_impulse": pre_trace_kernel_magnitude, "x1_tau": pre_trace_decay_tau}
        super().__init__(dw="u0 * t * y2", dt=dt, **kwargs)
