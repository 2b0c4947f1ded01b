"""Model and checkpoint files: exact, deterministic, and guarded."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save

import lava_ed.train.tensor_files as tensor_files
from lava_ed.errors import CheckpointError, RunFolderError
from lava_ed.train import Checkpoint, EngineBackend, Model, TrainConfig
from lava_ed.train.tensor_files import Position


@pytest.fixture
def spec():
    """A small net."""
    return TrainConfig.create("std-ed", "digits", hidden=(12,)).spec(64, 10)


@pytest.fixture
def checkpoint(spec):
    """A checkpoint at the start."""
    config = TrainConfig.create("std-ed", "digits", hidden=(12,))
    return Checkpoint(config, "data", "order", Position(epoch=3, index=7), EngineBackend(spec).state())


def rewrite(path, change):
    """Save a tensor file again with a changed header."""
    tensors, header = tensor_files._load(path, 1)
    change(header)
    path.write_bytes(save(tensors, metadata={"lava_ed": json.dumps(header)}))


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
            (lambda h: h["config"].update(seed=4), "digest"),
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

    @pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"x" * 100, "half", save({"a": np.zeros(2)})])
    def test_damaged(self, checkpoint, tmp_path, content):
        path = tmp_path / "c"
        whole = checkpoint.to_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
        with pytest.raises(CheckpointError):
            Checkpoint.read(path)
