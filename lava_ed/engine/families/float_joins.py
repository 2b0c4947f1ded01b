"""Inputs of floating-point processes: one vector, or one list of events, from any number of OutPorts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Connection, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.errors import BackendError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.events import add_events
from lava_ed.kernels.floating import add_integers, add_real, list_real_events
from lava_ed.kernels.views import segment


@kernel
def real_clear(a, f64):  # type: ignore[no-untyped-def]
    """total ← 0. Columns: 1 n, 2 total (f64)."""
    segment(f64, a[2], a[1])[:] = 0.0


@kernel
def real_join(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector. Columns: 1 n, 2 total (f64), 3 values (f64), 4 index, 5 its length (n, or 0: identity)."""
    n = a[1]
    add_real(segment(f64, a[3], n), segment(i32, a[4], a[5]), segment(f64, a[2], n))


@kernel
def real_join_integers(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add a vector of integers. Columns: as in `real_join`, but 3 is in i32."""
    n = a[1]
    add_integers(segment(i32, a[3], n), segment(i32, a[4], a[5]), segment(f64, a[2], n))


@kernel
def real_join_events(a, i32, f64):  # type: ignore[no-untyped-def]
    """Add events. Columns: as in `join_events`, but 2 is in f64."""
    n = a[1]
    add_events(
        segment(i32, a[4], n), i32[a[3]], segment(i32, a[5], a[6]), segment(i32, a[7], a[8]), segment(f64, a[2], n)
    )


@kernel
def real_list(a, i32, f64):  # type: ignore[no-untyped-def]
    """List what is not 0. Columns: 1 n, 2 values (f64), 3 event count, 4 events."""
    n = a[1]
    i32[a[3]] = list_real_events(segment(f64, a[2], n), segment(i32, a[4], n))


def _index(asm: Assembler, index: npt.NDArray[np.int64] | None) -> tuple[int, int]:
    """Offset and length of a table of indices; (0, 0) for the identity."""
    if index is None:
        return 0, 0
    return asm.memory.allocate("i32", index.shape, index).offset, index.size


def _join(asm: Assembler, feeds: list[Connection], size: int) -> int:
    """Sum what several OutPorts send, in float64; returns the offset of the vector."""
    total = asm.scratch(size, "f64")
    asm.every_step(RUN, opcodes.REAL_CLEAR, size, total)
    for feed in feeds:
        signal = asm.signals[feed.source, feed.out_port]
        if feed.index is not None and np.any(feed.index < 0):
            raise BackendError(
                f"{feed.target}.{feed.in_port} concatenates messages, which the engine does for the fixed-point models "
                "only, and Lava for none: give each message a process of its own"
            )
        if signal.real >= 0:
            asm.every_step(RUN, opcodes.REAL_JOIN, size, total, signal.real, *_index(asm, feed.index))
        elif signal.held or (signal.vector < 0 and signal.events < 0):
            raise BackendError(
                f"{feed.source}.{feed.out_port} feeds {feed.target}.{feed.in_port}, but the engine has its messages "
                "for our own processes only: read a Var instead, or run the graph on Lava's own runtime"
            )
        elif signal.vector >= 0:
            asm.want_vector(signal)
            asm.every_step(RUN, opcodes.REAL_JOIN_INTEGERS, size, total, signal.vector, *_index(asm, feed.index))
        else:
            places = None if feed.index is None else np.argsort(feed.index)
            payloads = (signal.payloads, size) if signal.payloads >= 0 else (0, 0)
            asm.every_step(
                RUN, opcodes.REAL_JOIN_EVENTS, size, total, signal.count, signal.events, *payloads,
                *_index(asm, places),
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
    asm.every_step(RUN, opcodes.REAL_LIST, size, total, count, events)
    return Signal(size, count, events, real=total)
