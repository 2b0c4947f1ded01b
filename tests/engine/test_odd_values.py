"""Whatever a caller hands over as a value, an index, a count or a name fits, or our error leaves all as it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import samples, small_spec

from lava_ed.engine.batch import run_batch
from lava_ed.engine.build import build_program
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError, ConfigError, LavaEDError, ShapeError
from lava_ed.network.values import count_of, numbers_of
from lava_ed.network.weights import pack_weights


class Hostile:
    """An object whose every conversion fails."""

    def __array__(self, *_: Any) -> Any:
        raise RuntimeError("no array")

    def __index__(self) -> int:
        raise RuntimeError("no index")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


ODD: list[Any] = [
    None, "", "text", "ü", b"bytes", True, False, 0, -1, 3, 2**31, 2**63, -(2**63) - 1, 2**70, 10**400, 0.5, 1e300,
    float("nan"), float("inf"), -float("inf"), 1 + 2j, Fraction(1, 3), [], [[]], [1, [2]], [[1], [2, 3]], [None], ["1"],
    [2**70], {}, {"a": 1}, {1, 2}, object(), Hostile(), range(3), slice(None), ..., (), (0,), (99,), (0, 0), (1, 2, 3),
    np.int64(2), np.float16(1), np.bool_(True), np.datetime64("2020-01-01"), np.array(None), np.array("x"), np.zeros(0),
    np.zeros((0, 3)), np.zeros(8), np.zeros((8, 12)), np.zeros((12, 8)), np.zeros((1, 8)), np.zeros((2, 2, 2, 2)),
    np.full(8, np.nan), np.full((8, 12), np.inf), np.full(8, 1j), np.full(8, 2**63, np.uint64), np.full(8, 7, np.int8),
    np.zeros(8, bool), np.ones(8, np.float16), np.array([1, "a"], object), np.zeros(8, [("a", int)]),
    np.array(["a"] * 8), np.arange(8), np.zeros(8, np.longdouble),
]  # fmt: skip
"""What a caller may mean, or not."""
odd = st.sampled_from(range(len(ODD))).map(lambda k: ODD[k])
nested = st.recursive(odd, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
values = st.one_of(odd, nested)


def program_of(kind: str) -> Program:
    program = build_program(small_spec(kind, overflow="wrap"))
    program.bind(samples()[0])
    return program


PROGRAMS = {kind: program_of(kind) for kind in ("std-ed", "mpd-ed")}
NAMES = {kind: program.variables for kind, program in PROGRAMS.items()}


def state_of(program: Program) -> list[bytes]:
    """All of it."""
    return [array.tobytes() for array in program._memory.arrays.values()] + [program._progress.tobytes()]


def tried(program: Program, call: Callable[[], Any]) -> None:
    """Do something that may be refused, in our own words, and changes nothing then."""
    before = state_of(program)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refusal = refusal_of(call)
    if refusal is not None:
        assert str(refusal)
        assert state_of(program) == before


def refusal_of(call: Callable[[], Any]) -> LavaEDError | None:
    """Our error, if it ends in one."""
    try:
        call()
    except LavaEDError as error:
        return error
    return None


@settings(deadline=None, max_examples=80)
@given(kind=st.sampled_from(sorted(PROGRAMS)), data=st.data(), value=values, idx=st.one_of(st.none(), values))
def test_a_write_fits_or_changes_nothing(kind: str, data: st.DataObject, value: Any, idx: Any) -> None:
    program = PROGRAMS[kind]
    name = data.draw(st.sampled_from(NAMES[kind]))
    tried(program, lambda: program.set(*name, value, idx))
    tried(program, lambda: program.get(*name, idx))
    tried(program, lambda: program.load({name: value}, 0))
    program.run(1)


@settings(deadline=None, max_examples=40)
@given(first=values, second=values)
def test_samples_and_counts(first: Any, second: Any) -> None:
    program = PROGRAMS["std-ed"]
    program.load({}, 0)
    before = program.time_step
    for call in (
        lambda: program.present(first, second), lambda: program.bind(first), lambda: program.load({first: 1}, 0),
        lambda: program.load({}, first), lambda: run_batch(program, {("hidden1", "v"): first}, 1, [("hidden1", "v")]),
        lambda: run_batch(program, {("hidden1", "v"): np.zeros((1, 8))}, short(first), second),
        lambda: run_batch(program, first, 1, []), lambda: pack_weights(first), lambda: pack_weights(first, (3, 8)),
    ):  # fmt: skip
        if _is_name(first):
            continue
        tried(program, call)
        program.load({}, 0)
    assert before == 0


def short(value: Any) -> Any:
    """The value, but of a whole number its last digits: as many steps as it says could take years."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return value % 100 if whole and value > 0 else value


