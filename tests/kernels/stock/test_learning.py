"""The learning kernels against Lava's LearningDense: traces, weights and tags, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava.magma.core.learning.random import ConnVarRandom, TraceRandom
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.models import PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense
from lava.utils.weightutils import SignMode
from stock_lava import build_stock, play, step_stock
from strategies import edged, matrices, vectors

from lava_ed.kernels.stock import learning as kernels
from lava_ed.kernels.stock import rule_table
from lava_ed.kernels.stock import traces as trace_kernels
from lava_ed.kernels.stock.dense import truncate_weights

pytestmark = pytest.mark.lava

X_TRACES, Y_TRACES = ("x1", "x2"), ("y1", "y2", "y3")
SIGN_MODES = [SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY]


class LavaRandom:
    """Stock Lava's stream: trace generators advance twice a step, the synaptic one once an epoch."""

    def __init__(self, seed):
        self.x = TraceRandom(seed_trace_decay=seed, seed_impulse_addition=seed + 1)
        self.y = TraceRandom(seed_trace_decay=seed + 2, seed_impulse_addition=seed + 3)
        self.synapse = ConnVarRandom()


class ChosenTrace:
    """Trace random numbers chosen by the test, in the place of Lava's generator."""

    def __init__(self, decay, impulse):
        self.random_trace_decay, self.random_impulse_addition = decay, impulse

    def advance(self):
        pass


class ChosenSynapse:
    """A rounding number chosen by the test, in the place of Lava's generator."""

    def __init__(self, value):
        self.random_stochastic_round = value

    def advance(self):
        pass


class KernelLearning:
    """Plasticity of a LearningDense on the kernels, in the order in which a step runs."""

    def __init__(self, rule, randoms, weights, tag_2, tag_1, sign_mode, graded, skip_idle=False):
        self.rule, self.randoms, self.graded, self.skip_idle = rule, randoms, graded, skip_idle
        self.table = rule_table.compile_rule(rule)
        self.limits = rule_table.synapse_limits(sign_mode.value)
        self.three_factor = isinstance(rule, Loihi3FLearningRule)
        sides = (("x", X_TRACES), ("y", Y_TRACES))
        self.impulses, self.factors = {}, {}
        for side, names in sides:
            self.impulses[side] = trace_kernels.split_impulses([getattr(rule, f"{n}_impulse") for n in names])
            self.factors[side] = trace_kernels.decay_factors([getattr(rule, f"{n}_tau") for n in names])
        post, pre = weights.shape
        self.x, self.y = np.zeros((2, pre), np.int32), np.zeros((3, post), np.int32)
        self.tx, self.ty = np.zeros(pre, np.int32), np.zeros(post, np.int32)
        self.synapses = [np.ascontiguousarray(v.T) for v in (weights, tag_2, tag_1)]
        self.scratch = np.full((kernels.SCRATCH_ROWS, post), 77, np.int32)
        self.time_step = 0
        self.visited = None

    def step(self, s_in, bap, third):
        self.time_step += 1
        when = (self.time_step - 1) % self.rule.t_epoch + 1
        trace_kernels.receive_pre_spikes(s_in, int(self.graded), when, self.x, self.tx, *self.impulses["x"])
        self.advance()
        impulse = self.randoms.y.random_impulse_addition
        trace_kernels.receive_post_spikes(bap, when, self.y, self.ty, impulse, *self.impulses["y"])
        if self.three_factor:
            self.y[:] = third
        self.advance()
        if when == self.rule.t_epoch:
            self.learn()

    def advance(self):
        self.randoms.x.advance()
        self.randoms.y.advance()

    def history(self, side, traces, spikes):
        random = getattr(self.randoms, side)
        history = np.full((self.rule.t_epoch + 1, *traces.shape), 55, np.int32)
        draws = (random.random_trace_decay, random.random_impulse_addition)
        trace_kernels.trace_history(traces, spikes, self.factors[side], *draws, *self.impulses[side], history)
        return history

    def learn(self):
        self.randoms.synapse.advance()
        x_history = self.history("x", self.x, self.tx)
        y_history = self.history("y", self.y, self.ty)
        self.x[:] = x_history[-1]
        if not self.three_factor:
            self.y[:] = y_history[-1]
        table = self.table
        u_active = kernels.decimation_active(self.time_step, self.rule.t_epoch, table.decimate_exponent)
        self.visited, self.effective = kernels.apply_rule(
            table.products, table.factors, table.ranges, self.limits, u_active,
            self.randoms.synapse.random_stochastic_round, x_history, y_history, self.tx, self.ty,
            *self.synapses, self.scratch, self.skip_idle,
        )  # fmt: skip
        self.tx[:] = 0
        self.ty[:] = 0


