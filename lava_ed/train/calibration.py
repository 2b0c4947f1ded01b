"""What a net with convolutions needs to begin to learn, measured on some samples in place of a search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend, loop_backend
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS, HISTORY_BITS, MAP_FRACTION_BITS
from lava_ed.kernels.loihi.convolution import count_errors, sum_taps
from lava_ed.kernels.loihi.neuron import threshold_from_step
from lava_ed.network.layers import tables_of
from lava_ed.network.spec import NetworkSpec

SAMPLES: Final = 200
CEILING: Final = 0.03
"""Share of a layer's neurons whose membrane reaches the ceiling T·κ."""
SPIKES: Final = 0.15
"""Share of a layer's neurons that spike in a step, where a neuron spikes more than once."""
ERROR: Final = 24
"""Root mean square of the errors of a hidden layer, of at most 127."""
SUM: Final = 256
"""Root mean square of the sums of taps, shifted: a rate of η moves weights by about 2^8·η in one sample."""
_LARGEST_ERROR: Final = 2**23 - 1
_kappa: Callable[[int], int] = threshold_from_step
_count: Callable[..., None] = count_errors
_sum: Callable[..., int] = sum_taps
ONCE: Final = 0.5
"""Share of the squares of a layer that fire in the window, where each fires once at a fixed threshold."""
Shown = tuple[Any, Any, Any]
Numbers = npt.NDArray[np.int64]


def calibrated(
    spec: NetworkSpec, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any], indices: npt.NDArray[np.int64]
) -> NetworkSpec:
    """The net with threshold steps, softmax shift, error shifts and rate shifts that fit its first samples.

    Layer by layer from the input, κ becomes the least threshold whose ceiling at most 3 % of the neurons reach, or θ
    the least at which at most 15 % of the neurons spike in a step;
    k = log2(spread of the outputs) + 1; layer by layer from the output, s makes the root mean square of δ 24; last,
    r that of a connection's sums 2^8.  The weights stay as they are.  What the spec gives already is kept.
    """
    rows = indices[:SAMPLES]
    shown = images, labels[rows], rows
    if not spec.threshold_steps:
        spec = replace(spec, threshold_steps=(0,) * len(spec.hidden))
        for layer in spec.hidden:
            spec = _set(spec, "threshold_steps", layer, _threshold_step(spec, layer, shown))
        if spec.rule.baseline:
            outputs = _measured(spec, shown, lambda net: net.v, learning=False)
        else:
            (outputs,) = _seen(spec, shown, ["readout.v"], learning=False)
        spread = _root_mean_square([v - v.mean() for v in outputs])
        spec = replace(spec, softmax_shift=min(max(round(math.log2(max(spread, 1))) + 1, 0), 23))
    if not spec.error_shifts:
        spec = replace(spec, error_shifts=(0,) * len(spec.layers))
        for layer in reversed(spec.hidden):
            # Errors of layers further down, whose turn comes later, may wrap.
            wide = replace(spec, error_limit=_LARGEST_ERROR, overflow="wrap")
            errors = _root_mean_square(_errors(wide, layer, shown), live=True)
            spec = _set(spec, "error_shifts", layer + 1, _bits(errors / ERROR, 0, 31))
    if not spec.rate_shifts:
        sums = [_bits(_sums(spec, layer, shown) / SUM, -8, 23) for layer in spec.layers]
        spec = replace(spec, rate_shifts=tuple(sums))
    return spec


def _errors(spec: NetworkSpec, layer: int, shown: Shown) -> list[npt.NDArray[Any]]:
    """Errors of a layer as the synapses learn from them: under MPD-ED the sums of those of all steps."""
    if spec.rule.baseline:
        return _measured(spec, shown, lambda net: net.errors.get(layer))
    if not spec.rule.timing.replays:
        return list(_seen(spec, shown, [f"hidden{layer}.delta"])[0])
    kernels = spec.connections[layer - 1].is_conv
    bits = MAP_FRACTION_BITS + (spec.steps - 1).bit_length() if kernels else ERROR_FRACTION_BITS
    return [v / 2.0**bits for v in _seen(spec, shown, [f"hidden{layer}.v"])[0]]


def _measured(
    spec: NetworkSpec, shown: Shown, what: Callable[[Any], Any], learning: bool = True
) -> list[npt.NDArray[Any]]:
    """What a baseline's net has after each sample, without a change of the weights; None is left out."""
    net = loop_backend(spec)
    net.fixed = True
    net.set_learning(learning)
    images, labels, rows = shown
    net.bind(images)
    found = []
    for row, label in zip(rows, labels, strict=True):
        net.present(np.array([row]), np.array([label]))
        if (value := what(net)) is not None:
            found.append(np.array(value))
    return found


def _set(spec: NetworkSpec, name: str, layer: int, value: int) -> NetworkSpec:
    """The spec with one of several values changed."""
    values = list(getattr(spec, name))
    values[layer - 1] = value
    changed: dict[str, Any] = {name: tuple(values)}
    return replace(spec, **changed)


def _bits(ratio: float, low: int, high: int) -> int:
    """round(log2(ratio)) within a range; a ratio of 0 takes no bits."""
    return min(max(round(math.log2(ratio)), low), high) if ratio > 0 else 0


