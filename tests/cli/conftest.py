"""Running the command in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from lava_ed.cli import main


@dataclass
class Outcome:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it has to be."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture
def lava_ed(capsys):
    """The command as a function of its arguments."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def tiny():
    """Options of a training that takes a fraction of a second."""
    return ("--dataset", "digits", "--hidden", "16", "--epochs", "1", "--limit", "200")


@pytest.fixture
def run(lava_ed, tiny, tmp_path):
    """Folder of a run that has ended."""
    assert lava_ed("train", "--out", tmp_path / "run", *tiny).code == 0
    return tmp_path / "run"
