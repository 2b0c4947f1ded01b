"""The AFT-LIF neuron of MPD-ED."""

from __future__ import annotations

from typing import Any

from lava_ed.network.kinds import AFT_LIF
from lava_ed.proc.phased import AdaptiveProcess


class AFTLIF(AdaptiveProcess):
    """Leaky integrate-and-fire neurons with an adaptive threshold, which replay their spikes in reversed time.

    Forward: v ← λ·v + a_in; spike and hard reset where v ≥ θ.  History words keep the steps of
    the spikes, a bit each, others those whose membrane was within the surrogate's support, v − θ < α.
    Replay, t = T − 1 … 0, only where the gate was opened: D ← λ·D, B ← λ_post·B + e_in; at a spike
    ε = h·B, and where |Δ| > z, Δ = ε − D is sent on e_out, D ← ε.  y1 and y2 are D where it is positive and −D where it
    is negative, without D's 8 fractional bits and `port_shift` bits more: these are rounded stochastically, so
    that the mean is D's, and what passes 127 is 127.  The spikes themselves are replayed on s_out one step
    earlier, at the clock of the next layer.  Under a schedule of kind "mpd-ed-aggregated" no spikes are replayed:
    v sums D, which makes v ← (Σ_t D[t]) / 2^⌈log₂ T⌉ at the end, and y1 and y2 are v's parts from then on.

    Parameters
    ----------
    shape : tuple of int
        (n,) neurons.
    schedule : Schedule
        Of kind "mpd-ed" or "mpd-ed-aggregated".
    layer : int
        Position in the net, 1 for the first hidden layer.
    dv : int
        λ = 1 − dv/4096.
    dv_post : int
        dv of the layer that the error comes from, 0 for a readout.
    half_width : int
        α in eighths of θ.
    dead_zone : int
        z: a Δ that does not pass it is not sent, and D stays the sum of what was sent.
    grain, adaptation, port_shift, seed, overflow, name, log_config
        See `AFTIF`.

    Notes
    -----
    Ports: a_in, e_in, gate_in; s_out (binary), e_out (graded), s_out_bap, s_out_y1 … s_out_y3.
    Vars: v, b, d, delta (24 bit; the last three with 8 fractional bits), spike_word, support_word
    (⌈T/32⌉·n of 32 bit), y1, y2 (7 bit), threshold_step, port_shift.
    A reconstruction after Wei et al. (arXiv 2403.00270).
    """

    declares = AFT_LIF

    def __init__(
        self,
        *,
        layer: int,
        dv: int = 0,
        dv_post: int = 0,
        half_width: int = 8,
        dead_zone: int = 0,
        grain: int = 0,
        port_shift: int = 0,
        **params: Any,
    ) -> None:
        own = {"half_width": half_width, "dead_zone": dead_zone, "grain": grain}
        super().__init__(layer=layer, dv=dv, dv_post=dv_post, inits={"port_shift": port_shift}, **{**own, **params})
