"""A few dozen damaged files of every format; `make fuzz` reads thousands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fuzz import run
from fuzz.formats import FORMATS, Format
from fuzz.run import FAULT, OTHER, REFUSED, SAME, fuzz

from lava_ed.errors import BackendError, DataError

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the runner watches Linux's /proc")

MUTANTS = 16


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_end_in_a_clean_error(name):
    form = FORMATS[name]
    if form.needs:
        pytest.importorskip(form.needs)
    outcome = fuzz(form, range(MUTANTS))
    assert outcome.faults == []
    assert sum(outcome.counts.values()) == MUTANTS
    assert outcome.counts[REFUSED] >= MUTANTS / 8


class TestTheHarnessItself:
    """It must see what it is there for."""

    @staticmethod
    def outcome(monkeypatch, read, **settings):
        form = Format("f", "file", lambda folder: (folder / "file").write_bytes(b"good"), read,
                      (lambda random, content: b"bad%d" % random.randrange(10**6),), **settings)  # fmt: skip
        monkeypatch.setattr(run, "MOST_BYTES", 1 << 26)
        return fuzz(form, range(3))

    def words(self, monkeypatch, fault, **settings):
        def read(path: Path):
            return path.read_bytes() if path.read_bytes() == b"good" else fault()

        outcome = self.outcome(monkeypatch, read, **settings)
        assert outcome.counts == Counter({FAULT: 3})
        assert [seed for seed, _ in outcome.faults] == [0, 1, 2]
        return outcome.faults[0][1]

    def test_a_traceback(self, monkeypatch):
        assert "KeyError: 'x'" in self.words(monkeypatch, lambda: {}["x"])

    def test_an_error_that_is_no_bad_input(self, monkeypatch):
        def fault():
            raise BackendError("no")

        assert "does not count as bad input" in self.words(monkeypatch, fault)

    def test_a_message_that_repeats_the_file(self, monkeypatch):
        def fault():
            raise DataError("a" * 10_000)

        assert "message" in self.words(monkeypatch, fault)

    def test_a_hang(self, monkeypatch):
        def fault():
            while True:
                pass

        assert "no end" in self.words(monkeypatch, fault, seconds=0.5)

    def test_a_process_that_waits(self, monkeypatch):
        import time

        monkeypatch.setattr(run._Clock, "PATIENCE", 2)
        assert "no end" in self.words(monkeypatch, lambda: time.sleep(60), seconds=0.5)

    def test_a_crash(self, monkeypatch):
        import ctypes

        assert "died: exit code -11" in self.words(monkeypatch, lambda: ctypes.string_at(0))

    def test_memory(self, monkeypatch):
        assert "bytes" in self.words(monkeypatch, lambda: len(b"x" * (1 << 27)))

    def test_another_result_of_a_sealed_file(self, monkeypatch):
        assert "another result" in self.words(monkeypatch, lambda: b"worse", sealed=True)

    def test_what_is_no_fault(self, monkeypatch):
        def refuse(path: Path):
            if path.read_bytes() != b"good":
                raise DataError("no")

        assert self.outcome(monkeypatch, refuse).counts == Counter({REFUSED: 3})
        assert self.outcome(monkeypatch, lambda path: 1).counts == Counter({SAME: 3})
        assert self.outcome(monkeypatch, lambda path: path.read_bytes()).counts == Counter({OTHER: 3})

    def test_a_mutant_is_the_same_again(self):
        form = next(iter(FORMATS.values()))
        content = b'{"a": [1, 2.5, "x"], "b": {"c": null}}\n'
        assert [run.mutant_of(form, content, k) for k in range(50)] == [
            run.mutant_of(form, content, k) for k in range(50)
        ]
        assert content not in {run.mutant_of(form, content, k) for k in range(200)}
