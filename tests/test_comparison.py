"""Comparison at equal accuracy: every figure by hand from made-up epochs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from lava_ed.comparison import ComparedRun, compare, group_runs, read_run
from lava_ed.energy import load_price_list
from lava_ed.errors import ConfigError, RunFolderError
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.train import RunFolder, TrainConfig, train

PRICES = [load_price_list("loihi1-davies2018"), load_price_list("anp-i")]


def counters(**given):
    """Counts of an epoch: name=(forward, backward, update)."""
    return {name: dict(zip(PHASES, given.get(name, (0, 0, 0)), strict=True)) for name in COUNTERS}


def make(rule="std-ed", seed=0, accuracies=(0.5, 0.9), test=0.9, scale=1, **settings):
    """A run of 100 training samples an epoch; `scale` multiplies what it counts."""
    counts = counters(synops=(1000 * scale, 100 * scale, 0), synaptic_updates=(0, 0, 10 * scale), spikes=(50, 5, 0))
    rows = [
        {"epoch": k, "validation_accuracy": a, "train_accuracy": 0.1, "samples": 100, "counters": counts}
        for k, a in enumerate(accuracies, 1)
    ]
    config = TrainConfig.create(rule, "digits", seed=seed, epochs=len(rows), **settings)
    result = {"test_accuracy": test, "sizes": [64, 128, 10], "learning_rate": 0.5, "lava_ed_version": "1"}
    return ComparedRun(f"runs/{rule}-{seed}", config, rows, result, "abc")


def test_energy_up_to_equal_accuracy_by_hand():
    runs = [
        make("std-ed", 0, (0.5, 0.9, 0.95)),
        make("std-ed", 1, (0.9, 0.91, 0.92), test=0.92),
        make("mpd-ed", 0, (0.9, 0.9, 0.9), scale=3),
        make("mpd-ed", 1, (0.9, 0.9, 0.9), scale=3),
    ]
    value = compare(runs, PRICES, reference="mpd-ed")
    std, mpd = value["rules"]
    assert value["target"] == 0.9  # what the worst run reaches
    assert (std["epochs"]["mean"], std["epochs"]["min"], std["epochs"]["max"]) == (1.5, 1, 2)
    assert std["samples"]["mean"] == 150
    assert std["test_accuracy"]["mean"] == pytest.approx(0.91)
    assert std["test_accuracy"]["std"] == pytest.approx(0.02 / 2**0.5)
    assert std["per_sample"]["spikes"]["mean"] == pytest.approx(0.55)
    assert std["per_sample"]["synaptic_updates"]["mean"] == pytest.approx(0.1)
    # 23.6 pJ a synop, 120 pJ a synaptic update, 1000 + 100 and 10 of them in 100 samples.
    mine, theirs = (entry["energy"]["loihi1-davies2018"] for entry in (std, mpd))
    learning = (100 * 23.6 + 10 * 120) / 100 / 1e6
    assert mine["learning_microjoules_per_sample"]["mean"] == pytest.approx(learning)
    assert mine["training_millijoules"]["mean"] == pytest.approx(1.5 * (1100 * 23.6 + 10 * 120) / 1e9)
    assert theirs["learning_microjoules_per_sample"]["mean"] == pytest.approx(3 * learning)
    assert mine["learning_ratio"] == pytest.approx(3)
    assert mine["training_ratio"] == pytest.approx(2)  # three times as much in an epoch, one epoch in place of 1.5
    assert theirs["learning_ratio"] == pytest.approx(1)
    assert std["energy"]["anp-i"]["learning_microjoules_per_sample"]["mean"] == pytest.approx(1.5e-6)


class TestBothReferences:
    """sg-bptt as published, and with the freedoms that the others have."""

    FREE = staticmethod(lambda scale, zone=30, seed=0: make("sg-bptt", seed, scale=scale, dead_zone=zone))

    def test_by_hand(self):
        runs = [make("std-ed"), self.FREE(5), make("sg-bptt", scale=40), self.FREE(4, 20)]
        value = compare(runs, PRICES)
        std, free, published, cheapest = (entry["energy"]["loihi1-davies2018"] for entry in value["rules"])
        assert value["references"] == {
            "as published": "sg-bptt dead_zone=0",
            "with the same freedoms": "sg-bptt dead_zone=20",
        }
        assert (std["learning_ratio"], std["learning_ratio_free"]) == pytest.approx((40, 4))
        assert (std["training_ratio"], std["training_ratio_free"]) == pytest.approx((40, 4))
        assert (free["learning_ratio"], free["learning_ratio_free"]) == pytest.approx((8, 0.8))
        assert (published["learning_ratio"], cheapest["learning_ratio_free"]) == (1, 1)
        # DRAM 160 pJ and static power 104.4 mW · 3.5 and 6.1 ns, for each synapse read and visited.
        beside = (100 * (23.6 + 160 + 104.4 * 3.5) + 10 * (120 + 160 + 104.4 * 6.1)) / 100 / 1e6
        assert std["with_lacking"]["learning_microjoules_per_sample"]["mean"] == pytest.approx(beside)
        assert std["with_lacking"]["learning_ratio_free"] == pytest.approx(4)
        (why,) = (note for note in value["notes"] if "less than 30" in note)
        assert why == (
            "std-ed: sg-bptt dead_zone=20 with the same freedoms needs 4 times its learning energy, less than 30: "
            "66 % of it are 1 synops and graded synops a sample (loihi1-davies2018), and sg-bptt dead_zone=20 has 4"
        )

    def test_one_alone(self):
        value = compare([make("std-ed"), self.FREE(5)], PRICES)
        (std, _) = (entry["energy"]["anp-i"] for entry in value["rules"])
        assert (std["learning_ratio"], std["learning_ratio_free"]) == (None, pytest.approx(5))
        assert "no run of sg-bptt is as published: its dead_zone" in "\n".join(value["notes"])
        value = compare([make("std-ed"), make("sg-bptt", scale=31)], PRICES)
        assert value["references"] == {"as published": "sg-bptt", "with the same freedoms": None}
        assert not [note for note in value["notes"] if "less than 30" in note]


def test_a_target_that_some_miss():
    runs = [make("std-ed", 0, (0.5, 0.97)), make("std-ed", 1, (0.5, 0.6)), make("mpd-ed", 0, (0.5, 0.6))]
    value = compare(runs, PRICES, target=0.95)
    std, mpd = value["rules"]
    assert (std["reached"], std["epochs"]["mean"], mpd["reached"], mpd["energy"]) == (1, 2, 0, None)
    text = "\n".join(value["notes"])
    assert "std-ed: 1 of 2 runs reach the target" in text
    assert "mpd-ed: 0 of 1 runs reach the target" in text
    assert "std-ed is at 97.00 % where it first passes the target" in text
    assert "no run of sg-bptt" in text
    assert "the seeds differ" in text
    assert std["energy"]["anp-i"]["learning_ratio"] is None


def test_without_validation_everything_is_counted():
    value = compare([make(accuracies=(None, None))], PRICES)
    assert value["target"] is None
    assert value["rules"][0]["epochs"]["mean"] == 2
    assert "held no samples out" in value["notes"][0]
    with pytest.raises(ConfigError, match="no epoch can be found"):
        compare([make(accuracies=(None,))], PRICES, target=0.5)


def test_final_accuracies_that_are_not_equal_are_noted():
    close = [make("std-ed", test=0.9), make("mpd-ed", test=0.904)]
    far = [make("std-ed", test=0.9), make("mpd-ed", test=0.906)]
    assert not [note for note in compare(close, PRICES)["notes"] if "differ by" in note]
    assert [note for note in compare(far, PRICES)["notes"] if "differ by 0.60 points" in note]


def test_groups():
    runs = [make(seed=0), make(seed=1), make("mpd-ed", 0), make(seed=0, hidden=(32,)), make(seed=0, steps=8)]
    assert [(g.label, len(g.runs)) for g in group_runs(runs)] == [
        ("std-ed hidden=128 steps=16", 2),
        ("mpd-ed", 1),
        ("std-ed hidden=32 steps=16", 1),
        ("std-ed hidden=128 steps=8", 1),
    ]


def test_auto_is_as_published_where_it_chose_the_presets_own(tmp_path):
    for chosen, published in (("x0", True), ("y0-x0", False)):
        groups = group_runs([replace(make(seed=seed, dependency="auto"), dependency=chosen) for seed in (0, 1)])
        assert [(len(group.runs), group.published) for group in groups] == [(2, published)]
    assert not group_runs([make(dependency="y0")])[0].published
    settings = {"hidden": (6,), "epochs": 1, "limit": 60, "dependency": "auto"}
    train(TrainConfig.create("std-ed", **settings), tmp_path)
    run = read_run(tmp_path)
    assert run.dependency == RunFolder(tmp_path).read_json("config.json")["facts"]["network"]["dependency"]
    assert run.dependency in ("x0", "y0", "y0-x0", "x0-y0")


@pytest.mark.parametrize("target", [0, -1, 1.5, float("nan")])
def test_bad_targets(target):
    with pytest.raises(ConfigError, match="target"):
        compare([make()], PRICES, target=target)


def test_what_cannot_be_compared():
    with pytest.raises(ConfigError, match="no runs"):
        compare([], PRICES)
    with pytest.raises(ConfigError, match="same run, of seed 0"):
        compare([make(), make()], PRICES)
    with pytest.raises(ConfigError, match="other data"):
        compare([make(), replace(make(seed=1), data_digest="xyz")], PRICES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    train(TrainConfig.create("std-ed", "digits", hidden=(8,), epochs=2, limit=100), out)
    return out


class TestReadRun:
    def test_agrees_with_the_run(self, folder):
        run = read_run(folder)
        counts, samples = run.counted(2)
        saved = RunFolder(folder).read_json("energy.json")["training"]
        assert samples == saved["samples"] == 200
        for name in COUNTERS:
            for phase in PHASES:
                assert counts[name][phase] == sum(node[name][phase] for node in saved["counters"].values())

    def test_a_run_without_counts(self, folder, tmp_path):
        shutil.copytree(folder, tmp_path / "copy")
        path = tmp_path / "copy" / "metrics.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            del row["counters"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        with pytest.raises(RunFolderError, match="lacks counters"):
            read_run(path.parent)

    def test_no_run(self, tmp_path):
        with pytest.raises(RunFolderError):
            read_run(tmp_path)


class TestChance:
    def test_a_target_no_better_than_chance(self):
        with pytest.raises(ConfigError, match="no better than chance"):
            compare([make()], PRICES, target=0.1)
        assert compare([make()], PRICES, target=0.11)["target"] == 0.11

    def test_the_most_frequent_class_counts(self):
        """Nine tenths of one class: 0.9 is what a net reaches that always names it."""
        uneven = replace(make(accuracies=(0.9, 0.9)), chance=0.9)
        with pytest.raises(ConfigError, match="std-ed-0 learned nothing"):
            compare([uneven, replace(make(seed=1, accuracies=(0.95, 0.97)), chance=0.9)], PRICES)

    def test_a_run_within_luck_of_chance_is_compared_with_its_note(self):
        lucky = make(accuracies=(0.12,))
        lucky = replace(lucky, result={**lucky.result, "notes": ["nothing was learned: …"]})
        value = compare([lucky], PRICES)
        assert value["target"] == 0.12
        assert "runs/std-ed-0: nothing was learned: …" in value["notes"]
