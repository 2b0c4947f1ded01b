"""The LIF kernels against Lava's own models: every state and spike, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc, PyTernLifModelFixed
from lava.proc.lif.process import LIF, LIFReset, TernaryLIF
from stock_lava import build_stock, play, step_stock
from strategies import INT16, decays, edged, far_states, inputs, states, vectors

from lava_ed.kernels.stock.lif import lif_step, scale_threshold, ternary_lif_step

pytestmark = pytest.mark.lava

STOCK = {
    "lif": (LIF, PyLifModelBitAcc),
    "reset": (LIFReset, PyLifResetModelBitAcc),
    "ternary": (TernaryLIF, PyTernLifModelFixed),
}
INPUT_TYPES = (np.int16, np.int32, np.int64)


@st.composite
def neurons(draw, kind):
    """Keyword arguments of a stock process, its inputs' type and its inputs."""
    n = draw(st.integers(1, 5))
    settings_of = {
        "shape": (n,),
        "u": draw(vectors(np.int32, n, far_states())),
        "v": draw(vectors(np.int32, n, states())),
        "du": draw(st.one_of(decays(), st.just(-1))),
        "dv": draw(decays()),
        "bias_mant": draw(vectors(np.int16, n, edged(*INT16, -4096, 4095))),
        "bias_exp": draw(vectors(np.int16, n, edged(-70, 70, 7, 15, 31, 32, 64, -31, -32, -64))),
    }
    thresholds = edged(0, 2**17 - 1)
    if kind == "ternary":
        wide = edged(-(2**31), 2**31 - 1, 2**17 - 1, -(2**17), 2**25, -(2**25))
        low, high = sorted((draw(wide), draw(wide)))
        settings_of |= {"vth_lo": low, "vth_hi": high}
    else:
        settings_of["vth"] = draw(thresholds)
    if kind == "reset":
        settings_of["reset_interval"] = draw(st.integers(1, 4))
        settings_of["reset_offset"] = draw(st.integers(0, 5))
    dtype = draw(st.sampled_from(INPUT_TYPES))
    steps = draw(st.lists(vectors(dtype, n, inputs(dtype)), min_size=1, max_size=5))
    return settings_of, dtype, steps


class KernelNeurons:
    """The same neurons, stepped by the kernels."""

    def __init__(self, kind, given_values):
        self.kind = kind
        self.values = given_values
        n = given_values["shape"][0]
        self.u, self.v = (np.full(n, given_values[key], dtype=np.int32) for key in ("u", "v"))
        self.bias = [np.full(n, given_values[key], dtype=np.int16) for key in ("bias_mant", "bias_exp")]
        self.spikes = np.full(n, 99, dtype=np.int32)
        self.time_step = 0

    def step(self, a_in):
        values = self.values
        self.time_step += 1
        common = (self.u, self.v, a_in, *self.bias, values["du"], values["dv"])
        if self.kind == "ternary":
            low, high = (scale_threshold(values[key], bits=32) for key in ("vth_lo", "vth_hi"))
            return ternary_lif_step(*common, low, high, self.spikes)
        common = (*common, scale_threshold(values["vth"]), self.spikes)
        interval = values["reset_interval"] if self.kind == "reset" else 0
        if interval and self.time_step % interval == values["reset_offset"] % interval:
            self.u[:], self.v[:] = 0, 0
        return lif_step(*common)


def check_against_stock(kind, values, dtype, steps):
    process, model_class = STOCK[kind]
    model, wires = build_stock(process(**values), model_class, {"a_in": dtype})
    mine = KernelNeurons(kind, values)
    for a_in in steps:
        wires["a_in"].send(a_in)
        step_stock(model)
        count = mine.step(a_in)
        spikes = wires["s_out"].recv()
        np.testing.assert_array_equal(mine.u, model.u)
        np.testing.assert_array_equal(mine.v, model.v)
        np.testing.assert_array_equal(mine.spikes, spikes)
        assert count == np.count_nonzero(spikes)


