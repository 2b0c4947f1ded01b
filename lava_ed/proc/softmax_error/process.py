"""The output error."""

from __future__ import annotations

from typing import Any

from lava_ed.errors import ConfigError
from lava_ed.network.kinds import SOFTMAX_ERROR
from lava_ed.network.settings import ROUNDINGS, Rounding
from lava_ed.proc.phased import PhasedProcess


class SoftmaxError(PhasedProcess):
    """Decision and signed 8-bit error from the output values and the label, by a base-2 softmax.

    In the error phase, with the bias added to V: the decision is argmax V; n_o = (max V − V_o) » shift,
    q_o = 2^(15 − n_o), e_o = 127·[o = label] − p_o, with p_o = 127·q_o/Σq rounded down, to the nearest integer, or to
    it with what the shares before have left over; a rest that no output has takes part in maximum and sum.  Where no
    |e_o| passes the dead zone nothing is sent; else e goes out on e_out (MPD-ED: with 8 fractional bits), the gate
    opens, and y1, y2 carry its parts in the last layer's learning phases.

    Parameters
    ----------
    shape : tuple of int
        (n,) outputs.
    schedule : Schedule
    shift : int
        k: values are compared in units of 2^k.
    dead_zone : int
        Largest |e| that is not sent.
    rounding : {"floor", "nearest", "carry"}
        Of p.
    port_shift : int
        Right shift, with stochastic rounding, from |e| to y1, y2.
    seed, overflow, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: v_in, label_in; e_out (graded), gate_out, s_out_bap, s_out_y1, s_out_y2, s_out_y3.
    Vars: e (8 bit), y1, y2 (7 bit), learning (1: errors are sent), gate, prediction, label, seen, correct, triggered,
    port_shift, bias (of each output: −2^30 takes it out of decision and error), rest (−2^30: none).
    On chip, the divisions are done by an embedded processor and counted as host_ops.
    """

    declares = SOFTMAX_ERROR

    def __init__(
        self, *, shift: int = 12, dead_zone: int = 0, rounding: Rounding = "floor", port_shift: int = 0, **params: Any
    ) -> None:
        if rounding not in ROUNDINGS:
            raise ConfigError(f"rounding {rounding!r} is unknown: use one of {', '.join(ROUNDINGS)}")
        inits = {"port_shift": port_shift}
        super().__init__(shift=shift, dead_zone=dead_zone, rounding=rounding, inits=inits, **params)