def assert_same_state(mine, read):
    """Compare every Var; `read` gives one of the stock model by its name."""
    for names, traces in ((X_TRACES, mine.x), (Y_TRACES, mine.y)):
        for k, name in enumerate(names):
            np.testing.assert_array_equal(traces[k], read(name), err_msg=name)
    np.testing.assert_array_equal(mine.tx, read("tx"), err_msg="tx")
    np.testing.assert_array_equal(mine.ty, read("ty"), err_msg="ty")
    np.testing.assert_array_equal(mine.ty > 0, read("y0"), err_msg="y0")
    for name, values in zip(("weights", "tag_2", "tag_1"), mine.synapses, strict=True):
        np.testing.assert_array_equal(values.T, read(name), err_msg=name)


constants = st.one_of(
    edged(-300, 300, -128, 127).map(lambda c: f"{c:+d}"),
    st.sampled_from(["+2^-1", "-2^-1", "-3*2^-2", "+2^4"]),
)
variables = st.sampled_from([*X_TRACES, *Y_TRACES, "w", "d", "t"])
factors = st.one_of(
    variables,
    st.sampled_from([*X_TRACES, *Y_TRACES]),
    st.tuples(st.sampled_from([*X_TRACES, *Y_TRACES, "w", "d", "t", "x0", "y0"]), constants).map(
        lambda pair: f"({pair[0]}{pair[1]})"
    ),
    st.sampled_from(["w", "d", "t"]).map(lambda name: f"sgn({name})"),
    st.tuples(st.sampled_from(["w", "d", "t"]), constants).map(lambda pair: f"sgn({pair[0]}{pair[1]})"),
    st.sampled_from(["x0", "y0"]),
)


@st.composite
def products(draw, decimation):
    """One product: scale, dependency and up to five factors (five overflow 32 bits)."""
    scale = f"{draw(st.integers(1, 7))}*2^{draw(edged(-7, 8))}"
    dependency = draw(st.sampled_from(["x0", "y0", f"u{decimation}"]))
    return "*".join([scale, dependency, *draw(st.lists(factors, max_size=5))])


@st.composite
def equations(draw, decimation):
    """A sum of one to three products, each with either sign."""
    text = draw(products(decimation))
    for _ in range(draw(st.integers(0, 2))):
        text += draw(st.sampled_from([" + ", " - "])) + draw(products(decimation))
    return draw(st.sampled_from(["", "-"])) + text


impulse_values = st.one_of(st.sampled_from([0, 0.25, 16, 63.5, 126.999, 127, 200]), st.floats(0, 127))
tau_values = st.one_of(st.sampled_from([0, 1, 2, 10, 0.5, 2**32]), st.integers(1, 5000))


@st.composite
def rules(draw):
    """A learning rule of two or three factors, with one, two or three targets."""
    decimation = draw(st.integers(0, 2))
    targets = draw(st.sets(st.sampled_from(["dw", "dd", "dt"]), min_size=1))
    arguments = {target: draw(equations(decimation)) for target in sorted(targets)}
    cls = draw(st.sampled_from([Loihi2FLearningRule, Loihi3FLearningRule]))
    names = X_TRACES if cls is Loihi3FLearningRule else X_TRACES + Y_TRACES
    for name in names:
        arguments[f"{name}_impulse"] = draw(impulse_values)
        arguments[f"{name}_tau"] = draw(tau_values)
    t_epoch = draw(st.integers(1, 4))
    return cls(**arguments, t_epoch=t_epoch, rng_seed=draw(st.integers(0, 10)))


