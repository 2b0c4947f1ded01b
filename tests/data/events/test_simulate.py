"""Images become recordings that a camera might have made, and that say what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.data.events.code import Encoding, EventCode
from lava_ed.data.events.describe import describe_folder, describe_recording
from lava_ed.data.events.event_set import read_event_set
from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.simulate import Camera, Simulator, write_simulated
from lava_ed.errors import ConfigError, RunFolderError

EDGE = Camera(threshold=0.5, spread=0.0, refractory=0)


@pytest.fixture
def few(monkeypatch, tmp_path):
    from dataclasses import replace

    monkeypatch.setenv("LAVA_ED_CACHE", str(tmp_path / "cache"))
    data = load_dataset("digits")
    return replace(
        data, train_images=data.train_images[:12], train_labels=data.train_labels[:12],
        test_images=data.test_images[:6], test_labels=data.test_labels[:6],
    )  # fmt: skip


def test_a_black_image_is_silent():
    assert len(Simulator((8, 8), EDGE).record(np.zeros((8, 8), np.uint8))) == 0


def test_an_edge_that_passes_fires_as_often_as_its_contrast_holds_thresholds():
    """White on black is ln(1/0.1) = 2.303, four thresholds of 0.5; where white has left there are OFF events."""
    image = np.zeros((8, 8), np.uint8)
    image[:, :4] = 255
    events = Simulator((8, 8), EDGE).record(image)
    # In the third saccade the image moves left and its rows stay: a row in its midst sees one edge from the right.
    inside = events[(events["t"] >= 210_000) & (events["y"] == 4) & (events["p"] == 0)]
    for x in range(5, 10):
        assert np.count_nonzero(inside["x"] == x) == 4
    # 7 pixels in 105 ms: white's edge leaves one pixel after the other, from the right, 15 ms apart
    firsts = [int(inside[inside["x"] == x]["t"].min()) for x in range(5, 10)]
    assert np.diff(firsts).tolist() == pytest.approx([-15_000] * 4, abs=1100)


def test_events_are_sorted_and_dead_time_holds():
    image = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    events = Simulator((8, 8), Camera(refractory=5000)).record(image)
    assert np.all(np.diff(events["t"]) >= 0)
    for pixel in {(e["x"], e["y"]) for e in events}:
        times = events["t"][(events["x"] == pixel[0]) & (events["y"] == pixel[1])]
        assert np.all(np.diff(times) >= 5000)


def test_the_same_seed_gives_the_same_events_and_another_one_others():
    image = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    one, same, other = (Simulator((8, 8), Camera(seed=seed)).record(image) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_recordings_are_marked_wherever_they_appear(few, tmp_path):
    out = tmp_path / "made"
    value = write_simulated(few, out, Camera())
    assert (value["recordings"], value["sensor"]) == (18, "14x14")
    facts = describe_folder(out, (14, 14))
    assert (facts["simulated"], facts["parts"]) == (18, {"test": 6, "train": 12})
    one = next(out.rglob("*.bin"))
    assert describe_recording(open_recording(one, (14, 14)))[0]["simulated"] is True
    encoding = Encoding(EventCode(sensor="14x14"), "bins", 8)
    for _ in range(2):  # made, and then kept
        data = read_event_set("mine", out, encoding)
        assert data.source.startswith("18 simulated recordings in")
    # Sorted by number: the order of the images.
    classes = sorted(set(few.train_labels.tolist()) | set(few.test_labels.tolist()))
    assert [classes[k] for k in data.train_labels] == few.train_labels.tolist()
    with pytest.raises(RunFolderError, match="not an empty folder"):
        write_simulated(few, out, Camera())


@pytest.mark.parametrize("values", [{"threshold": 0.0}, {"spread": 0.4}, {"refractory": -1}, {"seed": -1}])
def test_cameras_that_are_none(values):
    with pytest.raises(ConfigError):
        Camera(**values)


def test_images_that_do_not_fit_the_format(few, tmp_path):
    flat = replace(few, image_shape=(few.train_images.shape[1],))
    with pytest.raises(ConfigError, match="rows and columns"):
        write_simulated(flat, tmp_path / "made", Camera())
    assert not (tmp_path / "made").exists()
    with pytest.raises(ConfigError, match="at most 244×244"):
        Simulator((300, 20), Camera())
