"""Lava's own runtime is ended in order after a good run, and at once after one that broke off (needs lava-nc)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lava.magma.core.process.process import AbstractProcess

_MANAGER_SECONDS = 5.0
"""How long the owner of the shared memory may take to give it back."""


def child_processes() -> frozenset[int | None]:
    """Numbers of the child processes that multiprocessing has started."""
    return frozenset(child.pid for child in multiprocessing.active_children())


@contextmanager
def ended_at_once(process: AbstractProcess, others: frozenset[int | None] | None = None) -> Iterator[None]:
    """Whatever breaks the block off takes the OS processes of the graph's runtime along.

    Lava's own `stop` waits for an answer that a broken run, or one that is half built, no longer gives.  The numbers
    in `others` are of child processes that have nothing to do with it; default: those at the start of the block.
    """
    if others is None:
        others = child_processes()
    try:
        yield
    except BaseException:
        end_at_once(process, others)
        raise


def end_at_once(process: AbstractProcess, others: frozenset[int | None]) -> None:
    """Kill the OS processes of a graph's runtime and give its shared memory back; Vars cannot be read afterwards."""
    runtime: Any = process.runtime
    infrastructure: Any = getattr(runtime, "_messaging_infrastructure", None)
    manager = getattr(getattr(infrastructure, "smm", None), "_manager", None)
    owner = getattr(manager, "_process", None)
    children = [child for child in multiprocessing.active_children() if child.pid not in others]
    workers = [child for child in children if owner is None or child.pid != owner.pid]
    for child in workers:
        child.kill()
    for child in workers:
        child.join()
    if owner is not None:
        # The manager's process unlinks the segments before it ends.
        with suppress(OSError, EOFError, AssertionError):
            infrastructure.smm.shutdown()
        owner.join(_MANAGER_SECONDS)
    for actor in getattr(infrastructure, "actors", []):
        actor._is_done = True
    if runtime is not None:
        # Otherwise Lava would talk to the processes once more when the graph is deleted.
        runtime._is_started = runtime._is_running = False
        for member in runtime._executable.process_list:
            member.runtime = None