random_numbers = st.one_of(
    st.sampled_from([0.0, 1 / 128, 0.5, 64 / 128, 127 / 128, np.nextafter(1, 0), np.nextafter(0.5, 0)]),
    st.floats(0, 1, exclude_max=True),
)


@st.composite
def chosen_randoms(draw):
    """Random numbers at the edges of both roundings."""

    class Chosen:
        x = ChosenTrace(draw(random_numbers), draw(edged(0, 127, 64)))
        y = ChosenTrace(draw(random_numbers), draw(edged(0, 127, 64)))
        synapse = ChosenSynapse(draw(random_numbers))

    return Chosen


@st.composite
def layers(draw):
    """A LearningDense, its rule, its initial traces and a few steps of input."""
    post, pre = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rule = draw(rules())
    # Not beyond ±2^30, where Lava's w + c overflows 32 bits before it is clipped to 10.
    far = edged(-(2**30), 2**30, 2**24, 2**25, -(2**24))
    synapse = draw(st.sampled_from([edged(-256, 255), edged(-600, 600), far]))
    arguments = {
        "weights": draw(matrices(np.int64, (post, pre), synapse)),
        "tag_2": draw(matrices(np.int64, (post, pre), edged(-300, 300, 255))),
        "tag_1": draw(matrices(np.int64, (post, pre), edged(-300, 300, 255, -257, 2**30, -(2**40)))),
        "num_message_bits": draw(st.sampled_from([0, 8])),
        "graded_spike_cfg": draw(st.sampled_from(GradedSpikeCfg)),
        "sign_mode": draw(st.sampled_from(SIGN_MODES)),
        "num_weight_bits": draw(st.sampled_from([8, 8, 6])),
    }
    x = draw(matrices(np.int32, (2, pre), edged(0, 127)))
    if draw(st.booleans()):
        x[0] = draw(vectors(np.int32, pre, edged(0, 255)))
    y = draw(matrices(np.int32, (3, post), edged(0, 127)))
    payloads = st.one_of(st.integers(0, 1), edged(-600, 600, 254, 255, 256, 510, 2**23))
    third = st.one_of(edged(0, 127), edged(-300, 300, 2**23))
    step = st.tuples(
        vectors(np.int32, pre, payloads),
        vectors(np.int32, post, st.integers(0, 1)),
        matrices(np.int32, (3, post), third),
    )
    steps = draw(st.lists(step, min_size=rule.t_epoch, max_size=3 * rule.t_epoch))
    return rule, arguments, x, y, steps


def build_pair(rule, arguments, randoms, skip_idle=False):
    """Stock model in this process, and the same layer on the kernels."""
    ports = ["s_in", "s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3"]
    process = LearningDense(learning_rule=rule, **arguments)
    model, wires = build_stock(process, PyLearningDenseModelBitApproximate, dict.fromkeys(ports, np.int32))
    mode, bits = arguments["sign_mode"], arguments["num_weight_bits"]
    # Stock LearningDense truncates its weights at the first step, and does not clip them.
    weights = truncate_weights(arguments["weights"], mode.value, bits)
    tags = arguments["tag_2"], arguments["tag_1"]
    mine = KernelLearning(rule, randoms, weights, *tags, mode, arguments["graded_spike_cfg"], skip_idle)
    return model, wires, mine


def feed(wires, s_in, bap, third):
    wires["s_in"].send(s_in)
    wires["s_in_bap"].send(bap)
    for k, name in enumerate(Y_TRACES):
        wires[f"s_in_{name}"].send(third[k])


def run_both(model, wires, mine, binary, steps):
    for s_in, bap, third in steps:
        feed(wires, s_in, bap, third)
        step_stock(model)
        mine.step((s_in != 0).astype(np.int32) if binary else s_in, bap, third)
        assert_same_state(mine, lambda name: getattr(model, name))


