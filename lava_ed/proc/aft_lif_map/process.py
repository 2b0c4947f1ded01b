"""AFT-LIF neurons of feature maps, pooled by sum or by or."""

from __future__ import annotations

from typing import Any, get_args

from lava_ed.errors import ConfigError
from lava_ed.network.kinds import AFT_LIF_MAP
from lava_ed.network.layers import Layer
from lava_ed.network.settings import Pooling
from lava_ed.proc.phased import AdaptiveProcess


class AFTLIFMap(AdaptiveProcess):
    """AFT-LIF neurons without a leak in maps; those of a square of pool × pool send to one axon.

    Forward v ← v + a_in, spike and hard reset where v ≥ θ.  s_out is the number of a square's spikes
    (``sum``), or whether there is one (``or``).  Replay, t = T − 1 … 0, only where the gate was opened: B ← B + e_in of
    the square; at a spike ε = h·sat(B); where |Δ| > z, Δ = ε − D is sent on e_out, and D ← ε.  With ``or`` the first
    neuron of a square that spiked in a step has the error of that step, and ε = 0 at the others.  At the end
    y = sat₇((Σ_t D[t]) / 2^⌈log₂ T⌉), rounded, is what the kernels learn from.

    Parameters
    ----------
    geometry : Layer
        Shape of the maps and side of the squares.
    layer : int
        Number of the layer in its schedule.
    pooling : {"sum", "or"}
    half_width : int
        α in eighths of θ: h = 1 where v − θ < α.
    error_limit : int
        Largest |ε|.
    dead_zone : int
        z.
    fraction : int
        Bits behind the point that B has and D, with 4 of them, has not.
    adaptation, schedule, overflow, name, log_config
        See `AdaptiveProcess` and `PhasedProcess`.

    Notes
    -----
    Ports: a_in (n,), e_in (squares,), gate_in (1,); s_out (squares,), e_out (n,), y_out (n,).  Vars: v, d, delta, y,
    spike_word, support_word (⌈T/32⌉·n,), b (squares,), and those of an adaptive threshold.
    v holds Σ_t D[t] after the replay.
    """

    declares = AFT_LIF_MAP

    def __init__(
        self,
        *,
        geometry: Layer,
        layer: int,
        pooling: Pooling = "sum",
        half_width: int = 8,
        error_limit: int = 127,
        dead_zone: int = 0,
        fraction: int = 0,
        **params: Any,
    ) -> None:
        if pooling not in get_args(Pooling):
            raise ConfigError(f"pooling {pooling!r} is unknown: use one of {', '.join(get_args(Pooling))}")
        params["shape"] = geometry.shape.size, geometry.pooled.size
        super().__init__(
            geometry=geometry, layer=layer, pooling=pooling, half_width=half_width, error_limit=error_limit,
            dead_zone=dead_zone, fraction=fraction, **params,
        )  # fmt: skip
