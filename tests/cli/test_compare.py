"""`lava-ed compare`: what a pattern brings along, ratios that there are, and ties."""

from __future__ import annotations

import shutil

import pytest

from lava_ed.comparison import read_run
from lava_ed.report import compare as page
from lava_ed.train import TrainConfig, train


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder of two runs of different rules."""
    folder = tmp_path_factory.mktemp("runs")
    for rule in ("mpd-ed", "ssgd"):
        train(TrainConfig.create(rule, "digits", hidden=(16,), epochs=3, limit=300), folder / rule)
    return folder


def test_a_pattern_over_a_folder_takes_its_own_page_along(lava_ed, runs):
    """What the first call writes does not stop the second."""
    lists = ("--price-list", "anp-i")
    assert lava_ed("compare", *sorted(runs.iterdir()), *lists, "--out", runs).code == 0
    brought = sorted(set(runs.iterdir()) - {runs / "mpd-ed", runs / "ssgd"})
    assert len(brought) == 2, "a page and its pictures"
    outcome = lava_ed("compare", *sorted(runs.iterdir()), *lists, "--json")
    assert outcome.code == 0
    notes = outcome.value["notes"]
    for path in brought:
        assert f"{path} is no folder of a run, and was left out" in notes
        (shutil.rmtree if path.is_dir() else type(path).unlink)(path)


def test_a_run_that_is_not_there_is_an_error(lava_ed, runs):
    for path in (runs / "typo", runs):
        assert lava_ed("compare", runs / "ssgd", path, "--json").value["error"]["type"] == "RunFolderError"


def test_columns_of_ratios_are_there_only_with_ratios(lava_ed, runs):
    both = (runs / "mpd-ed", runs / "ssgd", "--price-list", "anp-i")
    text = lava_ed("compare", *both).out
    assert "/ this" not in text
    assert "no run of sg-bptt is among them" in text
    assert "--reference names another rule" in text
    text = " ".join(lava_ed("compare", *both, "--reference", "ssgd").out.split())
    assert "ssgd / this" in text
    assert text.count("published") > 1
    assert "freedoms" not in text
    outcome = lava_ed("compare", *both, "--reference", "bptt", "--json")
    assert "reference 'bptt' is no rule" in outcome.value["error"]["message"]


def test_without_samples_held_out_it_is_no_energy_at_equal_accuracy(lava_ed, tiny, tmp_path):
    assert lava_ed("train", *tiny, "--validation", 0, "--out", tmp_path / "run").code == 0
    text = lava_ed("compare", tmp_path / "run", "--price-list", "anp-i").out
    assert "Energy of all epochs, anp-i" in text
    assert "Energy at equal accuracy" not in text


@pytest.mark.parametrize(
    ("means", "said"),
    [((0.9, 0.8), "a"), ((0.9, 0.9, 0.8), "a and b"), ((0.9, 0.9), "the same for all"), ((0.9,), "a")],
)
def test_the_highest_accuracy_may_be_shared(runs, means, said):
    entries = [{"label": label, "test_accuracy": {"mean": mean}} for label, mean in zip("abc", means, strict=False)]
    assert page.highest(entries) == (0.9, said)


def test_trained_runs_are_not_made_longer(lava_ed, tmp_path):
    train_two = (
        "compare", "--train", "--rules", "ssgd", "--seeds", 0, "--hidden", 8, "--limit", 300, "--out", tmp_path,
        "--price-list", "anp-i", "--json",
    )  # fmt: skip
    assert lava_ed(*train_two, "--epochs", 2).code == 0
    assert read_run(tmp_path / "ssgd-0").config.epochs == 2
    outcome = lava_ed(*train_two, "--epochs", 3)
    assert "of 2 epochs, not 3" in outcome.value["error"]["message"]
