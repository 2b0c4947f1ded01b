"""Floating-point models on the engine: the cases of Lava's own tests, to the last bit, and what they allow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.models import PyLifModelBitAcc
from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import DelaySparse, Sparse
from nets import small_spec
from scipy.sparse import csr_matrix
from stock_lava import StockGraph, value_of

from lava_ed.engine import attach
from lava_ed.engine.families.encoder import LabelNode
from lava_ed.engine.families.float_lif import FloatLIFNode
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError, HostedModelWarning

pytestmark = [
    pytest.mark.lava,
    # Lava's models add entries to a csr_matrix.
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
]
FLOAT = Loihi2SimCfg(select_tag="floating_pt")
STEPS = 12


def impulse(n: int, at: tuple[int, ...], value: float = 1.0) -> Any:
    """A source that sends `value` to everyone at some time steps (from 0)."""
    data = np.zeros((n, STEPS))
    data[:, list(at)] = value
    return Source(data=data)


def neurons(process: Any, *sources: Any) -> list[Any]:
    """Sources → neurons → sink."""
    sink = Sink(shape=process.s_out.shape, buffer=STEPS)
    for source in sources:
        source.s_out.connect(process.a_in)
    process.s_out.connect(sink.a_in)
    return [*sources, process, sink]


def synapse(process: Any, source: Any | None = None) -> list[Any]:
    """Source → synapse → LIF, whose spikes come back through another synapse of the kind, and a sink."""
    source = source or impulse(process.s_in.size, (2, 3), 2.5)
    sink, lif = Sink(shape=process.a_out.shape, buffer=STEPS), LIF(shape=process.a_out.shape, vth=2.0, du=0.3, dv=0.1)
    back = Dense(weights=np.random.default_rng(1).normal(size=(lif.a_in.size, lif.a_in.size)))
    source.s_out.connect(process.s_in)
    process.a_out.connect([sink.a_in, lif.a_in])
    lif.s_out.flatten().connect(back.s_in)
    back.a_out.reshape(lif.a_in.shape).connect(lif.a_in)
    return [source, process, lif, back, sink]


def fan_in() -> Any:
    weights = np.zeros((3, 4))
    weights[2] = [2, -3, 4, -5]
    return weights


def fan_out() -> Any:
    weights = np.zeros((3, 4))
    weights[:, 2] = [3, 4, 5]
    return weights


def drawn(n_post: int, n_pre: int) -> Any:
    """Numbers of which no sum is exact, some of them 0."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(n_post, n_pre)) * (rng.random((n_post, n_pre)) < 0.6)


def noise(shape: tuple[int, ...]) -> Any:
    rng = np.random.default_rng(4)
    return Source(data=rng.normal(size=(*shape, STEPS)) * (rng.random((*shape, STEPS)) < 0.5))


