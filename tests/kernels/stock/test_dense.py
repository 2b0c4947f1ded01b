"""The Dense kernels against Lava's own model: prepared weights, buffers and messages, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.models import PyDenseModelBitAcc
from lava.proc.dense.process import Dense
from lava.utils.weightutils import SignMode
from stock_lava import build_stock, play, step_stock
from strategies import INT32, edged, matrices, vectors

from lava_ed.errors import WeightError
from lava_ed.kernels.stock.dense import (
    accumulate_delayed,
    accumulate_events,
    accumulate_graded_events,
    advance_delays,
    clip_weights,
    dominant_sign_mode,
    scale_accumulator,
    truncate_weights,
    weight_limits,
)

pytestmark = pytest.mark.lava


def vector_sums(by_pre, s_in, graded, dtype):
    """Sums of weights of the spikes, or of weights times payloads, modulo the width of a type."""
    received = np.asarray(s_in if graded else s_in != 0)
    return received.astype(dtype) @ by_pre.astype(dtype)


class KernelDense:
    """The same connection on the kernels, with Lava's matrix transposed."""

    def __init__(self, weights, sign_mode, weight_bits, weight_exp, message_bits, payload_type):
        mode = dominant_sign_mode(weights) if sign_mode is None else sign_mode.value
        self.weights = truncate_weights(clip_weights(weights, mode), mode, weight_bits)
        self.by_pre = np.ascontiguousarray(self.weights.T)
        self.weight_exp = weight_exp
        self.graded = message_bits > 0
        # Lava sums binary spikes in int64, graded ones in the type that weights·payloads have.
        dtype = np.promote_types(np.int32, payload_type) if self.graded else np.int64
        self.dtype = dtype
        self.a_buff = np.zeros(len(weights), dtype)

    def step(self, s_in):
        sent = self.a_buff.astype(np.int32)
        scale_accumulator(vector_sums(self.by_pre, s_in, self.graded, self.dtype), self.weight_exp, self.a_buff)
        return sent


weight_values = st.one_of(edged(-256, 255), edged(-400, 400), edged(*INT32))
sign_modes = st.sampled_from([None, *SignMode])


