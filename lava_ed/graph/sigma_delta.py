"""Lava's sigma-delta neurons: the parameters, Vars and ports of their constructors."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from lava_ed.graph.members import InPort, OutPort, Var
from lava_ed.graph.models import stock_models
from lava_ed.graph.process import AbstractProcess

Shape = tuple[int, ...]


class ActivationMode(IntEnum):
    """What SigmaDelta does to its sums: nothing, or it cuts what is negative."""

    UNIT = 0
    RELU = 1


class Sigma(AbstractProcess):
    """Sums what comes in, and sends the sums."""

    def __init__(self, *, shape: Shape, **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self.sigma = Var(shape=shape, init=0)

    @property
    def shape(self) -> Any:
        """Shape of the layer."""
        return self.proc_params["shape"]


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
        self.vth = Var(shape=(1,), init=vth * (1 << (spike_exp + state_exp)))
        self.act, self.residue, self.error = (Var(shape=shape, init=0) for _ in range(3))
        self.spike_exp, self.state_exp = Var(shape=(1,), init=spike_exp), Var(shape=(1,), init=state_exp)
        self.cum_error = Var(shape=(1,), init=cum_error)


class SigmaDelta(Delta):
    """Sums what comes in, adds a bias, and sends changes of the activation that reach the threshold."""

    def __init__(
        self, *, shape: Shape, vth: Any, bias: Any = 0, act_mode: ActivationMode = ActivationMode.RELU,
        spike_exp: int = 0, state_exp: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            shape=shape, vth=vth, bias=bias, act_mode=act_mode, spike_exp=spike_exp, state_exp=state_exp, **kwargs
        )
        self.bias = Var(shape=shape, init=bias * (1 << (spike_exp + state_exp)))


class SigmaS4dDelta(SigmaDelta):
    """SigmaDelta whose activation is the output of a state ``s ← s·a + σ·b``: ``2·c·s``."""

    def __init__(
        self, shape: Shape, vth: Any, a: Any, b: Any, c: Any, state_exp: int = 0, s4_exp: int = 0
    ) -> None:  # fmt: skip
        super().__init__(shape=shape, vth=vth, a=a, b=b, c=c, s4_state=0, state_exp=state_exp, s4_exp=s4_exp)
        self.a, self.b, self.c = (Var(shape=shape, init=value) for value in (a, b, c))
        self.s4_state, self.s4_exp = Var(shape=shape, init=0), Var(shape=(1,), init=s4_exp)


class S4d(AbstractProcess):
    """A diagonal linear system, ``s ← s·a + a_in·b``, which sends the real part of ``2·c·s``."""

    def __init__(
        self, shape: Shape, a: Any, b: Any, c: Any, s4_state: Any = 0, s4_exp: int = 0, inp_exp: int = 0
    ) -> None:  # fmt: skip
        super().__init__(shape=shape, a=a, b=b, c=c, s4_state=s4_state, s4_exp=s4_exp, inp_exp=inp_exp)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self.a, self.b, self.c = (Var(shape=shape, init=value) for value in (a, b, c))
        self.s4_state = Var(shape=shape, init=s4_state)
        self.s4_exp, self.inp_exp = Var(shape=(1,), init=s4_exp), Var(shape=(1,), init=inp_exp)

    @property
    def shape(self) -> Any:
        """Shape of the layer."""
        return self.proc_params["shape"]


for _process in (Sigma, Delta, SigmaDelta):
    _name = f"Py{_process.__name__}Model"
    stock_models(_process, __name__, [(f"{_name}Float", "floating_pt"), (f"{_name}Fixed", "fixed_pt")])
stock_models(SigmaS4dDelta, __name__, [("PySigmaS4dDeltaModelFloat", "floating_pt")])
stock_models(S4d, __name__, [("S4dModel", "floating_pt")])
