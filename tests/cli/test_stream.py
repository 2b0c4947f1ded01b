"""`lava-ed stream` on a pipe."""

from __future__ import annotations

import io
import json
import sys

import pytest
from recordings import some_events, write


@pytest.fixture
def pipe(lava_ed, tmp_path, monkeypatch):
    """The command with lines on its standard input."""
    for name in ("one", "two", "three"):
        write(tmp_path / f"{name}.bin", some_events(80, seed=len(name), sensor=(34, 34)))
    (tmp_path / "damaged.bin").write_bytes(b"123")

    def run(*items, more=()):
        whole = [
            {**item, "recording": str(tmp_path / item["recording"])} if "recording" in item else item for item in items
        ]
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(map(json.dumps, whole))))
        options = ("--classes", "a,b", "--hidden", "8", "--events", "downsample=4", "--json")
        return lava_ed("stream", "-", "--out", tmp_path / "state", *options, *more)

    return run


def test_labels_may_come_late_and_those_of_nothing_are_counted(pipe):
    outcome = pipe({"id": "1", "recording": "one.bin"}, {"id": "1", "label": "a"}, {"id": "9", "label": "b"})
    assert outcome.code == 0, outcome
    found = {name: outcome.value[name] for name in ("items", "decided", "labelled", "unmatched", "waiting")}
    assert found == {"items": 3, "decided": 1, "labelled": 1, "unmatched": 1, "waiting": 0}


def test_what_came_before_a_damaged_recording_is_kept(pipe):
    first = {"id": "1", "recording": "one.bin", "label": "a"}, {"id": "2", "recording": "two.bin", "label": "b"}
    outcome = pipe(*first, {"id": "3", "recording": "damaged.bin", "label": "a"})
    assert outcome.code == 2
    assert "damaged.bin ends within an event" in outcome.out + outcome.err
    again = pipe({"id": "4", "recording": "three.bin", "label": "b"}, more=("--resume",))
    assert (again.value["items"], again.value["labelled"]) == (3, 3)


def test_without_a_label_a_report_has_no_figures_of_learning(pipe):
    outcome = pipe({"id": "1", "recording": "one.bin"}, more=("--interval", "1"))
    assert outcome.code == 0, outcome
    assert "1 items: no label yet" in outcome.err
    assert outcome.value["synapses_visited_per_learned_sample"] is None
