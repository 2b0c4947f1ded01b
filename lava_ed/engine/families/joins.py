"""Inputs as an op needs them: one vector or one list of events, from any number of OutPorts."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Connection, Node, Signal, raise_flag
from lava_ed.engine.memory import Slot, also
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.errors import BackendError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.events import add_events, add_vector, list_events
from lava_ed.kernels.views import segment

JOIN_CLEAR = op("join_clear", "core", n=number("values"), total=writes("i32", "n"))
JOIN_VECTOR = op(
    "join_vector",
    "core",
    n=number("values"),
    total=updates("i32", "n"),
    values=reads("i32", "n"),
    index=reads("i32", "n_index"),
    n_index=number("n, or 0 for the identity"),
)
JOIN_EVENTS = op(
    "join_events",
    "core",
    n=number("values"),
    total=updates("i32", "n"),
    count=reads("i32"),
    events=reads("i32", "n"),
    payloads=reads("i32", "n_payloads"),
    n_payloads=number("n, or 0 where all payloads are 1"),
    places=reads("i32", "n_places"),
    n_places=number("n, or 0 for the identity"),
)
JOIN_PART = op(
    "join_part",
    "others",
    n=number("values of the sender"),
    n_total=number("values of the receiver"),
    total=updates("i32", "n_total"),
    values=reads("i32", "n"),
    places=reads("i32", "n"),
)
JOIN_LIST = op(
    "join_list", "core", n=number("values"), values=reads("i32", "n"), count=writes("i32"), events=writes("i32", "n")
)


@kernel
def join_clear(a, i32):  # type: ignore[no-untyped-def]
    """Set the total to 0."""
    segment(i32, a[JOIN_CLEAR.total], a[JOIN_CLEAR.n])[:] = 0


@kernel
def join_vector(a, i32):  # type: ignore[no-untyped-def]
    """Add a vector to the total."""
    n = a[JOIN_VECTOR.n]
    index = segment(i32, a[JOIN_VECTOR.index], a[JOIN_VECTOR.n_index])
    add_vector(segment(i32, a[JOIN_VECTOR.values], n), index, segment(i32, a[JOIN_VECTOR.total], n))


@kernel
def join_events(a, i32):  # type: ignore[no-untyped-def]
    """Add events to the total."""
    n = a[JOIN_EVENTS.n]
    payloads = segment(i32, a[JOIN_EVENTS.payloads], a[JOIN_EVENTS.n_payloads])
    places = segment(i32, a[JOIN_EVENTS.places], a[JOIN_EVENTS.n_places])
    events, total = segment(i32, a[JOIN_EVENTS.events], n), segment(i32, a[JOIN_EVENTS.total], n)
    add_events(events, i32[a[JOIN_EVENTS.count]], payloads, places, total)


@kernel
def join_part(a, i32):  # type: ignore[no-untyped-def]
    """Add a vector to some places of the total."""
    total = i32[a[JOIN_PART.total] :]
    for k in range(a[JOIN_PART.n]):
        total[i32[a[JOIN_PART.places] + k]] += i32[a[JOIN_PART.values] + k]


@kernel
def join_list(a, i32):  # type: ignore[no-untyped-def]
    """List the values that are not 0."""
    n = a[JOIN_LIST.n]
    i32[a[JOIN_LIST.count]] = list_events(segment(i32, a[JOIN_LIST.values], n), segment(i32, a[JOIN_LIST.events], n))


def _signal(asm: Assembler, feed: Connection) -> Signal:
    """What a connection brings, if it is there in every step just as Lava sends it."""
    signal = asm.signals[feed.source, feed.out_port]
    if signal.real >= 0:
        raise BackendError(
            f"{feed.source}.{feed.out_port} sends floating-point numbers to {feed.target}.{feed.in_port} of a "
            "fixed-point ProcessModel: select models of one kind by select_tag, or run the graph on Lava's own "
            "runtime (without attach)"
        )
    if signal.held or (signal.vector < 0 and signal.events < 0):
        raise BackendError(
            f"{feed.source}.{feed.out_port} feeds {feed.target}.{feed.in_port}, but the engine has its messages for "
            "our own processes only: read a Var instead, or run the graph on Lava's own runtime (without attach)"
        )
    return signal


def _join(asm: Assembler, feeds: list[Connection], size: int) -> int:
    """Sum what several OutPorts send, or permute what one sends; returns the offset of the vector."""
    total = asm.scratch(size)
    asm.every_step(RUN, JOIN_CLEAR, n=size, total=total)
    for feed in feeds:
        signal = _signal(asm, feed)
        asm.want_vector(signal)
        if signal.vector >= 0 and feed.index is not None and feed.index.size != signal.size:
            places, length = _table(asm, _places(feed.index, signal.size))
            asm.every_step(RUN, JOIN_PART, n=length, n_total=size, total=total, values=signal.vector, places=places)
        elif signal.vector >= 0:
            index, length = _table(asm, feed.index)
            asm.every_step(RUN, JOIN_VECTOR, n=size, total=total, values=signal.vector, index=index, n_index=length)
        else:
            places, length = _table(asm, None if feed.index is None else _places(feed.index, signal.size))
            payloads, n_payloads = (signal.payloads, size) if signal.payloads >= 0 else (0, 0)
            asm.every_step(
                RUN, JOIN_EVENTS, n=size, total=total, count=signal.count, events=signal.events,
                payloads=payloads, n_payloads=n_payloads, places=places, n_places=length,
            )  # fmt: skip
    return total


def _places(index: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Where each value of the sender goes, from where each value of the receiver comes from."""
    places = np.zeros(size, np.int64)
    mine = np.flatnonzero(index >= 0)
    places[index[mine]] = mine
    return places


