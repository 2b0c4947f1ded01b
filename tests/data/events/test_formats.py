"""Every format of recordings gives the events that were written, and what is wrong with a file is said."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from recordings import SENSOR, nmnist_bytes, some_events, write

from lava_ed.data.events import formats
from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.recording import EVENT
from lava_ed.errors import DataError

ROOT = Path(__file__).parents[3]
SUFFIXES = (".bin", ".aedat", ".aedat4", ".dat", ".raw", ".es", ".npy", ".npz", ".h5")
BY_FAERY = (".aedat4", ".dat", ".raw", ".es")
STATE_NO_SENSOR = (".npy", ".npz", ".h5")


def read(path: Path, sensor: tuple[int, int] = (0, 0)) -> np.ndarray:
    return np.concatenate([np.zeros(0, EVENT), *open_recording(path, sensor).packets()])


def recording(folder: Path, suffix: str, events: np.ndarray) -> Path:
    if suffix in BY_FAERY:
        pytest.importorskip("faery")
    return write(folder / f"a{suffix}", events)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_events_come_back_as_they_were_written(tmp_path, suffix):
    events = some_events()
    path = recording(tmp_path, suffix, events)
    sensor = SENSOR if suffix in STATE_NO_SENSOR else (0, 0)
    np.testing.assert_array_equal(read(path, sensor), events)


@pytest.mark.parametrize("suffix", [".bin", ".aedat", ".npy"])
def test_packets_join_at_any_length(tmp_path, suffix, monkeypatch):
    events = some_events(40)
    path = write(tmp_path / f"a{suffix}", events)
    monkeypatch.setattr(formats, "PACKET", 7)
    packets = list(open_recording(path, SENSOR if suffix == ".npy" else (0, 0)).packets())
    assert len(packets) == 6
    np.testing.assert_array_equal(np.concatenate(packets), events)


class TestOtherReadersAgree:
    def test_tonic_on_nmnist_with_overflows(self):
        io_of_tonic = pytest.importorskip("tonic.io")
        from lava_ed.kernels.recordings.reading import decode_nmnist

        raw = np.frombuffer(nmnist_bytes(some_events(300)), np.uint8).copy()
        raw[1::5][[5, 5 + 64, 299]] = 240
        events = np.empty(300, EVENT)
        found = events[: decode_nmnist(raw, np.zeros(1, np.int64), events)]
        columns = np.dtype([(name, np.int64) for name in "xytp"])
        theirs = io_of_tonic.read_mnist_file(io.BytesIO(raw.tobytes()), columns, is_stream=True)
        for name in EVENT.names:
            np.testing.assert_array_equal(found[name], theirs[name])

    @pytest.mark.parametrize(("encoding", "suffix"), [("dat", ".dat"), ("evt2", ".raw")])
    def test_expelliarmus_writes_what_is_read_here(self, tmp_path, encoding, suffix):
        pytest.importorskip("faery")
        wizard = pytest.importorskip("expelliarmus").Wizard(encoding=encoding)
        events = some_events(200)
        path = tmp_path / f"a{suffix}"
        wizard.save(path, events)
        np.testing.assert_array_equal(read(path, (1280, 720)), events)

    def test_evt3_by_hand(self, tmp_path):
        """16-bit words of a type (4 bits) and a payload, as Prophesee documents EVT 3.0.

        expelliarmus counts the carries of TIME_LOW twice, so that it cannot judge here.
        """
        pytest.importorskip("faery")
        # TIME_HIGH 1, TIME_LOW 5, ADDR_Y 3, ADDR_X 7 of ON;
        # TIME_HIGH 2, TIME_LOW 1, VECT_BASE_X 8 of OFF, VECT_12 0b101
        words = (0x8001, 0x6005, 0x0003, 0x2807, 0x8002, 0x6001, 0x3008, 0x4005)
        path = tmp_path / "a.raw"
        path.write_bytes(b"% evt 3.0\n% geometry 34x30\n" + struct.pack(f"<{len(words)}H", *words))
        assert read(path).tolist() == [(4101, 7, 3, 1), (8193, 8, 3, 0), (8193, 10, 3, 0)]


class TestAedat2:
    def test_the_clock_of_32_bits_goes_on_across_its_end(self, tmp_path):
        events = some_events(20)
        events["t"] = np.arange(20) * 1000 + 2**32 - 5000
        np.testing.assert_array_equal(read(write(tmp_path / "a.aedat", events))["t"], events["t"])

    def test_by_hand(self, tmp_path):
        # x = 127 − 3 and y = 5; bit 0 is 0 for ON; the second word is a signal, no pixel's event
        words = struct.pack(">6I", 3 << 1 | 5 << 8, 10, 1 << 15, 11, 0 << 1 | 127 << 8 | 1, 12)
        (tmp_path / "a.aedat").write_bytes(b"#!AER-DAT2.0\n# a comment\n" + words)
        assert read(tmp_path / "a.aedat").tolist() == [(10, 124, 5, 1), (12, 127, 127, 0)]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is no AEDAT 2 file"),
            (b"#!AER-DAT3.1\n", "is no AEDAT 2 file"),
            (b"#!AER-DAT2.0\n# AEChip: a.b.Cochlea64\n", "chip Cochlea64 is unknown"),
            (b"#!AER-DAT2.0\n123", "ends within an event"),
            (b"#" * 100, "comments do not end"),
        ],
    )
    def test_others_are_refused(self, tmp_path, content, said):
        (tmp_path / "a.aedat").write_bytes(content)
        with pytest.raises(DataError, match=said):
            read(tmp_path / "a.aedat")


def test_a_packet_of_aedat4_that_states_more_than_a_camera_writes(tmp_path):
    """faery makes room for what is stated, here behind the packets, where the header would have a table of them."""
    pytest.importorskip("faery")
    content = write(tmp_path / "a.aedat4", some_events(200)).read_bytes()
    end = content.rindex(struct.pack("<q", content.rindex(b"\x04\x22\x4d\x18")))
    for place in (-1, len(content) + 1):
        (tmp_path / "a.aedat4").write_bytes(content[:end] + struct.pack("<q", place) + content[end + 8 :])
        with pytest.raises(DataError, match=r"its packet at byte 2,\d{3} states [\d,]+ bytes"):
            read(tmp_path / "a.aedat4")


class TestWrongEvents:
    def test_outside_the_sensor(self, tmp_path):
        events = some_events(100)
        events["x"][70] = 99
        with pytest.raises(DataError, match=r"event 70 lies at x = 99, y = .*outside the sensor of 34×34 pixels"):
            read(write(tmp_path / "a.bin", events))

    @pytest.mark.parametrize("at", [1, 64, 70])
    def test_the_clock_jumps_back(self, tmp_path, at, monkeypatch):
        monkeypatch.setattr(formats, "PACKET", 64)
        events = some_events(100)
        events["t"] += 1000
        events["t"][at:] -= events["t"][at] - events["t"][at - 1] + 1
        with pytest.raises(DataError, match=f"jumps back by 1 µs at event {at} "):
            read(write(tmp_path / "a.npy", events), SENSOR)

    def test_a_clock_beyond_all_times(self, tmp_path):
        """Its products with the steps of a window would leave 64 bits."""
        for times in ((0, 1 << 60), (-(1 << 60), 0)):
            events = some_events(2)
            events["t"] = times
            with pytest.raises(DataError, match="clock is damaged"):
                read(write(tmp_path / "a.npy", events), SENSOR)

    def test_a_negative_or_huge_coordinate_is_outside(self, tmp_path):
        table = {name: np.zeros(2, np.int64) for name in "txyp"}
        for value in (-1, 2**40):
            table["y"][1] = value
            np.savez(tmp_path / "a.npz", **table)
            with pytest.raises(DataError, match="event 1 lies at"):
                read(tmp_path / "a.npz", SENSOR)

    def test_no_sensor_is_stated(self, tmp_path):
        path = write(tmp_path / "a.npy", some_events())
        with pytest.raises(DataError, match="give sensor=WIDTHxHEIGHT"):
            read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestWrongFiles:
    def test_missing(self, tmp_path, suffix):
        with pytest.raises(DataError, match="cannot be read"):
            read(tmp_path / f"a{suffix}", SENSOR)

    def test_a_folder(self, tmp_path, suffix):
        (tmp_path / f"a{suffix}").mkdir()
        with pytest.raises(DataError, match="folder"):
            read(tmp_path / f"a{suffix}", SENSOR)

    def test_cut_off_anywhere(self, tmp_path, suffix):
        """An error, or the events before the cut."""
        events = some_events(60)
        path = recording(tmp_path, suffix, events)
        whole = path.read_bytes()
        for kept in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:kept])
            try:
                found = read(path, SENSOR)
            except DataError:
                continue
            np.testing.assert_array_equal(found, events[: len(found)])


@pytest.mark.parametrize(
    ("name", "sensor", "count"),
    [("dvs.es", (320, 240), 473_225), ("alex_walking_for_10secs.aedat", (128, 128), 125_028)],
)
def test_published_recordings_have_their_published_counts(name, sensor, count):
    path = Path(os.environ.get("LAVA_ED_DATA", ROOT.parent / "shared" / "data"), "events", name)
    if not path.is_file():
        pytest.skip(f"no {name} in the folder of the data")
    found = open_recording(path)
    assert ((found.width, found.height), sum(map(len, found.packets()))) == (sensor, count)


def test_an_unknown_suffix(tmp_path):
    with pytest.raises(DataError, match="known are"):
        open_recording(tmp_path / "a.mp4")


def test_an_archive_of_numpy_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MOST_AT_ONCE", 4000)
    np.savez_compressed(tmp_path / "a.npz", t=np.zeros(5000, np.int64))
    with pytest.raises(DataError, match="unpacks to"):
        read(tmp_path / "a.npz", SENSOR)


@pytest.mark.parametrize("columns", [{"t": [0.5], "x": [1], "p": [1]}, {"t": [1, 2], "x": [1], "p": [1]}, {"x": [1]}])
def test_columns_that_are_no_events(tmp_path, columns):
    np.savez(tmp_path / "a.npz", **{name: np.array(value) for name, value in columns.items()})
    with pytest.raises(DataError, match="column"):
        read(tmp_path / "a.npz", SENSOR)
