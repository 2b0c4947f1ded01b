"""CONTRIBUTING.md names the files that a neuron, a rule and a lowering really have: the registries are walked."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from lava_ed.engine.families import opcodes
from lava_ed.learning_rules import RULES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PATHS = re.compile(r"`((?:lava_ed|tests|docs|tutorials)/[\w./<>-]*)`")


def named(heading: str) -> list[str]:
    """Paths in the section of a heading."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return PATHS.findall(section)


def test_every_path_without_a_placeholder_exists():
    paths = [path for path in PATHS.findall(TEXT) if "<" not in path]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_room_is_on_the_map():
    rooms = {path.name for path in (ROOT / "lava_ed").iterdir() if (path / "__init__.py").exists()}
    assert {f"lava_ed/{room}/" for room in rooms} <= set(named("The rooms of the house"))


@pytest.mark.parametrize("neuron", ["aft_if", "aft_lif"])
def test_neurons_have_the_files_that_are_named(neuron):
    files = [path.replace("<neuron>", neuron) for path in named("How to add a neuron")]
    assert [path for path in files if not (ROOT / path).exists()] == []
    assert sum(neuron in path for path in files) == 3


@pytest.mark.parametrize("rule", RULES)
def test_rules_have_the_files_that_are_named(rule):
    files = [path.replace("<rule>", rule.replace("-", "_")) for path in named("How to add a learning rule")]
    assert f"{RULES[rule].__module__.replace('.', '/')}.py" in files
    assert [path for path in files[1:] if not (ROOT / path).exists()] == []
    assert f"[rule.{rule}]" in (ROOT / "lava_ed/config/presets.toml").read_text()


def uses(path: str, function: str | None = None) -> set[str]:
    """Ops that a module declares, or that it or one of its functions reads as attributes of `op` or `opcodes`."""
    tree: ast.AST = ast.parse((ROOT / path).read_text())
    if function is not None:
        tree = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    calls = (node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call))
    declared = {ast.unparse(call.args[0])[1:-1].upper() for call in calls if ast.unparse(call.func) == "op"}
    return declared | {node.attr for node in found if node.value.id in ("op", "opcodes")}


def test_every_op_is_emitted_by_a_family_and_has_its_branch():
    names = {name for name in vars(opcodes) if name.isupper() and name not in ("DECIDED", "CLOCK", "OVERFLOWS")}
    interpreters = [path for path in PATHS.findall(TEXT) if path.endswith("interpreter.py")]
    emitted = set().union(
        *(uses(str(path.relative_to(ROOT))) for path in (ROOT / "lava_ed/engine/families").glob("*.py"))
    )
    assert names <= emitted
    branches = uses("lava_ed/engine/families/tallies.py", "run_tally").union(*(uses(path) for path in interpreters))
    assert names <= branches
    values = [getattr(opcodes, name) for name in names]
    assert len(values) == len(set(values))
    # The loops tell the two apart by number.
    core = {name for name in names if opcodes.JOIN_CLEAR <= getattr(opcodes, name) <= opcodes.MONITOR}
    assert uses("lava_ed/engine/stock_interpreter.py", "core_op") == core
    assert not core & uses("lava_ed/engine/stock_interpreter.py", "other_op")


@pytest.mark.lava
def test_every_lowering_lies_in_its_folder_and_is_drawn_or_tested():
    pytest.importorskip("lava")
    importlib.import_module("lava_ed.engine.graph")
    registry = importlib.import_module("lava_ed.engine.lowering.registry")
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert len(registry._LOWERINGS) > 20
    for model, function in registry._LOWERINGS.items():
        assert function.__module__.startswith("lava_ed.engine.lowering."), function
        assert re.search(rf"\b{model.implements_process.__name__}\b", sources), f"no test knows {model.__name__}"
