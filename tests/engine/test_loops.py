"""The compiled loops: made from the declarations of the ops, and each graph runs the smallest that knows its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from nets import small_spec

from lava_ed.engine import build_program
from lava_ed.engine.loops import LOOPS, codes, floating, loop_of, ours, stock
from lava_ed.engine.op import GROUPS, Group

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import make_loops  # noqa: E402


def test_the_committed_loops_are_those_of_the_declared_ops() -> None:
    for file, text in make_loops.texts().items():
        assert (make_loops.FOLDER / file).read_text() == text, f"{file} is stale: run `make loops`"


def test_every_op_has_a_number_and_a_place_in_the_loops_of_its_group() -> None:
    bodies = make_loops.bodies()
    assert len(bodies) > 50
    numbers = {name: number for name, number in vars(codes).items() if name.isupper()}
    assert sorted(numbers.values()) == list(range(1, len(bodies) + 1))
    assert list(numbers) == [body.constant for body in bodies]
    sources = {
        module: (make_loops.FOLDER / f"{module}.py").read_text() for module in ("ours", "stock", "floating", "maps")
    }
    for body in bodies:
        for module in {loop.module for loop in LOOPS if body.group in loop.inlined}:
            assert f"if code == codes.{body.constant}:" in sources[module], body


def test_the_page_on_a_time_step_quotes_code_that_is_there() -> None:
    engine = ROOT / "lava_ed" / "engine"
    quotes = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", (engine / "README.md").read_text(), re.DOTALL)
    assert len(quotes) == 4
    for path, code in quotes:
        rest = (engine / path).read_text()
        for line in code.splitlines():
            if line.strip() != "...":
                assert f"{line}\n" in rest, f"{path}: {line}"
                rest = rest.split(f"{line}\n", 1)[1]


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
def test_a_net_of_ours_runs_in_the_loop_for_such(kind: str) -> None:
    program = build_program(small_spec(kind, (8, 7), readout="first-spike"))
    assert {row.op.group for row in program.rows} == {"ours"}
    assert set(program._ops[:, 0].tolist()) == {getattr(codes, row.op.name.upper()) for row in program.rows}


@pytest.mark.parametrize(
    ("groups", "loop"),
    [
        (set(), ours.run_ours),
        ({"ours"}, ours.run_ours),
        ({"core"}, stock.run_core),
        ({"core", "learning"}, stock.run_learning),
        ({"core", "others"}, stock.run_plain),
        ({"others"}, stock.run_plain),
        ({"core", "learning", "sparse_learning"}, stock.run_mixed),
        ({"learning", "others"}, stock.run_mixed),
        ({"neurons", "core"}, stock.run_neurons),
        ({"neurons", "learning"}, stock.run_all_fixed),
        ({"neurons", "floating"}, floating.run_all_stock),
        ({"ours", "core"}, stock.run_mixed),
        ({"floating"}, floating.run_floating),
        ({"core", "others", "learning", "sparse_learning", "floating"}, floating.run_floating),
    ],
)
def test_a_graph_runs_in_the_smallest_loop_that_knows_its_ops(groups: set[Group], loop: object) -> None:
    assert loop_of(groups) is loop


def test_no_loop_has_floating_point_models_beside_ours() -> None:
    with pytest.raises(KeyError, match="ours, floating"):
        loop_of({"ours", "floating"})
    assert set(GROUPS) == set().union(*(loop.groups for loop in LOOPS))
