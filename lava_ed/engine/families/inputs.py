"""Inputs as an op needs them: one vector or one list of events, from any number of OutPorts."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Connection, Node, Signal, raise_flag
from lava_ed.engine.memory import Slot
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.errors import BackendError, NotCompiledError
from lava_ed.installed import without_engine
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.floating import add_integers, add_real, list_real_events
from lava_ed.kernels.vectors.events import add_events, add_vector, list_events
from lava_ed.kernels.views import segment

_VECTOR: Final = {
    "n": number("values of the receiver"),
    "values": reads("i32", "n"),
    "index": reads("i32", "n_index"),
    "n_index": number("n, or 0 where the values keep their order"),
}
_EVENTS: Final = {
    "n": number("values of the receiver"),
    "count": reads("i32"),
    "events": reads("i32", "n"),
    "payloads": reads("i32", "n_payloads"),
    "n_payloads": number("n, or 0 where all payloads are 1"),
    "index": reads("i32", "n_index"),
    "n_index": number("values of the sender, or 0 where they keep their order"),
}
_LISTED: Final = {"count": writes("i32"), "events": writes("i32", "n")}
JOIN_CLEAR = op("join_clear", "core", n=number(), total=writes("i32", "n"))
JOIN_VECTOR = op("join_vector", "core", **_VECTOR, total=updates("i32", "n"))
JOIN_EVENTS = op("join_events", "core", **_EVENTS, total=updates("i32", "n"))
JOIN_PART = op(
    "join_part",
    "others",
    n=number("values of the receiver"),
    total=updates("i32", "n"),
    n_part=number("values of the sender"),
    **each(reads("i32", "n_part"), "values", "index"),
)
JOIN_LIST = op("join_list", "core", n=number("values"), values=reads("i32", "n"), **_LISTED)
REAL_CLEAR = op("real_clear", "floating", n=number(), total=writes("f64", "n"))
REAL_JOIN = op("real_join", "floating", **_VECTOR | {"values": reads("f64", "n")}, total=updates("f64", "n"))
REAL_JOIN_INTEGERS = op("real_join_integers", "floating", **_VECTOR, total=updates("f64", "n"))
REAL_JOIN_EVENTS = op("real_join_events", "floating", **_EVENTS, total=updates("f64", "n"))
REAL_LIST = op("real_list", "floating", n=number("values"), values=reads("f64", "n"), **_LISTED)


@kernel
def join_clear(a, i32):  # type: ignore[no-untyped-def]
    """Set the total to 0."""
    segment(i32, a[JOIN_CLEAR.total], a[JOIN_CLEAR.n])[:] = 0


@kernel
def real_clear(a, f64):  # type: ignore[no-untyped-def]
    """Set the total to 0."""
    segment(f64, a[REAL_CLEAR.total], a[REAL_CLEAR.n])[:] = 0.0


@kernel
def join_vector(a, i32):  # type: ignore[no-untyped-def]
    """Add a vector to the total."""
    f = JOIN_VECTOR
    n, index = a[f.n], segment(i32, a[f.index], a[f.n_index])
    add_vector(segment(i32, a[f.values], n), index, segment(i32, a[f.total], n))


@kernel
def real_join(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector of real numbers to the total."""
    f = REAL_JOIN
    n, index = a[f.n], segment(i32, a[f.index], a[f.n_index])
    add_real(segment(f64, a[f.values], n), index, segment(f64, a[f.total], n))


