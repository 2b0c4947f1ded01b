"""Errors about layers speak of what the user typed."""

from __future__ import annotations

import pytest

from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.learning_rules import STDED
from lava_ed.network import NetworkSpec
from lava_ed.train import TrainConfig


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ((1_000_000,), "a layer of 1,000,000 neurons: a layer has 1 … 32,767"),
        ((4, 0), "a layer of 0 neurons: a layer has 1 … 32,767"),
        ([0.5], "0.5 among its layers: an integer of 1 … 32,767"),
        ((True,), "True among its layers"),
        ("256", "hidden is '256': the neurons of each hidden layer"),
        (256, "hidden is 256: the neurons of each hidden layer"),
        ((8,) * 63, "names 63 layers: a net has at most 62 hidden ones"),
    ],
)
def test_hidden_layers(hidden, said):
    with pytest.raises(ConfigError, match=r"^hidden ") as caught:
        TrainConfig.create(hidden=hidden)
    assert said in str(caught.value)


def test_what_is_trained_can_be_read_again():
    """The deepest net and the longest run that are taken are those that the schema of their files takes."""
    config = TrainConfig.create(hidden=(8,) * 62, epochs=10_000)
    assert TrainConfig.from_dict(config.to_dict()) == config
    spec = config.spec(64, 10)
    assert NetworkSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(ChipLimitError, match="65 layers: a net has at most 64"):
        NetworkSpec((8,) * 65, STDED(2**-9), steps=8)
    with pytest.raises(ConfigError, match="epochs is 10,001, at most 10,000"):
        TrainConfig.create(epochs=10_001)


def test_a_layer_too_large_for_its_window():
    """258·256·127 = 8,388,096 fits 2^23 − 1, 259 do not; of 3,000 neurons 10 steps do."""
    with pytest.raises(ChipLimitError, match=r"^hidden layer 2 has 3,000 neurons, steps is 127") as caught:
        TrainConfig.create("std-ed", "digits", hidden=(8, 3000), steps=127)
    assert "at most 258 neurons in it (--hidden) or at most 10 time steps (--steps)" in str(caught.value)
    TrainConfig.create("std-ed", "digits", hidden=(8, 258), steps=127)
    TrainConfig.create("std-ed", "digits", hidden=(8, 3000), steps=10)


def test_more_inputs_than_the_window_takes():
    """784·256·41 = 8,228,864: no neurons can be taken away from the data."""
    config = TrainConfig.create("std-ed", "mnist", hidden=(8,), steps=42)
    with pytest.raises(ChipLimitError, match=r"the data have 784 inputs.*take at most 41 time steps \(--steps\)$"):
        config.spec(784, 10)


def test_the_command_names_its_option(lava_ed_error):
    for text in ("1000000", "0", "-3"):
        assert lava_ed_error("--hidden", text).startswith(f"--hidden {text}: hidden has a layer of ")
    for text in ("a", "3,", "2.5"):
        assert "each of 1 … 32,767 neurons" in lava_ed_error("--hidden", text)


@pytest.fixture
def lava_ed_error(tmp_path, capsys):
    """What `lava-ed train` says of options that it refuses."""
    from lava_ed.cli import main

    def run(*options):
        assert main(["train", f"{options[0]}={options[1]}", "--out", str(tmp_path / "run")]) == 2
        return capsys.readouterr().err.strip().removeprefix("lava-ed: ")

    return run
