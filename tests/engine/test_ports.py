"""Virtual ports: reshape, transpose and flatten as Lava's runtime; concat, which Lava cannot run, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from stock_lava import StockGraph

from lava_ed.engine import attach

pytestmark = pytest.mark.lava


def sources(*shapes: tuple[int, ...]) -> tuple[list[Source], list[Any]]:
    """Sources of random integers, and what they send in step 1."""
    rng = np.random.default_rng(len(shapes))
    data = [rng.integers(-9, 10, (*shape, 3)) for shape in shapes]
    return [Source(data=values) for values in data], [values[..., 0] for values in data]


def received(port: Any, shape: tuple[int, ...]) -> Any:
    """What arrives behind a virtual port in step 1."""
    sink = Sink(shape=shape, buffer=1)
    port.connect(sink.a_in)
    attach(sink)
    sink.run(RunSteps(num_steps=1))
    return sink.data.get()[..., 0]


@pytest.mark.parametrize("axis", [0, 1])
def test_concat_joins_along_an_axis(axis: int) -> None:
    shapes = [(2, 3), (2, 3), (2, 3)]
    (a, b, c), values = sources(*shapes)
    expected = np.concatenate(values, axis)
    np.testing.assert_array_equal(received(a.s_out.concat_with([b.s_out, c.s_out], axis), expected.shape), expected)


def test_concat_then_transposed_and_flattened() -> None:
    (a, b), (first, second) = sources((2, 3), (2, 4))
    expected = np.concatenate([first, second], 1).T.ravel()
    np.testing.assert_array_equal(received(a.s_out.concat_with(b.s_out, 1).transpose().flatten(), (14,)), expected)


def test_concat_of_spikes_and_sums_feeds_synapses_and_neurons() -> None:
    """Against the same net with the two inputs side by side in one process."""
    rng = np.random.default_rng(8)
    bias = rng.integers(20, 200, 7)
    weights = rng.integers(-80, 90, (4, 7))
    parts = [LIF(shape=(3,), vth=9, bias_mant=bias[:3]), LIF(shape=(4,), vth=9, bias_mant=bias[3:])]
    dense, tail = Dense(weights=weights), LIF(shape=(8,), vth=30, du=500)
    parts[0].s_out.concat_with(parts[1].s_out, 0).connect(dense.s_in)
    dense.a_out.concat_with(parts[1].s_out, 0).connect(tail.a_in)

    whole, whole_dense = LIF(shape=(7,), vth=9, bias_mant=bias), Dense(weights=weights)
    direct, sums = Dense(weights=weights), LIF(shape=(4,), vth=30, du=500)
    rest, spikes = LIF(shape=(4,), vth=9, bias_mant=bias[3:]), LIF(shape=(4,), vth=30, du=500)
    whole.s_out.connect([whole_dense.s_in, direct.s_in])
    whole_dense.a_out.connect(sums.a_in)
    rest.s_out.connect(spikes.a_in)

    oracle = StockGraph([whole, whole_dense, direct, sums, rest, spikes])
    attach(tail)
    for _ in range(12):
        oracle.step()
        tail.run(RunSteps(num_steps=1))
        expected = np.concatenate([oracle.get(sums.v), oracle.get(spikes.v)])
        np.testing.assert_array_equal(tail.v.get(), expected)
    np.testing.assert_array_equal(dense.a_buff.get(), oracle.get(whole_dense.a_buff))
    assert tail.v.get().any()


def test_lava_itself_runs_no_concat() -> None:
    """So there is nothing to compare with; should this fail, compare with Lava's runtime."""
    (a, b), _ = sources((2,), (3,))
    sink = Sink(shape=(5,), buffer=1)
    a.s_out.concat_with(b.s_out, 0).connect(sink.a_in)
    with pytest.raises(NotImplementedError, match="not yet supported"):
        sink.run(RunSteps(num_steps=1), Loihi2SimCfg(select_tag="fixed_pt"))
