"""Figures of a net out of some samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.diagnose.probes import Sample, probe_of
from lava_ed.diagnose.smooth import Floats, slope_of
from lava_ed.network.graph import graph_of
from lava_ed.runs.tensor_files import Model

_PERCENTILES: Final = (5, 50, 95, 99, 100)
_NOTHING: Final = 1e-9
"""Share of the largest slope below which one counts as 0."""


@dataclass(frozen=True)
class Diagnosis:
    """What some samples tell about a net, by layer or by connection."""

    silent: dict[str, float]
    """Share of (neuron, sample) pairs without a spike."""
    saturated: dict[str, float]
    """Share of those at the ceiling: x = T; spikes in more than half of the steps; a membrane of 2θ or more; a spike in
    the earliest step."""
    dead: dict[str, float]
    """Share of neurons without a spike in any sample."""
    gradient_norms: dict[str, dict[str, float]]
    """Norm of the rule's gradient of single samples in which the last connection had one, in the rule's own units."""
    explosion: dict[str, float | None]
    """How unevenly the way back amplifies errors, for all connections but the last: the 99th percentile over the median
    of the ratio of the connection's gradient norm to the last connection's, sample by sample."""
    reversal: dict[str, Any]
    """Components compared (both slopes are not 0), of those the ones of opposite sign and their share; ``missing``
    where only the smooth net has a slope, ``spurious`` where only the rule has one."""
    samples: int


def diagnose_model(
    model: Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    components: int = 32,
    differentiated: int = 16,
    seed: int = 0,
) -> Diagnosis:
    """Present samples to a net one by one, never letting it learn, and measure.

    The first `differentiated` samples with an error are differentiated by so many `components` of each connection,
    which the seed chooses: half of them where the rule's gradient is not 0, half anywhere below an input that spiked.
    """
    probe, graph, generator = probe_of(model), graph_of(model.spec), np.random.default_rng(seed)
    fired, saturated = [], []
    norms: list[list[float]] = []
    signs: list[npt.NDArray[np.int64]] = [np.zeros(4, np.int64)]
    for image, label in zip(images, labels, strict=True):
        sample = probe(image, int(label))
        fired.append(sample.fired)
        saturated.append(sample.saturated)
        if np.any(sample.gradient[-1]):
            norms.append([float(np.linalg.norm(gradient)) for gradient in sample.gradient])
            if len(signs) <= differentiated:
                signs.append(compare_signs(sample, probe.weights, components, generator))
    spikes = {node.name: np.array([row[k] for row in fired]) for k, node in enumerate(graph.hidden)}
    by_connection = {node.name: [row[k] for row in norms] for k, node in enumerate(graph.dense)}
    *earlier, last = by_connection
    compared, reversed_, missing, spurious = (int(n) for n in np.sum(signs, axis=0))
    return Diagnosis(
        silent={name: float(1 - value.mean()) for name, value in spikes.items()},
        saturated={name: float(np.mean([row[k] for row in saturated])) for k, name in enumerate(spikes)},
        dead={name: float(np.mean(~value.any(axis=0))) for name, value in spikes.items()},
        gradient_norms={
            name: {f"p{p}": float(np.percentile(values, p)) for p in _PERCENTILES} if values else {}
            for name, values in by_connection.items()
        },
        explosion={name: _explosion(by_connection[name], by_connection[last]) for name in earlier},
        reversal={
            "compared": compared,
            "reversed": reversed_,
            "share": reversed_ / compared if compared else None,
            "missing": missing,
            "spurious": spurious,
            "samples": len(signs) - 1,
        },
        samples=len(labels),
    )


def compare_signs(
    sample: Sample, weights: list[Floats], components: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Signs of the rule's gradient beside finite differences: (compared, reversed, missing, spurious)."""
    tally = np.zeros(4, np.int64)
    for layer, gradient in enumerate(sample.gradient):
        chosen = _choose(gradient, np.flatnonzero(sample.activity[layer]), components, generator)
        if not chosen:
            continue
        slopes = np.array([slope_of(sample.loss, weights, layer, index, sample.step) for index in chosen])
        true = np.where(np.abs(slopes) > _NOTHING * max(np.abs(slopes).max(), _NOTHING), np.sign(slopes), 0)
        rule = np.sign([gradient[index] for index in chosen])
        both = (true != 0) & (rule != 0)
        outcomes = (both, both & (true != rule), (true != 0) & (rule == 0), (true == 0) & (rule != 0))
        tally += [np.count_nonzero(outcome) for outcome in outcomes]
    return tally


def _choose(
    gradient: Floats, active: npt.NDArray[np.int64], components: int, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Weights to differentiate, each once."""
    if not len(active):
        return []
    posts, pres = np.nonzero(gradient)
    picks = generator.permutation(len(posts))[: components // 2]
    chosen = {(int(posts[k]), int(pres[k])) for k in picks}
    for _ in range(components - components // 2):
        chosen.add((int(generator.integers(gradient.shape[0])), int(generator.choice(active))))
    return sorted(chosen)


def _explosion(norms: list[float], last: list[float]) -> float | None:
    """p99/p50 of the amplification; None without samples, or where the median is 0."""
    gains = [norm / end for norm, end in zip(norms, last, strict=True)]
    median = float(np.median(gains)) if gains else 0.0
    return float(np.percentile(gains, 99)) / median if median else None
