"""A trained net becomes a netx net where LIF neurons compute exactly what ours do, and is refused by name elsewhere."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.network import Integers, NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.exchange.netx.synapse import check_exact
from lava_ed.kernels.fixed_point import DECAY_UNITY, STATE_MAX
from lava_ed.kernels.loihi.neuron import threshold_from_step
from lava_ed.kernels.stock.lif import INPUT_SHIFT
from lava_ed.runs.tensor_files import Model

MEMBRANE_MAX: Final = STATE_MAX >> INPUT_SHIFT
"""Largest sum of inputs that a LIF membrane holds without saturation."""
_NEED: Final = "a net trained with --rule mpd-ed can be held"
_HELD: Final = "--format golden holds every state, and EDClassifier runs the net as Lava processes"


def _way_out(model: Model) -> str:
    """What the user of a net that a format cannot hold can do; baselines have no processes and no golden vectors."""
    rule = model.spec.rule
    own = rule.timing.replays and not rule.baseline
    return "; ".join([_NEED] * (not own) + [_HELD] * (not rule.baseline))


def netx_of_model(model: Model, notes: dict[str, Any] | None = None, *, format_name: str = "netx") -> NetxNetwork:
    """A trained MPD-ED net as LIF neurons and dense layers; learning is not part of the format.

    AFT-LIF with a frozen threshold θ and no leak is v ← v + a, a spike where v ≥ θ, v ← 0 then.  With the stored
    (halved) weights w/2, exponent e ≥ 0, a LIF neuron of iDecay 4096, vDecay 0 and
    vThMant = ⌈θ/2^(e+1)⌉ − 1 holds v_LIF = 2^6·v/2^(e+1), and spikes in the same steps: its comparison is strict, and
    all sums are whole multiples.  A hidden LIF membrane may be cut at −2^23, where v goes on: only if it can't spike
    any more in the steps that are left.  The readout is a LIF neuron whose threshold lies above its membrane's range.

    The notes are added to those that the file gets anyway; messages speak of the format by its name.

    Raises
    ------
    ExchangeError
        If the net has what the format cannot hold (a falling threshold, a leak, a graded input, a first-spike
        readout, a weight exponent below −1), or a membrane could leave the 24 bits of a LIF neuron.
    """
    spec = model.spec
    spec.refuse_convolutions(f"the {format_name} format", "train a net of dense layers for it", ExchangeError)
    _refuse(model, format_name)
    layers = [NetxLayer("input", (spec.sizes[0],))]
    for layer in spec.layers:
        weight = model.weights[f"dense{layer}"].T.astype(np.int64)
        check_exact(weight, f"connection {layer}")
        unit = 1 << (spec.weight_exponents[layer - 1] + 1)
        threshold = _mantissa(model, layer, unit) if layer in spec.hidden else None
        _check_range(weight, spec.steps, layer, threshold, unit, _way_out(model))
        neuron = NetxNeuron(DECAY_UNITY, 0, NEVER if threshold is None else threshold)
        layers.append(NetxLayer("dense", (weight.shape[0],), neuron, weight))
    standard = {"encoder": spec.encoder, "steps": spec.steps, "readout": spec.readout, "rule": spec.rule.kind}
    return NetxNetwork(tuple(layers), {**standard, **(notes or {})})


def _refuse(model: Model, format_name: str) -> None:
    """Refuse a net that LIF neurons and Dense synapses cannot be."""
    spec = model.spec
    exponents = [e for e in spec.weight_exponents if e < -1]
    reasons = {
        "the falling threshold of AFT-IF neurons (STD-ED): a LIF threshold is constant": not spec.rule.timing.replays,
        f"the {spec.encoder} encoder's graded spikes: LIF networks of netx take binary ones": spec.graded_input,
        f"the {spec.readout} readout: a LIF threshold is constant": spec.readout != "membrane",
        f"the leak dv = {spec.dv}: LIF rounds it at 2^-6 of our unit, so the membranes differ": spec.dv != 0,
        f"weight exponents {exponents}: lava-dl sets exponents itself, and the sums are rounded": bool(exponents),
    }
    found = [reason for reason, holds in reasons.items() if holds]
    if found:
        raise ExchangeError(f"{format_name} cannot hold {'; nor '.join(found)}. Way out: {_way_out(model)}")


def _mantissa(model: Model, layer: int, unit: int) -> int:
    """vThMant of a hidden layer."""
    kappa: int = threshold_from_step(int(model.threshold_steps[f"hidden{layer}"][0]))  # type: ignore[no-untyped-call]
    mantissa = -(-kappa // unit) - 1
    if not 0 <= mantissa < NEVER:
        raise ExchangeError(
            f"threshold {kappa} of hidden{layer} needs vThMant {mantissa}, the format holds 0 … {NEVER - 1}: train "
            "with a lower threshold or a larger weight exponent"
        )
    return mantissa


def _check_range(weight: Integers, steps: int, layer: int, threshold: int | None, unit: int, way_out: str) -> None:
    """Spikes of a hidden layer, and membranes of a readout (`threshold` None), are those of the trained net.

    A readout may not leave the LIF membrane's range.  A hidden membrane cannot get stuck above: it spikes there.  Below
    it may be cut, after k = ⌊131,071/Σ|w⁻|⌋ + 1 steps at the earliest, if T − k steps of its positive inputs
    cannot bring it from there to its threshold: the uncut one of the trained net lies lower still.
    """
    negative, positive = -np.minimum(weight, 0).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
    falls = steps * negative
    if threshold is None:
        worst = int(max(falls.max(), (steps * positive).max()))
        refused = worst > MEMBRANE_MAX
    else:
        left = np.maximum(steps - (MEMBRANE_MAX // np.maximum(negative, 1) + 1), 0)
        revives = (falls > MEMBRANE_MAX) & (left * positive > MEMBRANE_MAX + threshold)
        worst = int(falls[revives].max(initial=0))
        refused = bool(revives.any())
    if refused:
        raise ExchangeError(
            f"in layer {layer} T = {steps} steps of input can sum up to ±{worst:,}, a LIF membrane holds "
            f"±{MEMBRANE_MAX:,}: take fewer steps (with these weights {steps * MEMBRANE_MAX // worst} would fit) or "
            f"smaller weights, or: {way_out}"
        )
    if int(falls.max()) * unit > STATE_MAX:
        raise ExchangeError(
            f"in layer {layer} T = {steps} steps of input can sum up to −{int(falls.max()) * unit:,}, beyond the 24 "
            f"bits of the trained net's own membrane: take fewer steps or a smaller weight exponent, or: {way_out}"
        )