@settings(max_examples=300, deadline=None)
@given(case=neurons("lif"))
def test_lif_equals_stock(case):
    check_against_stock("lif", *case)


@settings(max_examples=100, deadline=None)
@given(case=neurons("reset"))
def test_lif_reset_equals_stock(case):
    check_against_stock("reset", *case)


@settings(max_examples=200, deadline=None)
@given(case=neurons("ternary"))
def test_ternary_lif_equals_stock(case):
    check_against_stock("ternary", *case)


def test_open_input_is_int16_zero():
    """Where nothing is connected, Lava's port delivers int16 zeros."""
    model, _ = build_stock(LIF(shape=(2,)), PyLifModelBitAcc, {})
    received = model.a_in.recv()
    assert received.dtype == np.int16
    assert not received.any()


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (2**23, 2**23),  # the upper end is inside
        (2**23 + 1, -(2**23) + 1),
        (-(2**23), 2**23),  # the lower end is not
        (-(2**23) + 1, -(2**23) + 1),
        (2**24 + 2**23 + 1, 2**23 + 1),  # wrapped only once
    ],
)
def test_current_wraps_in_lavas_own_way(start, expected):
    """Expected values by hand: du = −1 holds u, so the step only wraps it."""
    u, v, zero = np.array([start], np.int32), np.zeros(1, np.int32), np.zeros(1, np.int16)
    lif_step(u, v, zero, zero, zero, -1, 0, 2**40, np.zeros(1, np.int8))
    assert u[0] == expected


def test_threshold_is_strict_and_voltage_saturates():
    """v = 640 does not exceed vth = 10 (·2^6), 641 does; 2^23 + 2^23 ends at 2^23 − 1."""
    u, v = np.zeros(3, np.int32), np.array([640, 641, 2**23 - 1], np.int32)
    bias, exponent = np.array([0, 0, 4095], np.int16), np.array([0, 0, 7], np.int16)
    spikes = np.zeros(3, np.int8)
    arguments = (u, v, np.zeros(3, np.int32), bias, exponent, 0, 0)
    assert lif_step(*arguments, 640, spikes) == 2
    assert spikes.tolist() == [0, 1, 1]
    v[:] = 640, 641, 2**23 - 1
    lif_step(*arguments, 2**40, spikes)
    assert v.tolist() == [640, 641, 2**23 - 1]


RUNTIME_CASES = {
    "lif": {"vth": 120},
    "reset": {"vth": 120, "reset_interval": 3, "reset_offset": 1},
    "ternary": {"vth_lo": -90, "vth_hi": 120},
}


@pytest.mark.parametrize("kind", STOCK)
def test_equals_lavas_runtime(kind):
    """The same through Lava's processes and channels: the driver above leaves nothing out."""
    values = {
        "shape": (4,),
        "u": 0,
        "v": np.array([0, 2**23 - 1, -(2**23) + 1, 5], np.int32),
        "du": 409,
        "dv": 31,
        "bias_mant": np.array([0, -7, 4095, 100], np.int16),
        "bias_exp": np.array([0, 6, 7, -3], np.int16),
        **RUNTIME_CASES[kind],
    }
    data = np.array([[2**17, -(2**17), 300, 2**25], [-(2**17) - 1, 2**30, -300, 0], [1, 2, 3, 4]], np.int32)
    process = STOCK[kind][0](**values)
    source = play(data)
    source.s_out.connect(process.a_in)
    mine = KernelNeurons(kind, values)
    config = Loihi2SimCfg(select_tag="fixed_pt")
    try:
        for t in range(5):
            process.run(condition=RunSteps(num_steps=1), run_cfg=config)
            mine.step(data[t % len(data)])
            np.testing.assert_array_equal(mine.u, process.u.get())
            np.testing.assert_array_equal(mine.v, process.v.get())
    finally:
        process.stop()
