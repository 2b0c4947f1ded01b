"""What an op is: a name, and named fields that stand in the columns of a row of the op table.

A family of processes declares an op once, emits it by keyword, and its compiled body reads the row by the same names::

    FIRE = op(
        "fire",
        "ours",
        n=number("neurons"),
        v=updates("i32", "n"),
        threshold=reads("i32"),
        count=writes("i32"),
    )

    @inlined_kernel
    def fire(a, i32):
        v = segment(i32, a[FIRE.v], a[FIRE.n])
        ...

    asm.every_step(RUN, FIRE, n=8, v=..., threshold=..., count=...)

``FIRE.v`` is the number of a column: a constant for the compiler, so that names cost nothing.  The parameters of the
body say what it is called with: its row `a`, arenas by name, `now` (Lava's time step), `row` (steps of this call
before), `phase`, `predictions` and `progress`.  A body with ``-> np.int64`` returns how many states left their
register.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from lava_ed.errors import BackendError

NOWHERE: Final = -1
"""The offset of an optional region that an op does without."""

CODE: Final = 0
"""The column that says which op a row is."""
DECIDED, CLOCK, OVERFLOWS = range(3)
"""What compiled code notes of a program's progress: decisions, steps, states that left their register."""


Group = Literal["ours", "core", "others", "neurons", "learning", "sparse_learning", "floating", "maps"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
"""Ops that a loop runs together: of nets of lava_ed.proc; of Lava's own processes, those that most graphs are made of,
the others, neurons other than LIF, LearningDense and LearningSparse; of floating-point models; of our convolutions."""


class Field(NamedTuple):
    """One column of an op: a plain number, or the offset of a region of an arena.

    Parameters
    ----------
    arena : str
        Empty for a plain number.
    access : {"", "reads", "writes", "updates"}
        What the op does with the region; "updates" reads and writes it.
    length : int or str
        Values in the region: a number, the name of a field that holds it, or a sum of products of these, such as
        ``"n_pre * n_post + 1"``.
    optional : bool
        Whether the offset may be −1, for a region that is not there.
    meaning : str
        What a plain number is.
    """

    arena: str = ""
    access: str = ""
    length: int | str = 1
    optional: bool = False
    meaning: str = ""

    def size(self, row: Mapping[str, int]) -> int:
        """Values that the region has in a row, whose fields its length may name."""
        if isinstance(self.length, int):
            return self.length
        products = ([int(row.get(x, x)) for x in product.split(" * ")] for product in self.length.split(" + "))
        return max(sum(math.prod(factors) for factors in products), 0)


def number(meaning: str = "") -> Field:
    """A column that holds a plain number."""
    return Field(meaning=meaning)


def reads(arena: str, length: int | str = 1, optional: bool = False) -> Field:
    """A column that holds the offset of a region which the op reads."""
    return Field(arena, "reads", length, optional)


def writes(arena: str, length: int | str = 1, optional: bool = False) -> Field:
    """A column that holds the offset of a region which the op writes."""
    return Field(arena, "writes", length, optional)


def updates(arena: str, length: int | str = 1, optional: bool = False) -> Field:
    """A column that holds the offset of a region which the op reads and writes."""
    return Field(arena, "updates", length, optional)


def each(field: Field, *names: str) -> dict[str, Field]:
    """Columns that are alike: ``**each(updates("i32", "n"), "u", "v")`` among the fields of an op."""
    return dict.fromkeys(names, field)


@dataclass(frozen=True, eq=False)
class Op:
    """The declaration of an op.

    Parameters
    ----------
    name : str
        The name of the function that is its compiled body, too.
    group : Group or None
        What it runs together with; None for columns that several ops have in common.
    fields : mapping of str to Field
        In the order of the columns, of which the first is 1: column 0 says which op it is.
    """

    name: str
    group: Group | None
    fields: Mapping[str, Field]

    def row(self, values: Mapping[str, int]) -> list[int]:
        """The columns from 1 on.

        Raises
        ------
        BackendError
            If a field is missing or unknown.
        """
        if values.keys() != self.fields.keys():
            missing = ", ".join(name for name in self.fields if name not in values) or "none"
            unknown = ", ".join(name for name in values if name not in self.fields) or "none"
            raise BackendError(f"op {self.name} was emitted with fields missing: {missing}; unknown: {unknown}")
        return [int(values[name]) for name in self.fields]

    def check(self, row: Mapping[str, int], sizes: Mapping[str, int]) -> None:
        """Refuse a region that does not lie inside its arena.

        Parameters
        ----------
        row : mapping of str to int
            Values by field.
        sizes : mapping of str to int
            Values that each arena holds.

        Raises
        ------
        BackendError
        """
        for name, field in self.fields.items():
            if not field.arena or (field.optional and row[name] == NOWHERE):
                continue
            length, size = field.size(row), sizes[field.arena]
            if not 0 <= row[name] <= row[name] + length <= size:
                raise BackendError(
                    f"op {self.name}: {name} is {length} values at {row[name]} of arena {field.arena}, "
                    f"which holds {size}"
                )


def op(name: str, group: Group | None = None, begins: Any = None, /, **fields: Field) -> Any:
    """Declare an op; ``make loops`` then gives it its place in the compiled loops.

    It begins with the fields of `begins`, a declaration without a group, by which a helper of several ops can then read
    the row of any of them.

    Returns
    -------
    namedtuple
        The column of each field, as a constant that compiled code can read; its class attribute ``op`` is the
        declaration.

    Examples
    --------
    >>> CLEAR = op("clear", "core", n=number(), total=writes("i32", "n"))
    >>> CLEAR.total, CLEAR.op.name
    (2, 'clear')
    """
    if begins is not None:
        if doubled := begins.op.fields.keys() & fields:
            raise BackendError(f"op {name} has fields with which it begins once more: {', '.join(sorted(doubled))}")
        fields = {**begins.op.fields, **fields}
    columns: Any = type(name, (namedtuple(name, fields),), {"__slots__": (), "op": Op(name, group, fields)})
    return columns(*range(1, 1 + len(fields)))
