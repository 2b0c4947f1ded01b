"""Counts of a net of ours, worked out from recorded spikes, states and weights: the oracle of its counters.

Everything here follows from the definitions in ``docs/energy.md``; no kernel is called, and no counter is read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from lava_ed.engine import Program
from lava_ed.engine.messages import last_message
from lava_ed.network import NetworkSpec
from lava_ed.network.wiring import connections_of

Counts = dict[str, Counter[tuple[str, str]]]
"""node → (counter, phase) → count"""
Array = np.ndarray[Any, Any]
UNRECORDED = ("samples", "labels", "counters")
LEARNING_PORTS = ("s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3")
MANTISSA_BITS, ACCUMULATOR_BITS, TRACE_BITS, TAG_BITS = 4, 15, 7, 9


@dataclass(frozen=True)
class Step:
    """One time step: every Var before and after it, and the spikes that were sent in it."""

    phase: int
    before: dict[tuple[str, str], Array]
    after: dict[tuple[str, str], Array]
    spikes: dict[str, Array]


def record(program: Program, spec: NetworkSpec, steps: int) -> list[Step]:
    """Run a program one step at a time and keep all that it shows."""
    names = [name for name in program.variables if name[1] not in UNRECORDED]
    senders = {source for source, port, *_ in connections_of(spec) if port == "s_out"}
    if spec.readout == "first-spike":
        senders.add("readout")
    result = []
    before = {name: program.get(*name) for name in names}
    for _ in range(steps):
        phase = program.phase
        program.run(1)
        after = {name: program.get(*name) for name in names}
        result.append(Step(phase, before, after, {node: last_message(program, node, "s_out") for node in senders}))
        before = after
    return result


def counts_by_hand(spec: NetworkSpec, steps: list[Step]) -> Counts:
    """What every process of the net did in these steps."""
    by_hand = _Hand(spec)
    for step in steps:
        by_hand.count(step)
    return by_hand.counts


class _Hand:
    """Counts step after step; what a sample needs later (the gate, who spiked) is kept in between."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec, self.schedule, self.last = spec, spec.schedule, len(spec.sizes) - 1
        self.edges = list(connections_of(spec))
        nodes = {end for source, _, target, _ in self.edges for end in (source, target)}
        self.counts: Counts = {node: Counter() for node in nodes}
        self.gate = False
        self.errors = np.zeros(spec.sizes[-1], np.int64)
        self.x0: dict[int, Array] = {}
        self.gathered: dict[int, bool] = {}

    def count(self, step: Step) -> None:
        """All processes in one step."""
        s = self.schedule
        if step.phase == 0:
            self.gate = False
            self.errors = np.zeros_like(self.errors)
            self.x0 = {layer: np.zeros(self.spec.sizes[layer - 1], bool) for layer in self.spec.layers}
            self.gathered = dict.fromkeys(self.spec.layers, False)
        self._side = "forward" if step.phase <= s.error_phase else "backward"
        self.counts["encoder"]["barrier_steps", self._side] += 1
        self._output_error(step)
        for layer in range(self.last + 1):
            self._spikes(step, layer)
        for layer in self.spec.layers:
            self._neurons(step, layer)
            self._forward_reads(step, layer)
            self._backward_reads(step, layer)
            self._learning(step, layer)

    def _node(self, layer: int) -> str:
        return "encoder" if layer == 0 else "readout" if layer == self.last else f"hidden{layer}"

    def _destinations(self, node: str, port: str) -> int:
        """Connections that a port leads to; ports of the learning engine are on the neuron's own core."""
        return sum((source, out) == (node, port) and into not in LEARNING_PORTS for source, out, _, into in self.edges)

    def _sent(self, node: str, port: str, phase: str, spikes: int) -> None:
        self.counts[node]["spikes", phase] += spikes
        self.counts[node]["spike_messages", phase] += spikes * self._destinations(node, port)

    # ------------------------------------------------------------------------------------------ spikes and errors

    def _output_error(self, step: Step) -> None:
        """The division of the softmax for each output, the errors, and one message a layer that is to replay."""
        if step.phase != self.schedule.error_phase or not step.after["error", "learning"][0]:
            return
        self.errors = step.after["error", "e"]
        self.gate = bool(self.errors.any())
        self.counts["error"]["host_ops", "backward"] += self.errors.size
        self._sent("error", "e_out", "backward", np.count_nonzero(self.errors))
        self.counts["error"]["spike_messages", "backward"] += self.gate * self._destinations("error", "gate_out")

    def _spikes(self, step: Step, layer: int) -> None:
        """Spikes before the error forward, replayed ones backward; a readout's are all forward."""
        node = self._node(layer)
        if node in step.spikes:
            late = step.phase >= self.schedule.error_phase and node != "readout"
            self._sent(node, "s_out", "backward" if late else "forward", np.count_nonzero(step.spikes[node]))
        if 0 < layer < self.last:
            self._sent(node, "e_out", "backward", np.count_nonzero(self._error_sent(step, layer)))

    def _error_sent(self, step: Step, layer: int) -> Array:
        """The graded messages that a layer sends back in this step."""
        s = self.schedule
        late = step.phase - s.error_arrival(layer)
        if layer == self.last:
            return self.errors * (step.phase == s.error_phase)
        delta = step.after[self._node(layer), "delta"]
        return delta * (late == 0 if s.kind == "std-ed" else self.gate and 0 <= late < s.steps)

    def _error_received(self, step: Step, layer: int) -> Array:
        """What a hidden layer's e_in gets in this step: what its synapses summed in the step before."""
        node = f"feedback{layer}" if self.spec.feedback == "random" else f"dense{layer + 1}"
        return step.before[node, "e_buff"]

    # ----------------------------------------------------------------------------------------------------- neurons

    def _neurons(self, step: Step, layer: int) -> None:
        """Active: input, current, spike, or a membrane that decays; setting all to 0 at a sample's start is none."""
        node = self._node(layer)
        active = self._active(step, layer, node)
        self.counts[node]["neuron_updates_active", self._side] += np.count_nonzero(active)
        self.counts[node]["neuron_updates_idle", self._side] += np.count_nonzero(~active)

    def _active(self, step: Step, layer: int, node: str) -> Array:
        hidden = layer < self.last
        decays = self.spec.dv != 0 and hidden and self.schedule.kind == "mpd-ed"
        active = step.before[f"dense{layer}", "a_buff"] != 0
        if self.schedule.kind == "std-ed":
            active |= (step.before[node, "u"] != 0) & (step.phase > 0)
        if hidden:
            active |= self._error_received(step, layer) != 0
        if decays and 0 <= step.phase - layer < self.schedule.steps:
            active |= step.before[node, "v"] != 0
        if hidden and self.schedule.kind == "mpd-ed" and step.phase >= self.schedule.error_phase:
            return active | self._replaying(step, layer, node)
        return active | (step.spikes[node] != 0) if node in step.spikes else active

    def _replaying(self, step: Step, layer: int, node: str) -> Array:
        """In a neuron's own step of reversed time: a spike of that step, or an error that decays."""
        t = self.schedule.steps - 1 - (step.phase - self.schedule.error_arrival(layer))
        if not self.gate or not 0 <= t < self.schedule.steps:
            return np.zeros(self.spec.sizes[layer], bool)
        active = (step.before[node, "spike_word"] >> t & 1) != 0
        if self.spec.dv:
            active |= step.before[node, "d"] != 0
        if self.spec.dv_post(layer):
            active |= step.before[node, "b"] != 0
        return active

    # ---------------------------------------------------------------------------------------------------- synapses

    def _forward_reads(self, step: Step, layer: int) -> None:
        """Synapses that are not 0, of the neurons that spike, in the forward pass and once more in the replay."""
        spiked = step.spikes[self._node(layer - 1)] != 0
        read = np.count_nonzero(_weights(step, f"dense{layer}")[:, spiked])
        counter = "graded_synops" if self._graded(layer) else "synops"
        late = step.phase >= self.schedule.error_phase
        self.counts[f"dense{layer}"][counter, "backward" if late else "forward"] += read

    def _backward_reads(self, step: Step, layer: int) -> None:
        """Synapses that are not 0, of the post neurons that send an error."""
        if self.spec.feedback == "symmetric":
            if layer > 1:
                sent = self._error_sent(step, layer) != 0
                read = np.count_nonzero(_weights(step, f"dense{layer}")[sent])
                self.counts[f"dense{layer}"]["graded_synops", "backward"] += read
        elif layer < self.last and step.phase == self.schedule.error_arrival(layer) - 1:
            read = np.count_nonzero(_weights(step, f"feedback{layer}")[self.errors != 0])
            self.counts[f"feedback{layer}"]["graded_synops", "backward"] += read

    def _graded(self, layer: int) -> bool:
        return layer == 1 and self.spec.graded_input

    # ---------------------------------------------------------------------------------------------------- learning

    def _learning(self, step: Step, layer: int) -> None:
        """Traces written, synapses visited where y1 or y2 are set, products, and weights that changed."""
        s, node, count = self.schedule, f"dense{layer}", self.counts[f"dense{layer}"]
        spiked = step.spikes[self._node(layer - 1)] != 0
        forward = 0 <= step.phase - s.fire_start(layer - 1) < s.steps
        if forward:
            if self.spec.rule.with_x1 or self._graded(layer):
                count["trace_updates", "update"] += np.count_nonzero(spiked & ~self.x0[layer])
            self.x0[layer] |= spiked
        stored = step.before[node, "weights"]
        count["weight_writes", "update"] += np.count_nonzero(step.after[node, "weights"] != stored)
        late = step.phase - s.error_arrival(layer)
        learns = step.phase == s.learning_phase if s.kind == "std-ed" else 0 <= late < s.steps
        teacher = "error" if layer == self.last else f"hidden{layer}"
        y = step.after[teacher, "y1"] - step.after[teacher, "y2"]
        if learns and y.any():
            self.gathered[layer] = True
            count["trace_updates", "update"] += np.count_nonzero(y)
            self._visits(step, layer, y, self.x0[layer] if s.kind == "std-ed" else spiked)
        if self.spec.gathers(layer) and step.phase == s.learning_phase and self.gathered[layer]:
            count["synaptic_updates", "update"] += stored.size
            moved = _product(step.before[node, "tag_1"], int(step.before[node, "rate_mantissa"][0]), TAG_BITS)
            count["effective_updates", "update"] += np.count_nonzero(moved)

    def _visits(self, step: Step, layer: int, y: Array, rows: Array) -> None:
        """All synapses of the pre neurons that spiked in the epoch, or all; and those with a product."""
        node, count = f"dense{layer}", self.counts[f"dense{layer}"]
        everything = self.schedule.learning_epoch[1] == "u0"
        count["synaptic_updates", "update"] += (rows.size if everything else np.count_nonzero(rows)) * y.size
        factor, bits = np.ones(rows.size, np.int64), TRACE_BITS
        if self.spec.rule.with_x1 or self._graded(layer):
            factor, bits = step.after[node, "x1"].astype(np.int64), 2 * TRACE_BITS
        mantissa = 1 if self.spec.gathers(layer) else int(step.before[node, "rate_mantissa"][0])
        products = _product(np.outer(y, factor)[:, rows], mantissa, bits)
        count["effective_updates", "update"] += np.count_nonzero(products)


def _weights(step: Step, node: str) -> Array:
    """Weights (n_post, n_pre) that are read in the step."""
    return step.before[node, "weights"]


def _product(value: Array, mantissa: int, bits: int) -> Array:
    """|value·mantissa| » by how many bits the factors pass the accumulator's width."""
    return np.abs(value.astype(np.int64) * mantissa) >> max(0, bits + MANTISSA_BITS - ACCUMULATOR_BITS)
