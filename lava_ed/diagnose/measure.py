"""Figures of a net out of some samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.diagnose.probes import Sample, probe_of
from lava_ed.diagnose.smooth import slope_of
from lava_ed.runs.tensor_files import Model

PERCENTILES: Final = (5, 50, 95, 99, 100)
_NOTHING: Final = 1e-9
"""Share of the largest slope below which one counts as 0."""


@dataclass(frozen=True)
class Diagnosis:
    """What some samples tell about a net.

    Attributes
    ----------
    silent, saturated, dead : dict of layer to share
        Of (neuron, sample) pairs without a spike, and at the ceiling (x = T; spikes in more than half of the
        steps; a membrane of 2θ or more; a spike in the earliest step); of neurons without a spike in any sample.
    gradient_norms : dict of connection to dict of percentile to norm
        Of the rule's gradient of single samples in which the last connection had one, in the rule's own units.
    explosion : dict of connection to ratio
        Of every connection but the last: its norm over the last one's, which tells how much the way back
        amplifies a sample's error, whatever its size; the 99th percentile of that over its median.
    reversal : dict
        Components compared (both slopes are not 0), of those the ones of opposite sign and their share;
        ``missing`` where only the smooth net has a slope, ``spurious`` where only the rule has one.
    samples : int
    """

    silent: dict[str, float]
    saturated: dict[str, float]
    dead: dict[str, float]
    gradient_norms: dict[str, dict[str, float]]
    explosion: dict[str, float | None]
    reversal: dict[str, Any]
    samples: int

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def diagnose_model(
    model: Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    components: int = 32,
    differentiated: int = 16,
    seed: int = 0,
) -> Diagnosis:
    """Present samples to a net one by one, never letting it learn, and measure.

    Parameters
    ----------
    model : Model
    images : uint8 (N, n)
    labels : int64 (N,)
    components : int
        Weights of each connection that are differentiated per sample: half of them where the rule's gradient
        is not 0, half anywhere below an input that spiked.
    differentiated : int
        Samples with an error for which that is done.
    seed : int
        Of the choice of weights.
    """
    probe, spec = probe_of(model), model.spec
    nodes = [f"hidden{layer}" for layer in spec.hidden]
    dense = [f"dense{layer}" for layer in spec.layers]
    generator = np.random.default_rng(seed)
    fired: list[list[Any]] = [[] for _ in nodes]
    saturated: list[list[Any]] = [[] for _ in nodes]
    norms: list[list[float]] = [[] for _ in dense]
    tally, done = np.zeros(4, np.int64), 0
    for image, label in zip(images, labels, strict=True):
        sample = probe(image, int(label))
        for k in range(len(nodes)):
            fired[k].append(sample.fired[k])
            saturated[k].append(sample.saturated[k])
        if not np.any(sample.gradient[-1]):
            continue
        for k, gradient in enumerate(sample.gradient):
            norms[k].append(float(np.linalg.norm(gradient)))
        if done < differentiated:
            tally = tally + compare_signs(sample, probe.weights, components, generator)
            done += 1
    shares = {name: np.array(values) for name, values in zip(nodes, fired, strict=True)}
    compared, reversed_, missing, spurious = (int(n) for n in tally)
    return Diagnosis(
        silent={name: float(1 - value.mean()) for name, value in shares.items()},
        saturated={name: float(np.mean(values)) for name, values in zip(nodes, saturated, strict=True)},
        dead={name: float(np.mean(~value.any(axis=0))) for name, value in shares.items()},
        gradient_norms={name: _percentiles(values) for name, values in zip(dense, norms, strict=True)},
        explosion={name: _explosion(values, norms[-1]) for name, values in zip(dense[:-1], norms[:-1], strict=True)},
        reversal={
            "compared": compared,
            "reversed": reversed_,
            "share": reversed_ / compared if compared else None,
            "missing": missing,
            "spurious": spurious,
            "samples": done,
        },
        samples=len(labels),
    )


def compare_signs(
    sample: Sample, weights: list[Any], components: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Signs of the rule's gradient beside finite differences: (compared, reversed, missing, spurious)."""
    tally = np.zeros(4, np.int64)
    for layer, gradient in enumerate(sample.gradient):
        chosen = _choose(gradient, sample.active[layer], components, generator)
        slopes = np.array([slope_of(sample.loss, weights, layer, index, sample.step) for index in chosen])
        mine = np.array([gradient[index] for index in chosen])
        if not len(chosen):
            continue
        true = np.where(np.abs(slopes) > _NOTHING * max(np.abs(slopes).max(), _NOTHING), np.sign(slopes), 0)
        rule = np.sign(mine)
        both = (true != 0) & (rule != 0)
        tally += [
            np.count_nonzero(both),
            np.count_nonzero(both & (true != rule)),
            np.count_nonzero((true != 0) & (rule == 0)),
            np.count_nonzero((true == 0) & (rule != 0)),
        ]
    return tally


def _choose(
    gradient: npt.NDArray[Any], active: npt.NDArray[Any], components: int, generator: np.random.Generator
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


def _percentiles(norms: list[float]) -> dict[str, float]:
    return {f"p{p}": float(np.percentile(norms, p)) for p in PERCENTILES} if norms else {}


def _explosion(norms: list[float], last: list[float]) -> float | None:
    """p99/p50 of the amplification; None without samples, or where the median is 0."""
    gains = [norm / end for norm, end in zip(norms, last, strict=True)]
    median = float(np.median(gains)) if gains else 0.0
    return float(np.percentile(gains, 99)) / median if median else None
