"""Workers: who does the jobs makes no difference, and one that is killed costs no more than its own last checkpoint."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from lava_ed.cli import main
from lava_ed.cluster import Alone, Place, crew_at
from lava_ed.cluster.crew import on_worker
from lava_ed.errors import ClusterError, ConfigError, DataError
from lava_ed.evaluation.evaluate import evaluate_run
from lava_ed.runs.data import data_on_worker
from lava_ed.sweep import SweepConfig, sweep
from lava_ed.train import TrainConfig, train
from lava_ed.train.many import train_runs

pytest.importorskip("distributed", reason="the extra cluster is not installed")
pytest.importorskip("optuna", reason="the extra sweep is not installed")


class Backwards(Alone):
    """A crew whose last job ends first."""

    def next(self):
        """Do the youngest job."""
        self._jobs.rotate()
        return super().next()


def small(**changes):
    return SweepConfig(**{"rule": "renner", "dataset": "digits", "trials": 6, "hidden": (8,), "epochs": 1, "limit": 100,
                          "parallel": 3, **changes})  # fmt: skip


def comparable(value):
    """What two sweeps must share: all but times and places."""
    trials = [{k: v for k, v in trial.items() if k != "seconds"} for trial in value["trials"]]
    return {**{k: v for k, v in value.items() if k != "run"}, "trials": trials}


@pytest.fixture(scope="module")
def workers():
    """Two workers of this machine."""
    told = []
    with crew_at(Place(workers=2), told.append) as crew:
        assert told[0].startswith("2 workers at tls://127.0.0.1:")
        assert "dashboard: http://127.0.0.1:" in told[0]
        yield crew


DIE_ONCE = """
import os, signal
try:
    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
except FileExistsError:
    pass  # one has died already
else:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_order_in_which_trials_end_makes_no_difference(digits, tmp_path):
    one = sweep(small(), tmp_path / "one", dataset=digits)
    other = sweep(small(), tmp_path / "other", dataset=digits, crew=Backwards())
    assert comparable(one) == comparable(other)
    in_turn = sweep(small(parallel=1), tmp_path / "in turn", dataset=digits)
    assert in_turn["trials"][0]["settings"] == one["trials"][0]["settings"] == {}


def test_a_sweep_that_was_killed_between_trials_that_ended_out_of_order(digits, tmp_path):
    class Dying(Backwards):
        done = 0

        def next(self):
            if self.done == 2:
                raise KeyboardInterrupt
            self.done += 1
            return super().next()

    whole = sweep(small(), tmp_path / "whole", dataset=digits)
    with pytest.raises(KeyboardInterrupt):
        sweep(small(), tmp_path / "killed", dataset=digits, crew=Dying())
    # None: the number of parallel trials that the folder has.
    assert comparable(sweep(small(parallel=None), tmp_path / "killed", dataset=digits)) == comparable(whole)
    with pytest.raises(ConfigError, match="parallel"):
        sweep(small(parallel=2), tmp_path / "killed", dataset=digits)


def test_a_trial_goes_on_from_its_checkpoint(digits, tmp_path, monkeypatch):
    from lava_ed.sweep.score import Trial, validation_accuracy

    config = TrainConfig.create("renner", "digits", hidden=(8,), epochs=2, limit=200, checkpoint_interval=64)
    wanted = validation_accuracy(config, digits)
    original, presented = Trial.present, []

    def counting(self, done, order, steps=()):
        if len(presented) == 5:
            raise KeyboardInterrupt
        presented.append(done)
        return original(self, done, order, steps)

    monkeypatch.setattr(Trial, "present", counting)
    with pytest.raises(KeyboardInterrupt):
        validation_accuracy(config, digits, tmp_path / "trial")
    presented.clear()
    assert validation_accuracy(config, digits, tmp_path / "trial") == wanted
    assert presented[0] == 256, "the checkpoint that was written last"


def test_workers_end_in_the_same_study_as_one_process(workers, tmp_path):
    here = sweep(small(), tmp_path / "here")
    there = sweep(small(), tmp_path / "there", crew=workers)
    assert comparable(here) == comparable(there)
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["best.json", "study.db", "sweep.json"]


def test_runs_and_their_judgement_are_the_same(workers, tmp_path):
    settings = {"hidden": (8,), "epochs": 1, "limit": 100}
    configs = {str(tmp_path / f"{k}"): TrainConfig.create("renner", "digits", seed=k, **settings) for k in (0, 1)}
    there = train_runs(configs, workers, resume=False)
    here = train(configs[str(tmp_path / "1")], tmp_path / "here")
    assert there[str(tmp_path / "1")]["test_accuracy"] == here["test_accuracy"]
    assert train_runs(configs, workers) == there, "finished runs are not trained again"


def test_shares_of_a_test_set_are_the_whole(workers, digits, tmp_path):
    from lava_ed.evaluation.evaluate import evaluate, joined
    from lava_ed.runs.tensor_files import Model

    train(TrainConfig.create("mpd-ed", "digits", hidden=(8,), epochs=1, limit=300), tmp_path / "run")
    whole = evaluate_run(tmp_path / "run")
    there = evaluate_run(tmp_path / "run", crew=workers)
    model = Model.read(tmp_path / "run" / "model.safetensors")
    rows = np.split(np.arange(len(digits.test_labels)), [100, 101])
    parts = [evaluate("engine", model, digits.test_images, digits.test_labels, part) for part in rows]
    all_at_once = evaluate("engine", model, digits.test_images, digits.test_labels)
    assert joined(parts).counters == all_at_once.counters
    assert (joined(parts).decided == all_at_once.decided).all()
    for name in ("test_accuracy", "correct", "samples", "counters_per_sample"):
        assert whole[name] == there[name], name


