"""Messages that cross from hosted models to compiled code and back, and the compiled code that waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lava_ed.engine.memory import Memory
from lava_ed.engine.segments import Segment
from lava_ed.lava_graphs.hosting.channels import Channel
from lava_ed.lava_graphs.hosting.node import Target, events_of, vector_of


@dataclass
class Outlet:
    """Messages of a hosted model that compiled code receives, one a step."""

    channel: Channel
    target: Target
    arrived: bool = False

    def __post_init__(self) -> None:
        self.target.expect(self.channel.dtype)
        if self.target.holds(self.channel.dtype):
            self.channel.take = self._take

    def _take(self, data: Any) -> bool:
        """Give compiled code a message as it is sent, if it has none of this step; whether it took it."""
        if self.arrived:
            return False
        self.target.put(data)
        self.arrived = True
        return True

    def fetch(self) -> bool:
        """Give compiled code the message of this step, if it has not been given; whether it is there."""
        if self.channel.messages:
            self.target.write(self.channel.messages.popleft())
            self.arrived = True
        return self.arrived


@dataclass
class Inlet:
    """Messages of compiled code that hosted models receive."""

    signal: Any
    channels: Sequence[Channel]
    memory: Memory

    def __post_init__(self) -> None:
        self._vector = vector_of(self.memory, self.signal)

    def deliver(self) -> None:
        """Send what the signal holds."""
        message = events_of(self.memory, self.signal) if self._vector is None else self._vector
        for channel in self.channels:
            channel.push(message if len(channel.shape) == 1 else message.reshape(channel.shape))


@dataclass
class Cluster:
    """Compiled neurons and sources that need the same messages of hosted models, directly or through each other."""

    rows: list[int]
    needs: Sequence[Outlet]
    inlets: Sequence[Inlet]
    segment: Segment | None = None
