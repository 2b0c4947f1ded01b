"""Flat arrays for a NetworkSpec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.kernels.baselines.flat_net import ERROR, FlatNet
from lava_ed.kernels.baselines.surrogate import AT_SPIKES, EVERYWHERE, NEAR_THRESHOLD, Window
from lava_ed.kernels.baselines.surrogate_samples import (
    ADAPTING,
    EXPONENT,
    LEARNING,
    MANTISSA,
    N_STATE,
    PORT_SHIFT,
    PRESENTATION,
    Settings,
    Work,
)
from lava_ed.kernels.counting import N_COUNTERS, N_PHASES
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS
from lava_ed.kernels.loihi.plasticity import WORK_ROWS
from lava_ed.network.encoding import ENCODERS, encoder_table
from lava_ed.network.graph import NetGraph
from lava_ed.network.settings import ROUNDINGS
from lava_ed.network.spec import NetworkSpec

MASKS: Final = {"mpd-ed": AT_SPIKES, "ssgd": NEAR_THRESHOLD, "sg-bptt": EVERYWHERE}
"""Surrogate masks of the rules that share MPD-ED's net."""


def flat_net(graph: NetGraph, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> FlatNet:
    """The net's arrays, with these stored weights or those drawn from its seed.

    Raises a ShapeError or a WeightError where a weight matrix does not fit, or is not int8.
    """
    spec, stored = graph.spec, graph.weights(weights)
    matrices = [stored[node.name] for node in graph.dense]
    layers = len(spec.sizes)
    a = spec.adaptation
    hidden = spec.threshold_steps or (a.initial_step,) * len(spec.hidden)
    return FlatNet(
        sizes=np.array(spec.sizes, np.int64),
        first=np.cumsum([0, *spec.sizes]),
        offset=np.cumsum([0, 0, *(m.size for m in matrices[:-1])]),
        w8=np.concatenate([m.ravel() for m in matrices]),
        nonzeros=np.concatenate([np.count_nonzero(m, axis=1) for m in matrices]).astype(np.int32),
        exponents=np.array([0, *(node.parameters["weight_exp"] for node in graph.dense)], np.int64),
        threshold_step=np.array([a.initial_step, *hidden, a.initial_step], np.int32),
        tallies=np.zeros((layers, 3), np.int32),
        adaptation=np.array([a.interval, a.highest_step, a.low, a.high, a.ceiling], np.int64),
        counters=np.zeros((ERROR + 2 * layers - 1, N_COUNTERS, N_PHASES), np.int64),
        visits=np.zeros((layers, 2), np.int64),
        by_post=np.array([0, *(spec.dependency_of(layer) == "y0" for layer in spec.layers)], np.int64),
    )


def settings_of(graph: NetGraph) -> Settings:
    """The net's fixed numbers; those of the neurons are there without a hidden layer, too."""
    spec, schedule = graph.spec, graph.schedule
    encoder, dense, error = (graph.of_kind(kind)[0].parameters for kind in ("Encoder", "PlasticDense", "SoftmaxError"))
    return Settings(
        mask=MASKS.get(spec.rule.name, AT_SPIKES),
        drop=encoder["drop"],
        encoder=ENCODERS.index(encoder["kind"]),
        dv=spec.dv,
        half_width=spec.half_width,
        error_shift=dense["error_shift"],
        error_limit=spec.error_limit,
        softmax_shift=error["shift"],
        dead_zone=error["dead_zone"],
        hidden_dead_zones=np.array([0, *map(spec.hidden_dead_zone, spec.hidden), 0], np.int64) << ERROR_FRACTION_BITS,
        grains=np.array([0, *(spec.error_grains or (0,) * len(spec.hidden)), 0], np.int64),
        rounding=ROUNDINGS.index(error["rounding"]),
        seed=spec.seed,
        layers=len(spec.layers),
        steps=spec.steps,
        error_phase=schedule.error_phase,
        period=schedule.period,
    )


def work_of(spec: NetworkSpec) -> Work:
    """State before the first sample, and scratch."""
    total, widest = sum(spec.sizes), max(spec.sizes)
    state = np.zeros(N_STATE, np.int64)
    rate = spec.rule.rate
    state[[PRESENTATION, LEARNING, ADAPTING]] = -1, 1, 1
    state[[MANTISSA, EXPONENT, PORT_SHIFT]] = rate.mantissa, rate.exponent, rate.port_shift

    lengths = {**dict.fromkeys("xvabd", total), "e": spec.sizes[-1], **dict.fromkeys(("events", "y1", "y2"), widest)}
    return Work(
        state=state,
        table=encoder_table(spec.encoder, spec.steps),
        **{name: np.zeros(n, np.int32) for name, n in lengths.items()},
        row=np.zeros(WORK_ROWS * widest, np.int16),
        tag=np.zeros((0, widest), np.int16),
        tally=np.zeros((len(spec.sizes), 3), np.int64),
    )


def window_of(spec: NetworkSpec) -> Window:
    """Room for one sample, step by step."""
    spikes, level, *others = np.zeros((5, spec.steps, sum(spec.sizes)), np.int32)
    return Window(spikes.astype(np.uint8), level.astype(np.uint8), *others)
