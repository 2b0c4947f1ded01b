"""The AFT-IF neuron of STD-ED."""

from __future__ import annotations

from typing import Any

from lava_ed.kernels.fixed_point import TRACE_MAX
from lava_ed.network.kinds import AFT_IF
from lava_ed.proc.phased import AdaptiveProcess


class AFTIF(AdaptiveProcess):
    """Integrate-and-fire neurons with an adaptive, falling threshold: one spike a sample, its time is the value.

    In the integration window u += a_in, v += u; then u ← 0 and in step s = 0 … T − 1 of the firing window
    a neuron that was silent fires where v ≥ κ·(T − s), with value x = T − s = min(T, ⌊v/κ⌋).
    A neuron with 0 < x < T passes an error |e_in| > z on: δ = sat(e_in), sent once on e_out, and as parts
    y1, y2 to its plastic synapses in the learning phase.

    Parameters
    ----------
    shape : tuple of int
        (n,) neurons.
    schedule : Schedule
        Of kind "std-ed".
    layer : int
        Position in the net, 1 for the first hidden layer.
    adaptation : Adaptation, optional
        Start and moves of κ.
    error_limit : int
        Largest |δ|.
    dead_zone : int
        z: an error that does not pass it is neither sent nor learned from.
    grain : int
        g: y1 and y2 are multiples of 2^g, rounded stochastically, so that small errors are seldom worth a visit.
    port_shift : int
        Right shift, with stochastic rounding, from |δ| to y1, y2: fractions of the learning rate.
    seed, overflow, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: a_in, e_in; s_out (binary), e_out (graded), s_out_bap, s_out_y1, s_out_y2, s_out_y3.
    Vars: u, v (24 bit), x (7 bit), delta (8 bit), y1, y2 (7 bit), threshold_step, port_shift.
    A reconstruction after Wei et al. (arXiv 2403.00270) and the rectified linear PSP of Zhang et
    al. (arXiv 2003.11837).
    """

    declares = AFT_IF

    def __init__(
        self,
        *,
        layer: int,
        error_limit: int = TRACE_MAX,
        dead_zone: int = 0,
        grain: int = 0,
        port_shift: int = 0,
        **params: Any,
    ) -> None:
        own = {"error_limit": error_limit, "dead_zone": dead_zone, "grain": grain}
        super().__init__(layer=layer, inits={"port_shift": port_shift}, **{**own, **params})
