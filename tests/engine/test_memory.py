"""The flat state: regions that do not overlap, and Vars in the user's form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import edged

from lava_ed.engine.memory import ARENAS, Memory, Slot, Variable, read_variable, write_variable
from lava_ed.errors import ConfigError, ShapeError, WeightError

SHAPES = st.lists(st.tuples(st.sampled_from(sorted(ARENAS)), st.lists(st.integers(0, 4), max_size=2)), max_size=12)


@given(SHAPES)
def test_regions_do_not_overlap_and_fill_their_arena(wanted: list[tuple[str, list[int]]]) -> None:
    memory = Memory()
    slots = [memory.allocate(arena, tuple(shape), k % 100) for k, (arena, shape) in enumerate(wanted)]
    memory.freeze()
    for k, slot in enumerate(slots):
        view = memory.view(slot)
        assert view.shape == slot.shape
        assert view.size == slot.size
        assert view.dtype == ARENAS[slot.arena]
        assert np.all(view == k % 100)
    for arena, array in memory.arrays.items():
        least = 0 if arena == "f64" else 1
        here = [slot.size for slot in slots if slot.arena == arena]
        line = 64 // array.itemsize
        gaps = sum(size >= line for size in here) * (line - 1)  # before those that begin at a cache line
        assert max(least, sum(here)) <= array.size <= max(least, sum(here) + gaps)


@pytest.mark.parametrize("arena", ARENAS)
def test_what_fills_a_cache_line_begins_at_one(arena: str) -> None:
    memory = Memory()
    slots = [memory.allocate(arena, shape, 1) for shape in ((3,), (70,), (1,), (5, 40))]
    memory.freeze()
    views = [memory.view(slot) for slot in slots]
    assert [view.ctypes.data % 64 for view in (views[1], views[3])] == [0, 0]
    for k, view in enumerate(views):
        view[...] = k
    assert [set(view.reshape(-1).tolist()) for view in views] == [{0}, {1}, {2}, {3}]


def test_memory_without_a_value_is_zero() -> None:
    memory = Memory()
    slot = memory.allocate("i64", (2, 2))
    memory.freeze()
    assert memory.view(slot).tolist() == [[0, 0], [0, 0]]


def test_a_view_is_the_memory_itself() -> None:
    memory = Memory()
    memory.allocate("i32", (3,), 1)
    slot = memory.allocate("i32", (2, 3), np.arange(6))
    memory.freeze()
    memory.view(slot)[1, 0] = 99
    assert memory.arrays["i32"].tolist() == [1, 1, 1, 0, 1, 2, 99, 4, 5]


@pytest.mark.parametrize("init", [np.zeros(2), np.zeros((3, 3)), []])
def test_an_initial_value_of_another_shape(init: object) -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        Memory().allocate("i32", (3,), init)


def test_the_size_of_a_slot() -> None:
    assert Slot("i8", 0, (3, 4)).size == 12
    assert Slot("i8", 0, ()).size == 1
    assert Slot("i8", 0, (0, 4)).size == 0


@pytest.fixture
def weights() -> tuple[Memory, Variable]:
    """Packed weights (2, 3) as stored, and the non-zero counts of the rows."""
    memory = Memory()
    memory.allocate("i8", (5,), 1)
    stored = memory.allocate("i8", (2, 3), np.array([[1, 0, -128], [127, 5, 0]]))
    rows = memory.allocate("i32", (2,), [2, 2])
    memory.freeze()
    return memory, Variable(stored, packed=True, row_nonzeros=rows)


def test_packed_weights_are_read_even_and_transposed(weights: tuple[Memory, Variable]) -> None:
    memory, variable = weights
    assert variable.shape == (3, 2)
    assert read_variable(memory, variable).tolist() == [[2, 254], [0, 10], [-256, 0]]


def test_packed_weights_bring_their_counts(weights: tuple[Memory, Variable]) -> None:
    memory, variable = weights
    write_variable(memory, variable, [[0, 2], [0, 4], [0, -6]])
    assert memory.view(variable.slot).tolist() == [[0, 0, 0], [1, 2, -3]]
    assert memory.view(variable.row_nonzeros).tolist() == [0, 3]
    assert memory.arrays["i8"][:5].tolist() == [1] * 5


def test_weights_that_do_not_fit(weights: tuple[Memory, Variable]) -> None:
    memory, variable = weights
    for value, error in (([[1, 0], [0, 0], [0, 0]], WeightError), (np.zeros((2, 3)), ShapeError), (0, ShapeError)):
        with pytest.raises(error):
            write_variable(memory, variable, value)
    assert read_variable(memory, variable).tolist() == [[2, 254], [0, 10], [-256, 0]]
    assert memory.view(variable.row_nonzeros).tolist() == [2, 2]


def test_a_transposed_matrix() -> None:
    memory = Memory()
    slot = memory.allocate("i16", (2, 3), np.arange(6).reshape(2, 3))
    memory.freeze()
    variable = Variable(slot, transposed=True)
    assert variable.shape == (3, 2)
    assert read_variable(memory, variable).tolist() == [[0, 3], [1, 4], [2, 5]]
    write_variable(memory, variable, [[1, 2], [3, 4], [5, 6]])
    assert memory.view(slot).tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize("arena", sorted(set(ARENAS) - {"f64"}))
@given(data=st.data())
def test_every_integer_of_a_type_fits_and_no_other(arena: str, data: st.DataObject) -> None:
    limits = np.iinfo(ARENAS[arena])
    memory = Memory()
    variable = Variable(memory.allocate(arena, (2,), 7))
    memory.freeze()
    # Python integers beyond 64 bits are no array of numbers.
    low, high = max(limits.min - 300, -(2**63)), min(limits.max + 300, 2**63 - 1)
    value = data.draw(edged(low, high, *(x for x in (limits.min, limits.max) if low <= x <= high)))
    if limits.min <= value <= limits.max:
        write_variable(memory, variable, [value, 7])
        assert read_variable(memory, variable).tolist() == [value, 7]
    else:
        with pytest.raises(ConfigError, match=str(limits.max)):
            write_variable(memory, variable, [value, 7])
        assert read_variable(memory, variable).tolist() == [7, 7]


def test_floats_are_cut_as_by_lava() -> None:
    memory = Memory()
    variable = Variable(memory.allocate("i32", (3,)))
    memory.freeze()
    write_variable(memory, variable, [1.9, -1.9, 3.0])
    assert read_variable(memory, variable).tolist() == [1, -1, 3]


def test_stored_values_in_an_order_of_their_own() -> None:
    """By hand: value k of the user lies at place order[k]."""
    memory = Memory()
    slot = memory.allocate("i32", (3,), [10, 20, 30])
    memory.freeze()
    variable = Variable(slot, order=np.array([2, 0, 1]))
    assert read_variable(memory, variable).tolist() == [30, 10, 20]
    write_variable(memory, variable, [1, 2, 3])
    assert memory.view(slot).tolist() == [2, 3, 1]
    with pytest.raises(ShapeError):
        write_variable(memory, variable, np.zeros((2, 3)))


def test_a_var_of_floats_takes_any_number() -> None:
    memory = Memory()
    slot = memory.allocate("f64", (3,), 0.5)
    memory.freeze()
    write_variable(memory, Variable(slot), [1e300, -np.inf, 0.1])
    assert read_variable(memory, Variable(slot)).tolist() == [1e300, -np.inf, 0.1]
