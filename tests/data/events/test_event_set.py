"""Data sets out of recordings: folders, archives, the cache, and tonic."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from recordings import some_events, write

from lava_ed.config import TrainConfig
from lava_ed.data import load_dataset, split_validation
from lava_ed.data.events.code import Encoding, EventCode
from lava_ed.data.events.describe import describe_folder
from lava_ed.data.events.event_set import cache_folder, read_event_set
from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.named import TONIC, download, read_tonic
from lava_ed.data.events.windows import WindowStream
from lava_ed.errors import ConfigError, DataError, DataNotFoundError
from lava_ed.evaluation.evaluate import evaluate, evaluate_run
from lava_ed.report import report_run
from lava_ed.runs.tensor_files import Model
from lava_ed.stream import of_recordings
from lava_ed.train import train
from lava_ed.train.lesson import Lesson

ENCODING = Encoding(EventCode(downsample=4), "bins", 8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LAVA_ED_CACHE", str(tmp_path / "cache"))


def make(folder: Path, count: int = 12, classes: int = 2, suffix: str = ".bin", prefix: str = "") -> Path:
    for k in range(count):
        write(folder / prefix / str(k % classes) / f"{k + 1}{suffix}", some_events(50, seed=k))
    return folder


class TestFolder:
    def test_the_last_fifth_by_number_is_held_out(self, tmp_path):
        data = read_event_set("mine", make(tmp_path / "data"), ENCODING)
        # 12 recordings: numbers 11 and 12 (of classes 0 and 1) are for the test; 10 comes after 9, not after 1
        assert (len(data.train_labels), data.test_labels.tolist()) == (10, [0, 1])
        assert data.train_labels.tolist() == [0, 1] * 5
        assert (data.image_shape, data.n_classes, data.class_names) == ((2, 8, 8), 2, ())

    def test_parts_are_kept_whatever_their_case(self, tmp_path):
        make(tmp_path / "data", 6, prefix="Train")
        make(tmp_path / "data", 4, prefix="TEST")
        data = read_event_set("mine", tmp_path / "data", ENCODING)
        assert (len(data.train_labels), len(data.test_labels)) == (6, 4)

    @pytest.mark.parametrize("suffix", [".tar.xz", ".tar.gz", ".zip"])
    def test_an_archive_is_the_folder_that_it_holds(self, tmp_path, suffix):
        folder, archive = make(tmp_path / "data"), tmp_path / f"packed{suffix}"
        if suffix == ".zip":
            with zipfile.ZipFile(archive, "w") as zipped:
                for path in sorted(folder.rglob("*.bin")):
                    zipped.write(path, path.relative_to(tmp_path))
        else:
            with tarfile.open(archive, f"w:{suffix[5:]}") as tar:
                tar.add(folder, "data")
        assert read_event_set("a", archive, ENCODING).digest == read_event_set("a", folder, ENCODING).digest

    def test_archives_in_a_folder_follow_its_recordings_in_a_stream(self, tmp_path):
        paths = {name: write(tmp_path / f"made/{name}.bin", some_events(50, seed=name)) for name in (1, 2, 3, 4, 10)}
        folder = tmp_path / "data"
        for name in (10, 2):
            write(folder / f"{name}.bin", some_events(50, seed=name))
        for archive, names in (("11.zip", (4,)), ("9.zip", (3, 1))):
            with zipfile.ZipFile(folder / archive, "w") as zipped:
                for name in names:
                    zipped.write(paths[name], f"a/{name}.bin")
        expected = [paths[name] for name in (2, 10, 3, 1, 4)]
        found, single = (np.stack(list(WindowStream(given, ENCODING).rows())) for given in (folder, expected))
        np.testing.assert_array_equal(found, single)
        items = [(item.name, item.path.read_bytes()) for item in of_recordings(folder)]
        assert [name for name, _ in items] == ["2.bin", "10.bin", "9/a/3.bin", "9/a/1.bin", "11/a/4.bin"]
        assert [content for _, content in items] == [path.read_bytes() for path in expected]

    def test_what_is_wrong_is_said(self, tmp_path):
        with pytest.raises(DataNotFoundError, match="no folder, and no archive"):
            read_event_set("a", tmp_path / "none", ENCODING)
        with pytest.raises(DataError, match="at least two"):
            read_event_set("a", make(tmp_path / "one", classes=1), ENCODING)
        with pytest.raises(DataError, match="for the test only"):
            read_event_set("a", make(tmp_path / "test", prefix="test"), ENCODING)
        (tmp_path / "bad.tar.xz").write_bytes(b"\xfd7zXZ\0 no archive")
        with pytest.raises(DataError, match="damaged"):
            read_event_set("a", tmp_path / "bad.tar.xz", ENCODING)
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as zipped:
            zipped.writestr("0/1.bin", b"")
        content = (tmp_path / "bad.zip").read_bytes()
        (tmp_path / "bad.zip").write_bytes(content.replace(b"0/1.bin", b"\0/1.bin"))  # a name that is empty
        with pytest.raises(DataError, match="damaged"):
            read_event_set("a", tmp_path / "bad.zip", ENCODING)
        damaged = make(tmp_path / "damaged")
        (damaged / "0" / "1.bin").write_bytes(b"abc")
        with pytest.raises(DataError, match=r"1\.bin ends within an event"):
            read_event_set("a", damaged, ENCODING)

    def test_facts_of_a_folder(self, tmp_path):
        facts = describe_folder(make(tmp_path / "data"))
        assert (facts["recordings"], facts["events"], facts["classes"]) == (12, 600, {"0": 6, "1": 6})


class TestCache:
    def test_is_read_again_and_made_anew_where_something_changed(self, tmp_path, monkeypatch):
        folder = make(tmp_path / "data")
        first = read_event_set("a", folder, ENCODING)
        (kept,) = cache_folder().iterdir()
        with monkeypatch.context() as patch:
            patch.setattr(Encoding, "encode", None)  # nobody calls it
            assert read_event_set("a", folder, ENCODING).digest == first.digest
        content = bytearray(kept.read_bytes())
        content[-3] ^= 1  # a byte of a row, or of a label
        kept.write_bytes(content)
        assert read_event_set("a", folder, ENCODING).digest == first.digest
        write(folder / "0" / "1.bin", some_events(50, seed=99))
        assert read_event_set("a", folder, ENCODING).digest != first.digest
        other = Encoding(EventCode(downsample=4, polarity="on"), "bins", 8)
        assert read_event_set("a", folder, other).image_shape == (1, 8, 8)
        assert len(list(cache_folder().iterdir())) == 3


class TestNames:
    def test_nmnist_is_looked_for_in_the_folder_of_the_data(self, tmp_path):
        make(tmp_path / "nmnist", prefix="Train")
        make(tmp_path / "nmnist", prefix="Test")
        config = TrainConfig.create("mpd-ed", "nmnist", data_dir=str(tmp_path), events=EventCode(downsample=4))
        assert config.load().image_shape == (2, 8, 8)
        with pytest.raises(DataNotFoundError, match="N-MNIST's folders"):
            load_dataset("nmnist", tmp_path / "none", encoding=ENCODING)
        with pytest.raises(ConfigError, match="holds recordings"):
            load_dataset("nmnist", tmp_path)

    @pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
    def test_a_net_learns_from_a_folder_and_its_run_finds_the_data_again(self, tmp_path, rule):

        folder = make(tmp_path / "data", 40)
        code = EventCode(downsample=4, duration=200_000)
        config = TrainConfig.create(rule, str(folder), hidden=(8,), epochs=1, steps=8, events=code)
        assert TrainConfig.from_dict(config.to_dict()) == config
        summary = train(config, tmp_path / "run")
        assert summary["sizes"] == [128, 8, 2]
        assert evaluate_run(tmp_path / "run")["test_accuracy"] == summary["test_accuracy"]

    def test_the_windows_of_a_recording_decide_together(self, tmp_path):
        """Rows in turn; windows without an event; a split that keeps recordings whole; one decision a recording."""
        folder = make(tmp_path / "data", 40)
        write(folder / "0" / "41.bin", some_events(9, seed=1, last=50_000))  # silent from the second window on
        code = EventCode(downsample=4, duration=100_000, windows=3)
        data = read_event_set("mine", folder, Encoding(code, "bins", 8))
        assert (data.windows, data.train_images.shape, len(data.test_labels)) == (3, (99, 128), 24)
        first = open_recording(folder / "0" / "1.bin")
        np.testing.assert_array_equal(data.train_images[:3], list(Encoding(code, "bins", 8).windows(first))[:3])
        assert data.test_images[-3].any()
        assert not data.test_images[-2:].any()
        kept, held = split_validation(data, 0.25, 0)
        assert sorted([*kept, *held]) == list(range(99))
        assert np.all(np.diff(held.reshape(-1, 3), axis=1) == 1)
        config = TrainConfig.create("mpd-ed", str(folder), hidden=(8,), epochs=1, events=code)
        summary = train(config, tmp_path / "run")
        assert evaluate_run(tmp_path / "run")["samples"] == 8
        model = Model.read(tmp_path / "run" / "model.safetensors")
        single = evaluate("engine", model, data.test_images, data.test_labels).decided.reshape(8, 3)
        heard = data.test_images.any(axis=1).reshape(8, 3)
        votes = [np.bincount(of[rows], minlength=2).argmax() for of, rows in zip(single, heard, strict=True)]
        assert np.mean(votes == data.test_labels[::3]) == summary["test_accuracy"]
        alone = np.random.default_rng(0).integers(0, 256, (99, 128), np.uint8)
        alone[np.arange(99) % 3 > 0] = 0  # which do not vote
        single, decided = (evaluate("engine", model, alone, data.train_labels, windows=n).decided for n in (1, 3))
        assert decided.tolist() == single[::3].tolist()
        assert set(decided) == {0, 1}
        lesson = Lesson(replace(config, validation=0.0), replace(data, train_images=alone))
        lesson.bind(0)
        assert lesson.samples == 33, "silent windows are not learned from"
        done = right = 0
        while done < 33:
            presented, correct, _ = lesson.present(done, lesson.order(0))
            done, right = done + presented, right + correct
        assert lesson.train_accuracy(right) == right / 33, "of recordings"
        lesson.decided[alone.any(axis=1)] = data.train_labels[::3]
        assert lesson.train_accuracy(right) == 1
        report_run(tmp_path / "run", samples=1)
        page = (tmp_path / "run" / "report.html").read_text()
        assert "Events over time" in page
        assert f"--events {code}" in page
        assert f"{summary['test_accuracy']:.2%}".replace("%", " %") in page

    def test_transforms_of_tonic_by_name(self, tmp_path):
        pytest.importorskip("tonic")
        events = some_events(200, last=100_000)
        path = write(tmp_path / "a.bin", events)

        def rows(text: str) -> np.ndarray:
            return Encoding(EventCode.parse(f"duration=100000{text}"), "bins", 8).encode(open_recording(path))[0]

        kept = events[events["t"] <= 50_000]
        expected = Encoding(EventCode(duration=100_000), "bins", 8)
        write(tmp_path / "b.bin", kept)
        np.testing.assert_array_equal(
            rows(",transforms=CropTime:max=50000"), expected.encode(open_recording(tmp_path / "b.bin"))[0]
        )
        mirrored = rows(",transforms=RandomFlipLR:p=1").reshape(2, 34, 34)
        np.testing.assert_array_equal(mirrored[:, :, ::-1].reshape(-1), rows(""))
        spelt = EventCode(duration=100_000, transforms="RandomFlipLR:p=1")  # as the documents spell it, in Python too
        np.testing.assert_array_equal(Encoding(spelt, "bins", 8).encode(open_recording(path))[0], mirrored.reshape(-1))
        noisy = rows(",transforms=CropTime:max=50000;UniformNoise:n=20")
        np.testing.assert_array_equal(noisy, rows(",transforms=CropTime:max=50000;UniformNoise:n=20"))
        assert np.count_nonzero(noisy) > np.count_nonzero(rows(",transforms=CropTime:max=50000"))
        for text, said in (("ToFrame", "no transform"), ("CropTime:most=5", "takes"), ("TimeJitter:std=a", "takes")):
            with pytest.raises(ConfigError, match=said):
                rows(f",transforms={text}")

    def test_rules_for_grey_levels_refuse_events(self, tmp_path):
        with pytest.raises(ConfigError, match="takes grey levels"):
            TrainConfig.create("ssgd", str(make(tmp_path / "data"))).load()


class TestTonic:
    def test_a_set_that_lies_where_tonic_puts_it(self, tmp_path):
        """SHD's HDF5 files: times in seconds, units and labels, written as its own documentation shows them."""
        pytest.importorskip("tonic")
        import h5py

        (tmp_path / "SHD").mkdir()
        random = np.random.default_rng(0)
        for part, count in (("train", 6), ("test", 2)):
            (tmp_path / "SHD" / f"shd_{part}.h5.zip").touch()  # tonic unpacks it where it has to
            with h5py.File(tmp_path / "SHD" / f"shd_{part}.h5", "w") as file:
                for name, kind in (("spikes/times", np.float64), ("spikes/units", np.int64)):
                    column = file.create_dataset(name, (count,), h5py.vlen_dtype(kind))
                    for k in range(count):
                        column[k] = np.sort(random.random(40)) if kind is np.float64 else random.integers(0, 700, 40)
                file["labels"] = np.arange(count) % 2
                file["extra/keys"] = [b"zero", b"one"]
                file["extra/speaker"] = np.zeros(count, np.int64)
        data = read_tonic("shd", tmp_path, Encoding(EventCode(polarity="merged"), "ttfs", 12))
        assert (data.image_shape, data.class_names) == ((1, 1, 700), ("one", "zero"))
        assert (len(data.train_labels), data.test_labels.tolist()) == (6, [1, 0])

    def test_a_download_that_fails_says_so(self, tmp_path, monkeypatch):
        tonic = pytest.importorskip("tonic")

        def refuse(*_, **__):
            raise URLError("no network here")

        monkeypatch.setattr(tonic.datasets.DVSGesture, "download", refuse)
        with pytest.raises(DataError, match=r"cannot download DVSGesture into .* no network here"):
            download("dvs-gesture", tmp_path)
        with pytest.raises(ConfigError, match="for data sets of tonic"):
            download("mnist", tmp_path)

    @pytest.mark.parametrize("name", TONIC)
    def test_a_set_that_is_not_there(self, tmp_path, name):
        pytest.importorskip("tonic")
        with pytest.raises(DataNotFoundError, match=f"tonic finds no {TONIC[name]}"):
            read_tonic(name, tmp_path, ENCODING)
