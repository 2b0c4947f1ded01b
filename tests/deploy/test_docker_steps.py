"""The reader of the Dockerfile; that its steps work is tried by continuous integration, which runs them."""

from __future__ import annotations

import importlib.util
import re
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
    found = script.instructions((FOLDER / "Dockerfile").read_text())
    steps, image = dict(found), found[0][1]
    assert steps["FROM"] == "${PYTHON_IMAGE}"
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.10\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", image)
    assert steps["USER"].split(":")[0].isdigit()
    assert steps["USER"] != "0:0"
    for name in ("requirements.txt", "requirements-dl.txt"):
        text = (FOLDER / name).read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert len(lines) > 40
        for line in lines:
            assert re.fullmatch(r"[\w.-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+", line), line


def test_a_python_of_another_version_is_refused(script, tmp_path, monkeypatch):
    steps = script.Steps(tmp_path, {"PYTHON_IMAGE": "python:3.99.1-slim@sha256:0123"})
    steps.step("ARG", "PYTHON_IMAGE=python:3.10.16-slim")
    with pytest.raises(SystemExit, match=rf"the image has Python 3\.99, this is 3\.{sys.version_info.minor}"):
        steps.step("FROM", "${PYTHON_IMAGE}")
