"""Every table of every command can be read at 80 columns: no line is longer, no word is cut."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lava_ed.cli import output, tables
from lava_ed.data import DATASETS
from lava_ed.learning_rules import RULES
from lava_ed.network.encoding import ENCODERS
from lava_ed.train import BACKENDS

WIDTH = 80


def shown(width, title, header, rows):
    """A table as printed at a width."""
    out = io.StringIO()
    tables.print_table(Console(file=out, width=width, highlight=False), title, header, rows)
    return out.getvalue()


def words_of(*texts):
    """All words of headers or cells."""
    return [word for text in texts for word in re.split("[ \n]", text) if word]


def check(text, header, rows, width=WIDTH):
    """Each line fits, and every word that can be whole is."""
    assert max(len(line) for line in text.splitlines()) <= width
    found = re.split("[ \n│┃]+", text)
    for word in words_of(*header, *(cell for row in rows for cell in row)):
        if len(word) <= width // 2 - 10:
            assert word in found, word


WORD = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17E, categories=("L", "N", "P")), min_size=1, max_size=20
)
TEXT = st.lists(WORD, min_size=1, max_size=4).map(" ".join)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.lists(TEXT, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_any_table(lines):
    header, *rows = lines
    check(shown(WIDTH, "title", header, rows), header, rows)


def test_a_word_wider_than_the_console_is_folded():
    text = shown(30, "t", ("what", "value"), [("a", "x" * 100)])
    assert text.count("x") == 100
    assert max(map(len, text.splitlines())) <= 30


def test_brackets_are_no_markup():
    assert "[bold]" in shown(WIDTH, "[a]", ("x", "y"), [("[bold]", "[/]")])


@pytest.fixture
def printed(monkeypatch):
    """Header and rows of the tables that commands print, at 80 columns."""
    seen = []
    original = tables.print_table

    def spy(console, title, header, rows):
        seen.append((header, rows))
        original(console, title, header, rows)

    monkeypatch.setattr(tables, "print_table", spy)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return seen


GRAPH = """
from lava.proc.lif.process import LIF
from lava.proc.dense.process import Dense
import numpy as np
def net():
    lif, dense = LIF(shape=(3,)), Dense(weights=np.array([[1, 2, 3]]))
    lif.s_out.connect(dense.s_in)
    return lif
"""


def test_the_tables_of_one_run(lava_ed, tiny, tmp_path, printed):
    run, graph = tmp_path / "run", tmp_path / "graph.py"
    graph.write_text(GRAPH)
    assert lava_ed("train", "--rule", "mpd-ed", *tiny, "--epochs", 4, "--out", run).code == 0
    commands = [
        ("eval", run), ("energy", run, "--chip", "loihi2"), ("info",), ("info", run),
        ("estimate", "784-400-10", "--spikes", "150,120"), ("diagnose", run, "--samples", 2, "--components", 2),
        ("export", run, "--format", "golden", "--samples", 1), ("export", run, "--format", "netx"),
        ("import", run / "model.net"), ("eval", run / "model.net"), ("compare", run),
    ]  # fmt: skip
    pytest.importorskip("lava")
    commands.append(("info", f"{graph}:net"))
    for command in commands:
        before = len(printed)
        outcome = lava_ed(*command)
        assert outcome.code == 0, (command, outcome.err)
        assert len(printed) > before, command
        body = "\n".join(line for line in outcome.out.splitlines() if not line or line[0] in "┏┃┡│└├")
        for header, rows in printed[before:]:
            check(body, header, rows)


def test_the_headers_of_all_other_tables_fit():
    """Those of comparisons, benchmarks and sweeps, whose figures are not made here."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(output.__file__).parent.glob("*.py"))
    found = re.findall(r"(?:header|heads|[A-Z]+)(?:: [^=\n]*)? = [\[(]([^\])]*)[\])]", source)
    headers = [names for text in found if len(names := re.findall(r'"([^"]+)"', text)) > 2]
    assert len(headers) >= 8
    for names in headers:
        check(shown(WIDTH, "t", names, [["1.234"] * len(names)]), names, [["1.234"] * len(names)])


@pytest.mark.parametrize(
    ("command", "names"),
    [("train", (*RULES, *DATASETS, *ENCODERS, *BACKENDS)), ("sweep", (*RULES, *DATASETS)), ("eval", BACKENDS)],
)
def test_help_names_every_choice(lava_ed, command, names):
    text = re.sub(r"\s", "", lava_ed(command, "--help").out)  # lines are broken at hyphens too
    for name in names:
        assert name in text, name
