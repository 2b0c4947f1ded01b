"""Our rules on Lava's own LearningDense: that it learns, how much, and where it differs from PlasticDense.

Differences of stock learning, each shown below: it rounds to whole weights with one random number
for all synapses (PlasticDense: to even weights, a number for each), its shift of a product floors
(PlasticDense: rounds towards zero), and it clips at 255 (PlasticDense: 254).
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="the subject is lava-nc, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.model.py.neuron import LearningNeuronModelFixed
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense
from lava.proc.lif.models import AbstractPyLifModelFixed
from lava.proc.lif.process import LearningLIF
from lava.utils.weightutils import SignMode
from stock_lava import build_stock, play, step_stock
from strategies import edged

from lava_ed.kernels.fixed_point import stream_key
from lava_ed.kernels.loihi.plasticity import WORK_ROWS, learn_rows
from lava_ed.learning_rules import MPDED, STDED, AggregatedMPDED

pytestmark = pytest.mark.lava

CONFIG = Loihi2SimCfg(select_tag="fixed_pt")


class Teacher(LearningLIF):
    """A LearningLIF that sends the parts of an error to its learning ports.

    The error is the third factor, or with `regress` the third factor less the synaptic input.
    """

    def __init__(self, *, regress: bool = False, **params):
        super().__init__(du=4095, vth=2**16, regress=regress, **params)
        self.a_last = Var(shape=params["shape"], init=0)


@implements(proc=Teacher, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyTeacherModelFixed(LearningNeuronModelFixed, AbstractPyLifModelFixed):
    """Sends bap, y1, y2 and y3 in every step, which the stock model never does.

    It has the stock model's bases: Lava lets no model derive from one that implements a process.
    """

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_third_factor_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    s_out_bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    s_out_y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    vth: int = LavaPyType(int, np.int32, precision=17)
    a_last: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """Note the input, send the parts of the error."""
        self.a_last[:] = self.a_in.recv()
        error = self.a_third_factor_in.recv()
        if self.proc_params["regress"]:
            error = error - self.a_last
        self.y1[:] = np.clip(error, 0, 127)
        self.y2[:] = np.clip(-error, 0, 127)
        self.s_out.send(np.zeros(self.a_last.shape, np.int32))
        self.s_out_bap.send(np.zeros(self.a_last.shape, bool))
        self.s_out_y1.send(self.y1)
        self.s_out_y2.send(self.y2)
        self.s_out_y3.send(self.y3)


def build(rule, epoch, weights, spikes, third, regress=False):
    """Source → LearningDense → Teacher, and back by the learning ports; data are (steps, n)."""
    lava_rule = rule.to_lava(t_epoch=epoch, seed=3)
    graded = {"graded_spike_cfg": GradedSpikeCfg.OVERWRITE, "num_message_bits": 8} if rule.with_x1 else {}
    return wired(LearningDense(weights=weights, learning_rule=lava_rule, **graded), lava_rule, spikes, third, regress)


def wired(dense, lava_rule, spikes, third, regress=False):
    """A LearningDense with what it gets and its Teacher."""
    teacher = Teacher(shape=(dense.weights.shape[0],), learning_rule=lava_rule, regress=regress)
    play(spikes).s_out.connect(dense.s_in)
    play(third).s_out.connect(teacher.a_third_factor_in)
    dense.a_out.connect(teacher.a_in)
    for name in ("bap", "y1", "y2", "y3"):
        getattr(teacher, f"s_out_{name}").connect(getattr(dense, f"s_in_{name}"))
    return dense, teacher


def learned(dense, steps):
    """Weights after so many steps on Lava's own runtime."""
    try:
        dense.run(condition=RunSteps(num_steps=steps), run_cfg=CONFIG)
        return dense.weights.get().astype(int)
    finally:
        dense.stop()