def test_the_job_of_a_killed_worker_is_done_by_another(workers, tmp_path):
    workers.submit("deadly", exec, DIE_ONCE, {"marker": str(tmp_path / "marker")}, folder=tmp_path)
    assert workers.next() == ("deadly", None)
    assert (tmp_path / "marker").exists()


def test_what_a_worker_refuses(tmp_path, digits):
    with pytest.raises(ClusterError, match=r"has lava-ed .*, the command 0\.0\.1: install one"):
        on_worker("0.0.1", str(tmp_path), abs, (1,))
    from lava_ed.version import __version__

    with pytest.raises(ClusterError, match="does not see"):
        on_worker(__version__, str(tmp_path / "none"), abs, (1,))
    with pytest.raises(DataError, match="other data"):
        data_on_worker("digits", "data", "0" * 64)


def test_an_error_of_a_job_is_the_error_of_the_command(workers, tmp_path):
    workers.submit("wrong", data_on_worker, "digits", "data", "0" * 64, folder=tmp_path)
    with pytest.raises(DataError, match="other data"):
        workers.next()


def test_data_of_ones_own_do_not_reach_workers(workers, digits, tmp_path):
    with pytest.raises(ConfigError, match="by its name"):
        sweep(small(), tmp_path, dataset=dataclasses.replace(digits, name="mine"), crew=workers)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": 0}, "--workers is 0"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "leave --workers"),
        ({"scheduler": "a:8786"}, "write its address as"),
        ({"slurm": True}, "needs --workers"),
    ],
)
def test_places_that_are_none(options, words):
    with pytest.raises(ConfigError, match=words):
        Place(**options)


def test_a_scheduler_that_is_not_there(monkeypatch):
    import lava_ed.cluster.places as module

    monkeypatch.setattr(module, "_PATIENCE", "300ms")
    with pytest.raises(ClusterError, match="no scheduler answers"), crew_at(Place(scheduler="tcp://127.0.0.1:9")):
        pass


def test_slurm_that_is_not_there(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match="no sbatch"), crew_at(Place(workers=1, slurm=True)):
        pass


SBATCH = """#!/bin/sh
# Stands for Slurm: a job is a process of this machine, and its script may be gone once it is submitted.
cp "$1" {log}.sh
sh {log}.sh > {log} 2>&1 &
echo $! >> {pids}
echo "Submitted batch job $!"
"""


def test_jobs_of_slurm(tmp_path, monkeypatch):
    """The script that Slurm would get is run as it is."""
    tools, pids, log = tmp_path / "bin", tmp_path / "pids", tmp_path / "log"
    tools.mkdir()
    (tools / "sbatch").write_text(SBATCH.format(pids=pids, log=log))
    (tools / "scancel").write_text("#!/bin/sh\n")
    for tool in tools.iterdir():
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    told = []
    try:
        with crew_at(Place(workers=1, slurm=True), told.append) as crew:
            crew.submit("seven", abs, -7, folder=tmp_path)
            assert crew.next() == ("seven", 7)
            assert "of 1 workers at tls://" in told[0]
    finally:
        print(log.read_text() if log.exists() else "no job was submitted")  # shown where the test fails
    for pid in map(int, pids.read_text().split()):
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/status").read_text().split("State:\t")[1][0] != "Z":
            assert time.monotonic() < deadline, "the worker outlives its command"
            time.sleep(0.1)
    assert not list(tmp_path.glob(".dask-jobqueue*")), "keys are left behind"


def test_the_commands(tmp_path, capsys):
    tiny = ["--rule", "renner", "--hidden", "8", "--epochs", "1", "--limit", "100", "--json"]
    runs = str(tmp_path / "runs")
    assert main(["train", *tiny, "--seeds", "0-1", "--out", runs]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [Path(run["run"]).name for run in value["runs"]] == ["seed-0", "seed-1"]
    accuracies = [run["test_accuracy"] for run in value["runs"]]
    assert value["test_accuracy"]["mean"] == pytest.approx(sum(accuracies) / 2)
    for arguments, words in (
        ([*tiny, "--seeds", "0-1", "--out", runs], "already holds a run"),
        ([*tiny, "--seeds", "0-1", "--seed", "1", "--out", runs], "give one of them"),
        ([*tiny, "--seeds", "3-1", "--out", runs], "is no list of numbers"),
        ([*tiny, "--workers", "2", "--out", runs], "give --seeds"),
        ([*tiny, "--workers", "0", "--out", runs], "give --seeds"),
    ):
        assert main(["train", *arguments]) == 2
        assert words in json.loads(capsys.readouterr().out)["error"]["message"]
    assert main(["train", *tiny, "--seeds", "0-2", "--out", runs, "--resume"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 3
    assert main(["compare", f"{runs}/seed-0", "--workers", "1", "--json"]) == 2
    assert "give --train" in json.loads(capsys.readouterr().out)["error"]["message"]
