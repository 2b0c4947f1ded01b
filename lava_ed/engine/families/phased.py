"""What every process of lava_ed.proc has: the number of its sample, what left its registers, counters."""

from __future__ import annotations

from typing import Final

from lava_ed.engine.assembler import TALLIES, Assembler, Node
from lava_ed.engine.memory import Limits

PRESENTATIONS: Final = Limits(-1, 2**62, "the number of a sample, −1 before the first")


def declare_phased(node: Node, asm: Assembler, neurons: int = 0, seed: int | None = None) -> None:
    """Vars presentation, overflows and counters; the seed of a process that draws random numbers."""
    asm.var(node, "presentation", (1,), -1, "i64", PRESENTATIONS)
    asm.var(node, "overflows", (1,), arena="i64", limits=TALLIES)
    asm.counters(node, neurons)
    if seed is not None:
        node.at["seed"] = asm.memory.allocate("i64", (1,), seed).offset
