"""The reader of the Dockerfile; that its steps work is tried by continuous integration, which runs them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "docker"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("docker_steps", FOLDER / "steps.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lines_are_joined_and_comments_left_out(script):
    text = "# syntax\nRUN one \\\n    two\n\nUSER 1:1\n"
    assert script.instructions(text) == [("RUN", "one two"), ("USER", "1:1")]


def test_every_instruction_of_the_dockerfile_is_known(script):
    for instruction, _ in script.instructions((FOLDER / "Dockerfile").read_text()):
        assert hasattr(script.Steps, f"do_{instruction.lower()}"), instruction


def test_an_unknown_instruction_ends_it(script, tmp_path):
    with pytest.raises(SystemExit, match=r"does not know an instruction.*9090"):
        script.Steps(tmp_path, {}).step("EXPOSE", "9090")


def test_paths_of_the_image_lead_into_the_scratch_folder(script, tmp_path):
    steps = script.Steps(tmp_path, {})
    assert steps.inside("rm /opt/a && ls /home/b/opt/c") == f"rm {tmp_path}/opt/a && ls {tmp_path}/home/b/opt/c"


def test_the_image_is_slim_pinned_and_not_root(script):
    steps = dict(script.instructions((FOLDER / "Dockerfile").read_text()))
    assert "slim" in steps["FROM"]
    assert steps["USER"].split(":")[0].isdigit()
    assert steps["USER"] != "0:0"
    for name in ("requirements.txt", "requirements-dl.txt"):
        lines = [line for line in (FOLDER / name).read_text().splitlines() if not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines)


def test_a_python_of_another_version_is_refused(script, tmp_path, monkeypatch):
    steps = script.Steps(tmp_path, {"PYTHON_VERSION": "3.99.1"})
    steps.step("ARG", "PYTHON_VERSION=3.10.16")
    with pytest.raises(SystemExit, match=rf"the image has Python 3\.99, this is 3\.{sys.version_info.minor}"):
        steps.step("FROM", "python:${PYTHON_VERSION}-slim-bookworm")