def kernel_learned(rule, x, delta, shape):
    """Weights after the same epochs by PlasticDense's learning kernel."""
    n_post, n_pre = shape
    w8, rows = np.zeros((n_pre, n_post), np.int8), np.zeros(n_pre, np.int32)
    for epoch, (x_now, d) in enumerate(zip(x, delta, strict=True)):
        events = np.flatnonzero(x_now).astype(np.int32)
        learn_rows(
            w8, rows, events, events.size, x_now.astype(np.int32), int(rule.with_x1),
            np.maximum(d, 0).astype(np.int32), np.maximum(-d, 0).astype(np.int32),
            rule.rate.mantissa, rule.rate.exponent, np.uint64(stream_key(1, epoch, 1, 0)), -1,
            np.zeros((WORK_ROWS, n_post), np.int16), np.zeros((0, n_post), np.int16),
        )  # fmt: skip
    return 2 * w8.T.astype(int)


EPOCHS, PRE, POST = 300, 16, 12
STATISTICS = {
    # rule, largest x, largest |δ|: the sums stay inside the weights' range
    "std-ed": (STDED(2.0**-10), 60, 40),
    "std-ed 5": (STDED(5 * 2.0**-10), 31, 15),
    "mpd-ed": (MPDED(2.0**-7), 1, 100),
    "mpd-ed 3": (MPDED(3 * 2.0**-7), 1, 40),
}


def five_deviations(products, step):
    """Five standard deviations of the sum over epochs when each product is rounded to whole steps."""
    fraction = products / step % 1
    return 5 * step * np.sqrt((fraction * (1 - fraction)).sum(axis=0))


@pytest.mark.parametrize("name", STATISTICS)
def test_stock_learning_has_the_mean_of_the_rule(name):
    """300 epochs of random x and δ: every weight, and the mean of all, against Σ η·x·δ.

    Rounding: variance f·(1 − f) for a fraction f of a step; the step is 1 for stock, 2 for us.
    Shift by 3 bits: stock loses up to 2^a of each product, downwards; we lose it towards zero.
    Trace: y has τ = 65535 in a three-factor rule, and so loses 1 now and then, on average 1/65535.
    The mean of all weights is as uncertain as one of them for stock, which rounds all of them by
    one number, and less by the root of their number for us.
    """
    rule, x_top, d_top = STATISTICS[name]
    rng = np.random.default_rng(11)
    x = rng.integers(1, x_top + 1, (EPOCHS, PRE)) * (rng.random((EPOCHS, PRE)) < 0.7)
    delta = rng.integers(1, d_top + 1, (EPOCHS, POST)) * np.resize([1, -1], POST)
    # Each epoch has two steps: the pre spikes, then the error.
    spikes, third = np.zeros((2 * EPOCHS, PRE)), np.zeros((2 * EPOCHS, POST))
    spikes[0::2] = 2 * x if rule.with_x1 else x
    third[1::2] = delta
    dense, _ = build(rule, 2, np.zeros((POST, PRE), int), spikes, third)
    stock = learned(dense, 2 * EPOCHS)
    mine = kernel_learned(rule, x, delta, stock.shape)

    products = rule.learning_rate * delta[:, :, None] * x[:, None, :]
    expected = products.sum(axis=0)
    shifted = 2.0**rule.rate.exponent * (products != 0).sum(axis=0) * bool(rule.excess)
    trace = 0.005 * np.abs(expected)
    whole, even = five_deviations(products, 1), five_deviations(products, 2)
    assert np.all(stock - expected <= whole + trace)
    assert np.all(expected - stock <= whole + trace + shifted)
    assert np.all(np.abs(mine - expected) <= even + shifted)

    for sign in (1, -1):
        rows = np.flatnonzero(delta[0] * sign > 0)
        mean = np.abs(expected[rows]).mean()
        assert 60 < mean < 180  # far from nothing, and far from the clip at 254
        lost = sign * (expected - mine)[rows].mean()
        error = np.sqrt((even[rows] ** 2).mean() / expected[rows].size)
        assert -error <= lost <= error + shifted[rows].mean()
        assert error < 0.1 * mean
        low, high = -whole[rows].mean() - trace[rows].mean(), whole[rows].mean() + trace[rows].mean()
        assert low <= (expected - stock)[rows].mean() <= high + shifted[rows].mean()


