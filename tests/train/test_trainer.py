"""The training loop: what it writes, what it never touches, and what it refuses."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from lava_ed.data import Dataset, split_validation
from lava_ed.errors import CheckpointError, ConfigError, DataError, RunFolderError
from lava_ed.runs.folder import CHECKPOINT, CONFIG, ENERGY, METRICS, MODEL, RESULT
from lava_ed.train import Checkpoint, EngineBackend, Model, Reporter, RunFolder, TrainingInterrupted, evaluate, train
from lava_ed.train import trainer as trainer_module
from lava_ed.train.order import flips, sample_order, shift_offsets
from lava_ed.train.trainer import stored_config


class Stopping(Reporter):
    """Sends a signal, by default that of Ctrl-C, after so many samples of an epoch."""

    def __init__(self, epoch, done, number=signal.SIGINT):
        self.at, self.number = (epoch, done), number

    def chunk(self, epoch, epochs, done, samples):
        if (epoch, done) >= self.at:
            signal.raise_signal(self.number)


class TestAWholeRun:
    @pytest.fixture
    def run(self, small, digits, tmp_path):
        """Configuration, folder and summary of a run."""
        config = small()
        return config, RunFolder(tmp_path / "run"), train(config, tmp_path / "run", dataset=digits)

    def test_files(self, run):
        _, folder, summary = run
        assert {f.name for f in folder.path.iterdir()} == {CONFIG, METRICS, MODEL, CHECKPOINT, ENERGY, RESULT}
        assert folder.read_json(RESULT) == summary
        assert [row["epoch"] for row in folder.read_metrics()] == [1, 2]

    def test_summary(self, run):
        config, _, summary = run
        assert {
            "test_accuracy", "validation_accuracy", "samples_per_second", "backend", "counters",
            "learning_rate",
            "lava_ed_version", "seed", "rule", "sizes", "thresholds", "run", "seconds", "decay",
        } <= summary.keys()  # fmt: skip
        assert summary["sizes"] == [64, 24, 16, 10]
        assert summary["learning_rate"] == config.spec(64, 10).rule.rate.value
        json.dumps(summary, allow_nan=False)

    def test_counters_are_those_of_every_sample_once(self, run):
        config, folder, _ = run
        energy = folder.read_json(ENERGY)
        period = config.spec(64, 10).schedule.period
        assert energy["training"]["samples"] == 600
        barriers = energy["training"]["counters"]["encoder"]["barrier_steps"]
        assert sum(barriers.values()) == 600 * period
        assert energy["test"]["samples"] == 359
        assert sum(energy["test"]["counters"]["encoder"]["barrier_steps"].values()) == 359 * period
        for name in ("synaptic_updates", "weight_writes", "graded_synops"):
            assert sum(energy["test"]["per_sample"][name].values()) == 0

    def test_model_gives_the_test_accuracy_again(self, run, digits):
        _, folder, summary = run
        again = evaluate("engine", Model.read(folder.file(MODEL)), digits.test_images, digits.test_labels)
        assert again.accuracy == summary["test_accuracy"]

    def test_metrics_agree_with_the_energy_counts(self, run):
        _, folder, _ = run
        rows, energy = folder.read_metrics(), folder.read_json(ENERGY)["training"]["per_sample"]
        for name, count in (
            ("backward_messages", energy["spike_messages"]["backward"]),
            ("weight_writes", energy["weight_writes"]["update"]),
            ("synaptic_updates", energy["synaptic_updates"]["update"]),
        ):
            assert np.mean([row[name] for row in rows]) == pytest.approx(count)

    def test_counts_of_the_epochs_add_up_to_those_of_the_run(self, run):
        _, folder, _ = run
        rows, energy = folder.read_metrics(), folder.read_json(ENERGY)["training"]
        assert sum(row["samples"] for row in rows) == energy["samples"]
        for name, phases in energy["counters"]["dense1"].items():
            for phase in phases:
                whole = sum(node[name][phase] for node in energy["counters"].values())
                assert sum(row["counters"][name][phase] for row in rows) == whole

    def test_a_finished_run_resumes_to_its_result(self, run, digits, monkeypatch):
        config, folder, summary = run

        def never(*args):
            raise AssertionError("the test set was seen twice")

        monkeypatch.setattr(trainer_module, "evaluate", never)
        assert train(config, folder.path, resume=True, dataset=digits) == summary

    def test_the_folder_is_not_overwritten(self, run, digits):
        config, folder, _ = run
        with pytest.raises(RunFolderError, match="already holds a run"):
            train(config, folder.path, dataset=digits)


def test_training_is_the_plain_loop(small, digits, tmp_path):
    """By hand: the same samples in the same order at the same rates give the same weights."""
    config = small(validation=0.0)
    train(config, tmp_path / "run", dataset=digits)
    spec = config.spec(64, 10)
    backend = EngineBackend(spec)
    backend.bind(digits.train_images)
    total = config.epochs * 300
    for g in range(total):
        backend.set_rate(spec.rule.rate_at(g / total))
        row = sample_order(config.seed, g // 300, 300)[g % 300 : g % 300 + 1]
        backend.present(row, digits.train_labels[row])
    model = Model.read(tmp_path / "run" / MODEL)
    for node, weights in model.weights.items():
        np.testing.assert_array_equal(weights.T.astype(np.int16) * 2, backend.state()[f"{node}.weights"])


def test_shifted_training_is_the_plain_loop_over_moved_images(small, digits, tmp_path):
    """By hand: each sample cut out of a black frame at its epoch's place, the samples held out left alone."""
    config = small(shift=2)
    summary = train(config, tmp_path / "run", dataset=digits)
    spec, backend = config.spec(64, 10), EngineBackend(config.spec(64, 10))
    rows, held_out = split_validation(digits, config.validation, config.seed)
    frames = np.pad(digits.train_images.reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2)))
    for g in range(config.epochs * 300):
        epoch, position = divmod(g, 300)
        backend.set_rate(spec.rule.rate_at(g / (config.epochs * 300)))
        row = rows[sample_order(config.seed, epoch, 300)[position]]
        down, right = shift_offsets(2, config.seed, epoch, len(frames))[row]
        backend.bind(frames[row, 2 - down : 10 - down, 2 - right : 10 - right].reshape(1, 64).copy())
        backend.present(np.zeros(1, np.int64), digits.train_labels[row : row + 1])
    model = Model.read(tmp_path / "run" / MODEL)
    for node, weights in model.weights.items():
        np.testing.assert_array_equal(weights.T.astype(np.int16) * 2, backend.state()[f"{node}.weights"])
    again = evaluate("engine", model, digits.train_images, digits.train_labels, held_out)
    assert again.accuracy == summary["validation_accuracy"]
    train(small(), tmp_path / "still", dataset=digits)
    assert (tmp_path / "still" / MODEL).read_bytes() != (tmp_path / "run" / MODEL).read_bytes()


