"""Compiled code reads and writes nothing but its own regions, whatever the Vars hold.

`make nightly` runs these cases with numba's checks of every index (NUMBA_BOUNDSCHECK=1), which hold for the parts of
the flat state too.  Without them, what lies between the regions tells: it must stay as it was, and must not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from every_process import OURS, T_EPOCH, fixed_graph, float_graph, neurons_graph, our_spec
from nets import samples

from lava_ed.engine.build import build_program
from lava_ed.engine.memory import ARENAS, Memory, Slot
from lava_ed.engine.program import Program
from lava_ed.errors import LavaEDError

pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
GAP = 64
"""Values between two regions."""
POISONS = {
    "low": {"i8": -77, "i16": -21555, "i32": -(2**30) - 7, "i64": -(2**61) - 7, "u8": 0, "f64": -1e77},
    "high": {"i8": 91, "i16": 23130, "i32": 2**30 + 5, "i64": 2**61 + 5, "u8": 255, "f64": 1e77},
}
NUMBERS = (0, -1, T_EPOCH + 1, 64, -1000, 1000, 2**31 - 1, -(2**31), 2**63 - 1)
REALS = (-0.5, 1e300, -np.inf, np.nan)

GRAPHS = {"fixed_pt": fixed_graph, "fixed_pt other neurons": neurons_graph, "floating_pt": float_graph}
"""Graphs of Lava's processes; a name begins with the tag of the models."""


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """The gaps that every memory made in this test has around its regions."""
    left: list[Slot] = []
    allocate = Memory.allocate

    def with_gap(self: Memory, arena: str, shape: tuple[int, ...], init: Any = None) -> Slot:
        for _ in range(not any(self._used.values())):
            left.extend(allocate(self, each, (GAP,)) for each in ARENAS)
        slot = allocate(self, arena, shape, init)
        left.append(allocate(self, arena, (GAP,)))
        return slot

    monkeypatch.setattr(Memory, "allocate", with_gap)
    return left


def spec_programs() -> Iterator[tuple[str, Callable[[], Program]]]:
    """Nets of ours, from specs."""
    for name in OURS:

        def program(name: str = name) -> Program:
            made = build_program(our_spec(name))
            made.bind(samples()[0])
            return made

        yield name, program


def lava_programs() -> Iterator[tuple[str, Callable[[], Program]]]:
    """Lava's processes, attached."""
    for name, graph in GRAPHS.items():

        def program(name: str = name, graph: Callable[[], list[Any]] = graph) -> Program:
            from lava.magma.core.run_configs import Loihi2SimCfg

            from lava_ed import attach

            return attach(graph()[0], Loihi2SimCfg(select_tag=name.partition(" ")[0])).program

        yield name, program


def extremes(program: Program, name: tuple[str, str]) -> list[Any]:
    """Values at, and just beyond, what a Var can hold, of the whole Var and of one entry."""
    variable = program._variables[name]
    if variable.range is None:
        return list(REALS)
    low, high, *_ = variable.range
    return sorted({low - 1, low, high, high + 1, *NUMBERS})


def digest(program: Program, gaps: list[Slot], arenas: Iterable[str]) -> int:
    """Of the state but the gaps."""
    parts = []
    for arena in arenas:
        array = program._memory.arrays[arena]
        left = np.ones(array.size, bool)
        for gap in gaps:
            if gap.arena == arena:
                left[gap.offset : gap.offset + gap.size] = False
        parts.append(array[left].tobytes())
    return hash(tuple(parts))


def play(program: Program, gaps: list[Slot], poison: dict[str, Any]) -> tuple[list[Any], int]:
    """Write each Var's extremes, with steps in between; returns the states after that, and the number of refusals."""
    if ("own", "samples") not in program._named:  # the bytes are the images themselves
        gaps[:] = [gap for gap in gaps if gap.arena != "u8"]
    for gap in gaps:
        program._memory.view(gap)[...] = poison[gap.arena]
    held, refused, ours = [], 0, program.period > 1
    program.run(2)
    for name in program.variables:
        if program._variables[name].text is not None:
            continue
        shape = program.get(*name).shape
        for k, value in enumerate(extremes(program, name)):
            values = np.full(shape, value) if abs(value) < 2**63 else np.full(shape, value, object)
            try:
                if k % 2:
                    program.set(*name, values)
                else:
                    program.set(*name, value, (0,) * len(shape))
            except LavaEDError:
                refused += 1
                continue
            # Up to the middle of a sample, so that the next write meets another phase.
            program.run(program.period // 2 + 1 if ours else 2 * T_EPOCH + 1)
        held.append((name[1], digest(program, gaps, ("i8", "i16", "i32"))))
    held.append(("all", digest(program, gaps, ARENAS)))
    for gap in gaps:
        assert np.all(program._memory.view(gap) == poison[gap.arena]), gap
    return held, refused


CASES = dict([*spec_programs(), *lava_programs()])


@pytest.mark.parametrize("name", CASES)
def test_extremes_of_every_var_leave_other_memory_alone(name: str, gaps: list[Slot]) -> None:
    if name in GRAPHS:
        pytest.importorskip("lava", reason="the processes are those of lava-nc, which needs Python 3.10")
    results = {}
    for poison, values in POISONS.items():
        gaps.clear()
        results[poison] = play(CASES[name](), gaps, values)
    (low, refused), (high, _) = results["low"], results["high"]
    assert refused or name == "floating_pt"
    assert low == high


@pytest.mark.lava
def test_these_are_all_processes_that_can_be_lowered() -> None:
    from lava_ed.engine import supported

    found = {type(process).__name__ for graph in GRAPHS.values() for process in graph()}
    kinds = {kind for name in OURS for kind, _ in build_program(our_spec(name)).kinds.values()}
    ours = {
        "AFTIF": "AFTIF", "AFTLIF": "AFTLIF", "Encoder": "Encoder", "Labels": "Label", "PlasticDense": "PlasticDense",
        "FeedbackDense": "Feedback", "MembraneReadout": "Readout", "FirstSpikeReadout": "Readout",
        "SoftmaxError": "SoftmaxError", "PlasticConv": "PlasticConv", "AFTIFMap": "AFTIFMap",
        "AFTLIFMap": "AFTLIFMap",
    }  # fmt: skip
    assert set(ours.values()) == kinds
    # An EDClassifier is made of them; Injector and Extractor have no Vars, those of EventSource are only written.
    assert set(supported()) == found | set(ours) | {"EDClassifier", "Injector", "Extractor", "EventSource"}
