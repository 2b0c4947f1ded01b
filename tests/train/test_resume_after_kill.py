"""A run that is really killed, again and again, ends in the same net as one that was not."""

from __future__ import annotations

import json
import random
import signal
import time

import pytest
from deadly import NEVER, start

from lava_ed.runs.folder import CHECKPOINT, ENERGY, METRICS, MODEL

SETTINGS = (
    *("--dataset", "digits", "--epochs", "3", "--limit", "600"),
    *("--seed", "3", "--checkpoint-interval", "50"),
)
DENSE, KERNELS = ("--hidden", "24,16"), ("--arch", "6c3-p2-10")

# Calls of a write: fsync (file), replace, fsync (folder). The first four writes of a new run are
# the probe, the first checkpoint, config.json and metrics.jsonl.
MOMENTS = [
    ("replace", 3, "before"),  # the first checkpoint is there, config.json is not
    ("replace", 9, "before"),  # a checkpoint is written, but not yet in its place
    ("fsync", 21, "before"),  # a checkpoint is written, but not on the disk
    ("replace", 18, "after"),  # a checkpoint is in its place, the folder not flushed
    ("replace", 5, "after"),
]


def started(net, out, resume, moment=NEVER):
    """A training process of a rule and its layers."""
    command = ["train", "--rule", *net, "--out", str(out), *SETTINGS, *(["--resume"] if resume else []), "--json"]
    return start(command, out.with_suffix(".out"), moment)


def finish(process, out):
    """The result of a process that is to end by itself."""
    process.join(120)
    assert process.exitcode == 0, out.with_suffix(".err").read_text()
    return json.loads(out.with_suffix(".out").read_text())


def kill_at_random(process, checkpoint, generator):
    """Kill a process once it trains, at whatever it does then."""
    before = checkpoint.stat().st_mtime_ns
    deadline = time.monotonic() + 100
    while checkpoint.stat().st_mtime_ns == before and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(generator.uniform(0, 0.08))
    process.kill()
    process.join()


def epochs(out):
    """Metrics without what the clock decides."""
    rows = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "samples_per_second")} for row in rows]


@pytest.mark.parametrize(
    ("net", "moments", "random_kills"),
    [(("std-ed", *DENSE), MOMENTS, 2), (("mpd-ed", *DENSE), MOMENTS[:3], 1), (("mpd-ed", *KERNELS), MOMENTS[2:], 1)],
    ids=["std-ed", "mpd-ed", "mpd-ed-kernels"],
)
def test_killed_runs_end_in_the_same_net(net, moments, random_kills, tmp_path):
    whole, run = tmp_path / "whole", tmp_path / "run"
    undisturbed = finish(started(net, whole, resume=False), whole)
    seen = []
    for moment in moments:
        process = started(net, run, resume=(run / CHECKPOINT).exists(), moment=moment)
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, (moment, run.with_suffix(".err").read_text())
        seen.append((run / CHECKPOINT).read_bytes())
    assert len(set(seen)) > len(moments) // 2, "the kills were meant to hit different moments"
    generator = random.Random(0)
    for _ in range(random_kills):
        kill_at_random(started(net, run, resume=True), run / CHECKPOINT, generator)
    resumed = finish(started(net, run, resume=True), run)

    assert (run / MODEL).read_bytes() == (whole / MODEL).read_bytes()
    assert epochs(run) == epochs(whole)
    assert [row["epoch"] for row in epochs(run)] == [1, 2, 3]
    assert json.loads((run / ENERGY).read_text()) == json.loads((whole / ENERGY).read_text())
    for name in ("test_accuracy", "validation_accuracy", "counters", "thresholds"):
        assert resumed[name] == undisturbed[name]
    assert [f.name for f in run.iterdir() if f.name.endswith(".tmp")] == []