def test_held_trace_waits_for_the_error():
    """x1 = 5 is held from step 1 to the end of a 34-step epoch; two epochs of 5·16/8 = 10."""
    spikes, third = np.zeros((68, 2)), np.zeros((68, 2))
    spikes[[0, 34], 0] = 10  # twice x, as OVERWRITE halves; the other neuron stays silent
    third[[33, 67]] = 16, -16
    dense, _ = build(STDED(2.0**-3), 34, np.zeros((2, 2), int), spikes, third)
    assert learned(dense, 68).tolist() == [[20, 0], [-20, 0]]


@pytest.mark.parametrize("count_shift", [0, 3])
def test_counted_spikes_wait_for_the_summed_error(count_shift):
    """x1 counts 3 spikes and 1 in a 10-step epoch; twice 3·16/8 = 6 and 1·16/8 = 2 a synapse."""
    rule, spikes, third = AggregatedMPDED(2.0**-3, count_shift=count_shift), np.zeros((20, 2)), np.zeros((20, 2))
    for start in (0, 10):
        spikes[[start, start + 1, start + 3], 0] = 1
        spikes[start + 2, 1] = 1
    third[[9, 19]] = 16, -16
    lava_rule = rule.to_lava(t_epoch=10, seed=3)
    dense = LearningDense(weights=np.zeros((2, 2), int), learning_rule=lava_rule)
    wired(dense, lava_rule, spikes, third)
    dense.run(condition=RunSteps(num_steps=10), run_cfg=CONFIG)
    dense.x1.set(np.zeros(2, int))  # a sample's count begins anew, as PlasticDense does it by itself
    assert learned(dense, 10).tolist() == [[12, 4], [-12, -4]]


def test_errors_off_the_end_of_an_epoch_are_lost():
    spikes, third = np.full((8, 2), 20), np.zeros((8, 2))
    third[[0, 4]] = 64  # epochs end with steps 4 and 8
    dense, _ = build(STDED(2.0**-3), 4, np.zeros((2, 2), int), spikes, third)
    assert not learned(dense, 8).any()


PATTERNS = np.array([[1, 1, 1, 1, 0, 0, 1, 0], [0, 1, 0, 1, 1, 1, 0, 1]])
TARGETS = np.array([[300, -200, 60], [-250, 100, 90]])


def test_stock_net_learns_a_supervised_task():
    """Two patterns, three outputs, targets of either sign: the error falls below a weight or two.

    The error closes its loop on Lava's runtime: weights → sum → target − sum → y1, y2 → weights.
    """
    repetitions, epoch = 40, 2
    spikes = np.zeros((2 * epoch * repetitions, 8))
    third = np.zeros((2 * epoch * repetitions, 3))
    for k in range(2 * repetitions):
        spikes[epoch * k] = PATTERNS[k % 2]  # its sum arrives in the epoch's last step
        third[epoch * k + 1] = TARGETS[k % 2]
    dense, teacher = build(MPDED(2.0**-4), epoch, np.zeros((3, 8), int), spikes, third, regress=True)
    errors = []
    try:
        for k in range(2 * repetitions):
            dense.run(condition=RunSteps(num_steps=epoch), run_cfg=CONFIG)
            errors.append(np.abs(TARGETS[k % 2] - teacher.a_last.get()).max())
        weights = dense.weights.get().astype(int)
    finally:
        dense.stop()
    assert errors[0] == 300
    assert max(errors[20:22]) < 100  # y has 7 bits: large errors fall in a straight line
    assert max(errors[-10:]) <= 8
    assert np.abs(PATTERNS @ weights.T - TARGETS).max() <= 8


class ChosenSynapse:
    """A rounding number chosen by the test, in the place of Lava's generator."""

    def __init__(self, value):
        self.random_stochastic_round = value

    def advance(self):
        pass


