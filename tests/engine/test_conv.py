"""Lava's Conv on the engine: the cases of Lava's own tests, and what its Vars allow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.proc.conv.process import Conv
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from stock_lava import StockGraph

from lava_ed.engine import attach
from lava_ed.errors import ConfigError

pytestmark = pytest.mark.lava
STEPS = 5


def conv_net(shape: tuple[int, int, int], weight: tuple[int, ...], high: int = 2, **options: Any) -> list[Any]:
    """Random input → Conv → LIF → sink; `weight` is (C_out, K_x, K_y, C_in / groups)."""
    rng = np.random.default_rng(8534)
    data = rng.integers(-high + 2 if high > 2 else 0, high, (*shape, STEPS)) * (rng.random((*shape, STEPS)) < 0.5)
    source = Source(data=data)
    conv = Conv(weight=rng.integers(-128, 128, weight), input_shape=shape, **options)
    lif = LIF(shape=conv.output_shape, vth=10, du=2000, dv=500)
    sink = Sink(shape=conv.output_shape, buffer=STEPS)
    source.s_out.connect(conv.s_in)
    conv.a_out.connect(lif.a_in)
    lif.s_out.connect(sink.a_in)
    return [source, conv, lif, sink]


CASES: dict[str, dict[str, Any]] = {
    # Lava's test_process.py: the padding of its Conv, on a smaller image.
    "same size": {"shape": (20, 12, 3), "weight": (8, 3, 5, 3), "padding": (1, 2), "stride": 1},
    # Lava's test_utils.py draws kernels to 9, strides to 5, paddings to 4, dilations to 3, groups to 4.
    "all of it": {
        "shape": (23, 31, 4), "weight": (6, 3, 9, 2), "padding": (4, 1), "stride": (2, 5), "dilation": (3, 2),
        "groups": 2,
    },
    "depthwise": {"shape": (9, 8, 4), "weight": (4, 3, 3, 1), "groups": 4, "dilation": 3, "padding": 3},
    "a channel of groups": {"shape": (7, 9, 3), "weight": (6, 1, 1, 1), "groups": 3, "stride": (3, 2)},
    "as wide as the image": {"shape": (6, 5, 2), "weight": (10, 6, 5, 2)},
    "graded": {"shape": (11, 12, 2), "weight": (5, 3, 3, 2), "high": 200, "num_message_bits": 8, "stride": 2},
    "graded, read as binary": {"shape": (11, 12, 2), "weight": (5, 3, 3, 2), "high": 200},
    "wide payloads": {"shape": (5, 5, 1), "weight": (3, 2, 2, 1), "high": 2**23, "num_message_bits": 24},
    "without effect": {"shape": (8, 8, 1), "weight": (2, 3, 3, 1), "weight_exp": 3, "num_weight_bits": 4},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_var_equals_lavas_model(case: dict[str, Any]) -> None:
    stock, fused = conv_net(**case), conv_net(**case)
    oracle = StockGraph(stock)
    attach(fused[0])
    for step in range(STEPS):
        oracle.step()
        fused[0].run(RunSteps(num_steps=1))
        for one, other in zip(stock, fused, strict=True):
            for var in list(one.vars):
                name = f"{type(one).__name__}.{var.name} at step {step + 1}"
                np.testing.assert_array_equal(getattr(other, var.name).get(), oracle.get(var), err_msg=name)
    assert fused[1].a_buf.get().any()
    assert fused[3].data.get().any()


def test_weights_and_sums_can_be_written() -> None:
    """By hand: one spike in the middle; what stands in the buffer is sent first, the new weights act next."""
    conv = Conv(weight=np.ones((1, 3, 3, 1)), input_shape=(3, 3, 1), padding=1)
    source, sink = Source(data=np.eye(9)[4].reshape(3, 3, 1, 1)), Sink(shape=(3, 3, 1), buffer=3)
    source.s_out.connect(conv.s_in)
    conv.a_out.connect(sink.a_in)
    attach(conv)
    conv.run(RunSteps(num_steps=1))
    assert conv.a_buf.get()[:, :, 0].tolist() == [[1.0] * 3] * 3
    conv.a_buf.set(np.arange(9).reshape(3, 3, 1))
    conv.weight.set(np.arange(9).reshape(1, 3, 3, 1) * -(10**6))
    conv.run(RunSteps(num_steps=2))
    assert sink.data.get()[:, :, 0, 1].reshape(-1).tolist() == list(range(9))
    assert sink.data.get()[:, :, 0, 2].reshape(-1).tolist() == [-k * 10**6 for k in range(9)]


def test_its_geometry_is_fixed() -> None:
    conv = Conv(weight=np.ones((1, 3, 3, 1)), input_shape=(3, 3, 1))
    attach(conv)
    with pytest.raises(ConfigError, match=r"stride cannot be changed"):
        conv.stride.set(np.array([2, 2]))
    with pytest.raises(ConfigError, match="1 to 127"):
        attach(Conv(weight=np.ones((1, 1, 1, 1)), input_shape=(300, 3, 1), stride=200))
