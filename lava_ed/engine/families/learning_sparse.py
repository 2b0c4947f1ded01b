"""Lava's LearningSparse: Sparse, and the traces and rules of LearningDense on what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from lava_ed.engine.assembler import LEARN, Assembler
from lava_ed.engine.families.inputs import event_input
from lava_ed.engine.families.learning import EPOCH, LearningNode, advance_traces, close_epoch
from lava_ed.engine.families.rule_text import FACTOR, PRODUCT
from lava_ed.engine.families.sparse import SPARSE_FORWARD, Entries, SparseNode, declare_structure, places_of
from lava_ed.engine.families.synapses import STORED_MAX
from lava_ed.engine.families.tallies import COUNT_SPARSE_EPOCH, COUNT_SPARSE_LEARNED, tally_learning
from lava_ed.engine.families.trace_randoms import DRAW, RANDOM_COLUMNS
from lava_ed.engine.memory import Limits, Memory, Variable
from lava_ed.engine.op import number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.learning import decimation_active
from lava_ed.kernels.stock.sparse_learning import apply_rule_sparse
from lava_ed.kernels.views import matrix, segment

VARIABLES: Final = ("weights", "tag_2", "tag_1")
STRUCTURE: Final = 6
"""Columns of the table of a synaptic variable: starts, rows, how many, values, alive, places among the synapses."""


SPARSE_LEARN = op(
    "sparse_learn",
    "sparse_learning",
    EPOCH,
    table=reads("i64", len(VARIABLES) * STRUCTURE),
    marks=updates("i32", "synapses + 1"),
    synapses=number(),
)


@kernel
def sparse_learn(a, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Compute the traces at each step of the epoch that ends, then apply the rules and mark where products acted."""
    f = SPARSE_LEARN
    if now % a[f.t_epoch] != 0:
        return
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    x_history, y_history = advance_traces(a, i32, i64, f64, row)
    tx, ty = segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post)
    ranges = matrix(i64, a[f.ranges], 3, 2)
    products, factors = i64[a[f.n_products]], i64[a[f.n_factors]]
    for target in range(3):
        table = segment(i64, a[f.table] + target * STRUCTURE, STRUCTURE)
        size = table[2]
        if size and ranges[target, 0] < ranges[target, 1]:
            apply_rule_sparse(
                target,
                matrix(i64, a[f.products], products, PRODUCT),
                matrix(i64, a[f.factors], factors, FACTOR),
                ranges,
                matrix(i64, a[f.limits], 3, 2),
                decimation_active(now, a[f.t_epoch], i64[a[f.exponent]]),
                f64[a[f.randoms] + row * RANDOM_COLUMNS + DRAW.synapse], x_history, y_history, tx, ty,
                segment(i32, table[0], n_pre + 1), segment(i32, table[1], size),
                segment(i32, table[3], size), segment(i32, table[4], size), i32[a[f.within_limits]] != 0,
                segment(i32, table[5], size), segment(i32, a[f.marks], a[f.synapses] + 1),
            )  # fmt: skip
    close_epoch(a, i32)


@dataclass(kw_only=True)
class LearningSparseNode(LearningNode, SparseNode):
    """Stored synapses with tags, traces and rules.

    Parameters
    ----------
    tags : mapping
        tag_2 and tag_1 as Entries; whole numbers where a rule changes them.
    """

    tags: dict[str, Entries]

    most: ClassVar[int] = STORED_MAX

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort of SparseNode; tags, traces, and the settings of the rule."""
        SparseNode.declare(self, asm)
        self._declare_learning(asm)

    def _declare_synapses(self, asm: Assembler) -> None:
        """The tags, and where each synaptic variable lies."""
        at = self.at
        weights = asm.variables[self.name, "weights"]
        at["alive"], at["marks"] = self._watch_zeros(asm, weights), asm.scratch(at["synapses"] + 1)
        own = self._places(asm, self.weights)
        table = [[at["starts"], at["targets"], at["synapses"], at["weights"], at["alive"], own]]
        learned = [first < stop for first, stop in self.settings.table.ranges]
        for name, entries, is_learned in zip(VARIABLES[1:], self.tags.values(), learned[1:], strict=True):
            size = entries.rows.size
            slot = asm.memory.allocate("i32" if is_learned else "f64", (size,), entries.values)
            asm.variables[self.name, name] = Variable(slot, order=entries.order, limits=Limits(-STORED_MAX, STORED_MAX))
            alive = asm.memory.allocate("i32", (size,), 1).offset if is_learned else 0
            places = self._places(asm, entries) if is_learned else 0
            table.append([*declare_structure(asm, entries), size if is_learned else 0, slot.offset, alive, places])
        at["table"] = asm.memory.allocate("i64", (len(VARIABLES), STRUCTURE), np.array(table)).offset

    def _places(self, asm: Assembler, entries: Entries) -> int:
        """Offset of the place of each entry among the weights; one past them where there is none."""
        places = places_of(entries, self.weights)
        return asm.memory.allocate("i32", places.shape, places).offset

    def _watch_zeros(self, asm: Assembler, weights: Variable) -> int:
        """Reserve a mark for each weight that tells whether it is stored; returns their offset.

        The first step cuts weights to their bits, and Lava no longer stores those that become 0.  After the user has
        written the weights, all of them are stored again.
        """
        alive = asm.memory.allocate("i32", weights.slot.shape, 1)

        def cut(memory: Memory) -> None:
            """Lava drops zeros once, in the first step."""
            memory.view(alive)[...] = memory.view(weights.slot) != 0

        def revive(memory: Memory) -> None:
            """All that the user writes is stored."""
            memory.view(alive)[...] = 1

        asm.prologue.append(cut)
        asm.after_write(self.name, "weights", revive)
        return alive.offset

    def emit(self, asm: Assembler) -> None:
        """Sum and record in every step, learn at the end of every epoch."""
        pre = event_input(asm, self, "s_in", self.at["n_pre"], with_vector=True)
        self._emit_sums(asm, pre, SPARSE_FORWARD)
        self._emit_traces(asm, pre)
        tally_learning(asm, self, COUNT_SPARSE_EPOCH, self.at)
        asm.every_step(LEARN, SPARSE_LEARN, self.at)
        tally_learning(asm, self, COUNT_SPARSE_LEARNED, self.at)