def _is_name(value: Any) -> bool:
    """A dict's key has to be hashable, or Python itself refuses it."""
    try:
        hash(value)
    except TypeError:
        return True
    return False


@pytest.mark.parametrize("count", [None, "3", 2.0, 1.5, True, [3], np.array([1, 2]), float("nan"), object(), Hostile()])
def test_a_number_of_steps_that_is_none(count: Any) -> None:
    with pytest.raises(ConfigError, match="number of steps"):
        PROGRAMS["std-ed"].run(count)
    with pytest.raises(ConfigError, match="threads"):
        run_batch(PROGRAMS["std-ed"], {("hidden1", "v"): np.zeros((1, 8))}, 1, [], count if count is not None else "")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ([[1], [2, 3]], ShapeError, "hidden1.v .*same length"),
        (None, ConfigError, "hidden1.v of type object"),
        ("text", ConfigError, "hidden1.v of type <U4"),
        ([1j] * 8, ConfigError, "complex128"),
        (
            np.full(8, np.nan),
            ConfigError,
            r"nan is outside the int32 range.*nothing was written: give numbers within it",
        ),
        ([2**70] * 8, ConfigError, "outside the int32 range"),
        (np.full(8, 2**63, np.uint64), ConfigError, "9223372036854775808 is outside"),
        (np.zeros((2, 4)), ShapeError, r"shape \(2, 4\), the Var has \(8,\)"),
        (np.zeros(0), ShapeError, r"shape \(0,\)"),
    ],
)
def test_the_message_names_the_var_and_the_limit(value: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        PROGRAMS["std-ed"].set("hidden1", "v", value)


def test_a_matrix_the_other_way_round_is_refused_and_one_in_a_row_is_taken() -> None:
    """Lava sends the values one by one: a transposed matrix would be scrambled."""
    program = program_of("std-ed")
    program.set("labels", "labels", program.get("labels", "labels").reshape(1, -1))
    with pytest.raises(ShapeError, match="counters"):
        program.set("hidden1", "counters", program.get("hidden1", "counters").T)
    program.set("hidden1", "counters", program.get("hidden1", "counters").reshape(-1))


@pytest.mark.parametrize("name", ["hidden1.v", ("hidden1",), ("hidden1", 3), ("hidden1", "v", "w"), 5, None])
def test_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(BackendError, match="no name of a Var"):
        PROGRAMS["std-ed"].load({name: 0}, 0)


def test_an_index_takes_what_numpy_takes() -> None:
    program = program_of("std-ed")
    program.set("hidden1", "v", np.arange(8))
    program.set("hidden1", "v", [50, 60], [True, False, True, *[False] * 5])
    program.set("hidden1", "v", -1, slice(4, 6))
    assert program.get("hidden1", "v").tolist() == [50, 1, 60, 3, -1, -1, 6, 7]
    assert program.get("hidden1", "v", [0, -1]).tolist() == [50, 7]
    with pytest.raises(ShapeError, match="takes no index 8"):
        program.get("hidden1", "v", 8)
    with pytest.raises(ConfigError, match="outside the int32 range"):
        program.set("hidden1", "v", 2**40, 3)
    assert program.get("hidden1", "v", 3) == 3


@given(values)
def test_numbers_are_an_array_of_numbers(value: Any) -> None:
    refusal = refusal_of(lambda: numbers_of(value))
    if refusal is None:
        assert numbers_of(value).dtype.kind in "biuf"
    else:
        assert isinstance(refusal, ConfigError)
        assert "the value" in str(refusal)


@given(values)
def test_a_count_is_an_integer(value: Any) -> None:
    refusal = refusal_of(lambda: count_of(value, "the count"))
    if refusal is None:
        assert count_of(value, "the count") >= 0
    else:
        assert str(refusal).startswith("the count is ")