@kernel
def real_join_integers(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector of integers to the total."""
    f = REAL_JOIN_INTEGERS
    n, index = a[f.n], segment(i32, a[f.index], a[f.n_index])
    add_integers(segment(i32, a[f.values], n), index, segment(f64, a[f.total], n))


@kernel
def join_events(a, i32):  # type: ignore[no-untyped-def]
    """Add events to the total."""
    f = JOIN_EVENTS
    n, payloads = a[f.n], segment(i32, a[f.payloads], a[f.n_payloads])
    index, events = segment(i32, a[f.index], a[f.n_index]), segment(i32, a[f.events], n)
    add_events(events, i32[a[f.count]], payloads, index, segment(i32, a[f.total], n))


@kernel
def real_join_events(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add events to the total."""
    f = REAL_JOIN_EVENTS
    n, payloads = a[f.n], segment(i32, a[f.payloads], a[f.n_payloads])
    index, events = segment(i32, a[f.index], a[f.n_index]), segment(i32, a[f.events], n)
    add_events(events, i32[a[f.count]], payloads, index, segment(f64, a[f.total], n))


@kernel
def join_part(a, i32):  # type: ignore[no-untyped-def]
    """Add a vector to some places of the total."""
    f = JOIN_PART
    total = i32[a[f.total] :]
    for k in range(a[f.n_part]):
        total[i32[a[f.index] + k]] += i32[a[f.values] + k]


@kernel
def join_list(a, i32):  # type: ignore[no-untyped-def]
    """List the places of the values that are not 0."""
    n = a[JOIN_LIST.n]
    i32[a[JOIN_LIST.count]] = list_events(segment(i32, a[JOIN_LIST.values], n), segment(i32, a[JOIN_LIST.events], n))


@kernel
def real_list(a, i32, f64):  # type: ignore[no-untyped-def]
    """List the places of the values that are not 0."""
    n = a[REAL_LIST.n]
    values, events = segment(f64, a[REAL_LIST.values], n), segment(i32, a[REAL_LIST.events], n)
    i32[a[REAL_LIST.count]] = list_real_events(values, events)


class _Joins(NamedTuple):
    """The ops that make one vector, of integers or of real numbers, and its arena."""

    arena: str
    clear: Any
    vector: Any
    events: Any
    list: Any


_JOINS: Final = {
    False: _Joins("i32", JOIN_CLEAR, JOIN_VECTOR, JOIN_EVENTS, JOIN_LIST),
    True: _Joins("f64", REAL_CLEAR, REAL_JOIN_INTEGERS, REAL_JOIN_EVENTS, REAL_LIST),
}
"""By whether the receiver computes with real numbers."""


def _signal(asm: Assembler, feed: Connection, real: bool) -> Signal:
    """What a connection brings, if it is there in every step just as Lava sends it."""
    signal = asm.signals[feed.source, feed.out_port]
    if signal.real >= 0 and not real:
        raise NotCompiledError(
            f"{feed.source}.{feed.out_port} sends floating-point numbers to {feed.target}.{feed.in_port} of a "
            "fixed-point ProcessModel: select models of one kind by select_tag",
            feed.target,
        )
    if real and feed.index is not None and np.any(feed.index < 0):
        raise BackendError(
            f"{feed.target}.{feed.in_port} concatenates messages, which the engine does for the fixed-point models "
            "only, and Lava for none: give each message a process of its own"
        )
    if signal.real < 0 and (signal.held or (signal.vector < 0 and signal.events < 0)):
        raise BackendError(
            f"{feed.source}.{feed.out_port} feeds {feed.target}.{feed.in_port}, but the engine has its messages for "
            f"our own processes only: read a Var instead, or {without_engine()}"
        )
    return signal


def _join(asm: Assembler, feeds: list[Connection], size: int, real: bool) -> int:
    """Sum what several OutPorts send, or permute what one sends; returns the offset of the vector."""
    joins = _JOINS[real]
    total = {"n": size, "total": asm.scratch(size, joins.arena)}
    asm.every_step(RUN, joins.clear, **total)
    for feed in feeds:
        signal, index = _signal(asm, feed, real), feed.index
        if signal.real >= 0:
            asm.every_step(RUN, REAL_JOIN, **total, values=signal.real, **_table(asm, index))
            continue
        asm.want_vector(signal)
        if signal.vector < 0:
            payloads, n_payloads = (signal.payloads, size) if signal.payloads >= 0 else (0, 0)
            asm.every_step(
                RUN, joins.events, **total, count=signal.count, events=signal.events, payloads=payloads,
                n_payloads=n_payloads, **_table(asm, None if index is None else _places(index, signal.size)),
            )  # fmt: skip
        elif index is not None and index.size != signal.size:
            table = asm.memory.allocate("i32", (signal.size,), _places(index, signal.size))
            asm.every_step(RUN, JOIN_PART, **total, n_part=signal.size, values=signal.vector, index=table.offset)
        else:
            asm.every_step(RUN, joins.vector, **total, values=signal.vector, **_table(asm, index))
    return total["total"]


def _places(index: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Where each value of the sender goes, from where each value of the receiver comes from."""
    places = np.zeros(size, np.int64)
    mine = np.flatnonzero(index >= 0)
    places[index[mine]] = mine
    return places


def _table(asm: Assembler, index: npt.NDArray[np.int64] | None) -> dict[str, int]:
    """The fields of a table of indices, which is empty where all keep their order."""
    if index is None:
        return {"index": 0, "n_index": 0}
    return {"index": asm.memory.allocate("i32", index.shape, index).offset, "n_index": index.size}


def vector_input(asm: Assembler, node: Node, port: str, size: int, real: bool = False, lasting: bool = False) -> int:
    """Offset of the vector that an InPort receives in a step, zeros where nothing is connected.

    Parameters
    ----------
    real : bool
        Whether it is to be of real numbers (f64) and not of integers (i32).
    lasting : bool
        Whether it is read after stage RUN, too: what comes from a synapse has changed by then.
    """
    feeds = asm.feeds(node, port)
    if not feeds:
        return asm.scratch(size, _JOINS[real].arena)
    signal = _signal(asm, feeds[0], real)
    vector = signal.real if real else signal.vector
    if len(feeds) == 1 and feeds[0].index is None and vector >= 0 and not (lasting and signal.events < 0):
        asm.want_vector(signal)
        return vector
    return _join(asm, feeds, size, real)


def _refuse_wide_sums(asm: Assembler, node: Node, port: str, feeds: list[Connection]) -> None:
    """Lava adds a 64-bit sender (TernaryLIF) and a 32-bit one in 64 bits, the engine in 32."""
    wide = {asm.signals[feed.source, feed.out_port].bits > 32 for feed in feeds}
    if len(wide) > 1:
        raise NotCompiledError(
            f"{node.name}.{port} adds TernaryLIF spikes to those of other processes, which Lava does in 64 bits and "
            "the engine in 32: give each a Dense of its own",
            node.name,
        )


SHORT: Final = range(32)
"""Widths of integers that only hosted models send.  Lava's LIF shifts such an input in its own width."""
WIDE: Final = range(33, 65)
"""Widths in which Lava's models multiply and sum their input, while compiled code does so in 32 bits."""


def refuse_bits(asm: Assembler, node: Node, ports: tuple[str, ...], bits: range) -> None:
    """Refuse to compile a process that receives integers of one of these widths: its model computes in that width."""
    for feed in (feed for port in ports for feed in asm.feeds(node, port)):
        if (found := asm.signals[feed.source, feed.out_port].bits) in bits:
            raise NotCompiledError(
                f"{node.name} receives integers of {found} bits, in which its model computes", node.name
            )


def event_input(
    asm: Assembler,
    node: Node,
    port: str,
    size: int,
    real: bool = False,
    with_vector: bool = False,
    with_payload: bool = True,
) -> Signal:
    """The events that an InPort receives in a step, valid in every stage; none where nothing is connected.

    Parameters
    ----------
    real : bool
        Whether the messages are to be real numbers (f64), which then come as a vector, too.
    with_vector : bool
        Whether the vector of the messages is needed too.
    with_payload : bool
        Whether the payloads may be read; without, those of a signal that is ``wanted`` by nobody are not valid.
    """
    feeds = asm.feeds(node, port)
    if not real:
        _refuse_wide_sums(asm, node, port, feeds)
    if len(feeds) == 1 and feeds[0].index is None:
        signal = _signal(asm, feeds[0], real)
        vector = signal.real if real else signal.vector
        if signal.events >= 0 and (vector >= 0 or not (real or with_vector)):
            if with_vector or with_payload:
                asm.want_vector(signal)
            return signal
    count, events = asm.scratch(1), asm.scratch(size)
    total = _join(asm, feeds, size, real) if feeds else asm.scratch(size, _JOINS[real].arena)
    if feeds:
        asm.every_step(RUN, _JOINS[real].list, n=size, values=total, count=count, events=events)
    return Signal(size, count, events, real=total) if real else Signal(size, count, events, total, total)


def want_vector_with(asm: Assembler, signal: Signal, node: str, var: str) -> None:
    """Once the user writes this Var, have the payloads of a signal written too: the Var decides if they are read."""
    if signal.wanted >= 0:
        asm.after_write(node, var, partial(raise_flag, Slot("i32", signal.wanted, (1,))))