def one_synapse(rule, weight, x, delta, random):
    """The same update of one weight: by stock LearningDense in this process, by the kernel with its byte."""
    ports = ["s_in", "s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3"]
    graded = {"graded_spike_cfg": GradedSpikeCfg.OVERWRITE, "num_message_bits": 8} if rule.with_x1 else {}
    process = LearningDense(
        weights=np.array([[weight]]), learning_rule=rule.to_lava(seed=1), sign_mode=SignMode.MIXED, **graded
    )
    model, wires = build_stock(process, PyLearningDenseModelBitApproximate, dict.fromkeys(ports, np.int32))
    model._conn_var_random = ChosenSynapse(random)
    model._y_taus = np.full(3, 2**60)  # traces that hold exactly
    sent = {"s_in": 2 * x if rule.with_x1 else 1, "s_in_y1": max(delta, 0), "s_in_y2": max(-delta, 0)}
    for name in ports:
        wires[name].send(np.array([sent.get(name, 0)], np.int32))
    step_stock(model)
    w8, rows = np.array([[weight // 2]], np.int8), np.ones(1, np.int32)
    learn_rows(
        w8, rows, np.zeros(1, np.int32), 1, np.array([x], np.int32), int(rule.with_x1),
        np.array([max(delta, 0)], np.int32), np.array([max(-delta, 0)], np.int32),
        rule.rate.mantissa, rule.rate.exponent, np.uint64(0), 255 - int(random * 256),
        np.zeros((WORK_ROWS, 1), np.int16), np.zeros((0, 1), np.int16),
    )  # fmt: skip
    return int(model.weights.item()), 2 * int(w8[0, 0])


@settings(max_examples=100)
@given(
    weight=edged(-64, 63, -1).map(lambda half: 2 * half), x=st.integers(1, 4), eighth=edged(-15, 15),
    random=st.sampled_from([0.0, 0.25, 0.5, 0.999]), kind=st.sampled_from([STDED, MPDED]),
)  # fmt: skip
def test_equal_where_nothing_is_rounded(weight, x, eighth, random, kind):
    """η = 1/4 and δ = 8·k: the product is an even weight, and both add it, whatever is drawn."""
    rule = kind(2.0**-2)
    expected = weight + 2 * eighth * (x if rule.with_x1 else 1)
    assert one_synapse(rule, weight, x, 8 * eighth, random) == (expected, expected)


@pytest.mark.parametrize(
    ("rule", "weight", "x", "delta", "random", "stock", "mine"),
    [
        # LSB 1 and LSB 2: η·δ = 1 is whole for stock, half a step for us, which 0.4 rounds up and 0.6 down.
        (MPDED(2.0**-2), 10, 1, 4, 0.4, 11, 12),
        (MPDED(2.0**-2), 10, 1, 4, 0.6, 11, 10),
        # A shift by 3: −7 floors to −1 unit of 2^-7, a weight lower with 0.999; ours vanishes.
        (STDED(2.0**-10), 10, 7, -1, 0.999, 9, 10),
        (STDED(2.0**-10), 10, 7, 1, 0.0, 10, 10),
        # Clipping.
        (MPDED(1.0), 250, 1, 100, 0.5, 255, 254),
        (MPDED(1.0), -250, 1, -100, 0.5, -256, -256),
    ],
)  # fmt: skip
def test_known_differences(rule, weight, x, delta, random, stock, mine):
    assert one_synapse(rule, weight, x, delta, random) == (stock, mine)


@settings(max_examples=100)
@given(fraction=st.integers(0, 255), random=st.floats(0, 1, exclude_max=True))
def test_one_byte_makes_stocks_decision(fraction, random):
    """scalar = 255 − ⌊256·u⌋ rounds up exactly where stock's `u < fraction` does, for fractions of 256."""
    byte = 255 - int(random * 256)
    assert (fraction + byte >= 256) == (random < fraction / 256 if fraction else False)