def _root_mean_square(values: Sequence[npt.NDArray[Any]], live: bool = False) -> float:
    """Root mean square over all samples, of what is not 0 where only that counts."""
    squares = sum(float(np.sum(np.square(x.astype(np.float64)))) for x in values)
    count = sum(np.count_nonzero(x) if live else x.size for x in values)
    return math.sqrt(squares / count) if count else 0.0


def _seen(spec: NetworkSpec, shown: Shown, names: Sequence[str], learning: bool = True) -> list[list[Numbers]]:
    """Vars after each sample, without a change of the weights."""
    backend = EngineBackend(spec)
    backend.set_learning(learning)
    images, labels, rows = shown
    backend.bind(images)
    program = backend.program
    seen: list[list[Numbers]] = [[] for _ in names]
    start = {node: program.get(*node) for node in program.variables if node[1] in ("weights", "tag_1")}
    for row, label in zip(rows, labels, strict=True):
        backend.present(np.array([row]), np.array([label]))
        for values, name in zip(seen, names, strict=True):
            node, _, var = name.partition(".")
            values.append(program.get(node, var).astype(np.int64))
        if learning:
            for (node, var), value in start.items():
                program.set(node, var, value)
    return seen


def _threshold_step(spec: NetworkSpec, layer: int, shown: Shown) -> int:
    """The least step whose ceiling few membranes reach, of those that send; or at which few neurons spike."""
    if spec.rule.timing.replays or spec.rule.baseline:
        return _least(spec, layer, shown)
    geometry = spec.connections[layer - 1]
    channels, height, width = geometry.shape
    along, pool = geometry.pooled, geometry.pool
    best = []
    for v in _seen(spec, shown, [f"hidden{layer}.v"], learning=False)[0]:
        inside = v.reshape(height, width, channels)[: along.height * pool, : along.width * pool]
        best.append(inside.reshape(along.height, pool, along.width, pool, channels).max((1, 3)).ravel())
    membranes = np.concatenate(best)
    highest = spec.adaptation.highest_step
    reached = (float(np.mean(membranes >= spec.steps * _kappa(step))) for step in range(highest))
    return next((step for step, share in enumerate(reached) if share <= CEILING), highest)


def _least(spec: NetworkSpec, layer: int, shown: Shown) -> int:
    """The least threshold step at which few neurons spike in a step; a higher one leaves fewer that do."""
    low, high = 0, spec.adaptation.highest_step
    while low < high:
        middle = (low + high) // 2
        there = _set(spec, "threshold_steps", layer, middle)
        low, high = (low, middle) if _is_quiet(there, layer, shown) else (middle + 1, high)
    return low


def _is_quiet(spec: NetworkSpec, layer: int, shown: Shown) -> bool:
    """Whether few neurons spike in a step or, where a square spikes once, few squares do in the window."""
    if spec.rule.baseline:
        shares = _measured(spec, shown, lambda net: net.share_fired(layer), learning=False)
        return float(np.mean(shares)) <= (SPIKES if spec.rule.timing.replays else ONCE)
    words = np.concatenate(_seen(spec, shown, [f"hidden{layer}.spike_word"], learning=False)[0])
    spikes = sum(int(np.sum(words >> t & 1)) for t in range(HISTORY_BITS))
    return spikes <= SPIKES * spec.steps * (words.size // -(-spec.steps // HISTORY_BITS))


def _sums(spec: NetworkSpec, layer: int, shown: Shown) -> float:
    """Root mean square of the sums of a connection's synapses or taps, over the samples that have an error."""
    if spec.rule.baseline:
        return _root_mean_square(
            _measured(spec, shown, lambda net: net.kernels[layer - 1].sums if net.learned else None)
        )
    geometry, name = spec.connections[layer - 1], spec.synapses(layer)
    var = "y" if spec.rule.timing.replays and geometry.is_conv else "delta"
    errors = "error.e" if layer == len(spec.layers) else f"hidden{layer}.{var}"
    pairs = [(x, d) for x, d in zip(*_seen(spec, shown, [f"{name}.x1", errors]), strict=True) if d.any()]
    if not geometry.is_conv:
        pairs = [(x >> spec.rule_of(layer).count_shift, d) for x, d in pairs]
        return _root_mean_square([np.outer(x, d) for x, d in pairs])
    tables = tables_of(geometry, True, planar=layer == 1)
    return _root_mean_square([_tap_sums(spec, layer, tables, x, d) for x, d in pairs])


def _tap_sums(
    spec: NetworkSpec, layer: int, tables: npt.NDArray[np.int32], x: Numbers, delta: Numbers
) -> npt.NDArray[np.int32]:
    """The sums of the taps in one sample."""
    shape = spec.connections[layer - 1].shape
    errors, events = (np.flatnonzero(values).astype(np.int32) for values in (delta, x))
    live = np.zeros(shape.height * (shape.width + 1), np.int32)
    rows, columns = spec.connections[layer - 1].weights_shape(shared=True)
    sums = np.zeros(rows * columns, np.int32)
    _count(tables, errors, errors.size, live)
    _sum(tables, events, events.size, x.astype(np.int32), delta.astype(np.int32), live, sums)
    return sums
