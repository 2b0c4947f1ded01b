"""How many samples a second the engine trains, beside SLAYER on the same nets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.bench.harness import Tell, seconds_of
from lava_ed.bench.roofline import bare_loop
from lava_ed.errors import ConfigError

if TYPE_CHECKING:
    from lava_ed.backends.backend import Backend
    from lava_ed.network import NetworkSpec

_STEPS: Final = (
    ("std-ed", 30),
    ("mpd-ed", 8),
    ("mpd-ed", 16),
    ("mpd-ed aggregated", 8),
    ("relpsp-fixed", 30),
    ("ssgd", 8),
    ("sg-bptt", 8),
    ("renner", 1),
)
NETS: Final = tuple((rule, hidden, steps) for rule, steps in _STEPS for hidden in (256, 400))
"""Rule and, behind a space, its way of learning; hidden neurons, T."""
CONV_NETS: Final = (("std-ed", "24c5-p2-48c3-p2-10", 24), ("mpd-ed aggregated", "24c5-p2-48c3-p2-10", 4))
"""Rule, layers, T; with the preset's calibration."""
CONV_QUICK: Final = "2c3s3p1-p5-10"
SHAPE: Final = (28, 28)
INPUTS: Final = 784
CLASSES: Final = 10
CHUNK: Final = 1000
UNTRAINED: Final = 5_000
"""Samples of a fresh net, nearly each of which is learned."""


@dataclass(frozen=True)
class Data:
    """Images (N, 784) uint8, labels, and where they come from."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    source: str


@dataclass(frozen=True)
class TrainingRate:
    """Speed of one net in an epoch from random weights; all times are CPU seconds of one thread."""

    rule: str
    hidden: int | str
    """Hidden neurons, or the layers of a net with convolutions."""
    steps: int
    samples: int
    epoch_rate: float
    untrained_rate: float
    best_rate: float
    """Samples a second over the epoch, over its first samples, and in its best thousand."""
    triggered: float
    """Share of the epoch's samples that were learned: the others' error is silent."""
    bare_seconds: float
    distance: float
    """What the forward row additions of a sample take in a bare int8 loop, and the epoch's time in units of it."""


def mnist_spec(rule: str, hidden: int | str, steps: int) -> NetworkSpec:
    """A net with one hidden layer, or named layers, and MNIST's preset of a rule, perhaps with its way of learning."""
    from lava_ed.config.training import TrainConfig

    name, _, learning = rule.partition(" ")
    layers = {"arch": hidden} if isinstance(hidden, str) else {"hidden": (hidden,)}
    settings = {**layers, "steps": steps, "learning": learning or None}
    return TrainConfig.create(name, "mnist", **settings).spec(INPUTS, CLASSES, SHAPE)


def bench_training(
    data: Data, samples: int, tell: Tell, *, quick: bool = False, only: Sequence[str] | None = None
) -> dict[str, Any]:
    """Train every net of `NETS` and `CONV_NETS` for an epoch of so many samples at most, and SLAYER a few batches.

    Tiny ones if `quick`, and `only` those with such hidden neurons or layers, of which there has to be one.
    """
    from lava_ed.bench.slayer import slayer_rates

    rates = []
    nets: list[tuple[str, int | str, int]] = [(rule, 8 if quick else hidden, steps) for rule, hidden, steps in NETS]
    nets += [(rule, CONV_QUICK if quick else layers, steps) for rule, layers, steps in CONV_NETS]
    if only is not None:
        there = sorted({str(hidden) for _, hidden, _ in nets})
        if unknown := sorted(set(only) - set(there)):
            raise ConfigError(f"no net that is timed has {', '.join(unknown)}: there are {', '.join(there)}")
        nets = [net for net in nets if str(net[1]) in only]
    for rule, hidden, steps in nets:
        tell(f"{rule} {hidden if isinstance(hidden, str) else f'{INPUTS}-{hidden}-{CLASSES}'}, T = {steps}")
        rates.append(time_rule(rule, hidden, steps, data, samples))
    timed = dict.fromkeys((rate.hidden, rate.steps) for rate in rates)
    slayer = slayer_rates(sorted(timed, key=str), tell, quick=quick)
    return {
        "data": data.source,
        "nets": [asdict(rate) for rate in rates],
        "slayer": slayer,
        "ratios": ratios(rates, slayer["nets"]),
    }