DELAYS = np.arange(12).reshape(3, 4) % 3
CASES: dict[str, Any] = {
    "LIF, bias": lambda: neurons(LIF(shape=(10,), bias_mant=np.ones(10), bias_exp=np.ones(10), vth=4.0)),
    "LIF, impulse, du": lambda: neurons(LIF(shape=(1,), du=0.5, vth=256.0), impulse(1, (2,), 128.0)),
    "LIF, impulse, dv": lambda: neurons(LIF(shape=(1,), dv=0.5, vth=256.0), impulse(1, (2,), 128.0)),
    "LIF, a threshold for each": lambda: neurons(LIF(shape=(3,), vth=256.0 * np.ones(3)), impulse(3, (2,), 200.0)),
    "TernaryLIF, bias": lambda: neurons(TernaryLIF(shape=(10,), bias_mant=-np.ones(10), vth_lo=-7.0, vth_hi=5.0)),
    "TernaryLIF, both signs": lambda: neurons(
        TernaryLIF(shape=(10,), vth_lo=-3.0, vth_hi=5.0), impulse(10, (1, 2, 8)), impulse(10, (4, 5), -2.0)
    ),
    "TernaryLIF, impulse": lambda: neurons(TernaryLIF(shape=(1,), du=0.5, dv=0.1, vth_lo=-256.0), impulse(1, (2,), -9)),
    "LIFReset": lambda: neurons(
        LIFReset(shape=(4,), du=0.3, dv=0.1, bias_mant=0.7, vth=1e9, reset_interval=4, reset_offset=5), impulse(4, (1,))
    ),
    "LIFRefractory": lambda: neurons(LIFRefractory(shape=(1,), bias_mant=2.0, vth=3.0, refractory_period=2)),
    "Dense, fan-in": lambda: synapse(Dense(weights=fan_in())),
    "Dense, fan-out": lambda: synapse(Dense(weights=fan_out())),
    "Dense": lambda: synapse(Dense(weights=drawn(7, 300)), noise((300,))),
    "Dense, one neuron": lambda: synapse(Dense(weights=drawn(1, 300)), noise((300,))),
    "DelayDense": lambda: synapse(DelayDense(weights=fan_in(), delays=DELAYS)),
    "DelayDense, one delay": lambda: synapse(DelayDense(weights=fan_out(), delays=2)),
    "DelayDense, graded": lambda: synapse(
        DelayDense(weights=drawn(5, 200), delays=np.arange(1000).reshape(5, 200) % 4, num_message_bits=8), noise((200,))
    ),
    "Sparse": lambda: synapse(Sparse(weights=csr_matrix(drawn(7, 300))), noise((300,))),
    "Sparse, graded": lambda: synapse(Sparse(weights=csr_matrix(drawn(7, 300)), num_message_bits=8), noise((300,))),
    "DelaySparse": lambda: synapse(DelaySparse(weights=csr_matrix(fan_in()), delays=csr_matrix(DELAYS))),
    "DelaySparse, graded": lambda: synapse(
        DelaySparse(weights=csr_matrix(drawn(5, 200)), delays=3, max_delay=5, num_message_bits=8), noise((200,))
    ),
    "Conv": lambda: synapse(
        Conv(weight=np.random.default_rng(5).normal(size=(4, 3, 2, 1)), input_shape=(9, 8, 2), groups=2, padding=(1, 2),
             stride=(2, 1), dilation=(1, 3)), noise((9, 8, 2)),
    ),
    "Conv, graded": lambda: synapse(
        Conv(weight=np.random.default_rng(5).normal(size=(4, 3, 3, 3)), input_shape=(7, 7, 3), num_message_bits=8),
        noise((7, 7, 3)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("build", CASES.values(), ids=CASES)
def test_every_var_equals_lavas_model(build: Any) -> None:
    stock, fused = build(), build()
    oracle = StockGraph(stock, "floating_pt")
    attach(fused[0], FLOAT)
    for step in range(STEPS):
        oracle.step()
        fused[0].run(RunSteps(num_steps=1))
        for one, other in zip(stock, fused, strict=True):
            for var in list(one.vars):
                if var.name == "vth" and np.size(oracle.models[one].vth) > 1:
                    continue
                name = f"{type(one).__name__}.{var.name} at step {step + 1}"
                np.testing.assert_array_equal(value_of(getattr(other, var.name)), oracle.get(var), err_msg=name)
    assert fused[-1].data.get().any() or fused[-2].v.get().any()


def test_graded_dense_is_equal_but_for_the_order_of_a_product_of_matrices() -> None:
    """numpy leaves the sum to a BLAS library."""
    stock, fused = (synapse(Dense(weights=drawn(9, 300), num_message_bits=8), noise((300,))) for _ in range(2))
    oracle = StockGraph(stock, "floating_pt")
    attach(fused[0], FLOAT)
    for _ in range(STEPS):
        oracle.step()
        fused[0].run(RunSteps(num_steps=1))
        np.testing.assert_allclose(fused[1].a_buff.get(), oracle.get(stock[1].a_buff), rtol=1e-12, atol=1e-12)


def test_monitors_equal_lavas_runtime() -> None:
    """Of a Var and of an OutPort, with the whole of Lava's runtime beside."""

    def net() -> tuple[list[Any], list[Any]]:
        processes = synapse(Dense(weights=drawn(4, 6)), noise((6,)))
        monitors = [Monitor(), Monitor()]
        monitors[0].probe(processes[2].v, STEPS)
        monitors[1].probe(processes[1].a_out, STEPS)
        return processes, [(monitors[0], processes[2].v), (monitors[1], processes[1].a_out)]

    (stock, theirs), (fused, mine) = net(), net()
    attach(fused[0], FLOAT)
    try:
        for processes in (stock, fused):
            processes[0].run(RunSteps(num_steps=STEPS), FLOAT)
        for (one, target), (other, same) in zip(theirs, mine, strict=True):
            expected = one.get_data()[target.process.name][target.name]
            found = other.get_data()[same.process.name][same.name]
            assert np.any(found % 1)
            np.testing.assert_array_equal(found, expected)
    finally:
        stock[0].stop()


def test_constants_of_a_layer_can_be_read_and_written() -> None:
    """By hand; on Lava's own runtime neither works for a number that was given as a float."""
    lif = LIF(shape=(2,), du=0.5, dv=1.0, vth=10.0, bias_mant=np.array([4.0, 6.0]))
    attach(lif, FLOAT)
    assert lif.vth.get().tolist() == [10.0]
    lif.vth.set(np.array([5.5]))
    lif.run(RunSteps(num_steps=1))
    assert lif.v.get().tolist() == [4.0, 0.0]


def test_what_cannot_be_run_says_so() -> None:
    for text, bits in (("x0*y1", 8), ("x0*y0", 0)):
        rule = Loihi2FLearningRule(dw=text, x1_tau=1, y1_tau=1)
        with pytest.raises(HostedModelWarning, match="PyLearningDenseModelFloat"):
            attach(LearningDense(weights=np.ones((2, 2)), learning_rule=rule, num_message_bits=bits), FLOAT)
    for tag in ("floating_pt", "fixed_pt"):
        with pytest.raises(HostedModelWarning, match="PyLif"):
            attach(LIF(shape=(2,), vth=np.array([1.0, 2.0])), Loihi2SimCfg(select_tag=tag))
    source, lif = impulse(2, (1,)), LIF(shape=(2,))
    source.s_out.connect(lif.a_in)
    mixed = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map={LIF: PyLifModelBitAcc})
    with pytest.raises(HostedModelWarning, match="PyLif"):
        attach(lif, mixed)


def test_ours_and_floating_point_models_do_not_mix() -> None:
    """Labels of a net of ours, beside a floating-point neuron."""
    state = {name: np.zeros(1) for name in ("u", "v", "bias_mant", "bias_exp")}
    neuron = FloatLIFNode("lif", (1,), state, {"du": 0.0, "dv": 0.0, "vth": 1.0})
    with pytest.raises(BackendError, match=r"processes of lava_ed\.proc"):
        Program([LabelNode("labels", np.zeros(3, np.int32)), neuron], [], small_spec("std-ed", (8,)).schedule)
