"""Counters of the baselines against counts made by hand from what a sample leaves behind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from baselines.conftest import baseline_spec

from lava_ed.baselines import BaselineBackend
from lava_ed.exchange.golden.replay import PORT_STREAM, hashed, mix64, stream_key, threshold
from lava_ed.kernels.counting import COUNTERS, PHASES

ERROR_FRACTION_BITS = 8


def node_of(layer: int, last: int) -> str:
    return "encoder" if layer == 0 else "readout" if layer == last else f"hidden{layer}"


def split(backend: BaselineBackend, array: Any) -> list[Any]:
    """The layers of an array over all neurons."""
    return np.split(array, backend.net.first[1:-1], axis=-1)


def rounded(spec: Any, presentation: int, layer: int, phase: int, errors: Any, shift: int) -> Any:
    """|y1 − y2|: the errors without their fractional bits, rounded by the stream of the learning ports."""
    key = mix64(stream_key(spec.seed, presentation, layer + PORT_STREAM, phase))
    return np.minimum((np.abs(errors.astype(np.int64)) + hashed(key, errors.size, shift)) >> shift, 127)


class Hand:
    """Counts of one learning sample; the zeros of the weights have to be the same before and after it."""

    def __init__(self, backend: BaselineBackend, before: list[Any]) -> None:
        self.backend, self.spec, self.before = backend, backend.spec, [m.astype(np.int64) for m in before]
        self.last = len(before)
        self.error = backend.work.e.copy()
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.by_post = Counter[int]()
        schedule = self.spec.schedule
        steps = {"forward": schedule.error_phase + 1, "backward": schedule.period - schedule.error_phase - 1}
        for phase, n in steps.items():
            self.counts["encoder", "barrier_steps", phase] = n
            for layer in range(1, self.last + 1):
                self.counts[node_of(layer, self.last), "neuron_updates_idle", phase] = n * self.spec.sizes[layer]
        self.counts["error", "host_ops", "backward"] = self.spec.sizes[-1]

    def add(self, node: str, counter: str, phase: str, n: Any) -> None:
        self.counts[node, counter, phase] += int(n)

    def active(self, layer: int, phase: str, n: Any) -> None:
        self.add(node_of(layer, self.last), "neuron_updates_active", phase, n)
        self.add(node_of(layer, self.last), "neuron_updates_idle", phase, -int(n))

    def spikes(self, node: str, phase: str, n: Any, listeners: int = 1) -> None:
        self.add(node, "spikes", phase, n)
        self.add(node, "spike_messages", phase, int(n) * listeners)

    def reads(self, layer: int, spiked: Any, phase: str) -> None:
        self.add(f"dense{layer}", "synops", phase, np.count_nonzero(self.before[layer - 1][spiked]))

    def errors_read(self, layer: int, sent: Any) -> None:
        self.add(f"dense{layer}", "graded_synops", "backward", np.count_nonzero(self.before[layer - 1][:, sent]))

    def visits(self, layer: int, rows: Any, products: Any, y: Any) -> None:
        """Synapses of the pre neurons that spiked, and those with a product that is not 0 after the shift.

        Under y0 they would be those of the post neurons with an error.
        """
        self.by_post[layer] += int(np.count_nonzero(y)) * len(rows)
        self.add(f"dense{layer}", "synaptic_updates", "update", np.count_nonzero(rows) * products.shape[1])
        self.add(f"dense{layer}", "effective_updates", "update", np.count_nonzero(products[rows]))


def relpsp_by_hand(hand: Hand) -> None:
    """One spike a neuron: a ramp to a first crossing, one division for each neuron that fired, one update."""
    backend, spec, last, steps = hand.backend, hand.spec, hand.last, hand.spec.steps
    x = split(backend, backend.work.x)
    for layer in range(1, last + 1):
        u, v, fired = (np.zeros(spec.sizes[layer], np.int64) for _ in range(3))
        theta = threshold(int(backend.net.threshold_step[layer]))
        hand.spikes(node_of(layer - 1, last), "forward", np.count_nonzero(x[layer - 1]))
        for t in range(steps + (layer == last)):
            hand.active(layer, "forward", np.count_nonzero((u != 0) & (fired == 0)))
            v = np.where(fired == 0, v + u, v)
            if layer < last:
                fired = np.where((fired == 0) & (v >= theta), steps - t, fired)
            if t < steps:
                spiked = x[layer - 1] == steps - t
                hand.reads(layer, spiked, "forward")
                hand.add(f"dense{layer}", "trace_updates", "update", np.count_nonzero(spiked))
                u = u + 2 * hand.before[layer - 1][spiked].sum(axis=0)
        if layer < last:
            assert fired.tolist() == x[layer].tolist()
    delta = split(backend, backend.work.d)
    if not hand.error.any():
        return
    hand.spikes("error", "backward", np.count_nonzero(hand.error), int(last > 1))
    for layer in range(last - 1, 0, -1):
        hand.errors_read(layer + 1, delta[layer + 1] != 0)
        hand.spikes(f"hidden{layer}", "backward", np.count_nonzero(delta[layer]), int(layer > 1))
        hand.add(f"hidden{layer}", "host_ops", "backward", np.count_nonzero(x[layer]))
        hand.active(layer, "backward", np.count_nonzero(x[layer]))
    for layer in range(1, last + 1):
        y = rounded(spec, 0, layer, spec.schedule.period - 1, delta[layer], spec.rule.rate.port_shift)
        hand.add(f"dense{layer}", "trace_updates", "update", np.count_nonzero(y))
        if y.any():
            lead = x[layer - 1][:, np.newaxis] - x[layer] if layer < last else np.tile(x[layer - 1], (y.size, 1)).T
            products = np.maximum(lead, 0) * y * spec.rule.rate.mantissa >> 3
            hand.visits(layer, x[layer - 1] > 0, products, y)
            changed = backend.weights(layer) != hand.before[layer - 1]
            hand.add(f"dense{layer}", "weight_writes", "update", np.count_nonzero(changed))


def surrogate_by_hand(hand: Hand) -> None:
    """LIF over a window; errors in reversed time, sent at events, or by every neuron in every step."""
    backend, spec, last, steps = hand.backend, hand.spec, hand.last, hand.spec.steps
    window, everywhere = backend.window, hand.spec.rule.name == "sg-bptt"
    assert window is not None
    spikes, level, v = (split(backend, a.astype(np.int64)) for a in (window.spikes, window.level, window.v))
    d, message = split(backend, window.d), split(backend, window.message)
    for layer in range(1, last + 1):
        for t in range(steps):
            spiked = spikes[layer - 1][t] != 0
            hand.spikes(node_of(layer - 1, last), "forward", np.count_nonzero(spiked))
            hand.reads(layer, spiked, "forward")
            active = hand.before[layer - 1][spiked].sum(axis=0) != 0
            if layer < last:
                kept = np.where(spikes[layer][t - 1] != 0, 0, v[layer][t - 1]) if t else 0 * v[layer][t]
                active = active | (spikes[layer][t] != 0) | ((kept != 0) & (spec.dv != 0))
            hand.active(layer, "forward", np.count_nonzero(active))
    if not (everywhere or hand.error.any()):
        return
    if not everywhere:
        hand.add("error", "spike_messages", "backward", last)  # the gate, one message to each layer that replays
    b = [np.zeros(n, np.int64) for n in spec.sizes]
    for t in reversed(range(steps)):
        sent = np.full(spec.sizes[-1], everywhere) if everywhere else (message[last][t] != 0)
        hand.spikes("error", "backward", np.count_nonzero(sent), int(last > 1))
        hand.active(last, "backward", np.count_nonzero(sent) if everywhere else 0)
        for layer in range(last - 1, 0, -1):
            above = np.full(spec.sizes[layer + 1], True) if everywhere else message[layer + 1][t] != 0
            hand.errors_read(layer + 1, above)
            sums = 2 * hand.before[layer] @ message[layer + 1][t].astype(np.int64)
            came = np.sign(sums) * (np.abs(sums) >> spec.error_shift)
            dv_post = spec.dv if layer + 1 < last else 0
            later = d[layer][t + 1] if t + 1 < steps else 0 * d[layer][t]
            active = (came != 0) | (spikes[layer][t] != 0) | (level[layer][t] != 0)
            active |= ((later != 0) & (spec.dv != 0)) | ((b[layer] != 0) & (dv_post != 0))
            b[layer] = np.sign(b[layer]) * (np.abs(b[layer]) * (4096 - dv_post) >> 12) + came
            n = spec.sizes[layer] if everywhere else np.count_nonzero(message[layer][t])
            hand.spikes(f"hidden{layer}", "backward", n, int(layer > 1))
            hand.active(layer, "backward", spec.sizes[layer] if everywhere else np.count_nonzero(active))
    for layer in range(1, last + 1):
        for t in reversed(range(steps)):
            spiked = spikes[layer - 1][t] != 0
            hand.spikes(node_of(layer - 1, last), "backward", np.count_nonzero(spiked))
            hand.reads(layer, spiked, "backward")
            phase = spec.schedule.error_phase + (last - layer) + (steps - 1 - t)
            errors, fraction = (hand.error, 0) if layer == last else (d[layer][t], ERROR_FRACTION_BITS)
            y = rounded(spec, 0, layer, phase, errors, fraction + spec.rule.rate.port_shift)
            if y.any() or everywhere:
                hand.add(f"dense{layer}", "trace_updates", "update", y.size if everywhere else np.count_nonzero(y))
                hand.visits(layer, spiked, np.tile(y * spec.rule.rate.mantissa, (spiked.size, 1)), y)


@pytest.mark.parametrize("hidden", [(8,), (8, 7), (8, 7, 6)], ids=len)
@pytest.mark.parametrize("name", ["relpsp-fixed", "ssgd", "sg-bptt"])
def test_every_counter_is_what_the_definitions_say(name, hidden, some_samples):
    images, labels = some_samples
    # So slow a rate that few weights become or leave zero: samples in which one does are left out.
    spec = baseline_spec(name, hidden, rate=2.0**-12)
    compared = sample = 0
    while compared < 3:
        sample += 1
        backend = BaselineBackend(spec)
        backend.bind(images)
        before = [backend.weights(layer).copy() for layer in spec.layers]
        backend.present(np.array([sample]), labels[sample : sample + 1])
        if any(np.any((a != 0) != (backend.weights(k) != 0)) for k, a in enumerate(before, 1)):
            continue
        hand = Hand(backend, before)
        relpsp_by_hand(hand) if name == "relpsp-fixed" else surrogate_by_hand(hand)
        compared += 1
        for layer in spec.layers:
            by_pre = hand.counts[f"dense{layer}", "synaptic_updates", "update"]
            assert backend.net.visits[layer].tolist() == [by_pre, hand.by_post[layer]]
        for node, counters in backend.counters().items():
            for counter in COUNTERS:
                if name != "relpsp-fixed" and counter == "weight_writes":
                    continue  # a weight may move in several steps of a sample, between which nothing is kept
                by_hand = {phase: hand.counts[node, counter, phase] for phase in PHASES}
                assert counters[counter] == by_hand, f"sample {sample}: {node} {counter}"


def test_inference_notes_spike_times_as_std_ed_does(some_samples):
    """x1 is written when a spike comes: whether an error will follow is not known then."""
    images, labels = some_samples
    backend = BaselineBackend(baseline_spec("relpsp-fixed"))
    backend.bind(images)
    backend.set_learning(False)
    backend.present(np.arange(5), labels[:5])
    counts = backend.counters()
    for layer, sender in ((1, "encoder"), (2, "hidden1")):
        written = counts[f"dense{layer}"]["trace_updates"]["update"]
        assert written == counts[sender]["spikes"]["forward"] > 0
