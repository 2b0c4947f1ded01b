"""Inputs of floating-point processes: one vector, or one list of events, from any number of OutPorts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Connection, Node, Signal
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.errors import BackendError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.floating import add_integers, add_real, list_real_events
from lava_ed.kernels.vectors.events import add_events
from lava_ed.kernels.views import segment

REAL_CLEAR = op("real_clear", "floating", n=number(), total=writes("f64", "n"))
REAL_JOIN = op(
    "real_join",
    "floating",
    n=number(),
    total=updates("f64", "n"),
    values=reads("f64", "n"),
    index=reads("i32", "n_index"),
    n_index=number("n, or 0 where the values keep their order"),
)
REAL_JOIN_INTEGERS = op("real_join_integers", "floating", **{**REAL_JOIN.op.fields, "values": reads("i32", "n")})
REAL_JOIN_EVENTS = op(
    "real_join_events",
    "floating",
    n=number(),
    total=updates("f64", "n"),
    count=reads("i32"),
    events=reads("i32", "n"),
    payloads=reads("i32", "n_payloads"),
    n_payloads=number("n, or 0 where every payload is 1"),
    index=reads("i32", "n_index"),
    n_index=number("n, or 0 where the messages keep their order"),
)
REAL_LIST = op(
    "real_list", "floating", n=number(), values=reads("f64", "n"), count=writes("i32"), events=writes("i32", "n")
)


@kernel
def real_clear(a, f64):  # type: ignore[no-untyped-def]
    """Set a vector to 0."""
    segment(f64, a[REAL_CLEAR.total], a[REAL_CLEAR.n])[:] = 0.0


@kernel
def real_join(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector."""
    n, index = a[REAL_JOIN.n], segment(i32, a[REAL_JOIN.index], a[REAL_JOIN.n_index])
    add_real(segment(f64, a[REAL_JOIN.values], n), index, segment(f64, a[REAL_JOIN.total], n))


@kernel
def real_join_integers(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector of integers."""
    n, index = a[REAL_JOIN.n], segment(i32, a[REAL_JOIN.index], a[REAL_JOIN.n_index])
    add_integers(segment(i32, a[REAL_JOIN.values], n), index, segment(f64, a[REAL_JOIN.total], n))


@kernel
def real_join_events(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add the payloads of events."""
    n = a[REAL_JOIN_EVENTS.n]
    payloads = segment(i32, a[REAL_JOIN_EVENTS.payloads], a[REAL_JOIN_EVENTS.n_payloads])
    index = segment(i32, a[REAL_JOIN_EVENTS.index], a[REAL_JOIN_EVENTS.n_index])
    events, total = segment(i32, a[REAL_JOIN_EVENTS.events], n), segment(f64, a[REAL_JOIN_EVENTS.total], n)
    add_events(events, i32[a[REAL_JOIN_EVENTS.count]], payloads, index, total)


@kernel
def real_list(a, i32, f64):  # type: ignore[no-untyped-def]
    """List the places of the values that are not 0."""
    n = a[REAL_LIST.n]
    values, events = segment(f64, a[REAL_LIST.values], n), segment(i32, a[REAL_LIST.events], n)
    i32[a[REAL_LIST.count]] = list_real_events(values, events)


def _index(asm: Assembler, index: npt.NDArray[np.int64] | None) -> dict[str, int]:
    """The fields of a table of indices, which is empty for the identity."""
    if index is None:
        return {"index": 0, "n_index": 0}
    return {"index": asm.memory.allocate("i32", index.shape, index).offset, "n_index": index.size}


def _join(asm: Assembler, feeds: list[Connection], size: int) -> int:
    """Sum what several OutPorts send, in float64; returns the offset of the vector."""
    total = asm.scratch(size, "f64")
    asm.every_step(RUN, REAL_CLEAR, n=size, total=total)
    for feed in feeds:
        signal = asm.signals[feed.source, feed.out_port]
        if feed.index is not None and np.any(feed.index < 0):
            raise BackendError(
                f"{feed.target}.{feed.in_port} concatenates messages, which the engine does for the fixed-point models "
                "only, and Lava for none: give each message a process of its own"
            )
        if signal.real >= 0:
            asm.every_step(RUN, REAL_JOIN, n=size, total=total, values=signal.real, **_index(asm, feed.index))
        elif signal.held or (signal.vector < 0 and signal.events < 0):
            raise BackendError(
                f"{feed.source}.{feed.out_port} feeds {feed.target}.{feed.in_port}, but the engine has its messages "
                "for our own processes only: read a Var instead, or run the graph on Lava's own runtime"
            )
        elif signal.vector >= 0:
            asm.want_vector(signal)
            asm.every_step(
                RUN, REAL_JOIN_INTEGERS, n=size, total=total, values=signal.vector, **_index(asm, feed.index)
            )
        else:
            places = None if feed.index is None else np.argsort(feed.index)
            asm.every_step(
                RUN, REAL_JOIN_EVENTS, n=size, total=total, count=signal.count, events=signal.events,
                payloads=max(signal.payloads, 0), n_payloads=size if signal.payloads >= 0 else 0,
                **_index(asm, places),
            )  # fmt: skip
    return total


def real_input(asm: Assembler, node: Node, port: str, size: int) -> int:
    """Offset (f64) of what an InPort receives in a step, zeros where nothing is connected; valid in stage RUN."""
    feeds = asm.feeds(node, port)
    if not feeds:
        return asm.scratch(size, "f64")
    signal = asm.signals[feeds[0].source, feeds[0].out_port]
    if len(feeds) == 1 and feeds[0].index is None and signal.real >= 0:
        return signal.real
    return _join(asm, feeds, size)


def lasting_real_input(asm: Assembler, node: Node, port: str, size: int) -> int:
    """As `real_input`, but valid in every stage of the step."""
    return _join(asm, asm.feeds(node, port), size)


def real_event_input(asm: Assembler, node: Node, port: str, size: int) -> Signal:
    """The events that an InPort receives in a step, and the vector of the messages; valid in every stage."""
    feeds = asm.feeds(node, port)
    if len(feeds) == 1 and feeds[0].index is None:
        signal = asm.signals[feeds[0].source, feeds[0].out_port]
        if signal.real >= 0 and signal.events >= 0:
            return signal
    count, events = asm.scratch(1), asm.scratch(size)
    if not feeds:
        return Signal(size, count, events, real=asm.scratch(size, "f64"))
    total = _join(asm, feeds, size)
    asm.every_step(RUN, REAL_LIST, n=size, values=total, count=count, events=events)
    return Signal(size, count, events, real=total)
