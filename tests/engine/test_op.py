"""Ops by name: declaration, emission by keyword, and the check of their regions."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from lava_ed.engine import families
from lava_ed.engine.families import learning, neurons, tallies
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.errors import BackendError
from lava_ed.kernels._jit import kernel

STEP = op("step", n=number(), m=number(), u=updates("i32", "n * m"), flag=writes("i32"), bias=reads("i64", 2, True))
GOOD = {"n": 2, "m": 3, "u": 4, "flag": 0, "bias": -1}
SIZES = {"i32": 10, "i64": 5}


def test_columns_follow_the_declaration() -> None:
    assert STEP == (1, 2, 3, 4, 5)
    assert STEP.op.row({name: GOOD[name] for name in reversed(GOOD)}) == [2, 3, 4, 0, -1]


def test_an_op_begins_with_the_fields_of_another_declaration() -> None:
    longer = op("longer", None, STEP, w=reads("i8", "n"), k=number())
    assert longer[: len(STEP)] == STEP
    assert (longer.w, longer.k) == (6, 7)
    with pytest.raises(BackendError, match="op longer has fields with which it begins once more: n, u"):
        op("longer", None, STEP, k=number(), u=reads("i8"), n=number())


READERS = {
    neurons.send_layer: neurons.LAYER,
    neurons.send_real_layer: neurons.REAL_LAYER,
    tallies.count_traces: tallies._LEARNED,
    learning.advance_traces: learning.EPOCH,
    learning.close_epoch: learning.EPOCH,
}
"""Helpers that read the row of any op which begins with these fields."""


def test_helpers_read_only_rows_that_begin_as_they_take_it() -> None:
    found = set()
    for info in pkgutil.iter_modules(families.__path__, f"{families.__name__}."):
        module = importlib.import_module(info.name)
        for declared in [
            value for value in vars(module).values() if getattr(getattr(value, "op", None), "group", None)
        ]:
            body = getattr(module, declared.op.name, None)
            for name in body.py_func.__code__.co_names if body else ():
                helper = getattr(module, name, None)
                if isinstance(helper, Dispatcher) and helper in READERS:
                    begins = READERS[helper]
                    found.add(helper)
                    fields = list(declared.op.fields.items())
                    # Fields in floating point lie in other arenas, at the same columns.
                    assert [key for key, _ in fields[: len(begins)]] == list(begins.op.fields), declared.op.name
    assert found == set(READERS)


@kernel
def second_of(a):  # type: ignore[no-untyped-def]
    """Read a row by names."""
    return a[STEP.u] - a[STEP.m]


def test_compiled_code_reads_a_row_by_names() -> None:
    assert second_of(np.array([9, 2, 3, 40, 0, -1])) == 37


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({name: GOOD[name] for name in GOOD if name != "u"}, ["missing: u", "unknown: none"]),
        ({**GOOD, "w": 1}, ["missing: none", "unknown: w"]),
    ],
)
def test_a_missing_or_unknown_field_is_refused(values: dict[str, int], words: list[str]) -> None:
    with pytest.raises(BackendError) as error:
        STEP.op.row(values)
    assert all(word in str(error.value) for word in ("op step", *words))


def test_regions_inside_their_arenas_pass() -> None:
    STEP.op.check(GOOD, SIZES)
    STEP.op.check({**GOOD, "bias": 3}, SIZES)


@pytest.mark.parametrize("wrong", [{"u": 5}, {"u": -1}, {"flag": 10}, {"flag": -1}, {"bias": 4}, {"bias": -2}])
def test_a_region_outside_its_arena_is_refused(wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(BackendError, match=f"op step: {name} is"):
        STEP.op.check({**GOOD, **wrong}, SIZES)


@pytest.mark.parametrize("at", [0, 2])
def test_a_length_is_a_sum_of_products(at: int) -> None:
    starts = op("starts", n=number(), rows=reads("i32", "2 * n + n * n + 1"))
    starts.op.check({"n": 1, "rows": at}, {"i32": at + 4})
    with pytest.raises(BackendError, match="rows is 4 values"):
        starts.op.check({"n": 1, "rows": at}, {"i32": at + 3})
