"""Golden vectors: an independent replay in plain numpy finds every state, message and weight."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from nets import samples, small_model

from lava_ed.errors import ExchangeError
from lava_ed.exchange import record_golden, replay, write_golden
from lava_ed.exchange.golden import record
from lava_ed.exchange.golden import replay as replay_module
from lava_ed.exchange.golden.replay import AFTIF, Mismatch, main
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
    ("mpd-ed", (8,), {"encoder": "bins", "steps": 8}),
    ("mpd-ed", (8,), {"encoder": "bins", "steps": 16, "input_drop": 90}),
    ("mpd-ed", (8,), {"steps": 64, "dv": 300, "error_shift": 10}),
    ("std-ed", (8,), {"softmax_rounding": "nearest"}),
    ("std-ed", (8,), {"softmax_rounding": "carry"}),
    ("std-ed", (8, 7), {"weight_rounding": "carry"}),
    ("mpd-ed", (8,), {"weight_rounding": "carry"}),
    ("std-ed", (8,), {"steps": 33}),
    ("mpd-ed", (8,), {"rule": MPDED(2.0**-9), "steps": 32, "dv": 300}),
    ("std-ed", (8,), {"dead_zone": 60, "error_shift": 7, "hidden_dead_zones": (9,), "error_grains": (3,)}),
    ("mpd-ed", (8, 7), {"dv": 300, "hidden_dead_zones": (2, 4), "error_grains": (3, 1)}),
    ("mpd-ed", (8, 7), {"learning": "aggregated", "weight_rounding": "carry", "dv": 300}),
    ("mpd-ed", (8,), {"learning": "aggregated", "encoder": "current", "weight_exponents": (-4, 0), "steps": 4}),
]


def _vectors(model, n, learns):
    return record_golden(model, *samples(n, inputs=model.spec.sample_bytes), learning=learns)


def vectors(path, kind="std-ed", hidden=(8,), n=6, learns=True, **changes):
    write_golden(path, _vectors(small_model(kind, hidden, **changes), n, learns))
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
    path = vectors(tmp_path / "g.h5", learns=False)
    replay(path)
    with h5py.File(path) as file:
        weights = file["processes/dense1/samples/weights"][()]
        assert np.all(weights == weights[0])
        assert not file["processes/error/messages/e_out"][()].any()


@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", 60_000), ("MOST_STEPS", 2**8)])
def test_no_more_is_recorded_than_can_be_replayed(tmp_path, monkeypatch, limit, value):
    for module in (record, replay_module):
        monkeypatch.setattr(module, limit, value)
    with pytest.raises(ExchangeError, match=r"samples is 1000: of this net the replayer takes (\d+) at most") as caught:
        record_golden(small_model(), *samples(1000))
    fit = int(re.search(r"takes (\d+) at most", str(caught.value))[1])
    assert 1 < fit < 100
    assert min(replay(vectors(tmp_path / "g.h5", n=fit)).values()) > 0


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


@pytest.fixture(scope="module")
def content():
    """A small file of golden vectors."""
    return record_golden(small_model("std-ed", (4,)), *samples(2))


class TestNothingOfOthersIsOverwritten:
    def test_what_was_written_here_may_be_written_again(self, tmp_path, content):
        first = [path.read_bytes() for path in write_golden(tmp_path / "g.h5", content)]
        assert [path.read_bytes() for path in write_golden(tmp_path / "g.h5", content)] == first

    def test_a_replayer_that_somebody_changed_is_left_alone(self, tmp_path, content):
        replayer = write_golden(tmp_path / "g.h5", content)[1]
        mine = replayer.read_text(encoding="utf-8").replace("class AFTIF(Process)", "class AFTIF( Process)")
        replayer.write_text(mine, encoding="utf-8")
        with pytest.raises(ExchangeError, match=r"replay\.py exists and is not the replayer as lava-ed wrote it"):
            write_golden(tmp_path / "other.h5", content)
        assert replayer.read_text(encoding="utf-8") == mine
        assert not (tmp_path / "other.h5").exists()

    @pytest.mark.parametrize("text", ["", "print(1)\n", "# As lava-ed wrote it: 0\n"])
    def test_another_replay_py_is_left_alone(self, tmp_path, content, text):
        (tmp_path / "replay.py").write_text(text)
        with pytest.raises(ExchangeError, match="left alone"):
            write_golden(tmp_path / "g.h5", content)
        assert [path.name for path in tmp_path.iterdir()] == ["replay.py"]
        assert (tmp_path / "replay.py").read_text() == text

    @pytest.mark.parametrize("name", ["replay.py", "Replay.PY"])
    def test_the_vectors_do_not_take_the_replayers_name(self, tmp_path, content, name):
        with pytest.raises(ExchangeError, match="choose another one"):
            write_golden(tmp_path / name, content)
        assert list(tmp_path.iterdir()) == []

    def test_another_file_under_the_vectors_name_is_left_alone(self, tmp_path, content):
        with h5py.File(tmp_path / "g.h5", "w") as file:
            file["mine"] = 1
        before = (tmp_path / "g.h5").read_bytes()
        with pytest.raises(ExchangeError, match=r"g\.h5 exists and is not a file of golden vectors"):
            write_golden(tmp_path / "g.h5", content)
        assert (tmp_path / "g.h5").read_bytes() == before


class TestDamagedFiles:
    """Nothing but `BadFile` comes out of the replayer for a file that it cannot replay; the command exits with 2."""

    @staticmethod
    def refused(path, capsys):
        assert main([str(path)]) == 2
        told = capsys.readouterr().err
        assert told.startswith("replay: ")
        assert told.count("\n") == 1
        return told

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("processes/hidden1/states/v", None, "no v|KeyError: 'v'"),
            ("processes/hidden1/states/v", np.zeros((5, 4)), "no integers in 2 dimensions"),
            ("processes/hidden1/states/v", np.zeros((5, 4), np.int32), "not packed|other lengths"),
            ("processes/hidden1/states/v", h5py.ExternalLink("other.h5", "/v"), "leads to elsewhere"),
            ("processes/hidden1/messages/s_out", h5py.SoftLink("/processes/hidden1/states/v"), "leads to elsewhere"),
            ("processes/dense1/samples", 3, "samples is no group"),
            ("connections", np.zeros(3), "no rows of four names"),
            ("processes", None, "no processes"),
        ],
    )
    def test_a_wrong_dataset(self, tmp_path, capsys, content, name, value, message):
        (tmp_path / "g.h5").write_bytes(content)
        with h5py.File(tmp_path / "g.h5", "r+") as file:
            del file[name]
            if value is not None:
                file[name] = value
        assert re.search(message, self.refused(tmp_path / "g.h5", capsys))

    def test_a_text_that_leads_nowhere(self, tmp_path, capsys, content):
        damaged = bytearray(content)
        first = content.find(b"GCOL") + 16
        damaged[first : first + 16] = bytes(16)
        (tmp_path / "g.h5").write_bytes(damaged)
        assert "a text of 0 bytes" in self.refused(tmp_path / "g.h5", capsys)

    @pytest.mark.parametrize(
        ("where", "key", "value"),
        [
            ("schedule", "steps", 10**7),
            ("schedule", "period", 0),
            ("schedule", "kind", 3),
            ("schedule", "layers", True),
            ("processes/dense1", "weight_exp", 10**9),
            ("processes/hidden1", "adaptation", []),
            ("processes/hidden1", "layer", "1"),
        ],
    )
    def test_a_wrong_number(self, tmp_path, capsys, content, where, key, value):
        (tmp_path / "g.h5").write_bytes(content)
        with h5py.File(tmp_path / "g.h5", "r+") as file:
            item, name = (file, "schedule") if where == "schedule" else (file[where], "parameters")
            item.attrs[name] = json.dumps({**json.loads(item.attrs[name]), key: value})
        assert key in self.refused(tmp_path / "g.h5", capsys)

    @pytest.mark.parametrize("text", ["[1]", "{", "[" * 50_000])
    def test_parameters_that_are_no_object(self, tmp_path, capsys, content, text):
        (tmp_path / "g.h5").write_bytes(content)
        with h5py.File(tmp_path / "g.h5", "r+") as file:
            file["processes/dense1"].attrs["parameters"] = text
        assert "no JSON" in self.refused(tmp_path / "g.h5", capsys)

    def test_more_than_is_stored_is_not_allocated(self, tmp_path, capsys, content):
        (tmp_path / "g.h5").write_bytes(content)
        with h5py.File(tmp_path / "g.h5", "r+") as file:
            group = file["processes/hidden1/states"]
            del group["v"]
            group.create_dataset("v", (10**7, 4), np.int32, chunks=(1000, 4), compression="gzip", shuffle=True)
        tracemalloc.start()
        try:
            assert "lacks some of its values" in self.refused(tmp_path / "g.h5", capsys)
            assert tracemalloc.get_traced_memory()[1] < 1 << 24
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("cut", [0, 1, 100, 5000])
    def test_a_part_of_a_file(self, tmp_path, capsys, content, cut):
        (tmp_path / "g.h5").write_bytes(content[:cut])
        assert "is damaged, or is no HDF5 file" in self.refused(tmp_path / "g.h5", capsys)

    def test_no_file(self, tmp_path, capsys):
        assert "is no file" in self.refused(tmp_path / "nowhere.h5", capsys)

    def test_a_difference_is_no_damage(self, tmp_path, capsys):
        path = vectors(tmp_path / "g.h5")
        with h5py.File(path, "r+") as file:
            file["processes/hidden1/states/v"][1] += 2
        assert main([str(path)]) == 1
        assert "hidden1" in capsys.readouterr().err

    def test_a_process_of_ones_own_may_fail_as_it_likes(self, tmp_path):
        class Failing(AFTIF):
            def step(self, phase, inputs):
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            replay(vectors(tmp_path / "g.h5"), {"AFTIF": Failing}, ["hidden1"])
