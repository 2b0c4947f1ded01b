"""Every command of the README, the first pages of the site and the package's description runs, in an empty folder.

The words stay as they are.  What would take long is shortened by options that `MORE` appends.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from doc_commands import COMMAND, ROOT, blocks, shell_commands

from lava_ed.cli import main

MORE = {
    # As many samples as it takes until the weights have grown out of what a net fresh from the dice holds.
    ("train", "fashion-mnist"): ["--limit", "5000"],
    ("train", "digits"): ["--epochs", "2"],
    # Most of what workers take is their start; tests/cluster has several.
    ("train", "--workers"): ["--seeds", "0,1", "--limit", "300", "--workers", "1"],
    ("compare", "--workers"): ["--epochs", "1", "--limit", "300", "--workers", "1"],
    ("sweep", "--workers"): ["--trials", "2", "--workers", "1"],
    ("eval", "--workers"): ["--workers", "1"],
    ("compare", None): ["--epochs", "10"],
    ("report", None): ["--samples", "1"],
    ("eval", "model.net"): ["--limit", "200"],
}
"""Options that are appended, by the command and a word of its line."""
LEFT_TO_OTHERS = ("make", "pip")
"""Programs that set up environments: what `make` would do is looked up by test_docs and test_make."""
NOT_RUN = ("yaml",)
"""Languages of blocks that show a file."""


def shortened(arguments: list[str]) -> list[str]:
    """The arguments as written, then what makes them quick."""
    for (command, word), options in MORE.items():
        if arguments[0] == command and (word is None or word in arguments):
            return [*arguments, *options]
    return arguments


def run_python(text: str, name: str) -> None:
    """Run a block as a script is run."""
    exec(compile(text, name, "exec"), {"__name__": "__main__"})


def run_shell(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Run one line."""
    if command[0] in LEFT_TO_OTHERS:
        return
    if command[0] == ".":
        hint = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True)
        assert f". {command[1]}" in hint.stdout.splitlines()[-1]
        return
    assert command[0] == COMMAND, f"no test runs {command}"
    capsys.readouterr()
    code = main(shortened(command[1:]))
    out, err = capsys.readouterr()
    assert code == 0, f"{' '.join(command)}\n{out}\n{err}"


def run_document(path: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run all blocks in order; returns how many commands of ours there were."""
    count = 0
    for block in blocks(path.read_text()):
        if block.language in NOT_RUN:
            continue
        assert block.language in ("", "python"), f"no test runs a block of {block.language}"
        if block.language == "python":
            run_python(block.text, path.name)
            continue
        for command in shell_commands(block.text):
            run_shell(command, capsys)
            count += command[0] == COMMAND
    return count


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAVA_ED_DATA", raising=False)
    return tmp_path


@pytest.mark.lava
def test_the_readme(shared_data: Path, scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lava")
    (scratch / "data").symlink_to(shared_data)
    run_document(ROOT / "README.md", capsys)
    assert run_document(ROOT / "docs" / "getting-started.md", capsys) >= 11
    for made in ("runs/fashion/report.html", "runs/digits/compare.html", "model.net", "runs/fashion/golden.h5"):
        assert (scratch / made).is_file(), made


HOW_TO = {path.name: path for path in sorted((ROOT / "docs" / "how-to").glob("*.md"))}


@pytest.mark.parametrize("name", HOW_TO)
def test_a_guide(name: str, scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HOW_TO[name].read_text()
    if "--workers" in text or "lava-ed sweep" in text:
        pytest.importorskip("optuna")
        pytest.importorskip("distributed")
    assert run_document(HOW_TO[name], capsys) == sum(
        command[0] == COMMAND for block in blocks(text) if not block.language for command in shell_commands(block.text)
    )


@pytest.mark.lava
def test_the_description_of_the_package(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lava")
    assert run_document(ROOT / "PACKAGE.md", capsys) == 4
    assert (scratch / "runs/digits/report.html").is_file()


def test_words_are_kept_and_options_only_appended() -> None:
    line = ["train", "--dataset", "fashion-mnist", "--epochs", "3", "--out", "runs/fashion"]
    assert shortened(line)[: len(line)] == line
    assert shortened(["eval", "runs/fashion"]) == ["eval", "runs/fashion"]


@pytest.mark.parametrize("name", ["docs/getting-started.md", "CONTRIBUTING.md"])
def test_how_the_command_is_made_known_to_a_shell(name: str) -> None:
    lines = [line for block in blocks((ROOT / name).read_text()) for line in shell_commands(block.text)]
    assert [".", ".venv/bin/activate"] in lines
    assert ["make", "notebooks"] in lines
