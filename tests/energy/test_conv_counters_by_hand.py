"""Counters of nets with convolutions against counts made by hand from recorded spikes, errors and weights."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from ed_counters import Step, record
from nets import samples, small_spec
from reference.convolution import kernels_of, matrix_of

from lava_ed.engine import build_program

SAMPLES, IMAGE = 4, (2, 7, 6)
COUNTED = ("spikes", "spike_messages", "synops", "graded_synops", "synaptic_updates", "effective_updates",
           "weight_writes", "host_ops")  # fmt: skip


class Hand:
    """Counts step after step; of each sample the spikes so far are kept."""

    def __init__(self, spec: Any) -> None:
        self.spec, self.s, self.last = spec, spec.schedule, len(spec.layers)
        self.shared = spec.sharing == "accumulated"
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def matrix(self, layer: int, stored: Any) -> Any:
        """All weights (outputs, inputs) of a connection, inputs as its sender numbers them."""
        geometry = self.spec.connections[layer - 1]
        if not geometry.is_conv:
            return stored.T
        return self.planar(layer, matrix_of(self.by_position(layer, stored), geometry, self.shared))

    def planar(self, layer: int, matrix: Any) -> Any:
        """Columns of a matrix in the order of the sender: images are numbered channel by channel."""
        return matrix[:, self.order(layer)] if layer == 1 else matrix

    def order(self, layer: int) -> Any:
        """Number by position of each input of an image."""
        source = self.spec.connections[layer - 1].source
        return np.arange(source.size).reshape(-1, source.channels).T.ravel()

    def by_position(self, layer: int, stored: Any) -> Any:
        """Stored rows in the order of positions, where every input has rows of its own."""
        if self.shared or layer != 1:
            return stored
        geometry, result = self.spec.connections[0], np.zeros(stored.shape, stored.dtype)
        blocks = (geometry.source.size, -1)
        result.reshape(blocks)[self.order(1)] = stored.reshape(blocks)
        return result

    def count(self, step: Step) -> None:
        """All that is sent, read and learned in a step."""
        if step.phase == 0:
            self.spiked = {layer: np.zeros(c.source.size, bool) for layer, c in enumerate(self.spec.connections, 1)}
        sends_errors = {layer: step.phase in self.s.error_phases(layer) for layer in self.spec.layers}
        for layer in self.spec.layers:
            sender, name = "encoder" if layer == 1 else f"hidden{layer - 1}", self.spec.synapses(layer)
            spiked, graded = step.spikes[sender], self.spec.graded_input and layer == 1
            number = np.minimum(spiked, 1) if graded else spiked  # a sum of spikes at one axon is so many spikes
            self.spiked[layer] |= spiked != 0
            self.add(sender, "forward", spikes=number.sum(), spike_messages=number.sum())
            weights = self.matrix(layer, step.before[name, "weights"].T // 2)
            read = np.count_nonzero(weights, axis=0) @ number
            self.add(name, "forward", **{"graded_synops" if graded else "synops": read})
            errors = self.errors(step, layer)
            if sends_errors[layer]:
                sent = np.count_nonzero(errors)
                self.add(self.teacher(layer), "backward", spikes=sent, spike_messages=sent)
                if layer > 1:
                    self.add(name, "backward", graded_synops=np.count_nonzero(weights[errors != 0]))
            if step.phase == self.s.learning_phase and self.spec.connections[layer - 1].is_conv:
                self.learn(step, layer, step.after[self.teacher(layer), "y"] if self.s.timing.replays else errors)

    def teacher(self, layer: int) -> str:
        return "error" if layer == self.last else f"hidden{layer}"

    def errors(self, step: Step, layer: int) -> Any:
        return step.after[self.teacher(layer), "e" if layer == self.last else "delta"]

    def learn(self, step: Step, layer: int, errors: Any) -> None:
        """Visits, products on the processor, taps that moved, and weights that changed."""
        geometry, name = self.spec.connections[layer - 1], self.spec.synapses(layer)
        old, new = (found[name, "weights"].T // 2 for found in (step.before, step.after))
        x = step.after[name, "x1"].astype(np.int64)
        if not errors.any() or not self.spiked[layer].any():
            return
        products = np.outer(errors, x)
        moved, pairs = self.moved(layer, products, old.shape, step, name)
        if self.shared:
            self.add(name, "update", host_ops=pairs + old.size, synaptic_updates=old.size)
        else:
            columns = geometry.shape.channels // geometry.groups
            visits = np.count_nonzero(self.spiked[layer]) * geometry.kernel**2 * columns
            self.add(name, "update", synaptic_updates=visits)
        self.add(name, "update", effective_updates=moved, weight_writes=np.count_nonzero(old != new))

    def moved(self, layer: int, products: Any, shape: Any, step: Step, name: str) -> tuple[int, int]:
        """Taps whose sum, times the rate, is not 0; and the pairs of a spike and an error that a tap joins."""
        shift, mantissa = (int(step.before[name, var][0]) for var in ("rate_shift", "rate_mantissa"))
        taps = self.matrix(layer, np.arange(1, 1 + np.prod(shape)).reshape(shape)) // 2
        there = taps > 0
        sums = np.bincount(taps[there], products[there])
        size = np.abs(sums).astype(np.int64) * mantissa
        moved = ((size + ((1 << max(shift, 0)) >> 1)) >> max(shift, 0)) << max(-shift, 0)
        return np.count_nonzero(moved), np.count_nonzero(products[there])

    def add(self, node: str, phase: str, **counts: Any) -> None:
        for counter, number in counts.items():
            self.counts[node, counter, phase] += int(number)


AGGREGATED = {"learning": "aggregated", "dv": 0, "steps": 4, "error_shift": 7, "rate_shifts": (0, 0, 1, 1)}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("std-ed", {"sharing": "accumulated"}),
        ("std-ed", {"sharing": "none"}),
        ("mpd-ed", AGGREGATED | {"encoder": "current"}),
        ("mpd-ed", AGGREGATED | {"sharing": "none", "pooling": "or"}),
    ],
    ids=str,
)
def test_every_message_read_and_write_is_what_the_definitions_say(kind, settings):
    plain = {"error_shift": 1, "rate_shifts": (-2, -3, 1, 1), "dead_zone": 10}
    spec = small_spec(kind, arch="4c3p1-p2-6c2s2g2-5-3", image=IMAGE, **{**plain, **settings})
    images, labels = samples(SAMPLES, inputs=int(np.prod(IMAGE)))
    stepped, whole = build_program(spec), build_program(spec)
    for program in (stepped, whole):
        program.bind(images)
    whole.present(np.arange(SAMPLES), labels)
    queue = stepped.get("labels", "labels")
    queue[:SAMPLES] = labels
    stepped.set("labels", "labels", queue)
    hand = Hand(spec)
    for step in record(stepped, spec, SAMPLES * spec.schedule.period):
        hand.count(step)
    found = whole.counters()
    assert found == stepped.counters()
    for node in ("encoder", "hidden1", "hidden2", "hidden3", "conv1", "conv2"):
        for counter in COUNTED:
            for phase in ("forward", "backward", "update"):
                assert found[node][counter][phase] == hand.counts[node, counter, phase], f"{node} {counter} {phase}"
    for node in ("conv1", "conv2"):
        assert all(found[node][counter]["update"] for counter in ("effective_updates", "weight_writes"))


def test_kernels_of_the_reference_are_those_of_the_engine():
    """What the counts rest on: rows and columns of stored kernels as the slow convolution takes them."""
    spec = small_spec(arch="4c3p1-3", image=(1, 4, 4))
    stored = np.arange(36, dtype=np.int8).reshape(spec.weights_shape(1))
    assert kernels_of(stored, spec.connections[0])[0, 0, :, 0].tolist() == [16, 8, 0]
