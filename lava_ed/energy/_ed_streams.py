"""Which spikes went over which connection, as far as the counters of a program tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lava_ed.energy.chip_net import Inlets, Stream, outlets_of
from lava_ed.energy.counting import Counters, total
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import TIMINGS

if TYPE_CHECKING:
    from lava_ed.energy._ed_net import EDShape

GATE = "gate"
"""Connection over which the output error opens a replay."""


def streams_of(shape: EDShape, inlets: Inlets, counters: Counters) -> tuple[Stream, ...]:
    """The streams of a net, checked against the messages that its nodes counted.

    Raises
    ------
    ConfigError
        If the counts are malformed, or not those of a program of this net with one message for each
        spike and connection.
    """
    total(counters)  # checks names and numbers
    found = tuple(_Reader(shape, inlets, counters).streams())
    for node in counters:
        for phase, counted in counters[node].get("spike_messages", {}).items():
            implied = sum(stream.spikes for stream in found if (stream.node, stream.phase) == (node, phase))
            if implied != counted:
                raise _mismatch(node, phase, int(counted), implied)
    return found


def _mismatch(node: str, phase: str, counted: int, implied: int) -> ConfigError:
    return ConfigError(
        f"{node} counted {counted} messages in phase {phase}, this net sends {implied} on one core a layer: "
        "give the counters of a program of the net that was mapped, with both spikes and spike_messages"
    )


class _Reader:
    """The rules of who sends what when, over one set of counters."""

    def __init__(self, shape: EDShape, inlets: Inlets, counters: Counters) -> None:
        self.shape = shape
        self.sizes = shape.sizes
        self.last = len(shape.sizes) - 1
        self.replays = TIMINGS[shape.kind].replays
        self.inlets = inlets
        self.counters = counters

    def count(self, node: str, counter: str, phase: str) -> int:
        return int(self.counters.get(node, {}).get(counter, {}).get(phase, 0))

    def streams(self) -> Iterator[Stream]:
        for layer in range(self.last):
            node, forward = self.shape.neurons[layer], self.shape.connections[layer]
            yield Stream(node, "forward", forward, layer, layer + 1, self.count(node, "spikes", "forward"))
            yield from self._backward(node, layer, forward)
        yield from self._error()

    def _backward(self, node: str, layer: int, forward: str) -> Iterator[Stream]:
        """Replayed spikes to the next layer, and errors to the one before, where the rule has them."""
        spikes = self.count(node, "spikes", "backward")
        errors = [outlet for outlet in outlets_of(self.inlets, layer) if outlet[1] != forward]
        replayed, exact = self._replayed(node, layer, forward, spikes, bool(errors))
        if self.replays:
            yield Stream(node, "backward", forward, layer, layer + 1, replayed, exact)
        for target, connection in errors:
            yield Stream(node, "backward", connection, layer, target, spikes - replayed, exact)

    def _replayed(self, node: str, layer: int, forward: str, spikes: int, sends_errors: bool) -> tuple[int, bool]:
        """How many of the backward spikes were replayed, and whether that is known.

        Where the layer's errors go nowhere, every message is a replayed spike.  Elsewhere both go to one
        connection each.  Then the replayed spikes are at least half of all, since an error is only sent
        with one, and at least the synapses read for them over the fan-out, which is exact where no
        weight is 0.
        """
        if not self.replays:
            return 0, True
        if not layer:
            return spikes, True
        if not sends_errors:
            return self.count(node, "spike_messages", "backward"), True
        read = -(-self.count(forward, "synops", "backward") // self.sizes[layer + 1])
        replayed = min(max(read, -(-spikes // 2)), spikes)
        return replayed, replayed == spikes

    def _error(self) -> Iterator[Stream]:
        """Output errors to each layer that they are fed back to, and the gate of a replay."""
        spikes = self.count(self.shape.error, "spikes", "backward")
        targets = list(outlets_of(self.inlets, self.last))
        for target, connection in targets:
            yield Stream(self.shape.error, "backward", connection, self.last, target, spikes)
        counted = self.count(self.shape.error, "spike_messages", "backward")
        rest = counted - spikes * len(targets)
        if not self.replays:
            return
        opened, odd = divmod(rest, self.last)
        if opened < 0 or odd:
            raise _mismatch(self.shape.error, "backward", counted, spikes * len(targets))
        for layer in range(self.last):
            yield Stream(self.shape.error, "backward", GATE, self.last, layer, opened)
