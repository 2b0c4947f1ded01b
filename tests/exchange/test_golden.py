"""Golden vectors: an independent replay in plain numpy finds every state, message and weight."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest
from nets import samples, small_model

from lava_ed.errors import ExchangeError
from lava_ed.exchange import record_golden, replay, write_golden
from lava_ed.exchange.golden.replay import AFTIF, Mismatch
from lava_ed.learning_rules import MPDED

CASES = [
    *(
        (kind, hidden, {"feedback": f})
        for kind in ("std-ed", "mpd-ed")
        for hidden in ((8,), (8, 7))
        for f in ("symmetric", "random")
    ),
    ("std-ed", (), {}),
    ("mpd-ed", (8, 7, 6), {"dv": 300}),
    ("std-ed", (8,), {"readout": "first-spike"}),
    ("mpd-ed", (8,), {"readout": "first-spike", "dv": 300}),
    ("mpd-ed", (8,), {"encoder": "current", "weight_exponents": (-6, 0)}),
    ("mpd-ed", (8, 7), {"encoder": "ttfs"}),
    ("std-ed", (8,), {"softmax_rounding": "nearest"}),
    ("std-ed", (8, 7), {"weight_rounding": "carry"}),
    ("mpd-ed", (8,), {"weight_rounding": "carry"}),
    ("std-ed", (8,), {"steps": 33}),
    ("mpd-ed", (8,), {"rule": MPDED(2.0**-9), "steps": 32, "dv": 300}),
    ("std-ed", (8,), {"dead_zone": 60}),
]


def vectors(path, kind="std-ed", hidden=(8,), n=6, learning=True, **changes):
    write_golden(path, record_golden(small_model(kind, hidden, **changes), *samples(n), learning=learning))
    return path


@pytest.mark.parametrize(("kind", "hidden", "changes"), CASES)
def test_an_independent_replay_finds_the_same_values(tmp_path, kind, hidden, changes):
    path = vectors(tmp_path / "g.h5", kind, hidden, **changes)
    compared = replay(path)
    assert min(compared.values()) > 0
    with h5py.File(path) as file:
        moved = file["processes/dense1/samples/weights"][()]
        assert moved.shape[0] == 7, "before the first sample and after each"
        assert np.any(moved[0] != moved[-1]), "nothing was learned, the vectors are of no use"


def test_without_learning_no_weight_moves(tmp_path):
    path = vectors(tmp_path / "g.h5", learning=False)
    replay(path)
    with h5py.File(path) as file:
        weights = file["processes/dense1/samples/weights"][()]
        assert np.all(weights == weights[0])
        assert not file["processes/error/messages/e_out"][()].any()


def test_the_replayer_stands_alone(tmp_path):
    """Beside the file, with numpy and h5py and without lava_ed on the path."""
    vectors(tmp_path / "g.h5")
    command = [sys.executable, "-I", "-c"]
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.modules['lava_ed'] = None; sys.modules['numba'] = None; "
        "import replay; sys.exit(replay.main([sys.argv[2]]))"
    )
    done = subprocess.run([*command, code, str(tmp_path), str(tmp_path / "g.h5")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "dense1: " in done.stdout


@pytest.mark.parametrize("name", ["hidden1/states/v", "hidden1/messages/s_out", "dense1/samples/weights"])
def test_a_changed_value_is_found(tmp_path, name):
    path = vectors(tmp_path / "g.h5")
    with h5py.File(path, "r+") as file:
        data = file[f"processes/{name}"]
        data[data.shape[0] - 1] = data[data.shape[0] - 1] + 2
    with pytest.raises(Mismatch, match=name.replace("/", ".").split(".")[0]):
        replay(path)


def test_ones_own_neuron_takes_the_place_of_the_one_here(tmp_path):
    path = vectors(tmp_path / "g.h5")

    class OffByOne(AFTIF):
        def step(self, phase, inputs):
            return super().step(phase, {**inputs, "a_in": inputs["a_in"] + (phase == 3)})

    assert replay(path, {"AFTIF": AFTIF}, ["hidden1"]).keys() == {"hidden1"}
    with pytest.raises(Mismatch, match=r"hidden1\.\w+ after step 4 \(phase 3\)"):
        replay(path, {"AFTIF": OffByOne})


def test_the_same_call_gives_the_same_bytes():
    model = small_model("mpd-ed")
    assert record_golden(model, *samples(2)) == record_golden(model, *samples(2))


@pytest.mark.parametrize("n", [0, 1001])
def test_a_number_of_samples_out_of_range_is_refused(n):
    with pytest.raises(ExchangeError, match=f"{n} images.*1 … 1000"):
        record_golden(small_model(), *samples(n))


def test_unknown_processes_and_files_are_named(tmp_path):
    path = vectors(tmp_path / "g.h5")
    with pytest.raises(ValueError, match="no process nobody; it has dense1"):
        replay(path, processes=["nobody"])
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(ValueError, match="is not a file of lava-ed golden vectors"):
        replay(tmp_path / "other.h5")
