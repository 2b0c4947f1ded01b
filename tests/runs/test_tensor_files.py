"""Model and checkpoint files: exact, deterministic, and guarded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

import lava_ed.runs.tensor_files as tensor_files
from lava_ed.backends.backend import make_backend
from lava_ed.comparison import read_run
from lava_ed.data.events.code import EventCode
from lava_ed.errors import CheckpointError, RunFolderError
from lava_ed.evaluation.evaluate import evaluate_run
from lava_ed.learning_rules import RULES
from lava_ed.runs.tensor_files import Position
from lava_ed.train import Checkpoint, EngineBackend, Model, RunFolder, TrainConfig, stored_config, train
from lava_ed.version import __version__


@pytest.fixture
def spec():
    """A small net."""
    return TrainConfig.create("std-ed", "digits", hidden=(12,)).spec(64, 10)


WRITTEN = Path(__file__).parent / "written_2026_11_28"
"""Runs that were written by version 0.1.0 of that day, before files had a digest."""


@pytest.fixture
def checkpoint(spec):
    """A checkpoint in the fourth epoch."""
    config = TrainConfig.create("std-ed", "digits", hidden=(12,))
    backend = EngineBackend(spec)
    first = json.loads((WRITTEN / "std-ed" / "metrics.jsonl").read_text().splitlines()[0])
    position = Position(
        epoch=3, index=7, start={"counters": backend.counters(), "triggered": 0},
        rows=[{**first, "epoch": epoch} for epoch in (1, 2, 3)],
    )  # fmt: skip
    return Checkpoint(config, "data", "order", position, backend.state())


def rewrite(path, change, tensors=lambda t: None, seal=True):
    """Save a tensor file again with a changed header and changed tensors, under a digest of its own if wanted."""
    with safe_open(str(path), framework="numpy") as file:
        header = json.loads(file.metadata()["lava_ed"])
        values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    change(header)
    tensors(values)
    if seal:
        header["digest"] = tensor_files._seal(header, values)
    path.write_bytes(save(values, metadata={"lava_ed": json.dumps(header)}))


class TestModel:
    def test_comes_back_as_int8(self, spec, tmp_path):
        state = EngineBackend(spec).state()
        path = tmp_path / "model.safetensors"
        path.write_bytes(Model.of_state(spec, state).to_bytes())
        model = Model.read(path)
        assert model.spec == spec
        assert model.weights["dense1"].dtype == np.int8
        assert model.weights["dense1"].shape == (64, 12)
        np.testing.assert_array_equal(model.weights["dense2"].T.astype(int) * 2, state["dense2.weights"])
        put = model.put_into(EngineBackend(spec).state())
        np.testing.assert_array_equal(put["dense1.weights"], state["dense1.weights"])
        assert put["hidden1.threshold_step"] == state["hidden1.threshold_step"]

    def test_same_net_same_bytes(self, spec):
        contents = {Model.of_state(spec, EngineBackend(spec).state()).to_bytes() for _ in range(5)}
        assert len(contents) == 1

    def test_missing_model(self, tmp_path):
        with pytest.raises(RunFolderError, match="train to the end"):
            Model.read(tmp_path / "model.safetensors")

    def test_without_a_layer(self, spec, tmp_path):
        path = tmp_path / "model.safetensors"
        path.write_bytes(Model.of_state(spec, EngineBackend(spec).state()).to_bytes())
        rewrite(path, lambda header: header["spec"]["sizes"].insert(1, 9))
        with pytest.raises(CheckpointError, match="does not describe a net"):
            Model.read(path)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda t: t.pop("hidden1.threshold_step"), r"lacks hidden1\.threshold_step"),
            (lambda t: t.update({"hidden2.threshold_step": np.zeros(1, np.int32)}), r"unknown tensors hidden2\.thr"),
            (lambda t: t["hidden1.threshold_step"].fill(-(2**31)), r"threshold_step is -2147483648, of 0 … 55"),
            (lambda t: t["hidden1.threshold_step"].fill(56), r"threshold_step is 56, of 0 … 55"),
            (lambda t: t.update({"hidden1.threshold_step": np.zeros(1, np.int64)}), "is int64 of shape"),
            (lambda t: t.update({"hidden1.threshold_step": np.zeros(2, np.int32)}), r"of shape \(2,\), expected"),
            (lambda t: t.update({"dense1.weights": np.ones((64, 12), bool)}), "is bool of shape"),
            (lambda t: t.update({"dense1.weights": np.ones((64, 12), np.uint8)}), "is uint8 of shape"),
            (lambda t: t.update({"dense1.weights": np.ones((12, 64), np.int8)}), r"of shape \(12, 64\), expected"),
            (lambda t: t.pop("dense2.weights"), r"lacks dense2\.weights"),
        ],
    )
    def test_other_tensors_than_the_nets(self, spec, tmp_path, change, words):
        path = tmp_path / "model.safetensors"
        path.write_bytes(Model.of_state(spec, EngineBackend(spec).state()).to_bytes())
        rewrite(path, lambda h: None, change)
        with pytest.raises(CheckpointError, match=words):
            Model.read(path)

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("readout", ["membrane", "first-spike"])
    def test_thresholds_are_those_of_the_back_end(self, rule, readout):
        if RULES[rule].baseline and readout == "first-spike":
            pytest.skip("baselines read membranes")
        hidden = (5,) if rule == "renner" else (5, 4)
        spec = TrainConfig.create(rule, "digits", hidden=hidden, readout=readout).spec(64, 10)
        state = make_backend("engine", spec).state()
        there = {name.partition(".")[0] for name in state if name.endswith(".threshold_step")}
        assert set(spec.threshold_nodes) == there

    def test_one_bit_less(self, spec, tmp_path):
        path = tmp_path / "model.safetensors"
        whole = Model.of_state(spec, EngineBackend(spec).state()).to_bytes()
        for at in (len(whole) - 1, len(whole) - 200, whole.index(b'steps\\": 16') + 10):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(CheckpointError, match=r"content and its digest differ|is damaged"):
                Model.read(path)


class TestCheckpoint:
    def test_comes_back(self, checkpoint, tmp_path):
        path = tmp_path / "c"
        path.write_bytes(checkpoint.to_bytes())
        again = Checkpoint.read(path)
        assert (again.config, again.position) == (checkpoint.config, checkpoint.position)
        assert (again.data_digest, again.order_digest) == ("data", "order")
        for name, value in checkpoint.state.items():
            np.testing.assert_array_equal(again.state[name], value)
            assert again.state[name].dtype == value.dtype

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda h: h.update(lava_ed_version="0.0.0"), r"written by lava-ed 0\.0\.0"),
            (lambda h: h.update(format=2), "format 2"),
            (lambda h: h["config"]["net"].update(seed=4), "digest"),
            (lambda h: h["config"].update(format=7), "format 7"),
            (lambda h: h.pop("position"), "not a complete checkpoint"),
            (lambda h: h["position"].update(speed=1), "not a complete checkpoint"),
        ],
    )
    def test_of_another_version_or_altered(self, checkpoint, tmp_path, change, message):
        path = tmp_path / "c"
        path.write_bytes(checkpoint.to_bytes())
        rewrite(path, change)
        with pytest.raises(CheckpointError, match=message):
            Checkpoint.read(path)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda p: p.update(index=-1), "index is -1"),
            (lambda p: p.update(index=True), "index is True"),
            (lambda p: p.update(index=10**30), "not fit 64 bits"),
            (lambda p: p.update(epoch=61), "epoch 61, sample 7 lies behind the last of 60 epochs"),
            (lambda p: p.update(epoch=60), "epoch 60, sample 7 lies behind"),
            (lambda p: p.update(epoch=2), "3 rows of metrics do not belong to the 2 epochs"),
            (lambda p: p["rows"].reverse(), "3 rows of metrics"),
            (lambda p: p.update(correct=8), "8 of 7 samples"),
            (lambda p: p.update(correct=-1), "correct is -1"),
            (lambda p: p.update(seconds=-0.5), "seconds is -0.5"),
            (lambda p: p.update(wall="x"), "wall is 'x'"),
            (lambda p: p["start"].update(triggered=-1), "triggered is -1"),
            (lambda p: p["start"]["counters"]["dense1"]["spikes"].update(forward=-5), "forward is -5"),
            (lambda p: p["rows"][1].update(samples="x"), "samples is 'x'"),
            (lambda p: p.update(start={}), "lacks position.start.counters"),
        ],
    )
    def test_positions_that_no_training_comes_to(self, checkpoint, tmp_path, change, words):
        path = tmp_path / "c"
        path.write_bytes(checkpoint.to_bytes())
        rewrite(path, lambda h: change(h["position"]))
        with pytest.raises(CheckpointError, match=words):
            Checkpoint.read(path)

    @pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"x" * 100, "half", save({"a": np.zeros(2)})])
    def test_damaged(self, checkpoint, tmp_path, content):
        path = tmp_path / "c"
        whole = checkpoint.to_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
        with pytest.raises(CheckpointError):
            Checkpoint.read(path)


LISTS = (*("image", "threshold_steps", "error_shifts", "rate_shifts"), "freeze", "hidden_dead_zones", "error_grains")


class TestFilesOfEarlierDays:
    """Written by version 0.1.0 on 28 November 2026, before files had a digest: they still load, evaluate and resume."""

    @pytest.mark.parametrize("rule", ["std-ed", "ssgd"])
    def test_a_run_that_had_ended(self, rule):
        written = json.loads((WRITTEN / rule / "result.json").read_text())
        assert evaluate_run(WRITTEN / rule)["test_accuracy"] == written["test_accuracy"]
        assert read_run(WRITTEN / rule).result == written
        assert RunFolder(WRITTEN / rule).read_json("energy.json")["training"]["samples"] == 120

    @pytest.mark.parametrize("rule", ["std-ed", "mpd-ed", "ssgd", "renner"])
    def test_a_run_that_was_stopped(self, rule, tmp_path, digits):
        shutil.copytree(WRITTEN / f"{rule}-stopped", tmp_path / "run")
        train(stored_config(tmp_path / "run"), tmp_path / "run", resume=True, dataset=digits)
        mine, there = (Model.read(path / "model.safetensors") for path in (tmp_path / "run", WRITTEN / rule))
        assert mine.spec == there.spec
        assert mine.threshold_steps == there.threshold_steps
        for name, value in there.weights.items():
            np.testing.assert_array_equal(mine.weights[name], value)

    def test_configurations_of_format_1(self, tmp_path, digits):
        """Written on 29 November 2026, the last ones that hold the settings of the net beside those of the run."""
        there, run = WRITTEN.with_name("written_2026_11_29") / "ended", tmp_path / "run"
        result = json.loads((there / "result.json").read_text())
        assert evaluate_run(there)["test_accuracy"] == result["test_accuracy"]
        shutil.copytree(there.with_name("stopped"), run)
        assert train(stored_config(run), run, resume=True, dataset=digits)["counters"] == result["counters"]
        first, second = (json.loads((path / "config.json").read_text()) for path in (there, run))
        assert (first["format"], second["format"]) == (1, 2)
        # Settings that came later say what a run of then did.
        assert second["facts"]["network"].pop("learning") == second["net"].pop("learning") == "replayed"
        assert second["facts"]["network"].pop("dependency") == second["net"].pop("dependency") == "x0"
        words = {"arch": "", "sharing": "accumulated", "pooling": "sum", "count_shift": 0}
        for name, earlier in {**words, **{name: [] for name in LISTS}}.items():
            assert second["facts"]["network"].pop(name) == second["net"].pop(name) == earlier
        assert {**second.pop("net"), **second, "format": 1} == {
            **first,
            "lava_ed_version": __version__,
            "calibrate": False,
            "snapshot_interval": 1,
            "flip": False,
            "events": EventCode().to_dict(),
        }
        for name, value in Model.read(there / "model.safetensors").weights.items():
            np.testing.assert_array_equal(Model.read(run / "model.safetensors").weights[name], value)

    @pytest.mark.parametrize("name", ["model.safetensors", "checkpoint.safetensors"])
    def test_they_have_no_digest(self, name):
        with safe_open(str(WRITTEN / "std-ed" / name), framework="numpy") as file:
            assert "digest" not in json.loads(file.metadata()["lava_ed"])
