"""EventSource: the same integers on Lava's runtime, attached, without Lava, and from a spec, in bounded memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from recordings import SENSOR, some_events, write

from lava_ed.data.events.code import Encoding, EventCode
from lava_ed.data.events.formats import open_recording
from lava_ed.engine import build_program
from lava_ed.errors import ConfigError, DataError
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network import NetworkSpec
from lava_ed.network.graph import graph_of

pytest.importorskip("lava", reason="the oracle is Lava's runtime, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.process import LIF

from lava_ed import attach
from lava_ed.proc import EventSource
from lava_ed.proc.classifier.process import create_processes
from lava_ed.proc.event_source.models import PyEventSourceModelFixed

FIXED = Loihi2SimCfg(select_tag="fixed_pt")
CODE = "sensor=34x30,region=2:3:6:5,duration=30000,start=1000"
INPUTS = 60


def by_hand(events: np.ndarray, steps: int, duration: int, start: int) -> np.ndarray:
    """Spikes of each time step of all windows, event by event, for the region of `CODE`."""
    begin = int(events["t"][0]) + start
    windows = (int(events["t"][-1]) - begin) // duration + 1
    spikes = np.zeros((windows * steps, INPUTS), np.int32)
    for t, x, y, p in events.tolist():
        if t >= begin and 2 <= x < 8 and 3 <= y < 8:
            window, inside = divmod(t - begin, duration)
            spikes[window * steps + inside * steps // duration, p * 30 + (y - 3) * 6 + x - 2] = 1
    return spikes


def graph(recordings, **settings) -> list:
    """EventSource → Dense → LIF, and a Sink each."""
    source = EventSource(recordings=recordings, events=CODE, **settings)
    dense = Dense(weights=np.arange(3 * INPUTS).reshape(3, INPUTS) % 100)
    lif = LIF(shape=(3,), vth=40, du=900, dv=100)
    sinks = [Sink(shape=port.shape, buffer=200) for port in (source.s_out, lif.s_out)]
    for out, to in (
        (source.s_out, dense.s_in), (dense.a_out, lif.a_in), (source.s_out, sinks[0].a_in), (lif.s_out, sinks[1].a_in),
    ):  # fmt: skip
        out.connect(to)
    return [source, dense, lif, *sinks]


def all_vars(processes: list) -> list[np.ndarray]:
    return [var.get().copy() for process in processes for var in process.vars]


@pytest.mark.lava
def test_lava_and_the_engine_send_what_was_counted_by_hand(tmp_path):
    """Two recordings, one with windows without an event, a pause after each window, and silence at the end."""
    first = some_events(400, seed=1)
    second = some_events(40, seed=2)
    paths = [write(tmp_path / f"{k}.bin", events) for k, events in enumerate((first, second))]
    expected = np.concatenate([by_hand(events, 5, 30_000, 1000) for events in (first, second)])
    windows = len(expected) // 5
    spaced = np.zeros((windows * 7 + 3, INPUTS), np.int32)
    for k in range(windows):
        spaced[7 * k : 7 * k + 5] = expected[5 * k : 5 * k + 5]
    found = []
    for attached in (False, True):
        processes = graph(paths, steps=5, period=7)
        if attached:
            attach(processes[2])
        for part in (3, len(spaced) - 3):
            processes[2].run(RunSteps(num_steps=part), FIXED)
        found.append(all_vars(processes))
        np.testing.assert_array_equal(processes[3].data.get().T[: len(spaced)], spaced)
        assert (processes[0].windows.get()[0], processes[0].damaged.get()[0]) == (windows, 0)
        processes[2].stop()
    assert found[0][-1].any(), "no neuron has fired"
    for lava, engine in zip(*found, strict=True):
        np.testing.assert_array_equal(engine, lava)


SPECS = {
    "std-ed": NetworkSpec((INPUTS, 8, 3), STDED(), steps=6, encoder="ttfs", error_shift=1, dead_zone=0),
    "std-ed, convolutions": NetworkSpec(
        (), STDED(), steps=6, encoder="ttfs", arch="4c3-p2-3", image=(2, 5, 6), weight_rounding="carry", error_shift=1
    ),
    "mpd-ed": NetworkSpec((INPUTS, 8, 3), MPDED(), steps=10, encoder="bins", learning="aggregated", dead_zone=0),
}


@pytest.mark.lava
@pytest.mark.parametrize("name", SPECS)
def test_a_net_learns_from_a_source_what_it_learns_from_a_spec(tmp_path, name):
    """The source in the place of the Encoder, on Lava's runtime and attached; the spec has the windows as rows."""
    spec, net = SPECS[name], graph_of(SPECS[name])
    path = write(tmp_path / "a.bin", some_events(400, seed=3))
    encoding = Encoding(EventCode.parse(CODE), spec.encoder, spec.steps)
    rows = np.stack(list(encoding.windows(open_recording(path, SENSOR))))
    labels, period = np.arange(len(rows)) % 3, spec.schedule.period
    program = build_program(spec)
    program.bind(rows)
    program.present(np.arange(len(rows)), labels)
    for attached in (False, True):
        processes = create_processes(net, rows, labels, None)
        source = EventSource(recordings=path, events=CODE, steps=spec.steps, encoder=spec.encoder, period=period)
        processes["encoder"] = source
        for out, port, to, in_port in net.connections:
            if to != "encoder":
                getattr(processes[out], port).connect(getattr(processes[to], in_port))
        if attached:
            attach(processes["error"])
        processes["error"].run(RunSteps(num_steps=len(rows) * period), FIXED)
        assert processes["error"].triggered.get()[0] > 3
        for node, var in program.variables:
            # Without an Encoder the engine counts time steps in the first process, Lava's runtime nowhere.
            if node not in ("encoder", "labels"):
                np.testing.assert_array_equal(
                    getattr(processes[node], var).get(), program.get(node, var), err_msg=f"{node}.{var}"
                )
        processes["error"].stop()