def _table(asm: Assembler, index: npt.NDArray[np.int64] | None) -> tuple[int, int]:
    """Offset and length of a table of indices; (0, 0) for the identity."""
    if index is None:
        return 0, 0
    return asm.memory.allocate("i32", index.shape, index).offset, index.size


def vector_input(asm: Assembler, node: Node, port: str, size: int) -> int:
    """Offset (i32) of what an InPort receives in a step, zeros where nothing is connected.

    It is valid in stage RUN; what comes from a synapse has changed in the stages after it.
    """
    feeds = asm.feeds(node, port)
    if not feeds:
        return asm.zeros(size)
    signal = _signal(asm, feeds[0])
    if len(feeds) == 1 and feeds[0].index is None and signal.vector >= 0:
        asm.want_vector(signal)
        return signal.vector
    return _join(asm, feeds, size)


def lasting_vector_input(asm: Assembler, node: Node, port: str, size: int) -> int:
    """As `vector_input`, but valid in every stage of the step."""
    feeds = asm.feeds(node, port)
    if len(feeds) == 1 and _signal(asm, feeds[0]).events < 0:
        return _join(asm, feeds, size)
    return vector_input(asm, node, port, size)


def _refuse_wide_sums(asm: Assembler, node: Node, port: str, feeds: list[Connection]) -> None:
    """Lava adds a 64-bit sender (TernaryLIF) and a 32-bit one in 64 bits, the engine in 32."""
    wide = {asm.signals[feed.source, feed.out_port].wide for feed in feeds}
    if len(wide) > 1:
        raise BackendError(
            f"{node.name}.{port} adds TernaryLIF spikes to those of other processes, which Lava does in 64 bits and "
            "the engine in 32: give each a Dense of its own, or run the graph on Lava's own runtime (without attach)"
        )


def event_input(
    asm: Assembler, node: Node, port: str, size: int, with_vector: bool = False, with_payload: bool = True
) -> Signal:
    """The events that an InPort receives in a step, valid in every stage; none where nothing is connected.

    Parameters
    ----------
    with_vector : bool
        Whether the vector of the messages is needed too.
    with_payload : bool
        Whether the payloads may be read; without, those of a signal that is ``wanted`` by nobody are not valid.
    """
    feeds = asm.feeds(node, port)
    _refuse_wide_sums(asm, node, port, feeds)
    if len(feeds) == 1 and feeds[0].index is None:
        signal = _signal(asm, feeds[0])
        if signal.events >= 0 and (signal.vector >= 0 or not with_vector):
            if with_vector or with_payload:
                asm.want_vector(signal)
            return signal
    count, events = asm.scratch(1), asm.scratch(size)
    if not feeds:
        return Signal(size, count, events, -1, asm.zeros(size))
    total = _join(asm, feeds, size)
    asm.every_step(RUN, JOIN_LIST, n=size, values=total, count=count, events=events)
    return Signal(size, count, events, total, total)


def want_vector_with(asm: Assembler, signal: Signal, node: str, var: str) -> None:
    """Have the payloads of a signal written as soon as somebody writes a Var on which it depends whether they count."""
    if signal.wanted >= 0:
        flag = Slot("i32", signal.wanted, (1,))
        asm.variables[node, var] = also(asm.variables[node, var], partial(raise_flag, flag))
