"""Streams: decided first, learned from then, and the same after a kill."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from recordings import some_events, write

from lava_ed.cli.main import main
from lava_ed.config import TrainConfig
from lava_ed.data.events.code import EventCode
from lava_ed.data.events.describe import describe_recording
from lava_ed.data.events.formats import open_recording
from lava_ed.errors import CheckpointError, ConfigError, DataError
from lava_ed.runs.sealed import read_sealed, save_sealed
from lava_ed.stream import Item, StreamConfig, StreamLearner, learner, of_lines, of_recordings
from lava_ed.stream.learner import STATE


def make(folder: Path, count: int = 30) -> Path:
    """Recordings of two classes, one busy on the left and one on the right."""
    for k in range(count):
        events = some_events(80, seed=k, sensor=(17, 30))
        events["x"] += 17 * (k % 2)
        write(folder / "ab"[k % 2] / f"{k}.bin", events)
    return folder


def new(rule: str = "std-ed", **settings) -> StreamLearner:
    code = EventCode(downsample=4, duration=300_000)
    training = TrainConfig.create(rule, "nmnist", hidden=(12,), events=code, steps=8, **settings)
    return StreamLearner(StreamConfig(training, ("a", "b"), (34, 34)))


def weights(net: StreamLearner) -> dict[str, np.ndarray]:
    return net.backend.state()


def assert_same(one: StreamLearner, other: StreamLearner) -> None:
    for name, value in weights(one).items():
        np.testing.assert_array_equal(weights(other)[name], value, err_msg=name)
    assert (one.progress, list(one.recent), list(one.waiting)) == (
        other.progress, list(other.recent), list(other.waiting),
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
def test_a_stream_that_was_killed_goes_on_bit_for_bit(tmp_path, rule):
    folder = make(tmp_path / "data")
    whole, killed = new(rule), new(rule)
    decided = list(whole.run(of_recordings(folder)))
    before = []
    for decision in killed.run(of_recordings(folder)):
        before.append(decision)
        if len(before) == 11:
            killed.save(tmp_path)
        if len(before) == 17:  # lost with the process
            break
    again = new(rule)
    again.load(tmp_path)
    after = list(again.run(of_recordings(folder), again.progress.items))
    assert before[:11] + after == decided
    assert_same(again, whole)


def test_a_net_learns_in_the_stream(tmp_path):
    net = new()
    list(net.run(of_recordings(make(tmp_path / "data", 160))))
    assert np.mean(list(net.recent)[-60:]) > 0.85
    value = net.report()
    assert value["accuracy"] == np.mean(net.recent)
    assert (value["items"], value["labelled"], value["drift"]) == (160, 160, None)
    assert value["microjoules_per_learned_sample"] > 0


def test_a_recording_is_decided_before_it_is_learned_from(tmp_path):
    """The first decision is that of a net that has learned nothing, whatever its label is."""
    items = list(of_recordings(make(tmp_path / "data", 4)))
    first = {new().take(items[0]._replace(label=label)) for label in ("a", "b", None)}
    assert len(first) == 1


def test_the_windows_of_a_recording_decide_before_any_of_them_is_learned_from(tmp_path):
    """Three windows: what a stream without labels decides, one with labels decides at first; then it has learned."""
    items = list(of_recordings(make(tmp_path, 12)))
    code = EventCode(downsample=4, duration=100_000, windows=3)
    training = TrainConfig.create("std-ed", "nmnist", hidden=(12,), events=code, steps=8)
    one, other = (StreamLearner(StreamConfig(training, ("a", "b"), (34, 34))) for _ in range(2))
    assert one.take(items[0]) == other.take(items[0]._replace(label=None))
    other.take(Item(items[0].name, None, items[0].label))
    for name, value in one.backend.state().items():
        if name.endswith("weights"):
            np.testing.assert_array_equal(other.backend.state()[name], value)
    other.take(items[1]._replace(label=None))
    other.save(tmp_path)
    again = StreamLearner(StreamConfig(training, ("a", "b"), (34, 34)))
    again.load(tmp_path)
    again.take(Item(items[1].name, None, items[1].label))
    other.take(Item(items[1].name, None, items[1].label))
    assert_same(again, other)


def test_without_a_label_nothing_is_learned_and_a_late_one_is_learned_from(tmp_path):
    items = list(of_recordings(make(tmp_path / "data", 4)))
    net, fresh = new(), new()
    net.take(items[0]._replace(label=None))
    for name in ("dense1.weights", "dense2.weights"):
        np.testing.assert_array_equal(weights(net)[name], weights(fresh)[name])
    assert (net.report()["accuracy"], len(net.waiting), net.progress.labelled) == (None, 1, 0)
    assert net.report()["microjoules_per_learned_sample"] is None, "nothing was learned yet"
    for _ in range(3):
        net.take(Item("not known", None, "a"))  # the label of nothing that waits
    net.take(Item(items[0].name, None, "b" if items[0].label == "a" else "a"))
    assert (len(net.waiting), net.progress.labelled, net.progress.items) == (0, 1, 5)
    assert net.progress.unmatched == 3
    changed = [
        n for n in ("dense1.weights", "dense2.weights") if not np.array_equal(weights(net)[n], weights(fresh)[n])
    ]
    assert changed


def test_waiting_recordings_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "MOST_WAITING", 3)
    net = new()
    for item in of_recordings(make(tmp_path / "data", 5)):
        net.take(item._replace(label=None))
    assert (len(net.waiting), net.progress.let_go) == (3, 2)


def test_windows_that_wait_are_bounded_and_silent_ones_have_no_vote(tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "MOST_WAITING", 7)
    nets = []
    for windows in (1, 3):  # of which the last two are silent
        code = EventCode(downsample=4, duration=300_000, windows=windows)
        training = TrainConfig.create("std-ed", "nmnist", hidden=(12,), events=code, steps=8)
        nets.append(StreamLearner(StreamConfig(training, ("a", "b"), (34, 34))))
    items = [item._replace(label=None) for item in of_recordings(make(tmp_path / "data", 8))]
    decided, together = ([net.take(item) for item in items] for net in nets)
    assert together == decided
    assert set(decided) == {0, 1}
    assert [(len(net.waiting), net.progress.let_go) for net in nets] == [(7, 1), (2, 6)]


def test_a_file_larger_than_the_memory_that_it_takes(tmp_path):
    events = some_events(20_000)
    path = write(tmp_path / "a.bin", events)
    content = path.read_bytes()
    with open(path, "wb") as file:
        for k in range(100):  # the clock goes on with each part
            raw = np.frombuffer(content, np.uint8).reshape(-1, 5).copy()
            time = events["t"] // 4 + k * 75_000
            raw[:, 2] = (raw[:, 2] & 128) | time >> 16
            raw[:, 3], raw[:, 4] = time >> 8 & 255, time & 255
            file.write(raw.tobytes())
    net = new()
    net.take(Item("warm", write(tmp_path / "b.bin", events[:100]), "a"))
    tracemalloc.start()
    try:
        value, _ = describe_recording(open_recording(path))
        net.take(Item("a", path, "a"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert value["events"] == 2_000_000
    assert peak < path.stat().st_size < 10_000_001  # whole it would be 30 MB of events


class TestLines:
    def test_items(self):
        lines = ['{"id": "1", "recording": "a.bin"}\n', "\n", '{"id": "1", "label": "3"}\n']
        assert list(of_lines(lines)) == [Item("1", Path("a.bin"), None), Item("1", None, "3")]

    @pytest.mark.parametrize(
        "line", ["no", "[]", '{"id": "1"}', '{"label": "1"}', '{"id": 1, "label": "a"}', " " * 3 + "x" * 70_000]
    )
    def test_what_is_none(self, line):
        with pytest.raises(DataError, match="line 2"):
            list(of_lines(["\n", line]))


class TestWrong:
    def test_labels_and_sensors(self, tmp_path):
        item = next(of_recordings(make(tmp_path / "data", 2)))
        with pytest.raises(DataError, match="no class, there are a, b"):
            new().take(item._replace(label="c"))
        with pytest.raises(ConfigError, match="two or more"):
            StreamConfig(TrainConfig.create("std-ed", "nmnist"), ("a",), (34, 34))

    def test_states(self, tmp_path):
        folder = make(tmp_path / "data", 4)
        net = new()
        list(net.run(of_recordings(folder)))
        net.save(tmp_path)
        (tmp_path / "old").mkdir()
        with pytest.raises(CheckpointError, match="another configuration"):
            new(seed=1).load(tmp_path)
        notes, tensors = read_sealed(tmp_path / STATE, net.config.to_dict(), "a stream")
        del notes["format"]  # as streams were saved that learned from silent windows
        save_sealed(tmp_path / "old" / STATE, tensors, notes)
        with pytest.raises(CheckpointError, match=r"format 1, not 2.*silent windows.*begin anew"):
            new().load(tmp_path / "old")
        again = new()
        again.load(tmp_path)
        (folder / "a" / "0.bin").unlink()
        with pytest.raises(CheckpointError, match="are not those that the stream has taken"):
            list(again.run(of_recordings(folder), 4))
        content = bytearray((tmp_path / STATE).read_bytes())
        content[-1] ^= 1
        (tmp_path / STATE).write_bytes(content)
        with pytest.raises(CheckpointError, match="not what was written"):
            new().load(tmp_path)


def test_the_command_goes_on_where_it_stood(tmp_path, capsys):
    folder = make(tmp_path / "data", 6)
    common = ["stream", str(folder), "--events", "downsample=4", "--hidden", "6", "--interval", "2", "--json"]
    assert main([*common, "--out", str(tmp_path / "s")]) == 0
    assert json.loads(capsys.readouterr().out)["labelled"] == 6
    assert main([*common, "--out", str(tmp_path / "s")]) == 2
    assert "--resume" in json.loads(capsys.readouterr().out)["error"]["message"]
    write(folder / "a" / "77.bin", some_events(60))
    assert main([*common, "--out", str(tmp_path / "s"), "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == 7
