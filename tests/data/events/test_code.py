"""Events become the bytes of a window: by hand, and against a slow reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import SENSOR, some_events

from lava_ed.data.events.code import Encoding, EventCode, step_values
from lava_ed.data.events.recording import EVENT, Recording
from lava_ed.errors import ConfigError, DataError
from lava_ed.network.encoding import encoder_table


def recording(events: np.ndarray, sensor: tuple[int, int] = SENSOR, packet: int = 64) -> Recording:
    packets = [events[k : k + packet] for k in range(0, len(events), packet)]
    return Recording("here", "test", *sensor, lambda: iter(packets))


def slow(events: np.ndarray, code: EventCode, encoder: str, steps: int) -> list[int]:
    """The same, event by event in Python's integers."""
    left, top = code.part(SENSOR)[:2]
    channels, rows, columns = code.shape(SENSOR)
    bins = steps - 1 if encoder == "ttfs" else steps
    begin, end = int(events["t"][0]), int(events["t"][-1])
    per_pixel: dict[tuple[int, int], int] = {}
    for e in events:
        per_pixel[int(e["x"]), int(e["y"])] = per_pixel.get((int(e["x"]), int(e["y"])), 0) + 1
    span = code.count or code.duration or end + 1 - begin - code.start
    result, heard, number = [0] * (channels * rows * columns), {}, 0
    for e in events:
        t, x, y, p = (int(e[name]) for name in EVENT.names)
        if code.polarity in ("on", "off") and p != (code.polarity == "on"):
            continue
        column, row = (x - left) // code.downsample, (y - top) // code.downsample
        if x < left or y < top or column >= columns or row >= rows or t < begin + code.start:
            continue
        if code.hot and per_pixel[x, y] * 10**6 > code.hot * max(end - begin, 1):
            continue
        if code.refractory:
            if (x, y) in heard and t - heard[x, y] < code.refractory:
                continue
            heard[x, y] = t
        at = number if code.count else t - begin - code.start
        if at >= span:
            break
        number += 1
        b = at * bins // span
        i = (p if channels == 2 else 0) * rows * columns + row * columns + column
        if encoder == "bins":
            result[i] |= 1 << b
        elif not result[i]:
            result[i] = b + 1  # the step in which the input is to spike
    return result


CODES = st.builds(
    EventCode,
    region=st.sampled_from(["", "3,2,20,17"]), downsample=st.sampled_from([1, 2, 3]), hot=st.sampled_from([0, 8]),
    refractory=st.sampled_from([0, 20_000]), polarity=st.sampled_from(["both", "merged", "on", "off"]),
    start=st.sampled_from([0, 50_000]), duration=st.sampled_from([0, 100_000]),
) | st.builds(EventCode, count=st.sampled_from([1, 100]), refractory=st.sampled_from([0, 20_000]))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(code=CODES, encoder=st.sampled_from(["ttfs", "bins"]), seed=st.integers(0, 5), steps=st.sampled_from([8, 9, 64]))
def test_rows_are_those_of_the_slow_reference(code, encoder, seed, steps):
    events = some_events(400, seed)
    row = Encoding(code, encoder, steps).encode(recording(events))[0]
    expected = slow(events, code, encoder, steps)
    if encoder == "ttfs":  # the encoder spikes in step T − x
        x = encoder_table("ttfs", steps)[row]
        assert np.where(x, steps - x, 0).tolist() == expected
    else:
        planes = encoder_table("bins", steps)[row].reshape(-(-steps // 8), -1)
        assert [sum(p << 8 * k for k, p in enumerate(bytes_of)) for bytes_of in planes.T.tolist()] == expected


@pytest.mark.parametrize("steps", range(2, 128))
def test_every_step_of_ttfs_is_one_of_the_encoder(steps):
    x = encoder_table("ttfs", steps)[step_values("ttfs", steps)]
    assert (steps - x).tolist() == list(range(1, steps))


def test_by_hand():
    events = np.array([(10, 1, 0, 1), (20, 0, 1, 0), (59, 1, 0, 1), (89, 1, 1, 1)], EVENT)
    code = EventCode(duration=80)
    # off: pixels 00 10 / 01 11, then on; 10 → bit 0, 20 → ⌊10·8/80⌋ = bit 1, 59 → bit 4, 89 → bit 7
    row = Encoding(code, "bins", 8).encode(recording(events, (2, 2)))[0]
    assert row.tolist() == [0, 0, 2, 0, 0, 1 | 16, 0, 128]
    # T − 1 = 4 steps of 20 µs: values 4, 3, 2, 1 of 4, times 255/4
    assert Encoding(code, "ttfs", 5).encode(recording(events, (2, 2)))[0].tolist() == [0, 0, 255, 0, 0, 255, 0, 64]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed=3", "no NAME=VALUE"), ("duration=1e3", "an integer is needed"), ("polarity=up", "unknown"),
        ("downsample=0", "an integer 1"), ("duration=5,count=5", "one of both"), ("region=1:2:3", "written it is like"),
        ("sensor=0x4", "written it is like"), ("windows=2", "duration or the count"),
        ("windows=2000,count=5", "at most 1,024"),
    ],
)  # fmt: skip
def test_what_is_no_code(text, said):
    with pytest.raises(ConfigError, match=said):
        EventCode.parse(text)


def test_a_code_has_to_fit_the_sensor_and_the_encoder():
    events = recording(some_events(10))
    for code, encoder, steps, said in (
        (EventCode(region="30,0,20,20"), "ttfs", 8, "beyond the sensor"),
        (EventCode(downsample=40), "ttfs", 8, "leave none"),
        (EventCode(), "rate", 8, "takes grey levels"),
        (EventCode(), "bins", 65, "at most 64 steps.*steps is 65: take fewer"),
    ):
        with pytest.raises(ConfigError, match=said):
            Encoding(code, encoder, steps).encode(events)


def test_recordings_without_an_event():
    with pytest.raises(DataError, match="holds no event"):
        Encoding(EventCode(), "bins", 8).encode(recording(some_events(0)))
    with pytest.raises(DataError, match="no event is left"):
        Encoding(EventCode(start=10**6, duration=5), "bins", 8).encode(recording(some_events(10)))
