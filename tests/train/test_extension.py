"""A finished run made longer, beside a run that long from the start."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest

from lava_ed.errors import CheckpointError, RunFolderError
from lava_ed.evaluation.evaluate import evaluate_run
from lava_ed.learning_rules import STDED
from lava_ed.runs.folder import CHECKPOINT, CONFIG, ENERGY, METRICS, MODEL, RESULT, RunFolder
from lava_ed.runs.tensor_files import Checkpoint
from lava_ed.train import Reporter, TrainingInterrupted, train
from lava_ed.train.extension import as_from_the_start

CLOCK = ("seconds", "samples_per_second")


def outcome(folder):
    """All that training leaves, but for what the clock decides, the run's name, and its history."""
    rows = [{k: v for k, v in row.items() if k not in CLOCK} for row in RunFolder(folder).read_metrics()]
    result = json.loads((folder / RESULT).read_text())
    for name in (*CLOCK, "run", "extended_from", "notes"):
        del result[name]
    state = {name: value.tobytes() for name, value in Checkpoint.read(folder / CHECKPOINT).state.items()}
    return (folder / MODEL).read_bytes(), (folder / ENERGY).read_bytes(), rows, result, state


class Killing(Reporter):
    """Stops a run in an epoch, as Ctrl-C does."""

    def __init__(self, epoch):
        self.stop = epoch

    def chunk(self, epoch, epochs, done, samples):
        if epoch == self.stop:
            signal.raise_signal(signal.SIGINT)


def test_under_a_constant_rate_it_equals_a_run_that_long(small, digits, tmp_path):
    config = small(epochs=1, limit=200, decay=(), snapshots=True)
    train(config, tmp_path / "run", dataset=digits)
    for epochs in (2, 4):
        longer = train(replace(config, epochs=epochs), tmp_path / "run", resume=True, dataset=digits)
    whole = train(replace(config, epochs=4), tmp_path / "whole", dataset=digits)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")
    assert (longer["extended_from"], whole["extended_from"]) == ([1, 2], [])
    assert "it equals a run of that many" in longer["notes"][0]
    for k in range(1, 5):
        name = f"snapshot-{k:04d}.safetensors"
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_where_rates_fall_it_goes_on_with_those_of_the_longer_run_and_says_so(small, digits, tmp_path):
    config = small(epochs=2, limit=200, decay=((0.5, 0.5),))
    train(config, tmp_path / "run", dataset=digits)
    longer = train(replace(config, epochs=3), tmp_path / "run", resume=True, dataset=digits)
    whole = train(replace(config, epochs=3), tmp_path / "whole", dataset=digits)
    assert "does not equal a run of 3 from the start" in longer["notes"][0]
    assert (tmp_path / "run" / MODEL).read_bytes() != (tmp_path / "whole" / MODEL).read_bytes()
    rates = [row["learning_rate"] for row in RunFolder(tmp_path / "run").read_metrics()]
    full = config.learning_rate
    assert rates == [full, full / 2, full / 2]
    assert [row["learning_rate"] for row in RunFolder(tmp_path / "whole").read_metrics()] == [full, full / 2, full / 2]
    assert longer["extended_from"] == [2]
    assert whole["notes"] == []


@pytest.mark.parametrize(
    ("decay", "ended", "epochs", "same"),
    [
        ((), [2], 3, True),
        (((0.5, 0.5),), [2], 3, False),
        (((0.5, 1.0),), [2], 3, True),  # a factor that changes nothing
        (((0.5, 0.5), (0.75, 0.25)), [1], 100, False),
        (((0.99, 0.5),), [1, 2], 3, False),  # the last 2 of 200, then the last 4 of 400
    ],
)
def test_when_rates_are_those_of_a_run_that_long(decay, ended, epochs, same):
    assert as_from_the_start(STDED(2.0**-9, decay=decay), 200, ended, epochs) is same


class TestWhileItIsMadeLonger:
    def test_the_outcome_of_the_shorter_run_is_no_longer_there(self, small, digits, tmp_path):
        run = tmp_path / "run"
        config = small(epochs=1, limit=200)
        train(config, run, dataset=digits)
        with pytest.raises(TrainingInterrupted):
            train(replace(config, epochs=3), run, resume=True, dataset=digits, reporter=Killing(1))
        assert not {RESULT, ENERGY, MODEL} & {path.name for path in run.iterdir()}
        with pytest.raises(RunFolderError, match="train to the end first"):
            evaluate_run(run, dataset=digits)

    @pytest.mark.parametrize("epoch", [1, 2])
    def test_it_can_be_stopped_and_resumed(self, small, digits, tmp_path, epoch):
        config, run = small(epochs=1, limit=200, decay=()), tmp_path / "run"
        train(config, run, dataset=digits)
        longer = replace(config, epochs=3)
        with pytest.raises(TrainingInterrupted):
            train(longer, run, resume=True, dataset=digits, reporter=Killing(epoch))
        train(longer, run, resume=True, dataset=digits)
        train(longer, tmp_path / "whole", dataset=digits)
        assert outcome(run) == outcome(tmp_path / "whole")

    def test_a_kill_between_checkpoint_and_configuration(self, small, digits, tmp_path):
        config, run = small(epochs=1, limit=200, decay=()), tmp_path / "run"
        train(config, run, dataset=digits)
        old = {name: (run / name).read_bytes() for name in (CONFIG, METRICS, MODEL, ENERGY, RESULT)}
        longer = replace(config, epochs=2)
        with pytest.raises(TrainingInterrupted):
            train(longer, run, resume=True, dataset=digits, reporter=Killing(1))
        for name, content in old.items():
            (run / name).write_bytes(content)
        train(longer, run, resume=True, dataset=digits)
        train(longer, tmp_path / "whole", dataset=digits)
        assert outcome(run) == outcome(tmp_path / "whole")


class TestWhatIsRefused:
    @pytest.fixture
    def ended(self, small, digits, tmp_path):
        """Configuration and folder of a run of two epochs that has ended."""
        config = small(limit=100)
        train(config, tmp_path / "run", dataset=digits)
        return config, tmp_path / "run"

    def test_fewer_epochs(self, ended, digits):
        config, run = ended
        before = (run / CHECKPOINT).read_bytes()
        with pytest.raises(CheckpointError, match=r"has trained 2 epochs \(asked for: 1\)"):
            train(replace(config, epochs=1), run, resume=True, dataset=digits)
        assert (run / CHECKPOINT).read_bytes() == before
        # The folder is free again: the refusal does not keep it locked.
        assert train(config, run, resume=True, dataset=digits)["epochs"] == 2

    def test_more_epochs_with_another_setting(self, ended, digits):
        config, run = ended
        with pytest.raises(CheckpointError, match=r"epochs .*dead_zone"):
            train(replace(config, epochs=3, dead_zone=9), run, resume=True, dataset=digits)

    def test_a_run_that_has_not_ended(self, small, digits, tmp_path):
        config = small(limit=100)
        with pytest.raises(TrainingInterrupted):
            train(config, tmp_path / "run", dataset=digits, reporter=Killing(1))
        with pytest.raises(CheckpointError, match=r"of 2 epochs, of which 1 have ended \(epochs asked for: 3\)"):
            train(replace(config, epochs=3), tmp_path / "run", resume=True, dataset=digits)

    def test_where_no_run_may_be_made_longer(self, ended, digits):
        config, run = ended
        with pytest.raises(CheckpointError, match="extend the run first"):
            train(replace(config, epochs=3), run, resume=True, dataset=digits, extend=False)
