"""The targets of the Makefile that users call, run with an environment that only says what it was asked for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    shutil.which("make") is None or sys.platform == "win32", reason="there is no make, or no sh"
)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder that passes for the environment: this Python, and commands that print their arguments."""
    venv = tmp_path / "environment"
    (venv / "bin").mkdir(parents=True)
    for name in ("python", "lava-ed", "jupyter"):
        script = venv / "bin" / name
        body = f'exec "{sys.executable}" "$@"' if name == "python" else f'echo "{name}:" "$@"'
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
    for stamp in (".installed", ".installed-notebooks"):
        (venv / stamp).touch()  # newer than pyproject.toml: nothing is installed
    return venv


def output_of(target: str, venv: Path) -> list[str]:
    """What `make TARGET` prints, line by line."""
    done = subprocess.run(
        ["make", target, f"VENV={venv}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_last_line_of_the_demo_says_how_the_command_is_found(environment: Path) -> None:
    lines = output_of("demo", environment)
    assert "lava-ed: demo" in lines
    assert lines[-1].endswith(f". {environment}/bin/activate")


def test_notebooks_open_in_jupyter_lab(environment: Path) -> None:
    assert "jupyter: lab tutorials" in output_of("notebooks", environment)


def test_notebooks_install_their_extra_first() -> None:
    shown = subprocess.run(
        ["make", "-n", "notebooks", "VENV=nowhere"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert shown.index('-e ".[notebooks]"') < shown.index("jupyter lab")
    extras = (ROOT / "pyproject.toml").read_text().split("notebooks = ")[1].splitlines()[0]
    assert "jupyterlab" in extras


def test_every_target_is_listed(environment: Path) -> None:
    lines = output_of("help", environment)
    for target in ("demo", "test", "notebooks", "nightly", "check"):
        assert any(line.startswith(f"  make {target} ") for line in lines)