def test_a_damaged_recording_is_an_error_where_the_engine_comes_to_it(tmp_path):
    """Of the clock that jumps back in the second recording nothing is sent; every later run says so again."""
    events = some_events(300, seed=4)
    back = events.copy()
    back["t"][200:] -= back["t"][199]
    paths = [write(tmp_path / "good.bin", events), write(tmp_path / "back.npy", back)]
    processes = graph(paths, steps=5)
    attach(processes[0])
    steps = len(by_hand(events, 5, 30_000, 1000))
    for _ in range(2):
        with pytest.raises(DataError, match="clock jumps back"):
            processes[0].run(RunSteps(num_steps=1000))
    sent = int(processes[0].windows.get()[0]) * 5
    assert steps <= sent < steps + 50
    assert processes[0].damaged.get()[0] == 1
    np.testing.assert_array_equal(processes[3].data.get().T[:steps], by_hand(events, 5, 30_000, 1000))


@pytest.mark.lava
def test_a_damaged_recording_leaves_lavas_runtime_silent_and_says_so(tmp_path, capfd):
    path = write(tmp_path / "a.bin", some_events(300, seed=5))
    path.write_bytes(path.read_bytes()[:-2])
    processes = graph(path, steps=5)
    processes[0].run(RunSteps(num_steps=20), FIXED)
    assert processes[0].damaged.get()[0] == 1
    processes[0].stop()
    assert "ends within an event" in capfd.readouterr().err


@pytest.mark.parametrize("error", [OSError("no room"), MemoryError()])
def test_no_error_of_a_reader_leaves_the_neighbours_waiting(capsys, error):
    def broken():
        raise error
        yield

    model = PyEventSourceModelFixed.__new__(PyEventSourceModelFixed)
    model._windows, model.time_step = broken(), 4
    model.windows, model.damaged = np.zeros(1, np.int32), np.zeros(1, np.int32)
    assert list(model._next()) == []
    assert (model.windows[0], model.damaged[0]) == (0, 1)
    assert f"silent from time step 4 on: {str(error) or 'MemoryError'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 65}, "at most 64 steps"), ({"steps": 128, "encoder": "ttfs"}, "at most 127"),
        ({"steps": 0}, "at least 1"), ({"steps": 5, "period": 4}, "at least 5"),
        ({"steps": 5, "encoder": "rate"}, "grey"),
        ({"steps": 5, "recordings": []}, "empty"), ({"steps": 5, "events": "region=30:0:9:9"}, "beyond the sensor"),
    ],
)  # fmt: skip
def test_refused(tmp_path, settings, message):
    path = write(tmp_path / "a.bin", some_events(30))
    with pytest.raises(ConfigError, match=message):
        EventSource(**{"recordings": path, "events": CODE, **settings})


LONG = """
import resource, sys
import numpy as np
from lava_ed.graph import stand_in
stand_in()
from lava.magma.core.run_conditions import RunSteps
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.process import LIF
from lava_ed.engine import attach
from lava_ed.proc import EventSource

source = EventSource(recordings=sys.argv[1], events="sensor=34x34,duration=1000", steps=4)
dense, lif = Dense(weights=np.ones((2, 2312), int) * 2), LIF(shape=(2,), vth=4000, du=900, dv=100)
sink = Sink(shape=(2312,), buffer=8)
for out, to in ((source.s_out, dense.s_in), (dense.a_out, lif.a_in), (source.s_out, sink.a_in)):
    out.connect(to)
attach(lif)
lif.run(RunSteps(num_steps=8))
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[2]),) * 2)
lif.run(RunSteps(num_steps=int(sys.argv[3]) - 8))
print(int(source.windows.get()[0]), int(source.damaged.get()[0]), int(sink.data.get().sum()))
"""


def test_a_recording_larger_than_the_memory_allowed(tmp_path):
    """100 MB of events, of which a window is 50 kB, without Lava, in a process that may take 40 MB beyond its start."""
    window = np.zeros((10_000, 5), np.uint8)
    window[:, 0] = window[:, 1] = np.arange(10_000) % 34
    path, windows, allowed = tmp_path / "long.bin", 2000, 40 << 20
    with open(path, "wb") as file:
        for k in range(windows):
            t = k * 1000 + np.arange(10_000) // 10
            # The clock of the format has 23 bits, which hold these two seconds.
            window[:, 2], window[:, 3], window[:, 4] = t >> 16 & 127, t >> 8 & 255, t & 255
            file.write(window.tobytes())
    assert path.stat().st_size > 2 * allowed
    command = [sys.executable, "-c", LONG, str(path), str(allowed), str(windows * 4)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    # In each of the last eight steps, all pixels of the diagonal have had an event.
    assert (done.returncode, done.stdout.split()) == (0, [str(windows), "0", str(8 * 34)]), done.stderr[-2000:]
