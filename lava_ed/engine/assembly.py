"""Nodes and connections become a program: execution order, memory layout, and what follows a write to a Var."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from lava_ed.engine.assembler import Assembler, Connection, Node, Signal
from lava_ed.engine.memory import Memory, Slot, check_range
from lava_ed.errors import BackendError, ConfigError
from lava_ed.network.schedule import Schedule

WATCHED: Final = ("a_out", "e_out", "s_out_y1")
"""OutPorts whose vector has a count of what is not 0, which ops read to pass over it."""


def execution_order(nodes: Iterable[Node], connections: Sequence[Connection]) -> list[Node]:
    """Nodes such that each one comes after those whose outputs it reads in the same step.

    Synapses (``delayed``) come last: what they send was summed one step earlier.  What is ``hosted`` comes first, and
    who receives from it is told when.

    Raises
    ------
    BackendError
        If processes feed each other in a loop without a synapse, which deadlocks on Lava too.
    """
    nodes = list(nodes)
    immediate = dict.fromkeys(n.name for n in nodes if not n.delayed and not n.hosted)
    waiting = {name: {c.source for c in connections if c.target == name} & immediate.keys() for name in immediate}
    by_name = {n.name: n for n in nodes}
    ordered = [n for n in nodes if n.hosted]
    while waiting:
        ready = [name for name, sources in waiting.items() if not sources]
        if not ready:
            raise BackendError(
                f"{', '.join(sorted(waiting))} feed each other in one time step: put a synapse (with its one-step "
                "delay) into the loop"
            )
        for name in ready:
            ordered.append(by_name[name])
            del waiting[name]
        for sources in waiting.values():
            sources.difference_update(ready)
    return ordered + sorted((n for n in nodes if n.delayed), key=lambda n: n.observes)


def assemble(
    nodes: Sequence[Node], connections: Sequence[Connection], schedule: Schedule | None, counting: bool = True
) -> Assembler:
    """Lay out memory and write the op table for a graph; without `counting`, Lava's own processes count nothing."""
    off_chip = frozenset(node.name for node in nodes if node.off_chip)
    asm = Assembler(schedule, connections, off_chip=off_chip, counting=counting)
    ordered: list[Any] = execution_order(nodes, connections)
    for node in ordered:
        _declare(node, asm)
    if asm.barrier is None:  # a graph without an encoder: the barriers are counted at what runs first
        slots = (asm.variables.get((node.name, "counters")) for node in ordered)
        asm.barrier = next((variable.slot for variable in slots if variable is not None), None)
    _watch_vectors(asm)
    for node in ordered:
        asm.owner = node.name
        node.emit(asm)
    asm.memory.freeze()
    asm.check_regions()
    _check_initial(asm)
    return asm


def _declare(node: Node, asm: Assembler) -> None:
    """Let a node reserve its Vars; an error about an initial value begins with the name of the node."""
    try:
        node.declare(asm)
    except ConfigError as error:
        if node.name in str(error):
            raise
        raise type(error)(f"{node.name}: {error}") from error


def _check_initial(asm: Assembler) -> None:
    """Hold the initial values to the limits that later writes are held to.

    Raises
    ------
    ConfigError
    """
    for (node, name), variable in asm.variables.items():
        if variable.limits is not None and variable.pending is None:
            check_range(asm.memory.view(variable.slot), variable.limits, f"{node}.{name}")


def _watch_vectors(asm: Assembler) -> None:
    """Count the non-zero values of each vector again after a write to a Var that changes the vector."""
    for (node, port), signal in list(asm.signals.items()):
        if port not in WATCHED or signal.real >= 0:
            continue
        regions = [Slot("i32", signal.values, (signal.size,))]
        if port == "s_out_y1" and (node, "s_out_y2") in asm.signals:
            regions.append(Slot("i32", asm.signals[node, "s_out_y2"].values, (signal.size,)))
        recount = _recounter(signal, regions)
        for (owner, name), variable in list(asm.variables.items()):
            if owner == node and (variable.after_write is not None or any(_meet(variable.slot, x) for x in regions)):
                asm.after_write(owner, name, recount)


def _recounter(signal: Signal, regions: Sequence[Slot]) -> Callable[[Memory], None]:
    """Function that counts the places at which one of the regions is not 0."""

    def recount(memory: Memory) -> None:
        """Write the count."""
        acting = np.any([memory.view(region) != 0 for region in regions], axis=0)
        memory.arrays["i32"][signal.count] = np.count_nonzero(acting)

    return recount


def _meet(one: Slot, other: Slot) -> bool:
    """Whether two regions overlap."""
    first, last = max(one.offset, other.offset), min(one.offset + one.size, other.offset + other.size)
    return one.arena == other.arena and first < last
