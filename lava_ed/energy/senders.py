"""Which spikes, errors and openings of a gate went over which connection, as far as counters tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from lava_ed.energy.chip_net import Flow
from lava_ed.energy.counting import Counters, total
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import PHASES

GATE: Final = "gate"
"""Connection over which the output error opens a replay."""

Route = tuple[str, int]
"""(connection, target layer)"""


@dataclass(frozen=True)
class Sender:
    """A process that sends messages: from which layer's cores, and over which routes its spikes, errors and gates go.

    `sends` is that of its `Process`, and `replays` tells whether a gate makes it send its spikes again.  `copies` are
    the messages that it counts for one spike, error and opening: one a connection to a neurocore.  `readers` are the
    plastic connections that read its spikes, with the neurons of each: what they read tells replayed spikes.
    """

    name: str
    sends: str
    layer: int
    replays: bool
    spikes: tuple[Route, ...]
    errors: tuple[Route, ...]
    gates: tuple[Route, ...]
    copies: tuple[int, int, int]
    readers: tuple[tuple[str, int], ...]


class Sent(NamedTuple):
    """Spikes, errors and openings in what a process counted."""

    spikes: int = 0
    errors: int = 0
    opened: int = 0
    exact: bool = True


def flows_of(senders: tuple[Sender, ...], counters: Counters) -> tuple[Flow, ...]:
    """The flows of a net; a ConfigError where not one message is counted for each spike and connection."""
    total(counters)  # checks names and numbers
    names = {sender.name for sender in senders}
    for node in counters:
        for phase in PHASES:
            if node not in names and (messages := _count(counters, node, "spike_messages", phase)):
                raise _mismatch(node, messages, _count(counters, node, "spikes", phase), phase)
    return tuple(flow for sender in senders for phase in PHASES for flow in _flows(sender, phase, counters))


def _count(counters: Counters, node: str, counter: str, phase: str) -> int:
    return int(counters.get(node, {}).get(counter, {}).get(phase, 0))


def _mismatch(node: str, messages: int, spikes: int, phase: str) -> ConfigError:
    return ConfigError(
        f"{node} counted {messages} messages of {spikes} spikes in phase {phase}, which this graph cannot send: "
        "give the counters of a program of the net that was mapped, with both spikes and spike_messages"
    )


def _flows(sender: Sender, phase: str, counters: Counters) -> Iterator[Flow]:
    """The flows of one process in a phase, the empty ones that it could send there included."""
    spikes, messages = (_count(counters, sender.name, counter, phase) for counter in ("spikes", "spike_messages"))
    sent = _parts(sender, phase, spikes, messages, counters)
    if sent is None:
        raise _mismatch(sender.name, messages, spikes, phase)
    back = phase == "backward"
    for number, routes, usual in (
        (sent.spikes, sender.spikes, sender.replays if back else phase == "forward"),
        (sent.errors, sender.errors, back),
        (sent.opened, sender.gates, back),
    ):
        for connection, target in routes if number or usual else ():
            yield Flow(sender.name, phase, connection, sender.layer, target, number, sent.exact)


def _parts(sender: Sender, phase: str, spikes: int, messages: int, counters: Counters) -> Sent | None:
    """The parts of the spikes and messages that a process counted; None where the counts cannot be."""
    spike_copies, error_copies, gate_copies = sender.copies
    if sender.sends == "output error":
        rest = messages - spikes * error_copies
        opened, odd = divmod(rest, gate_copies) if gate_copies else (0, rest)
        return None if odd or opened < 0 else Sent(errors=spikes, opened=opened)
    if sender.sends == "replay" and phase == "backward":
        return _replayed(sender, spikes, messages, counters)
    errors = sender.sends == "errors" and phase == "backward"
    if messages != spikes * (error_copies if errors else spike_copies):
        return None
    return Sent(errors=spikes) if errors else Sent(spikes)


def _replayed(sender: Sender, spikes: int, messages: int, counters: Counters) -> Sent | None:
    """Tell apart replayed spikes and errors, which are counted together, by their connections.

    With as many connections for either, the replayed spikes are at least half of all, as an error is only sent with
    one, and at least the synapses read for them over the fan-out, which is exact where no weight is 0.
    """
    spike_copies, error_copies, _ = sender.copies
    if spike_copies != error_copies:
        replayed, odd = divmod(messages - error_copies * spikes, spike_copies - error_copies)
        return None if odd or not 0 <= replayed <= spikes else Sent(replayed, spikes - replayed)
    if messages != spikes * spike_copies:
        return None
    reads = [-(-_count(counters, name, "synops", "backward") // n_post) for name, n_post in sender.readers]
    replayed = min(max(-(-spikes // 2), *reads, 0), spikes)
    return Sent(replayed, spikes - replayed, exact=replayed == spikes)
