"""Lava's neurons: the parameters, Vars and ports of their constructors."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.graph.members import InPort, OutPort
from lava_ed.graph.models import stock_models
from lava_ed.graph.process import AbstractProcess, LogConfig

Shape = tuple[int, ...]


class AbstractLIF(AbstractProcess):
    """What all neurons share: current, voltage, decays and bias."""

    def __init__(
        self,
        *,
        shape: Shape,
        u: Any = 0,
        v: Any = 0,
        du: Any = 0,
        dv: Any = 0,
        bias_mant: Any = 0,
        bias_exp: Any = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            shape=shape, u=u, v=v, du=du, dv=dv, bias_mant=bias_mant, bias_exp=bias_exp, name=name,
            log_config=log_config, **kwargs,
        )  # fmt: skip
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self._hold(shape, u=u, v=v, bias_exp=bias_exp, bias_mant=bias_mant)
        self._hold((1,), du=du, dv=dv)


class LIF(AbstractLIF):
    """Leaky integrate-and-fire neuron: ``u ← u·(1 − du) + a_in``, ``v ← v·(1 − dv) + u + bias``, a spike above `vth`.

    Parameters
    ----------
    shape : tuple of int
    u, v, bias_mant, bias_exp : number or array
    du, dv, vth : number
        In fixed point the decays are of 4096, and `vth` is in units of 2^6.
    """

    def __init__(self, *, vth: Any = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._hold((1,), vth=vth)


class LearningLIF(AbstractLIF):
    """LIF with the ports of a neuron that takes part in learning."""

    def __init__(self, *, shape: Shape, vth: Any = 10, learning_rule: Any = None, **kwargs: Any) -> None:
        super().__init__(shape=shape, learning_rule=learning_rule, **kwargs)
        self.a_third_factor_in = InPort(shape=(shape[0],))
        for port in ("bap", "y1", "y2", "y3"):
            setattr(self, f"s_out_{port}", OutPort(shape=(shape[0],)))
        self._hold(shape, y1=0, y2=0, y3=0)
        self._hold((1,), vth=vth)


class TernaryLIF(AbstractLIF):
    """LIF that sends 1 above `vth_hi` and −1 below `vth_lo`."""

    def __init__(self, *, vth_hi: Any = 10, vth_lo: Any = -10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if np.ndim(vth_lo) == np.ndim(vth_hi) == 0 and vth_lo > vth_hi:
            raise ValueError(f"vth_lo must be smaller than vth_hi, got {vth_lo} and {vth_hi}.")
        self._hold((1,), vth_hi=vth_hi, vth_lo=vth_lo)


class LIFReset(LIF):
    """LIF whose state is set to 0 every `reset_interval` steps."""

    def __init__(self, *, reset_interval: int = 1, reset_offset: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if reset_interval < 1 or reset_offset < 0:
            raise ValueError(f"Reset interval must be > 0 and offset >= 0, got {reset_interval} and {reset_offset}.")
        self.proc_params["reset_interval"] = reset_interval
        self.proc_params["reset_offset"] = reset_offset


class LIFRefractory(LIF):
    """LIF whose voltage rests for `refractory_period` steps after a spike."""

    def __init__(self, *, shape: Shape, refractory_period: int = 1, **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        if refractory_period < 1:
            raise ValueError(f"refractory_period is {refractory_period}: at least 1 step is needed")
        self.proc_params["refractory_period"] = refractory_period
        self._hold(shape, refractory_period_end=0)


_FIXED, _FLOAT = "bit_accurate_loihi fixed_pt", "floating_pt"
for _process, _models in (
    (LIF, [("PyLifModelFloat", _FLOAT), ("PyLifModelBitAcc", _FIXED)]),
    (LearningLIF, [("PyLearningLIFModelFixed", _FIXED), ("PyLearningLifModelFloat", _FLOAT)]),
    (TernaryLIF, [("PyTernLifModelFloat", _FLOAT), ("PyTernLifModelFixed", "fixed_pt")]),
    (LIFReset, [("PyLifResetModelFloat", _FLOAT), ("PyLifResetModelBitAcc", _FIXED)]),
    (LIFRefractory, [("PyLifRefractoryModelFloat", _FLOAT)]),
):
    stock_models(_process, __name__, _models)
