"""What a neuron of NIR does in one time step: its differential equations by forward Euler, threshold scaled to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.nir.file import NirNode, Values
from lava_ed.kernels.fixed_point import DECAY_UNITY

NEURONS: Final = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF", "Threshold")
SILENT: Final = ("I", "LI", "CubaLI")
"""Neurons that never spike: what they hold is the net's answer."""

LEAST_DECAY: Final = 2.0**-25
"""A part of a membrane that leaks in a step, and that 32-bit floats do not notice: it reads as none."""


@dataclass(frozen=True)
class Dynamics:
    """u ← (1 − du)·u + gain·a;  v ← (1 − dv)·v + u + leak;  a spike where v > 1, v ← 0 then."""

    kind: str
    du: float
    dv: float
    """Both 0 … 1."""
    gain: Values
    leak: Values
    """Both in thresholds, (n,)."""
    threshold: Values
    """What 1 stands for, (n,); 1 for neurons that never spike."""

    @property
    def silent(self) -> bool:
        """Whether the neurons never spike."""
        return self.kind in SILENT


def dynamics(node: NirNode, size: int, dt: float) -> Dynamics:
    """The neuron of a node for a time step of dt seconds.

    I and IF integrate R·a per step, as every simulator that reads NIR does; the others follow their equations:
    τ v' = v_leak − v + R·i becomes v ← v + (dt/τ)(v_leak − v + R·i), τ_syn i' = −i + w_in·a the same.

    Raises an ExchangeError where 12 bits of decay cannot hold a time constant, neurons of a layer differ in one, a
    reset is not to 0, or a threshold is not positive.
    """
    one, kind = np.ones(size), node.kind

    def of(field: str) -> Values:
        found = node[field].reshape(-1)
        if found.size not in (1, size):
            raise ExchangeError(f"{node.where}: {field} has {found.size} values for {size} neurons")
        return found * one

    if "v_reset" in node.fields and np.any(of("v_reset") != 0):
        raise ExchangeError(f"{node.where}: v_reset is not 0, to which a spike sets a LIF neuron of Loihi 2: shift v")
    spikes = {"Threshold": "threshold"}.get(kind, "v_threshold")
    threshold = one if kind in SILENT else of(spikes)
    if threshold.min() <= 0:
        raise ExchangeError(f"{node.where}: {spikes} {threshold.min():g} is not positive: the neuron would never rest")
    du, dv, gain, leak = 1.0, 0.0, one, np.zeros(size)
    if kind in ("I", "IF"):
        gain = of("r")
    elif kind == "Threshold":
        dv = 1.0
    else:
        cuba = kind in ("CubaLI", "CubaLIF")
        dv = _fraction(node, "tau_mem" if cuba else "tau", of, dt)
        gain, leak = dv * of("r"), dv * of("v_leak")
        dv = dv if dv > LEAST_DECAY else 0.0
        if cuba:
            du = _fraction(node, "tau_syn", of, dt)
            gain = gain * du * (of("w_in") if "w_in" in node.fields else one)
    return Dynamics(kind, du, dv, gain / threshold, leak / threshold, threshold)


def _fraction(node: NirNode, field: str, of: object, dt: float) -> float:
    """dt/τ of a layer."""
    taus: Values = of(field)  # type: ignore[operator]
    tau = float(taus[0])
    if not np.allclose(taus, tau, rtol=1e-6, atol=0):
        raise ExchangeError(
            f"{node.where}: {field} spans {taus.min():g} … {taus.max():g}, a layer of LIF neurons has one: split it"
        )
    if tau <= 0 or dt / tau > 1 + 1e-6:
        raise ExchangeError(
            f"{node.where}: {field} {tau:g} s is less than a time step of {dt:g} s: give a smaller --dt"
        )
    fraction = min(dt / tau, 1.0)
    if round(fraction * DECAY_UNITY) == 0 and (fraction > LEAST_DECAY or field == "tau_syn"):
        raise ExchangeError(
            f"{node.where}: {field} {tau:g} s is {tau / dt:,.0f} steps of {dt:g} s, which 12 bits of decay cannot hold "
            f"(at most {2 * DECAY_UNITY:,}): give a larger --dt"
        )
    return fraction
