"""The command as a whole: start-up, exit codes, and one JSON object where it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import lava_ed
from lava_ed import errors
from lava_ed.cli import output, system
from lava_ed.cli.main import main

INPUT = {
    "ChipLimitError", "CheckpointError", "ConfigError", "DataError", "DataNotFoundError", "ExchangeError",
    "PriceListError", "RunFolderError", "ShapeError", "UnrepresentableRateError", "WeightError",
}  # fmt: skip
OTHER = {
    "BackendError",
    "ClusterError",
    "FixedPointOverflowError",
    "LavaEDError",
    "LavaNotInstalledError",
    "UnsupportedProcessError",
}
COMMANDS = ("train", "eval", "energy", "estimate", "report", "compare", "info", "demo")


def test_help_is_quick_and_names_the_commands():
    best, out = 99.0, ""
    for _ in range(3):
        started = time.perf_counter()
        out = subprocess.run([sys.executable, "-m", "lava_ed.cli", "--help"], capture_output=True, text=True).stdout
        best = min(best, time.perf_counter() - started)
    assert best < 1
    assert all(f"  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(lava_ed, command):
    outcome = lava_ed(command, "--help")
    assert outcome.code == 0
    assert "--json" in outcome.out


def test_version(lava_ed):
    outcome = lava_ed("--version")
    assert (outcome.code, outcome.out.strip()) == (0, __import__("lava_ed").__version__)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("train",),
        ("train", "--out", "x", "--epochs", "many"),
        ("train", "--out", "x", "--speed", "3"),
        ("eval",),
        ("energy", "a", "b"),
    ],
)
def test_bad_usage(lava_ed, arguments):
    outcome = lava_ed(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "lava-ed:" in outcome.err
    outcome = lava_ed(*arguments, "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "UsageError"


@pytest.mark.parametrize("name", sorted(INPUT | OTHER))
def test_exit_codes_of_errors(lava_ed, monkeypatch, name):
    def fail():
        raise getattr(errors, name)("what, and the way out")

    monkeypatch.setattr(system, "_of_system", fail)
    code = 2 if name in INPUT else 1
    outcome = lava_ed("info")
    assert (outcome.code, outcome.out, outcome.err) == (code, "", "lava-ed: what, and the way out\n")
    outcome = lava_ed("info", "--json")
    assert outcome.code == code
    assert outcome.value == {"error": {"type": name, "message": "what, and the way out"}}


def test_every_error_has_an_exit_code():
    found = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.LavaEDError)}
    assert found == INPUT | OTHER


def test_a_bug_is_a_failure_with_a_traceback(lava_ed, monkeypatch):
    monkeypatch.setattr(system, "_of_system", lambda: 1 / 0)
    outcome = lava_ed("info", "--json")
    assert outcome.code == 1
    assert outcome.value["error"]["type"] == "ZeroDivisionError"
    assert "Traceback" in outcome.err


def test_what_a_library_prints_does_not_spoil_the_json(lava_ed, monkeypatch):
    def noisy():
        print("hello from a library")
        return output.Report({"fine": True}, lambda console: None)

    monkeypatch.setattr(system, "_of_system", noisy)
    outcome = lava_ed("info", "--json")
    assert outcome.value == {"fine": True}
    assert "hello" in outcome.err


def test_info(lava_ed):
    value = lava_ed("info", "--json").value
    assert value["lava_ed_version"] == __import__("lava_ed").__version__
    assert {"digits", "mnist", "fashion-mnist"} <= {*value["datasets"]}
    assert {"std-ed", "mpd-ed"} <= {*value["rules"]}
    assert value["packages"]["numba"]
    assert "numba" in lava_ed("info").out


def test_main_returns_to_a_console_script():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from lava_ed.cli import main; sys.exit(main())",
            "info",
            "--json",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["lava_ed_version"] == lava_ed.__version__
    assert callable(main)


def test_ctrl_c(lava_ed, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt("resume with --resume")

    monkeypatch.setattr(system, "_of_system", interrupt)
    outcome = lava_ed("info")
    assert outcome.code == 130
    assert "resume with --resume" in outcome.err