@st.composite
def connections(draw):
    """Arguments of a connection, the type of its payloads, and the payloads."""
    post, pre = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    weights = draw(matrices(np.int32, (post, pre), weight_values))
    if draw(st.booleans()):
        weights = np.abs(weights // 2) * draw(st.sampled_from([1, -1]))
    message_bits = draw(st.sampled_from([0, 1, 8, 24]))
    payload_type = draw(st.sampled_from([np.int8, np.int32, np.int64]))
    info = np.iinfo(payload_type)
    payloads = edged(max(info.min, -(2**31)), min(info.max, 2**31 - 1), 2, 100)
    spikes = st.one_of(st.integers(0, 1), payloads)
    steps = draw(st.lists(vectors(payload_type, pre, spikes), min_size=1, max_size=4))
    arguments = {
        "weights": weights,
        "sign_mode": draw(sign_modes),
        "num_weight_bits": draw(st.one_of(st.integers(1, 8), st.sampled_from([9, 10]))),
        "weight_exp": draw(edged(-9, 8, -40, 31, 32, 63, 64, 70, -64)),
        "num_message_bits": message_bits,
    }
    return arguments, payload_type, steps


def names(arguments):
    return [arguments[key] for key in ("weights", "sign_mode", "num_weight_bits", "weight_exp")]


@settings(max_examples=400, deadline=None)
@given(case=connections())
def test_dense_equals_stock(case):
    arguments, payload_type, steps = case
    model, wires = build_stock(Dense(**arguments), PyDenseModelBitAcc, {"s_in": payload_type})
    mine = KernelDense(*names(arguments), arguments["num_message_bits"], payload_type)
    for s_in in steps:
        wires["s_in"].send(s_in)
        step_stock(model)
        sent = mine.step(s_in)
        np.testing.assert_array_equal(sent, wires["a_out"].recv())
        np.testing.assert_array_equal(mine.a_buff, model.a_buff)
    np.testing.assert_array_equal(mine.weights, model.weights)


@settings(max_examples=100, deadline=None)
@given(
    weights=matrices(np.int32, (3, 4), edged(-256, 255)),
    s_in=vectors(bool, 4, st.booleans()),
    weight_exp=st.integers(-8, 7),
)
def test_narrow_storage_changes_nothing(weights, s_in, weight_exp):
    """int16 weights, an int32 sum and an int32 buffer, as the engine keeps them, give the same."""
    results = []
    for weight_type, sum_type in ((np.int32, np.int64), (np.int16, np.int32)):
        a_buff = np.zeros(3, sum_type)
        scale_accumulator(vector_sums(weights.T.astype(weight_type), s_in, False, sum_type), weight_exp, a_buff)
        results.append(a_buff)
    np.testing.assert_array_equal(*results)


def test_weight_preparation_by_hand():
    """Mixed loses the lowest bit downwards, inhibitory by magnitude; six bits lose two more."""
    weights = np.array([[-300, -7, 7, 300]])
    assert truncate_weights(clip_weights(weights, 1), 1).tolist() == [[-256, -8, 6, 254]]
    assert truncate_weights(clip_weights(weights, 2), 2, 6).tolist() == [[0, 0, 4, 252]]
    assert truncate_weights(clip_weights(weights, 3), 3, 6).tolist() == [[-252, -4, 0, 0]]


def test_unknown_sign_mode_is_refused():
    with pytest.raises(WeightError, match="sign_mode 4"):
        weight_limits(4)


@pytest.mark.parametrize(("message_bits", "weight_exp"), [(0, 3), (8, -2), (24, 7)])
def test_equals_lavas_runtime(message_bits, weight_exp):
    """The same through Lava's processes and channels: the driver above leaves nothing out."""
    weights = np.array([[-256, 255, 3], [17, -300, 999], [1, 2, -3], [254, 254, 254]])
    data = np.array([[1, 0, 7], [255, -3, 2**23], [0, 0, 0], [2**30, 1, 1]], np.int32)
    process = Dense(weights=weights, weight_exp=weight_exp, num_message_bits=message_bits, num_weight_bits=7)
    mine = KernelDense(weights, None, 7, weight_exp, message_bits, np.int32)
    source = play(data)
    source.s_out.connect(process.s_in)
    config = Loihi2SimCfg(select_tag="fixed_pt")
    try:
        for s_in in data:
            process.run(condition=RunSteps(num_steps=1), run_cfg=config)
            mine.step(s_in)
            np.testing.assert_array_equal(mine.a_buff, process.a_buff.get())
        np.testing.assert_array_equal(mine.weights, process.weights.get())
    finally:
        process.stop()


@given(
    weights=matrices(np.int16, (4, 3), edged(-(2**15), 2**15 - 1)),
    payloads=vectors(np.int32, 4, st.one_of(st.just(0), edged(*INT32))),
)
def test_a_list_of_events_gives_the_same_sums(weights, payloads):
    events = np.flatnonzero(payloads).astype(np.int32)
    for graded, by_events in (
        (False, lambda total: accumulate_events(weights, events, events.size, total)),
        (True, lambda total: accumulate_graded_events(weights, events, payloads, events.size, total)),
    ):
        found = np.full(3, 77, np.int32)
        by_events(found)
        np.testing.assert_array_equal(found, vector_sums(weights, payloads, graded, np.int32))


def test_delays_by_hand():
    """Delay 0 is sent in the next step, delay 1 one later; slot 2 has none, and a delay of 3 no slot."""
    weights, delays = np.array([[2, 4], [6, 8]], np.int16), np.array([[0, 1], [1, 3]], np.int16)
    sums, scaled = np.zeros((2, 3), np.int64), np.zeros(3, np.int64)
    accumulate_delayed(weights, delays, np.array([0, 1]), np.array([1, 10], np.int32), 2, sums)
    assert sums.tolist() == [[2, 60, 0], [0, 4, 0]]
    a_buff = np.array([[100, 200, 300], [1, 2, 3]], np.int32)
    advance_delays(sums, 1, scaled, a_buff)
    assert a_buff.tolist() == [[204, 420, 0], [2, 11, 0]]
