"""Checks of nets with convolutions: rules and settings that they can learn by, and sums that fit 32 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lava_ed.errors import ConfigError
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS, TRACE_MAX, WEIGHT_MIN
from lava_ed.learning_rules import RULES, check
from lava_ed.learning_rules.limits import Limit

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec

POSITIONS_MAX: Final = (2**31 - 1) // (127 * 127 * 7)
"""Largest number of positions of a map: the sum of a tap's products, times the mantissa, then fits 32 bits."""


def check_freeze(spec: NetworkSpec) -> None:
    """Refuse to freeze a connection that is no convolution."""
    kernels = [layer for layer in spec.layers if spec.connections[layer - 1].is_conv]
    if not set(spec.freeze) <= set(kernels):
        there = f"those of connections {', '.join(map(str, kernels))}" if kernels else "none (arch)"
        raise ConfigError(f"freeze {spec.freeze}: kernels can be frozen, and the net has {there}")


def _check_baseline(spec: NetworkSpec) -> None:
    """Refuse what the baselines' loops over maps do not run."""
    for what, value, only in (
        ("encoder", spec.encoder, "current" if spec.rule.timing.replays else "ttfs"),
        ("sharing", spec.sharing, "accumulated"),
        ("groups", max(layer.groups for layer in spec.connections), 1),
        ("adaptation interval", spec.adaptation.interval, 0),
        ("input_drop", spec.input_drop, 0),
    ):
        if value != only:
            raise ConfigError(
                f"{spec.rule.name} in a net with named layers (arch) takes {what} {only!r} only, got {value!r}"
            )


def _check_count_shift(spec: NetworkSpec) -> None:
    """Refuse to count spikes as several where no dense layer counts them."""
    if not spec.rule.x1_counts:
        raise ConfigError(
            f"count_shift {spec.count_shift} is mpd-ed's: {spec.rule.name} counts no spikes, leave it at 0"
        )
    if not any(spec.count_shift_of(layer) for layer in spec.dense):
        raise ConfigError(
            f"count_shift {spec.count_shift}: no dense layer of {spec.arch} counts spikes, as the encoder "
            f"{spec.encoder!r} gives it numbers: leave it at 0, or take another encoder"
        )


def check_convolutions(spec: NetworkSpec) -> None:
    """Refuse rules and settings with which convolutions cannot learn, and sums that do not fit."""
    if spec.rule.name == "renner":
        others = ", ".join(name for name in RULES if name != spec.rule.name)
        raise ConfigError(f"a net with named layers (arch) learns by one of {others}, got {spec.rule.name!r}")
    if spec.rule.name != "mpd-ed" and spec.pooling != "sum":
        kept = "sums the spikes of a square" if spec.rule.timing.replays else "lets a square's first spike through"
        raise ConfigError(f"pooling {spec.pooling!r} is mpd-ed's: {spec.rule.name} {kept}")
    if spec.rule.baseline:
        _check_baseline(spec)
    for what, value, only in (
        ("learning", spec.learning if spec.rule.name == "mpd-ed" else "aggregated", "aggregated"),
        ("dv", spec.dv, 0),
        ("feedback", spec.feedback, "symmetric"),
        ("readout", spec.readout, "membrane"),
        ("dependency", spec.dependency, "x0"),
        ("weight_rounding", spec.weight_rounding, "carry"),
        ("weight_exponents", max(map(abs, spec.weight_exponents)), 0),
        ("error_grains", spec.error_grains, ()),
    ):
        if value != only:
            raise ConfigError(f"a net with named layers (arch) takes {what} {only!r} only, got {value!r}")
    if spec.count_shift:
        _check_count_shift(spec)
    check(_limits_of_taps(spec) + (_limits_of_replay(spec) if spec.rule.timing.replays else []))


def _limits_of_taps(spec: NetworkSpec) -> list[Limit]:
    """Positions whose products gather in the sum of a tap."""
    return [
        Limit(
            f"connection {number}: positions that a tap gathers from",
            layer.shape.height * layer.shape.width,
            POSITIONS_MAX,
            "take a larger stride or a smaller image",
        )
        for number, layer in enumerate(spec.connections, start=1)
        if layer.is_conv and spec.sharing == "accumulated"
    ]


def _limits_of_replay(spec: NetworkSpec) -> list[Limit]:
    """Sums of replayed errors, where they must not wrap, and the spikes that x1 counts."""
    spikes = [
        Limit(
            f"connection {layer}: spikes of an axon in a sample, which x1 counts, T {spec.steps} × "
            f"{spec.axon_spikes(layer)} neurons",
            spec.steps * spec.axon_spikes(layer),
            TRACE_MAX,
            "take fewer time steps or smaller squares",
        )
        for layer in spec.layers
    ]
    if spec.overflow == "wrap":
        return spikes
    largest = 2 * spec.error_limit << MAP_FRACTION_BITS  # of a change of an error
    sums = [
        Limit(
            f"connection {number}: sum of errors, fan-out {layer.fan_out} × |weight| {-WEIGHT_MIN} × {largest}",
            layer.fan_out * -WEIGHT_MIN * largest,
            2**31 - 1,
            "take fewer channels or a smaller kernel",
        )
        for number, layer in enumerate(spec.connections, start=1)
        if layer.is_conv and number > 1
    ]
    of_a_sample = Limit(
        f"error of a sample, error_limit {spec.error_limit} over T {spec.steps} steps",
        spec.steps * (spec.steps + 1) * spec.error_limit << MAP_FRACTION_BITS,
        2**31 - 1,
        "take fewer time steps or a smaller error_limit, of which 127 is kept",
    )
    return [*sums, of_a_sample, *spikes]