@pytest.mark.lava
def test_shifts_are_the_same_on_both_back_ends(small, digits, tmp_path):
    pytest.importorskip("lava_ed.lava_graphs.backend")
    few = replace(digits, test_images=digits.test_images[:2], test_labels=digits.test_labels[:2])
    nets = set()
    for backend in ("engine", "lava"):
        config = small(shift=2, backend=backend, hidden=(12,), limit=2, validation=0.0)
        train(config, tmp_path / backend, dataset=few)
        nets.add(tuple(w.tobytes() for w in Model.read(tmp_path / backend / MODEL).weights.values()))
    assert len(nets) == 1


def test_the_checkpoint_interval_and_chunks_do_not_matter(small, digits, tmp_path, monkeypatch):
    contents = set()
    for chunk, interval in ((512, 10_000), (64, 37), (1, 90)):
        monkeypatch.setitem(trainer_module.CHUNK, "engine", chunk)
        out = tmp_path / f"{chunk}"
        train(small(checkpoint_interval=interval), out, dataset=digits)
        contents.add((out / MODEL).read_bytes())
    assert len(contents) == 1


def test_validation_does_not_touch_training(small, digits, tmp_path, monkeypatch):
    train(small(), tmp_path / "one", dataset=digits)
    monkeypatch.setattr(trainer_module.Trainer, "validate", lambda self, model: None)
    train(small(), tmp_path / "other", dataset=digits)
    assert (tmp_path / "one" / MODEL).read_bytes() == (tmp_path / "other" / MODEL).read_bytes()


def test_snapshots_of_every_second_epoch(small, digits, tmp_path):
    train(small(epochs=5, limit=60, snapshots=True, snapshot_interval=2), tmp_path / "run", dataset=digits)
    assert sorted(path.name for path in (tmp_path / "run").glob("snapshot-*")) == [
        "snapshot-0002.safetensors", "snapshot-0004.safetensors",
    ]  # fmt: skip


def test_no_validation_part(small, digits, tmp_path):
    summary = train(small(validation=0.0, epochs=1), tmp_path / "run", dataset=digits)
    assert summary["validation_accuracy"] is None


