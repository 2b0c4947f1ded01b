"""CONTRIBUTING.md names the files that a neuron, a rule and a lowering really have: the registries are walked."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from test_imports import ORDER

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


def test_every_room_is_on_the_map_once_in_the_order_of_imports():
    section = TEXT.split("## The rooms of the house\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `lava_ed/(\w+)(/|\.py)` \| [A-Z`].+\. \|$", section, re.MULTILINE)
    assert tuple(room for room, _ in rows) == ORDER
    assert [room for room, end in rows if not (ROOT / f"lava_ed/{room}{end}").exists()] == []


def test_every_package_says_in_one_sentence_what_it_is_for():
    packages = [path for path in (ROOT / "lava_ed").rglob("__init__.py")]
    firsts = {path: (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0] for path in packages}
    assert len(firsts) > 30
    assert [path for path, first in firsts.items() if not re.fullmatch(r".{20,}\.", first)] == []


@pytest.mark.parametrize("neuron", ["aft_if", "aft_lif"])
def test_neurons_have_the_files_that_are_named(neuron):
    files = [path.replace("<neuron>", neuron) for path in named("How to add a neuron")]
    assert [path for path in files if not (ROOT / path).exists()] == []
    assert sum(neuron in path for path in files) == 3


def test_a_neuron_costs_six_source_files():
    named_files, beside = set(), {"lava_ed/learning_rules/mpd_ed.py", "lava_ed/exchange/golden/replay.py"}
    for path in named("How to add a neuron"):
        if path.startswith("lava_ed") and path not in beside:
            named_files.add(path.replace("<neuron>", "aft_lif"))
    assert len(named_files) == 6
    pattern = re.compile(r"\b(Py)?AFT_?LIF(Node|ModelFixed)?\b")
    sources = [path for path in (ROOT / "lava_ed").rglob("*.py") if path.parent.name != "loops"]
    found = {str(path.relative_to(ROOT)) for path in sources if pattern.search(path.read_text())}
    assert found - beside == named_files - {"lava_ed/kernels/loihi/neuron.py"}  # which names functions


@pytest.mark.parametrize("rule", RULES)
def test_rules_have_the_files_that_are_named(rule):
    files = [path.replace("<rule>", rule.replace("-", "_")) for path in named("How to add a learning rule")]
    assert f"{RULES[rule].__module__.replace('.', '/')}.py" in files
    assert [path for path in files[1:] if not (ROOT / path).exists()] == []
    assert f"[rule.{rule}]" in (ROOT / "lava_ed/config/presets.toml").read_text()


COSTS = [
    ("How to add a setting", "softmax_rounding", 5),
    ("How to add a setting", "snapshot_interval", 5),
    ("How to add a data set", "mnist-binary-20", 3),
    ("How to add a learning rule", "relpsp-fixed", 5),
]
"""Section, the name of one that is there, and how many source files it may cost."""


@pytest.mark.parametrize(("heading", "name", "most"), COSTS)
def test_a_name_occurs_in_no_other_source_file_than_those_that_are_named(heading, name, most):
    pattern = re.compile(rf"(?<![\w-]){name}(?![\w-])")
    sources = [path for path in (ROOT / "lava_ed").rglob("*") if path.suffix in (".py", ".toml")]
    found = {str(path.relative_to(ROOT)) for path in sources if pattern.search(path.read_text())}
    assert found <= set(named(heading))
    assert 3 <= len(found) <= most


def test_an_op_is_one_file():
    """Declaration, body and emission stand together; beside the loops, which are made of them, none else is needed."""
    homes = {}
    for path in (ROOT / "lava_ed/engine/families").glob("*.py"):
        for name in re.findall(r'op\(\s*"(\w+)",\s*"', path.read_text()):
            assert homes.setdefault(name, path) is path, f"{name} is declared twice"
    assert len(homes) > 50
    for name, path in homes.items():
        assert re.search(rf"^def {name}\(a, ", path.read_text(), re.MULTILINE), f"{name} has no body in {path}"
        emitted = re.findall(rf"\b{name.upper()}\b(?! = |\.)", path.read_text())
        assert emitted, f"{name} is not emitted in {path}"


@pytest.mark.parametrize(("process", "most"), [("DelaySparse", 7), ("TernaryLIF", 7)])
def test_a_stock_process_is_known_to_no_other_source_file_than_those_that_are_named(process, most):
    rows = named("How to add a lowering of a process that is not ours")
    places = tuple(row.split("<")[0] for row in rows if row.startswith("lava_ed"))
    sources = [path for path in (ROOT / "lava_ed").rglob("*.py") if re.search(rf"\b{process}\b", path.read_text())]
    found = {str(path.relative_to(ROOT)) for path in sources}
    assert [path for path in found if not path.startswith(places)] == []
    assert 1 <= len(found) <= most


@pytest.mark.lava
def test_every_lowering_lies_in_its_folder_and_is_drawn_or_tested():
    pytest.importorskip("lava")
    importlib.import_module("lava_ed.lava_graphs.graph")
    registry = importlib.import_module("lava_ed.lava_graphs.lowering.registry")
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert "Conv" in registry.supported_names()  # what is registered by its name is imported for the loop below, too
    assert len(registry._LOWERINGS) > 20
    for model, function in registry._LOWERINGS.items():
        assert function.__module__.startswith("lava_ed.lava_graphs.lowering."), function
        assert re.search(rf"\b{model.implements_process.__name__}\b", sources), f"no test knows {model.__name__}"
