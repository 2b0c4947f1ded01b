"""The compiled loops that walk the op table of a program, phase by phase.

Their modules are made from the declarations of the ops by ``python tools/make_loops.py`` (``make loops``).  There are
several loops, so that a graph neither waits for the compilation of kernels that it does not use, nor pays for a longer
dispatch.  All take the same arguments:

ops, ptr, order : int64
    Op table and, for each phase, its ops in execution order (`Assembler.table`).
plan : int64
    What the forward windows of a sample that is run as a whole are jumped over with (`plan_jump`).
i8, i16, i32, i64, u8, f64 : arrays
    The flat state.
time_step, phase, steps : int
    Steps run before, the phase of the next one, and steps to run.
stop_on_overflow : int
    1: return after the first step in which a state left its 24-bit register.
predictions : int32 (k,)
    Receives the decisions of the first k samples that end.
progress : int64 (3,)
    Counts decisions, steps, and states that left their register.  It is written and not returned, because Ctrl-C is
    heard between a loop's end and the caller's use of what it returns: the clock would be lost and the state stay.
"""

from __future__ import annotations

from collections.abc import Set
from importlib import import_module
from typing import Any, Final, NamedTuple

from lava_ed.engine.op import GROUPS, Group

Called = tuple[tuple[Group, ...], ...]
"""Groups of ops, kernel by kernel."""


class Loop(NamedTuple):
    """One compiled loop.

    Parameters
    ----------
    module, name : str
        Place of the loop.
    inlined : tuple of str
        Groups whose ops are inlined in the loop.
    called : tuple of tuple of str
        Groups whose ops are left to a kernel that the loop calls, which is compiled once for all loops.
    phases : bool
        Whether a sample has phases, and states can leave their registers.
    purpose : str
        Graphs that the loop is for.
    """

    module: str
    name: str
    inlined: tuple[Group, ...]
    called: Called
    phases: bool
    purpose: str

    @property
    def groups(self) -> Set[Group]:
        """Groups of all ops that the loop knows."""
        return {*self.inlined, *(group for kernel in self.called for group in kernel)}


LEARNING: Final[tuple[Group, ...]] = ("learning", "sparse_learning")
FLOATING: Final[Called] = (("core",), ("floating",), LEARNING, ("others",))
LOOPS: Final = (
    Loop("ours", "run_ours", ("ours",), (), True, "nets of lava_ed.proc alone"),
    Loop("stock", "run_core", ("core",), (), False, "most graphs of Lava's own processes"),
    Loop("stock", "run_learning", ("learning", "core"), (), False, "LearningDense beside the core"),
    Loop("stock", "run_plain", ("core", "others"), (), False, "Lava's own processes where none learns"),
    Loop("stock", "run_neurons", ("core",), (("others",), ("neurons",)), False, "other neurons than LIF"),
    Loop("stock", "run_mixed", ("core",), (("ours",), LEARNING, ("others",)), True, "ours among them; all that learn"),
    Loop("floating", "run_floating", (), FLOATING, False, "floating-point models"),
    Loop("stock", "run_all_fixed", ("core",), (("ours",), LEARNING, ("others",), ("neurons",)), True, "all of them"),
    Loop("floating", "run_all_stock", (), (*FLOATING, ("neurons",)), False, "those beside neurons in fixed point"),
    Loop("maps", "run_maps", (), (("core",), ("ours",), ("maps",)), True, "our convolutions, and the core"),
)


def loop_of(groups: Set[Group]) -> Any:
    """The smallest loop that knows the ops of these groups; it is compiled where it is used.

    Raises
    ------
    KeyError
        If there is none: floating-point models beside processes of ours.
    """
    for loop in LOOPS:
        if groups <= loop.groups:
            return getattr(import_module(f"{__name__}.{loop.module}"), loop.name)
    raise KeyError(", ".join(group for group in GROUPS if group in groups))
