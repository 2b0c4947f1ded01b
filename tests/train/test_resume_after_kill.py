"""A run that is really killed, again and again, ends in the same net as one that was not."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from lava_ed.runs.folder import CHECKPOINT, ENERGY, METRICS, MODEL

SETTINGS = (
    *("--dataset", "digits", "--hidden", "24,16", "--epochs", "3", "--limit", "600"),
    *("--seed", "3", "--checkpoint-interval", "50"),
)

# A run in a process of its own, which kills itself right before or after the n-th call of a
# function that writing a file goes through: SIGKILL, so nothing is caught and nothing cleaned up.
RUN = """
import os, signal, sys
name, n, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
calls = 0
original = getattr(os, name, None)
def deadly(*arguments):
    global calls
    calls += 1
    if calls == n and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments)
    if calls == n:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
if original is not None:
    setattr(os, name, deadly)
from lava_ed.cli import main
sys.exit(main(sys.argv[4:]))
"""
NEVER = ("none", 0, "before")

# Calls of a write: fsync (file), replace, fsync (folder). The first four writes of a new run are
# the probe, the first checkpoint, config.json and metrics.jsonl.
MOMENTS = [
    ("replace", 3, "before"),  # the first checkpoint is there, config.json is not
    ("replace", 9, "before"),  # a checkpoint is written, but not yet in its place
    ("fsync", 21, "before"),  # a checkpoint is written, but not on the disk
    ("replace", 18, "after"),  # a checkpoint is in its place, the folder not flushed
    ("replace", 5, "after"),
]


def start(rule, out, resume, moment=NEVER):
    """A training process."""
    command = [
        "train",
        "--rule",
        rule,
        "--out",
        str(out),
        *SETTINGS,
        *(["--resume"] if resume else []),
        "--json",
    ]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, moment), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    """The result of a process that is to end by itself."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def kill_at_random(process, checkpoint, generator):
    """Kill a process once it trains, at whatever it does then."""
    before = checkpoint.stat().st_mtime_ns
    deadline = time.monotonic() + 100
    while checkpoint.stat().st_mtime_ns == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(generator.uniform(0, 0.08))
    process.kill()
    process.communicate()


def epochs(out):
    """Metrics without what the clock decides."""
    rows = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "samples_per_second")} for row in rows]


@pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
def test_killed_runs_end_in_the_same_net(rule, tmp_path):
    whole, run = tmp_path / "whole", tmp_path / "run"
    undisturbed = finish(start(rule, whole, resume=False))
    seen = []
    for moment in MOMENTS:
        process = start(rule, run, resume=(run / CHECKPOINT).exists(), moment=moment)
        _, err = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, (moment, err)
        seen.append((run / CHECKPOINT).read_bytes())
    assert len(set(seen)) >= 3, "the kills were meant to hit different moments"
    generator = random.Random(0)
    for _ in range(2):
        kill_at_random(start(rule, run, resume=True), run / CHECKPOINT, generator)
    resumed = finish(start(rule, run, resume=True))

    assert (run / MODEL).read_bytes() == (whole / MODEL).read_bytes()
    assert epochs(run) == epochs(whole)
    assert [row["epoch"] for row in epochs(run)] == [1, 2, 3]
    assert json.loads((run / ENERGY).read_text()) == json.loads((whole / ENERGY).read_text())
    for name in ("test_accuracy", "validation_accuracy", "counters", "thresholds"):
        assert resumed[name] == undisturbed[name]
    assert [f.name for f in run.iterdir() if f.name.endswith(".tmp")] == []