def time_rule(rule: str, hidden: int | str, steps: int, data: Data, samples: int) -> TrainingRate:
    """One epoch of a rule with its preset for MNIST."""
    from lava_ed.backends.backend import make_backend
    from lava_ed.train.calibration import calibrated

    spec = mnist_spec(rule, hidden, steps)
    images, labels = data.images[:samples], data.labels[:samples]
    if spec.arch:
        spec = calibrated(spec, images, labels, np.arange(len(images)))
    warm, backend = make_backend("engine", spec), make_backend("engine", spec)
    warm.bind(images)
    warm.present(np.arange(10), labels[:10])
    backend.bind(images)
    seconds = []
    for first in range(0, len(images), CHUNK):
        chunk = np.arange(first, min(first + CHUNK, len(images)))
        took = seconds_of(partial(backend.present, chunk, labels[chunk]), time.process_time)
        seconds.append(took / len(chunk))
    bare = _bare(backend, spec, len(images))
    return TrainingRate(
        rule=rule,
        hidden=hidden,
        steps=steps,
        samples=len(images),
        epoch_rate=float(1 / np.mean(seconds)),
        untrained_rate=float(1 / np.mean(seconds[: UNTRAINED // CHUNK])),
        best_rate=1 / min(seconds),
        triggered=int(backend.state()["error.triggered"][0]) / len(images),
        bare_seconds=bare,
        distance=float(np.mean(seconds)) / bare,
    )


def _bare(backend: Backend, spec: NetworkSpec, presented: int) -> float:
    """Seconds that the forward row additions of a mean sample take in a bare loop, and nothing else."""
    counters, total = backend.counters(), 0.0
    for layer in spec.layers:
        sender = "encoder" if layer == 1 else f"hidden{layer - 1}"
        n_pre, n_post = spec.sizes[layer - 1], spec.sizes[layer]
        a_sample = counters[sender]["spikes"]["forward"] / presented
        if spec.arch and spec.connections[layer - 1].is_conv:  # a row is a tap that a spike reads, of all channels
            n_pre, n_post = spec.connections[layer - 1].weights_shape(shared=True)
            found = counters[spec.synapses(layer)]
            a_sample = (found["synops"]["forward"] + found["graded_synops"]["forward"]) / presented / n_post
        rows = min(n_pre, max(1, round(a_sample)))
        spikes = np.zeros((n_pre, 1), np.int32)
        spikes[np.random.default_rng(0).permutation(n_pre)[:rows]] = 1
        total += bare_loop([(spikes, n_post)])() * a_sample / rows
    return total


def ratios(rates: list[TrainingRate], slayer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each net's epoch rate by SLAYER's best one for the same hidden layer and T."""
    best = {(net["hidden"], net["steps"]): net["best_rate"] for net in slayer}
    pairs = [(rate, best[rate.hidden, rate.steps]) for rate in rates if (rate.hidden, rate.steps) in best]
    return [
        {"rule": rate.rule, "hidden": rate.hidden, "steps": rate.steps, "ratio": rate.epoch_rate / slayers}
        for rate, slayers in pairs
    ]


def synthetic(samples: int, seed: int = 0) -> Data:
    """Images as sparse as MNIST's: 19 % of the pixels are not black, those of a class share most of them."""
    generator = np.random.default_rng(seed)
    shapes = generator.random((CLASSES, INPUTS)) < 0.19
    labels = generator.integers(0, CLASSES, samples)
    flips = generator.random((samples, INPUTS)) < 0.05
    on = shapes[labels] ^ flips & (generator.random((samples, INPUTS)) < 0.3)
    images = np.where(on, generator.integers(64, 256, (samples, INPUTS)), 0).astype(np.uint8)
    return Data(images, labels.astype(np.int64), "synthetic images, 19 % of the pixels not black")