class TestCtrlC:
    @pytest.mark.parametrize("at", [(0, 1), (1, 200), (1, 300)])
    def test_writes_a_checkpoint_and_resumes_to_the_same_net(self, small, digits, tmp_path, at):
        config = small()
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(TrainingInterrupted, match="--resume"):
            train(config, tmp_path / "run", dataset=digits, reporter=Stopping(*at))
        assert signal.getsignal(signal.SIGINT) is before
        train(config, tmp_path / "run", resume=True, dataset=digits)
        train(config, tmp_path / "whole", dataset=digits)
        assert (tmp_path / "run" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_other_stop_signals_take_the_same_way_out(self, small, digits, tmp_path, number):
        with pytest.raises(TrainingInterrupted, match="--resume") as caught:
            train(small(), tmp_path / "run", dataset=digits, reporter=Stopping(0, 1, number))
        assert caught.value.number == number
        train(small(), tmp_path / "run", resume=True, dataset=digits)
        train(small(), tmp_path / "whole", dataset=digits)
        assert (tmp_path / "run" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()

    def test_a_shifted_run_resumes_to_the_same_net(self, small, digits, tmp_path):
        with pytest.raises(TrainingInterrupted):
            train(small(shift=1), tmp_path / "run", dataset=digits, reporter=Stopping(1, 200))
        train(small(shift=1), tmp_path / "run", resume=True, dataset=digits)
        train(small(shift=1), tmp_path / "whole", dataset=digits)
        assert (tmp_path / "run" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()

    def test_a_mirrored_run_resumes_to_the_same_net(self, small, digits, tmp_path):
        config = small(flip=True, shift=1)
        with pytest.raises(TrainingInterrupted):
            train(config, tmp_path / "run", dataset=digits, reporter=Stopping(1, 200))
        train(config, tmp_path / "run", resume=True, dataset=digits)
        # By hand: moved first, then mirrored, and so shown in turn.
        spec, backend = config.spec(64, 10), EngineBackend(config.spec(64, 10))
        rows, _ = split_validation(digits, config.validation, config.seed)
        frames = np.pad(digits.train_images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
        for g in range(config.epochs * 300):
            epoch, position = divmod(g, 300)
            backend.set_rate(spec.rule.rate_at(g / (config.epochs * 300)))
            row = rows[sample_order(config.seed, epoch, 300)[position]]
            down, right = shift_offsets(1, config.seed, epoch, len(frames))[row]
            image = frames[row, 1 - down : 9 - down, 1 - right : 9 - right]
            image = image[:, ::-1] if flips(config.seed, epoch, len(frames))[row] else image
            backend.bind(image.reshape(1, 64).copy())
            backend.present(np.zeros(1, np.int64), digits.train_labels[row : row + 1])
        for node, weights in Model.read(tmp_path / "run" / MODEL).weights.items():
            np.testing.assert_array_equal(weights.T.astype(np.int16) * 2, backend.state()[f"{node}.weights"])

    def test_training_works_outside_the_main_thread(self, small, digits, tmp_path):
        done = []
        thread = threading.Thread(target=lambda: done.append(train(small(epochs=1), tmp_path / "run", dataset=digits)))
        thread.start()
        thread.join()
        assert done[0]["epochs"] == 1


class TestWhatResumeRefuses:
    @pytest.fixture
    def stopped(self, small, digits, tmp_path):
        """Configuration and folder of a run that was stopped."""
        config = small()
        with pytest.raises(TrainingInterrupted):
            train(config, tmp_path / "run", dataset=digits, reporter=Stopping(0, 1))
        return config, tmp_path / "run"

    def test_stored_config(self, stopped):
        config, run = stopped
        assert stored_config(run) == config

    @pytest.mark.parametrize(
        "change", [{"seed": 1}, {"epochs": 3}, {"hidden": (24,)}, {"learning_rate": 0.5}, {"shift": 1}, {"flip": True}]
    )
    def test_another_configuration_is_named(self, stopped, digits, change):
        config, run = stopped
        with pytest.raises(CheckpointError, match=next(iter(change))):
            train(replace(config, **change), run, resume=True, dataset=digits)

    def test_settings_without_effect_may_change(self, stopped, digits):
        config, run = stopped
        other = replace(config, checkpoint_interval=50, data_dir="elsewhere")
        assert train(other, run, resume=True, dataset=digits)["epochs"] == 2

    def test_other_data(self, stopped, digits):
        config, run = stopped
        other = replace(digits, test_images=digits.test_images[::-1].copy())
        with pytest.raises(CheckpointError, match="other data"):
            train(config, run, resume=True, dataset=other)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"index": 41}, "41 samples by position, others by the state"),
            ({"index": 10**9}, "sample 1000000000 of an epoch of 300"),
            ({"start": {"counters": {}, "triggered": 0}}, "counters of other processes"),
        ],
    )
    def test_a_position_that_is_not_the_states(self, stopped, digits, change, words):
        config, run = stopped
        path = run / CHECKPOINT
        checkpoint = Checkpoint.read(path)
        position = replace(checkpoint.position, **change)
        path.write_bytes(replace(checkpoint, position=position).to_bytes())
        with pytest.raises(CheckpointError, match=words):
            train(config, run, resume=True, dataset=digits)

    def test_another_version_of_the_configuration(self, stopped, digits):
        config, run = stopped
        saved = json.loads((run / CONFIG).read_text())
        (run / CONFIG).write_text(json.dumps({**saved, "format": 5}))
        with pytest.raises(ConfigError, match="format 5"):
            train(config, run, resume=True, dataset=digits)

    def test_no_checkpoint(self, stopped, digits):
        config, run = stopped
        (run / CHECKPOINT).unlink()
        with pytest.raises(CheckpointError, match="holds no checkpoint"):
            train(config, run, resume=True, dataset=digits)

    def test_killed_before_the_first_checkpoint(self, small, digits, tmp_path):
        """An empty folder: the resumed run is the whole run."""
        run = tmp_path / "run"
        run.mkdir()
        (run / ".checkpoint.safetensors.tmp").write_bytes(b"half")
        summary = train(small(), run, resume=True, dataset=digits)
        assert summary["test_accuracy"] == train(small(), tmp_path / "other", dataset=digits)["test_accuracy"]
        assert (run / MODEL).read_bytes() == (tmp_path / "other" / MODEL).read_bytes()

    def test_a_folder_that_does_not_exist(self, small, digits, tmp_path):
        """A name mistyped is no wish for a new run."""
        with pytest.raises(RunFolderError, match="nothing to resume"):
            train(small(), tmp_path / "tpyo", resume=True, dataset=digits)
        assert not (tmp_path / "tpyo").exists()

    def test_a_folder_of_something_else(self, small, digits, tmp_path):
        (tmp_path / "thesis.tex").write_text("")
        with pytest.raises(CheckpointError, match="nothing to resume"):
            train(small(), tmp_path, resume=True, dataset=digits)

    def test_another_version(self, stopped, digits):
        config, run = stopped
        text = (run / CONFIG).read_text().replace('"lava_ed_version": "', '"lava_ed_version": "9.')
        (run / CONFIG).write_text(text)
        with pytest.raises(ConfigError, match=r"was written by lava-ed 9\."):
            train(config, run, resume=True, dataset=digits)

    def test_an_empty_path(self, small, digits):
        with pytest.raises(RunFolderError, match="is empty"):
            train(small(), "", dataset=digits)

    def test_only_the_first_checkpoint_was_written(self, stopped, digits, small, tmp_path):
        """A kill between the first checkpoint and config.json can be resumed too."""
        config, run = stopped
        (run / CONFIG).unlink()
        (run / METRICS).unlink()
        train(config, run, resume=True, dataset=digits)
        assert RunFolder(run).read_config() == config


