"""AFT-IF neurons of feature maps, pooled by earliest spike."""

from __future__ import annotations

from typing import Any

from lava_ed.network.kinds import AFT_IF_MAP
from lava_ed.network.layers import Layer
from lava_ed.proc.phased import AdaptiveProcess


class AFTIFMap(AdaptiveProcess):
    """AFT-IF neurons (`AFTIF`) in maps; those of a square of pool × pool share an axon, which its first spike closes.

    The neurons integrate as `AFTIF` does.  In step s of the firing window a square that was silent fires where the
    largest v of its neurons reaches κ·(T − s), with value x = T − s.  An error |e_in| > z that comes back for a square
    with 0 < x < T goes to the neuron that fired for it, the first of several with the same v: δ = sat(e_in).

    Parameters
    ----------
    geometry : Layer
        Shape of the maps and side of the squares.
    layer : int
        Number of the layer in its schedule.
    error_limit : int
        Largest |δ|.
    dead_zone : int
        z.
    adaptation, schedule, overflow, name, log_config
        See `AdaptiveProcess` and `PhasedProcess`.

    Notes
    -----
    Ports: a_in (n,), reached_in (1,), e_in (squares,); s_out (squares,), e_out (n,).  Vars: u, v, delta (n,),
    x (squares,), and those of an adaptive threshold.  A neuron counts as active from the first spike that reaches it,
    which its synapses tell by reached_in.
    """

    declares = AFT_IF_MAP

    def __init__(
        self, *, geometry: Layer, layer: int, error_limit: int = 127, dead_zone: int = 0, **params: Any
    ) -> None:
        params["shape"] = geometry.shape.size, geometry.pooled.size
        super().__init__(geometry=geometry, layer=layer, error_limit=error_limit, dead_zone=dead_zone, **params)
