"""Lava's adaptive, graded, resonating and sigma-delta neurons: the parameters, Vars and ports of their constructors."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from lava_ed.graph.members import InPort, OutPort
from lava_ed.graph.models import stock_models
from lava_ed.graph.process import AbstractProcess

Shape = tuple[int, ...]


class _Layer(AbstractProcess):
    """A process that has a shape."""

    @property
    def shape(self) -> Any:
        """Shape of the layer."""
        return self.proc_params["shape"]


class ATRLIF(AbstractProcess):
    """LIF whose threshold theta and refractory state r grow with each spike, and decay.

    Parameters
    ----------
    shape : tuple of int
    i, v, theta, r, s, bias_mant, bias_exp : number or array
    delta_i, delta_v, delta_theta, delta_r : number
        What is lost in a step, of 1.
    theta_0, theta_step : number
        Where the threshold decays to, and what a spike adds to it.
    """

    def __init__(
        self, *, shape: Shape, i: Any = 0, v: Any = 0, theta: Any = 5, r: Any = 0, s: Any = 0, delta_i: Any = 0.4,
        delta_v: Any = 0.4, delta_theta: Any = 0.2, delta_r: Any = 0.2, theta_0: Any = 5, theta_step: Any = 3.75,
        bias_mant: Any = 0, bias_exp: Any = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        whole = {"bias_mant": bias_mant, "bias_exp": bias_exp, "i": i, "v": v, "theta": theta, "r": r, "s": s}
        single = {
            "delta_i": delta_i, "delta_v": delta_v, "delta_theta": delta_theta, "delta_r": delta_r,
            "theta_0": theta_0, "theta_step": theta_step,
        }  # fmt: skip
        super().__init__(shape=shape, **whole, **single, **kwargs)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, **whole)
        self._hold((1,), **single)


class GradedVec(_Layer):
    """Sends what comes in, where its size is above `vth`."""

    def __init__(self, shape: Shape, vth: Any = 1, exp: Any = 0) -> None:
        super().__init__(shape=shape)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, v=0)
        self._hold((1,), vth=vth, exp=exp)


class GradedReluVec(GradedVec):
    """Sends what comes in, where it is above `vth`."""


class ProdNeuron(_Layer):
    """Sends the product of its two inputs."""

    def __init__(self, shape: Shape, vth: Any = 1, exp: Any = 0) -> None:
        super().__init__(shape=shape)
        self.a_in1, self.a_in2, self.s_out = InPort(shape=shape), InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, v=np.zeros(shape, "int32"))
        self._hold((1,), vth=vth, exp=exp)


class NormVecDelay(ProdNeuron):
    """Sends squares of the first input, and the first input of the last step times the second one."""

    def __init__(self, shape: Shape, vth: Any = 1, exp: Any = 0) -> None:
        super().__init__(shape, vth, exp)
        self.s2_out = OutPort(shape=shape)
        self._hold(shape, v2=np.zeros(shape, "int32"))


class InvSqrt(_Layer):
    """Sends the inverse square root of what comes in."""

    def __init__(self, shape: Shape, fp_base: int = 12) -> None:
        super().__init__(shape=shape)
        self._hold((1,), fp_base=fp_base)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)


class RF(_Layer):
    """Resonate-and-fire: a complex state turns once in `period` steps and loses `alpha` of its size in each.

    Parameters
    ----------
    shape : tuple of int
    period, alpha : number
    state_exp, decay_bits : int
        Bits by which inputs, and decays, are scaled in fixed point.
    vth : number
    """

    def __init__(
        self, shape: Shape, period: Any, alpha: Any, state_exp: int = 0, decay_bits: int = 0, vth: Any = 1,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        sin, cos = ((1 - alpha) * turn(np.pi * 2 / period) for turn in (np.sin, np.cos))
        super().__init__(
            shape=shape, sin_decay=sin, cos_decay=cos, state_exp=state_exp, decay_bits=decay_bits, vth=vth, **kwargs
        )
        if state_exp > 0:
            vth = int(vth * (1 << state_exp))
        if decay_bits > 0:
            sin, cos = np.int32(sin * (1 << decay_bits)), np.int32(cos * (1 << decay_bits))
        self.a_real_in, self.a_imag_in, self.s_out = InPort(shape=shape), InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, real=0, imag=0)
        self._hold((1,), sin_decay=sin, cos_decay=cos, state_exp=state_exp, decay_bits=decay_bits, vth=vth)


class RF_IZ(RF):
    """RF that is reset when it spikes."""


class RFZero(_Layer):
    """Resonators that send their amplitude as their phase crosses 0.

    Parameters
    ----------
    shape : tuple of int
    freqs, decay_tau : array
        Hz and seconds.
    dt : float
        Seconds of a step.
    uth : number
    """

    def __init__(self, shape: Shape, freqs: Any, decay_tau: Any, dt: float = 0.001, uth: Any = 1) -> None:
        super().__init__(shape=shape)
        self.u_in, self.v_in, self.s_out = InPort(shape=shape), InPort(shape=shape), OutPort(shape=shape)
        size, angle = np.exp(dt * (-1 / decay_tau)), dt * freqs * np.pi * 2
        cos, sin = ((np.array(size * turn(angle)) * 2**15).astype(np.int32) for turn in (np.cos, np.sin))
        self._hold(shape, u=0, v=0, lct=cos, lst=sin)
        self._hold((1,), uth=uth)


class ActivationMode(IntEnum):
    """What SigmaDelta does to its sums: nothing, or it cuts what is negative."""

    UNIT = 0
    RELU = 1


class Sigma(_Layer):
    """Sums what comes in, and sends the sums."""

    def __init__(self, *, shape: Shape, **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, sigma=0)


class Delta(Sigma):
    """Sends changes of what comes in that reach the threshold.

    Parameters
    ----------
    shape : tuple of int
    vth : number
    cum_error : bool
        Whether the threshold is for the sum of all changes since the last message.
    spike_exp, state_exp : int
        Bits by which messages and states are scaled.
    """

    def __init__(
        self, *, shape: Shape, vth: Any, cum_error: bool = False, spike_exp: int = 0, state_exp: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(
            shape=shape, vth=vth, cum_error=cum_error, spike_exp=spike_exp, state_exp=state_exp, **kwargs
        )  # fmt: skip
        self._hold(shape, act=0, residue=0, error=0)
        vth = vth * (1 << (spike_exp + state_exp))
        self._hold((1,), vth=vth, spike_exp=spike_exp, state_exp=state_exp, cum_error=cum_error)


class SigmaDelta(Delta):
    """Sums what comes in, adds a bias, and sends changes of the activation that reach the threshold."""

    def __init__(
        self, *, shape: Shape, vth: Any, bias: Any = 0, act_mode: ActivationMode = ActivationMode.RELU,
        spike_exp: int = 0, state_exp: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            shape=shape, vth=vth, bias=bias, act_mode=act_mode, spike_exp=spike_exp, state_exp=state_exp, **kwargs
        )
        self._hold(shape, bias=bias * (1 << (spike_exp + state_exp)))


class SigmaS4dDelta(SigmaDelta):
    """SigmaDelta whose activation is the output of a state ``s ← s·a + σ·b``: ``2·c·s``."""

    def __init__(
        self, shape: Shape, vth: Any, a: Any, b: Any, c: Any, state_exp: int = 0, s4_exp: int = 0
    ) -> None:  # fmt: skip
        super().__init__(shape=shape, vth=vth, a=a, b=b, c=c, s4_state=0, state_exp=state_exp, s4_exp=s4_exp)
        self._hold(shape, a=a, b=b, c=c, s4_state=0)
        self._hold((1,), s4_exp=s4_exp)


class S4d(_Layer):
    """A diagonal linear system, ``s ← s·a + a_in·b``, which sends the real part of ``2·c·s``."""

    def __init__(
        self, shape: Shape, a: Any, b: Any, c: Any, s4_state: Any = 0, s4_exp: int = 0, inp_exp: int = 0
    ) -> None:  # fmt: skip
        super().__init__(shape=shape, a=a, b=b, c=c, s4_state=s4_state, s4_exp=s4_exp, inp_exp=inp_exp)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, a=a, b=b, c=c, s4_state=s4_state)
        self._hold((1,), s4_exp=s4_exp, inp_exp=inp_exp)


for _process, _models in (
    (ATRLIF, [("PyATRLIFModelFloat", "floating_pt"), ("PyATRLIFModelFixed", "bit_accurate_loihi fixed_pt")]),
    (GradedVec, [("PyGradedVecModelFixed", "fixed_pt")]),
    (GradedReluVec, [("PyGradedReluVecModelFixed", "fixed_pt")]),
    (NormVecDelay, [("NormVecDelayModel", "fixed_pt")]),
    (InvSqrt, [("InvSqrtModelFloat", "floating_pt"), ("InvSqrtModelFP", "fixed_pt")]),
    (ProdNeuron, [("PyProdNeuronModelFixed", "fixed_pt")]),
    (RF, [("PyRFModelFloat", "floating_pt"), ("PyRFModelFixed", "fixed_pt")]),
    (RF_IZ, [("PyRF_IZModelFloat", "floating_pt"), ("PyRF_IZModelFixed", "fixed_pt")]),
    (RFZero, [("PyRFZeroModelFixed", "fixed_pt")]),
    (Sigma, [("PySigmaModelFloat", "floating_pt"), ("PySigmaModelFixed", "fixed_pt")]),
    (Delta, [("PyDeltaModelFloat", "floating_pt"), ("PyDeltaModelFixed", "fixed_pt")]),
    (SigmaDelta, [("PySigmaDeltaModelFloat", "floating_pt"), ("PySigmaDeltaModelFixed", "fixed_pt")]),
    (SigmaS4dDelta, [("PySigmaS4dDeltaModelFloat", "floating_pt")]),
    (S4d, [("S4dModel", "floating_pt")]),
):
    stock_models(_process, __name__, _models)