class TestBadInput:
    def test_an_unwritable_folder_stops_before_training(self, small, digits, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setattr(trainer_module, "Trainer", None)
        with pytest.raises(RunFolderError):
            train(small(), tmp_path / "file" / "run", dataset=digits)

    def test_a_shift_out_of_the_frame(self, small, digits, tmp_path):
        with pytest.raises(ConfigError, match="shift is -1, it must be at least 0"):
            small(shift=-1)
        with pytest.raises(ConfigError, match=r"shift 8 .* at most 7"):
            train(small(shift=8), tmp_path / "run", dataset=digits)
        assert not (tmp_path / "run").exists()

    def test_float_pixels(self, digits):
        images = digits.train_images.astype(np.float32)
        images[3, 4] = np.nan
        with pytest.raises(DataError):
            replace(digits, train_images=images)

    def test_labels_out_of_range(self, digits):
        labels = digits.train_labels.copy()
        labels[5] = 10
        with pytest.raises(DataError, match="label 10"):
            Dataset(**{**vars(digits), "train_labels": labels})

    def test_validation_that_leaves_nothing(self, small, digits, tmp_path):
        with pytest.raises(ConfigError, match="fraction"):
            train(small(validation=0.999), tmp_path / "run", dataset=digits)
        assert not (tmp_path / "run" / CONFIG).exists()
