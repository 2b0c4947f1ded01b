"""Small nets and samples for tests that compare back ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network import Adaptation, NetworkSpec
from lava_ed.network.layers import connections_in
from lava_ed.network.wiring import initial_weights
from lava_ed.train import Model

INPUTS, OUTPUTS = 12, 3


def samples(n: int = 8, seed: int = 0, inputs: int = INPUTS, outputs: int = OUTPUTS) -> tuple[Any, Any]:
    """Random images, 40 % black, and labels."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (n, inputs), dtype=np.uint8)
    images[generator.random(images.shape) < 0.4] = 0
    return images, generator.integers(0, outputs, n)


def small_spec(kind: str = "std-ed", hidden: tuple[int, ...] = (8,), **changes: Any) -> NetworkSpec:
    """A net that learns visibly within a few samples: fast rate, thresholds that move every other sample."""
    sizes = (INPUTS, *hidden, OUTPUTS)
    settings: dict[str, Any] = {
        "steps": 6,
        "adaptation": Adaptation(initial_step=22, interval=2),
        "error_shift": 3 if kind == "std-ed" else 8,
        "softmax_shift": 7,
        "dead_zone": 0,
        "init_limits": (90,) * (len(sizes) - 1),
    }
    if kind == "mpd-ed":
        settings["dv"] = 300
    settings.update(changes)
    if arch := changes.get("arch"):
        sizes = ()
        one_each = {"image": (1, 3, 4), "weight_rounding": "carry", "init_limits": (90,) * connections_in(arch)}
        settings = {**settings, **one_each, **changes}
    rule = settings.pop("rule", STDED(2.0**-8) if kind == "std-ed" else MPDED(2.0**-4))
    return NetworkSpec(sizes, rule, **settings)


def small_model(kind: str = "mpd-ed", hidden: tuple[int, ...] = (8,), **changes: Any) -> Model:
    """A small net with its initial weights and thresholds; without a leak, unless asked for."""
    if kind == "mpd-ed":
        changes.setdefault("dv", 0)
    spec = small_spec(kind, hidden, **changes)
    weights = {f"dense{layer}": initial_weights(spec, layer) for layer in spec.layers}
    steps = {f"hidden{layer}": np.array([spec.adaptation.initial_step], np.int32) for layer in spec.hidden}
    if spec.readout == "first-spike":
        steps["readout"] = np.array([spec.readout_adaptation.initial_step], np.int32)
    return Model(spec, weights, steps)