@settings(max_examples=150, deadline=None)
@given(layer=layers(), randoms=chosen_randoms())
def test_learning_equals_stock(layer, randoms):
    """Any rule, mode and input, with random numbers at the edges of the roundings."""
    rule, arguments, x, y, steps = layer
    model, wires, mine = build_pair(rule, arguments, randoms)
    model._x_random, model._y_random, model._conn_var_random = randoms.x, randoms.y, randoms.synapse
    mine.x[:], mine.y[:] = x, y
    model.x1, model.x2 = x.astype(int)
    model.y1, model.y2, model.y3 = y.astype(int)
    run_both(model, wires, mine, arguments["num_message_bits"] == 0, steps)


@settings(max_examples=30, deadline=None)
@given(layer=layers())
def test_random_stream_equals_stock(layer):
    """With Lava's own generators on both sides: when and how often each is advanced."""
    rule, arguments, _, _, steps = layer
    model, wires, mine = build_pair(rule, arguments, LavaRandom(rule.rng_seed))
    run_both(model, wires, mine, arguments["num_message_bits"] == 0, steps)


@settings(max_examples=60, deadline=None)
@given(layer=layers(), randoms=chosen_randoms())
def test_idle_rows_may_be_skipped(layer, randoms):
    """Once all variables are within their limits, passing over idle pre neurons changes nothing."""
    rule, arguments, _, _, steps = layer
    limits = rule_table.synapse_limits(arguments["sign_mode"].value)
    for name, (low, high) in zip(("weights", "tag_2", "tag_1"), limits, strict=True):
        arguments[name] = np.clip(arguments[name], low, high)
    model, wires, mine = build_pair(rule, arguments, randoms, skip_idle=True)
    model._x_random, model._y_random, model._conn_var_random = randoms.x, randoms.y, randoms.synapse
    run_both(model, wires, mine, arguments["num_message_bits"] == 0, steps)


PLAIN = {
    "num_message_bits": 0,
    "graded_spike_cfg": GradedSpikeCfg.USE_REGULAR_IMPULSE,
    "sign_mode": SignMode.MIXED,
    "num_weight_bits": 8,
}


@pytest.mark.parametrize("equation", ["7*x0*w*w*w*w*t", "-x0*d*w*(t+200)*w*d*t*w", "3*2^8*u0*w*w*w"])
def test_products_wider_than_the_word_equal_stock(equation):
    """Products that overflow 32 bits, and shifts to the right by more than 31."""
    rng = np.random.default_rng(1)
    synapses = {name: rng.integers(-256, 256, (20, 20)) for name in ("weights", "tag_2", "tag_1")}
    rule = Loihi3FLearningRule(dw=equation, dt=equation, rng_seed=1)
    model, wires, mine = build_pair(rule, synapses | PLAIN, LavaRandom(1))
    nothing = np.zeros((3, 20), np.int32)
    run_both(model, wires, mine, True, [(np.ones(20, np.int32), nothing[0], nothing)])


@pytest.mark.parametrize(("random", "expected"), [(126 / 128, -256), (127 / 128, -257)])
def test_lowest_tag_equals_stock(random, expected):
    """−257·128 is cut to −2^15 − 1 = −257·128 + 127: an idle epoch rounds it up, mostly."""
    synapses = {name: np.full((1, 1), -257) for name in ("weights", "tag_2", "tag_1")}
    rule = Loihi3FLearningRule(dt="x0*x1", rng_seed=1)

    class Chosen:
        x = y = ChosenTrace(0.5, 0)
        synapse = ChosenSynapse(random)

    model, wires, mine = build_pair(rule, synapses | PLAIN, Chosen, skip_idle=True)
    model._conn_var_random = Chosen.synapse
    nothing = np.zeros((3, 1), np.int32)
    run_both(model, wires, mine, True, [(nothing[0], nothing[0], nothing)])
    assert model.tag_1.item() == expected


def test_skipping_visits_only_what_can_change():
    """x0: pre neurons that spiked; y0: all, where a post neuron spiked; u: all, in its epochs."""
    arguments = {name: np.zeros((2, 3), int) for name in ("weights", "tag_2", "tag_1")} | PLAIN
    third = np.zeros((3, 2), np.int32)
    pre, silent, post = np.array([0, 1, 0]), np.array([0, 0]), np.array([0, 1])
    expected = {"x0*y1": (1, 1), "y0*x1": (0, 3), "u1*w": (0, 3)}
    for equation, visits in expected.items():
        rule = Loihi3FLearningRule(dw=equation, t_epoch=1)
        _, _, mine = build_pair(rule, arguments, LavaRandom(1), skip_idle=True)
        seen = []
        for bap in (silent, post):
            mine.step(pre, bap, third)
            seen.append(mine.visited)
        assert tuple(seen) == visits, equation


