"""The output error."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.variable import Var

from lava_ed.errors import ConfigError
from lava_ed.network.settings import ROUNDINGS, Rounding
from lava_ed.proc.phased import PhasedProcess, check_port_shift


class SoftmaxError(PhasedProcess):
    """Decision and signed 8-bit error from the output values and the label, by a base-2 softmax.

    In the error phase: the decision is argmax V; n_o = (max V − V_o) » shift, q_o = 2^(15 − n_o),
    e_o = 127·[o = label] − p_o, with p_o = 127·q_o/Σq rounded down or to the nearest integer.  Where
    no |e_o| passes the dead zone nothing is sent; else e goes out on e_out (MPD-ED: with 8 fractional
    bits), the gate opens, and y1, y2 carry its parts
    in the last layer's learning phases.

    Parameters
    ----------
    shape : tuple of int
        (n,) outputs.
    schedule : Schedule
    shift : int
        k: values are compared in units of 2^k.
    dead_zone : int
        Largest |e| that is not sent.
    rounding : {"floor", "nearest"}
        Of p.
    port_shift : int
        Right shift, with stochastic rounding, from |e| to y1, y2.
    seed, overflow, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: v_in, label_in; e_out (graded), gate_out, s_out_bap, s_out_y1, s_out_y2, s_out_y3.
    Vars: e (8 bit), y1, y2 (7 bit), learning (1: errors are sent), gate, prediction, label, seen, correct, triggered,
    port_shift.  On chip, the divisions are done by an embedded processor and counted as host_ops.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        shift: int = 12,
        dead_zone: int = 0,
        rounding: Rounding = "floor",
        port_shift: int = 0,
        **params: Any,
    ) -> None:
        if rounding not in ROUNDINGS:
            raise ConfigError(f"rounding {rounding!r} is unknown: use one of {', '.join(ROUNDINGS)}")
        super().__init__(shape=shape, shift=shift, dead_zone=dead_zone, rounding=rounding, **params)
        self.v_in = InPort(shape=shape)
        self.label_in = InPort(shape=(1,))
        self.e_out = OutPort(shape=shape)
        self.gate_out = OutPort(shape=(1,))
        self.s_out_bap = OutPort(shape=shape)
        self.s_out_y1 = OutPort(shape=shape)
        self.s_out_y2 = OutPort(shape=shape)
        self.s_out_y3 = OutPort(shape=shape)
        for name in ("e", "y1", "y2"):
            setattr(self, name, Var(shape=shape, init=0))
        for name, init in (
            ("learning", 1),
            ("port_shift", check_port_shift(port_shift)),
            ("prediction", 0),
            ("label", 0),
            ("gate", 0),
            ("seen", 0),
            ("correct", 0),
            ("triggered", 0),
        ):
            setattr(self, name, Var(shape=(1,), init=init))
