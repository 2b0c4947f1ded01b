"""Output layers."""

from __future__ import annotations

from typing import Any

from lava_ed.network.kinds import FIRST_SPIKE_READOUT, MEMBRANE_READOUT
from lava_ed.proc.phased import AdaptiveProcess, PhasedProcess


class MembraneReadout(PhasedProcess):
    """Output neurons that never spike: their membrane is the value.

    STD-ED: u += a_in, v += u in the layer's window, then u ← 0.  MPD-ED: v += a_in.

    Parameters
    ----------
    shape : tuple of int
        (n,) outputs.
    layer : int
        Number of the output layer.
    schedule, overflow, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: a_in; v_out (membranes, in every step).  Vars: u, v (24 bit).
    """

    declares = MEMBRANE_READOUT

    def __init__(self, *, layer: int, **params: Any) -> None:
        super().__init__(layer=layer, **params)


class FirstSpikeReadout(AdaptiveProcess):
    """Output neurons that fire once under the falling threshold: the earliest spike decides.

    Membranes as in `MembraneReadout`; in the T steps after its window a neuron fires where
    v ≥ κ·(T − s), and its value is x = T − s, 0 while silent.

    Parameters
    ----------
    shape, layer, schedule, overflow, name, log_config
        See `MembraneReadout`; the schedule has readout "first-spike".
    adaptation : Adaptation, optional
        Start and moves of κ.

    Notes
    -----
    Ports: a_in; v_out (values x, in every step), s_out (binary).  Vars: u, v (24 bit), x (7 bit).
    """

    declares = FIRST_SPIKE_READOUT

    def __init__(self, *, layer: int, **params: Any) -> None:
        super().__init__(layer=layer, **params)