def test_rule_table_by_hand():
    """2^-3·x0·(x1 + 2)·y1 − 3·y0·sgn(w): widths 4 + 7 + 7 and 4 + 9, exponents 2^(e + 7)."""
    rule = Loihi3FLearningRule(dw="2^-3*x0*(x1+2)*y1 - 3*y0*sgn(w)")
    table = rule_table.compile_rule(rule)
    assert table.products.tolist() == [[0, 1, 3, 4, 0, 2], [1, -3, 0, 7, 2, 3]]
    assert table.factors.tolist() == [[1, 4, 0, 128], [4, 0, 0, 128], [7, 0, 1, 512]]
    assert table.ranges.tolist() == [[0, 2], [0, 0], [0, 0]]
    assert table.decimate_exponent == -1


def test_rounding_compares_strictly():
    """A fraction of 64/128 rounds up for random < 1/2 only."""
    assert (64 + kernels.rounding_offset(0.5)) >> 7 == 0
    assert (64 + kernels.rounding_offset(np.nextafter(0.5, 0))) >> 7 == 1
    assert kernels.rounding_offset(0.0) == 127
    assert kernels.rounding_offset(np.nextafter(1, 0)) == 0


RUNTIME_CASES = {
    "two_factor": (
        Loihi2FLearningRule,
        {"dw": "2^-2*x0*y1*x1 - 2^-4*y0*x2*(w+3)", "dt": "u1*x1 - 2*y0*t", "y1_impulse": 33.3, "y1_tau": 7},
        {"graded_spike_cfg": GradedSpikeCfg.ADD_WITHOUT_SATURATION, "num_message_bits": 8},
    ),
    "three_factor": (
        Loihi3FLearningRule,
        {"dw": "2^-2*x0*x1*y1 - 2^-2*x0*x1*y2", "dd": "x0*y3"},
        {"graded_spike_cfg": GradedSpikeCfg.USE_REGULAR_IMPULSE, "num_message_bits": 0},
    ),
}


@pytest.mark.parametrize("kind", RUNTIME_CASES)
def test_equals_lavas_runtime(kind):
    """The same through Lava's processes and channels: the driver above leaves nothing out."""
    cls, equations_of, options = RUNTIME_CASES[kind]
    rule = cls(**equations_of, x1_impulse=20.7, x1_tau=12, x2_impulse=64, x2_tau=3, t_epoch=2, rng_seed=5)
    rng = np.random.default_rng(3)
    arguments = {
        "weights": rng.integers(-256, 256, (4, 3)),
        "tag_2": rng.integers(0, 64, (4, 3)),
        "tag_1": rng.integers(-256, 256, (4, 3)),
        "sign_mode": SignMode.MIXED,
        "num_weight_bits": 8,
        **options,
    }
    length = 6
    s_in = rng.integers(0, 2, (length, 3)) * rng.integers(1, 256, (length, 3))
    bap = rng.integers(0, 2, (length, 4))
    third = rng.integers(0, 128, (3, length, 4))
    _, _, mine = build_pair(rule, arguments, LavaRandom(rule.rng_seed))
    process = LearningDense(learning_rule=rule, **arguments)
    ports = [process.s_in, process.s_in_bap, process.s_in_y1, process.s_in_y2, process.s_in_y3]
    for port, data in zip(ports, (s_in, bap, *third), strict=True):
        play(data).s_out.connect(port)
    try:
        for t in range(length):
            process.run(condition=RunSteps(num_steps=1), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            received = s_in[t] if arguments["num_message_bits"] else s_in[t] != 0
            mine.step(received.astype(np.int32), bap[t], third[:, t].astype(np.int32))
            assert_same_state(mine, lambda name: getattr(process, name).get())
    finally:
        process.stop()
