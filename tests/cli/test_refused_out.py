"""A refused command leaves nothing behind: no folder that was named, and none above it."""

from __future__ import annotations

import json
import os

import pytest

from lava_ed.cli.main import main
from lava_ed.errors import RunFolderError
from lava_ed.files.writing import folder_to_fill, make_empty_folder

REFUSED = {
    "continual --scenario split-digits --hidden 10 --balance 5000": "fewer samples",
    "stream no-folder --classes a,b": "no-folder is no folder",
    "stream recordings": "ends within an event",
    "sweep --rule std-ed --dataset mnist --data-dir no-folder": "in no-folder",
    "train --rule std-ed --dataset digits --seeds 0,1 --hidden 10 --shift 9": "out of its frame",
    "compare --train --dataset mnist --rules std-ed --seeds 0": "no file train-images",
    "bench engine --net no-net": "no-net",
}


@pytest.mark.parametrize("command", REFUSED)
def test_a_refused_command_makes_no_folder(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAVA_ED_DATA", raising=False)
    for name in "ab":
        (tmp_path / "recordings" / name).mkdir(parents=True)
        (tmp_path / "recordings" / name / "1.bin").write_bytes(b"odd")
    assert main([*command.split(), "--out", "above/out", "--json"]) == 2
    assert REFUSED[command] in json.loads(capsys.readouterr().out)["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["recordings"]


def test_what_was_there_and_what_was_written_stays(tmp_path):
    there = make_empty_folder(tmp_path / "there")
    with folder_to_fill(there):
        pass
    with folder_to_fill(tmp_path / "a" / "b") as made:
        (made / "file").write_text("kept")
    with folder_to_fill(tmp_path / "a" / "c" / "d"):
        pass
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "file", "there"]
    with pytest.raises(RunFolderError, match="cannot be created"), folder_to_fill(tmp_path / "a" / "b" / "file"):
        pass


BEGUN = {
    "train": ("train --dataset digits --hidden 8 --epochs 1 --limit 60", "--resume --learning-rate 0.25"),
    "sweep": ("sweep --rule std-ed --trials 1 --hidden 8 --epochs 1 --limit 200", "--seed 1"),
    "continual": ("continual --scenario split-digits --hidden 8 --limit 20", "--resume --seed 1"),
}
"""A command, and what makes it be refused in a folder in which it has run before."""


@pytest.mark.parametrize("name", BEGUN)
def test_a_refused_command_removes_no_leftovers(tmp_path, capsys, name):
    """A temporary file of a killed process stays until a command that is not refused writes beside it."""
    command, other = BEGUN[name]
    given, left = [*command.split(), "--out", str(tmp_path / "out"), "--json"], tmp_path / "out" / ".lava-ed-x-1-0.tmp"
    assert main(given) == 0
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    assert main([*given, *other.split()]) == 2
    assert left.exists()
    assert main([*given, *(["--resume"] if name != "sweep" else [])]) == 0
    assert not left.exists()
