"""The scenarios of Lava's own tests, written anew: one row for each, by the name of the test upstream.

Covered are ``tests/lava/proc/{lif,dense,monitor}``, ``proc/io/test_source_sink.py`` and
``tests/lava/magma/core/learning`` of lava-nc 0.10.  Where upstream sends and receives by processes made for the
test, RingBuffers do; where it reads a Var step by step, so does every row here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

FIXED, FLOAT = "fixed_pt", "floating_pt"
Action = int | tuple[str, str, Any]
"""Steps to run, or (process, Var, value) to write."""


@dataclass(frozen=True)
class Scenario:
    """One test of upstream.

    Parameters
    ----------
    origin : str
        Module and name of the test.
    tag : str
        Of the ProcessModels.
    build : callable
        Processes by name, wired.
    actions : tuple
    expect : dict
        Known values at the end, by "process.Var".
    hosted : str
        Part of the engine's warning; then the page of divergences has a row for the scenario.
    on_lava : bool
        Whether Lava's real runtime runs it too, in the normal test run.
    """

    origin: str
    tag: str
    build: Callable[[], SimpleNamespace]
    actions: tuple[Action, ...]
    expect: dict[str, Any] = field(default_factory=dict)
    hosted: str = ""
    on_lava: bool = False


def _sent(n: Any, steps: int, at: Any, value: float, tag: str) -> Any:
    """A source that sends `value` to everyone at some time steps, counted from 0."""
    from lava.proc.io.source import RingBuffer

    shape = n if isinstance(n, tuple) else (n,)
    data = np.zeros((*shape, steps), float if tag == FLOAT else int)
    data[..., at] = value
    return RingBuffer(data=data)


def _kept(port: Any, steps: int) -> Any:
    """A sink behind an OutPort."""
    from lava.proc.io.sink import RingBuffer

    sink = RingBuffer(shape=port.shape, buffer=steps)
    port.connect(sink.a_in)
    return sink


# LIF


def _neurons(name: str, tag: str, n: int, steps: int, sent: tuple[tuple[Any, float], ...], **constants: Any) -> Any:
    """Sources → neurons → sink, a step at a time."""

    def build() -> SimpleNamespace:
        from lava.proc.lif import process

        given = {key: np.full(n, x) if key.startswith("bias") else x for key, x in constants.items()}
        neurons = getattr(process, name)(shape=(n,), **given)
        sources = [_sent(n, steps, at, value, tag) for at, value in sent]
        for source in sources:
            source.s_out.connect(neurons.a_in)
        named = {f"source{k}": source for k, source in enumerate(sources)}
        return SimpleNamespace(lif=neurons, sink=_kept(neurons.s_out, steps), **named)

    return build


def _resets(tag: str, du: int) -> Callable[[], SimpleNamespace]:
    """LIFReset under Monitors."""

    def build() -> SimpleNamespace:
        from lava.proc.lif.process import LIFReset

        timing = {"reset_interval": 4, "reset_offset": 3}
        lif = LIFReset(shape=(10,), u=np.arange(10), du=du, dv=0, vth=100, bias_mant=np.arange(10) + 1, **timing)
        return SimpleNamespace(lif=lif, u=_probe(lif.u, 16), v=_probe(lif.v, 16))

    return build


def _refractory() -> SimpleNamespace:
    from lava.proc.lif.process import LIFRefractory

    bias = {"bias_mant": np.arange(2) + 1, "bias_exp": np.ones(2)}
    lif = LIFRefractory(shape=(2,), u=np.zeros(2), vth=4, refractory_period=1, **bias)
    return SimpleNamespace(lif=lif, v=_probe(lif.v, 8))


def _probe(target: Any, steps: int) -> Any:
    from lava.proc.monitor.process import Monitor

    monitor = Monitor()
    monitor.probe(target, steps)
    return monitor


ONES: Final = tuple(1 for _ in range(8))
"""Eight runs of one step."""
TERNARY_POSITIVE: Final = [0, 1, 2, 9, 10]
NEGATIVE: Final = [3, 4, 5, 6, 7, 8]
QUIET: Final = (((), 0.0),)
LIF_FLOAT: Final = {"bias_mant": 0.0, "bias_exp": 1.0}
LIF_FIXED: Final = {"bias_mant": 0, "bias_exp": 1}


def _row(origin: str, tag: str, build: Any, actions: tuple[Action, ...], **more: Any) -> Scenario:
    return Scenario(origin, tag, build, actions, **more)


def _lif_rows() -> list[Scenario]:
    """proc/lif/test_models.py."""

    def row(
        test: str, cls: str, tag: str, n: int, steps: int, sent: Any, single: bool = False, **rest: Any
    ) -> Scenario:
        known = {key: rest.pop(key) for key in ("expect", "on_lava") if key in rest}
        actions = (1,) * steps if single else (steps,)
        return _row(f"lif/{test}", tag, _neurons(cls, tag, n, steps, sent, **rest), actions, **known)

    one, neg = (([0], 128.0),), (([0], -128.0),)
    both = ((TERNARY_POSITIVE, 1.0), (NEGATIVE, -1.0))
    drift = [8192, 12286, 14331, 15351, 15859, 16111, 16235, 16295]
    return [
        row("test_float_pm_no_decay", "LIF", FLOAT, 10, 10, QUIET, du=0.0, dv=0.0, bias_mant=1.0, bias_exp=1.0,
            vth=4.0),
        row("test_float_pm_impulse_du", "LIF", FLOAT, 1, 8, one, True, du=0.5, dv=0, vth=256.0, **LIF_FLOAT),
        row("test_float_pm_impulse_dv", "LIF", FLOAT, 1, 8, one, True, du=0, dv=0.5, vth=256.0, **LIF_FLOAT),
        row("test_bitacc_pm_no_decay", "LIF", FIXED, 10, 10, QUIET, du=0, dv=0, bias_mant=2, bias_exp=6, vth=8,
            expect={"sink.data": [[0, 0, 0, 0, 1, 0, 0, 0, 0, 1]] * 10}, on_lava=True),
        row("test_bitacc_pm_impulse_du", "LIF", FIXED, 1, 8, one, True, du=2047, dv=0, vth=256, **LIF_FIXED,
            expect={"lif.u": [64]}),
        row("test_bitacc_pm_impulse_dv", "LIF", FIXED, 1, 8, one, True, du=0, dv=2048, vth=256, **LIF_FIXED,
            expect={"lif.v": drift[-1:]}),
        row("test_bitacc_pm_scaling_of_bias", "LIF", FIXED, 1, 1, QUIET, du=0, dv=0, bias_mant=4095, bias_exp=5,
            vth=2**17, expect={"lif.v": [4095 * 32]}),
        row("test_float_pm_neg_no_decay_1", "TernaryLIF", FLOAT, 10, 30, QUIET, du=0.0, dv=0.0, bias_mant=-1.0,
            bias_exp=1.0, vth_lo=-7.0, vth_hi=5.0),
        row("test_float_pm_neg_no_decay_2", "TernaryLIF", FLOAT, 10, 11, both, du=0.0, dv=0.0, vth_lo=-3.0, vth_hi=5.0,
            **LIF_FLOAT),
        row("test_float_pm_neg_impulse_du", "TernaryLIF", FLOAT, 1, 8, neg, True, du=0.5, dv=0, vth_lo=-256.0,
            vth_hi=2.0, **LIF_FLOAT),
        row("test_float_pm_neg_impulse_dv", "TernaryLIF", FLOAT, 1, 8, neg, True, du=0, dv=0.5, vth_lo=-256.0,
            vth_hi=2.0, **LIF_FLOAT),
        row("test_fixed_pm_neg_no_decay_1", "TernaryLIF", FIXED, 5, 10, QUIET, du=0, dv=0, bias_mant=-2, bias_exp=6,
            vth_lo=-8, vth_hi=2, expect={"sink.data": [[0, 0, 0, 0, -1, 0, 0, 0, 0, -1]] * 5}),
        row("test_fixed_pm_neg_no_decay_2", "TernaryLIF", FIXED, 10, 11, both, du=0, dv=0, vth_lo=-3, vth_hi=5,
            **LIF_FIXED),
        row("test_fixed_pm_neg_impulse_du", "TernaryLIF", FIXED, 1, 8, neg, True, du=2047, dv=0, vth_lo=-256, vth_hi=2,
            **LIF_FIXED, expect={"lif.u": [-64]}),
        row("test_fixed_pm_neg_impulse_dv", "TernaryLIF", FIXED, 1, 8, neg, True, du=0, dv=2048, vth_lo=-256, vth_hi=2,
            **LIF_FIXED, expect={"lif.v": [-16295]}, on_lava=True),
        _row("lif/TestTLIFReset.test_float_model", FLOAT, _resets(FLOAT, 0), (16,)),
        _row("lif/TestTLIFReset.test_fixed_model", FIXED, _resets(FIXED, -1), (16,), on_lava=True),
        _row("lif/TestLIFRefractory.test_float_model", FLOAT, _refractory, (8,)),
    ]  # fmt: skip


# Dense


def _dense(tag: str, steps: int, place: Any, values: Any, delays: Any = None, **more: Any) -> Any:
    """A spike of all inputs at step 4 → Dense or DelayDense → sink."""

    def build() -> SimpleNamespace:
        from lava.proc.dense.process import DelayDense, Dense

        weights = np.zeros((3, 4))
        weights[place] = values
        if delays is None:
            dense: Any = Dense(weights=weights, **more)
        else:
            lags = np.zeros((3, 4), int) if not isinstance(delays, int) else delays
            if not isinstance(delays, int):
                lags[place] = delays if len(delays) > 1 else delays[0]
            dense = DelayDense(weights=weights, delays=lags, **more)
        source = _sent(4, steps, [3], 1, tag)
        source.s_out.connect(dense.s_in)
        return SimpleNamespace(dense=dense, source=source, sink=_kept(dense.a_out, steps))

    return build


def _loop(tag: str, delays: int | None) -> Callable[[], SimpleNamespace]:
    """A layer that spikes in every step and feeds itself."""

    def build() -> SimpleNamespace:
        from lava.proc.dense.process import DelayDense, Dense
        from lava.proc.lif.process import LIF

        weights = np.ones((3, 3))
        dense = Dense(weights=weights) if delays is None else DelayDense(weights=weights, delays=delays)
        lif = LIF(shape=(3,), vth=1, bias_mant=100)
        lif.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        return SimpleNamespace(dense=dense, lif=lif)

    return build


def _dense_rows() -> list[Scenario]:
    """proc/dense/test_models.py."""
    from lava.utils.weightutils import SignMode

    out, into = (slice(None), 2), (2, slice(None))
    mixed, many = [300, -300, 39], [300, -300, 39, -0.4]
    excitatory = {"sign_mode": SignMode.EXCITATORY}
    signed = {"sign_mode": SignMode.MIXED}
    fixed = {
        "fan_out_excitatory": (out, [0.5, 300, 40], [0, 1, 2], excitatory, [0, 255, 40]),
        "fan_out_mixed_sign": (out, mixed, 2, signed, [254, -256, 38]),
        "fan_out_weight_exp": (out, mixed, [0, 1, 2], {"weight_exp": 1}, [508, -512, 76]),
        "fan_out_weight_precision": (out, mixed, 2, {"num_weight_bits": 7}, [252, -256, 36]),
        "fan_in_mixed_sign": (into, many, 2, signed, [0, 0, 36]),
    }
    rows = []
    for name, (place, values, delays, more, sums) in fixed.items():
        for suffix, lags, steps in (("", None, 6), ("_delay", delays, 8)):
            data = np.zeros((3, steps))
            for k, total in enumerate(sums):
                lag = 0 if lags is None else lags if isinstance(lags, int) else lags[k]
                data[k, 4 + lag] = total
            build = _dense(FIXED, steps, place, values, lags, **more)
            rows.append(
                _row(f"dense/test_bitacc_pm_{name}{suffix}", FIXED, build, (steps,), expect={"sink.data": data})
            )
    for name, place, values, delays, steps in (
        ("buffer", (2, 2), 1, None, 6),
        ("fan_in", into, [2, -3, 4, -5], None, 6),
        ("fan_out", out, [3, 4, 5], None, 6),
        ("buffer_delay", (2, 2), 1, [2], 8),
        ("fan_in_delay", into, [2, -3, 4, -5], [1, 2, 2, 4], 10),
        ("fan_out_delay", out, [3, 4, 5], 2, 8),
        ("fan_out_delay_2", out, [3, 4, 5], [0, 1, 2], 8),
    ):
        rows.append(_row(f"dense/test_float_pm_{name}", FLOAT, _dense(FLOAT, steps, place, values, delays), (steps,)))
    for test, tag, delays, steps in (
        ("test_float_pm_recurrence", FLOAT, None, 6),
        ("test_float_pm_recurrence_delays", FLOAT, 2, 8),
        ("test_bitacc_pm_recurrence", FIXED, None, 6),
        ("test_bitacc_pm_recurrence_delay", FIXED, 2, 6),
    ):
        rows.append(_row(f"dense/{test}", tag, _loop(tag, delays), (steps,)))
    return rows


# LearningDense: graded spikes


def _graded(mode: str, condition: str, seed: int | None, x1: int) -> Callable[[], SimpleNamespace]:
    """Source of one graded spike → LearningDense, with one post-synaptic spike."""

    def build() -> SimpleNamespace:
        from lava.magma.core.learning.constants import GradedSpikeCfg
        from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
        from lava.proc.dense.process import LearningDense

        traces = {"x1_impulse": 16, "x1_tau": 20, "x2_impulse": 24, "x2_tau": 5}
        rule = Loihi2FLearningRule(dw=f"{condition} * x1", **traces, t_epoch=4, rng_seed=seed)
        config = {"num_message_bits": 8, "graded_spike_cfg": GradedSpikeCfg[mode]}
        dense = LearningDense(weights=np.eye(1) * 10, learning_rule=rule, **config)
        if x1:
            dense.x1.init = np.array([x1])
        pre, post = _sent(1, 5, [1], 51, FIXED), _sent(1, 5, [2], 1, FIXED)
        pre.s_out.connect(dense.s_in)
        post.s_out.connect(dense.s_in_bap)
        return SimpleNamespace(pre=pre, dense=dense, post=post)

    return build


def _graded_rows() -> list[Scenario]:
    """proc/dense/test_learning.py."""
    modes = {"reg_imp": "USE_REGULAR_IMPULSE", "overwrite": "OVERWRITE", "add_sat": "ADD_WITH_SATURATION",
             "add_no_sat": "ADD_WITHOUT_SATURATION"}  # fmt: skip
    rows = []
    for name, mode in modes.items():
        x1, steps = {"reg_imp": (0, 5), "add_no_sat": (115, 10)}.get(name, (15, 5))
        for condition in ("x0", "y0", "u0"):
            known = {("reg_imp", "x0"): 26, ("add_no_sat", "x0"): 22}.get((name, condition))
            for kind, tag, more in (
                ("float", FLOAT, {"hosted": "PyLearningDenseModelFloat"}),
                ("bit_approx", FIXED, {"expect": {} if known is None else {"dense.weights": [[known]]}}),
            ):
                origin = f"dense/test_learning_graded_spike_{name}_{kind}_{condition}_condition"
                rows.append(_row(origin, tag, _graded(mode, condition, 0, x1), (1,) * steps, **more))
    return rows


# STDP


def _stdp(tag: str, pre: Any, post: Any, vth: Any, learning_lif: bool, start: float, **rule: Any) -> Any:
    """LIF → LearningDense → LIF or LearningLIF, driven by their biases."""

    def build() -> SimpleNamespace:
        from lava.proc.dense.process import LearningDense
        from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
        from lava.proc.lif.process import LIF, LearningLIF

        settings = {"learning_rate": 1, "A_minus": -2, "tau_plus": 10, "tau_minus": 10, "rng_seed": 0} | rule
        n, m = len(pre), len(post)
        constants = {"du": 0, "dv": 0, "vth": vth}
        before = LIF(shape=(n,), bias_mant=np.array(pre), **constants)
        dense = LearningDense(weights=np.eye(m, n) * start, learning_rule=STDPLoihi(**settings))
        after = (LearningLIF if learning_lif else LIF)(shape=(m,), bias_mant=np.array(post), **constants)
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(after.a_in)
        after.s_out.connect(dense.s_in_bap)
        return SimpleNamespace(before=before, dense=dense, after=after)

    return build


def _rewarded(tag: str, n: int, m: int) -> Callable[[], SimpleNamespace]:
    """As upstream's R-STDP, with a neuron whose ProcessModel is the user's own."""

    def build() -> SimpleNamespace:
        from lava.proc.dense.process import LearningDense
        from lava.proc.learning_rules.r_stdp_learning_rule import RewardModulatedSTDP
        from lava.proc.lif.process import LIF
        from user_graphs.neurons import RewardedLIF

        decays = {"pre_trace_decay_tau": 10, "post_trace_decay_tau": 10, "eligibility_trace_decay_tau": 0.5}
        sizes = {"pre_trace_kernel_magnitude": 16, "post_trace_kernel_magnitude": 16}
        rule = RewardModulatedSTDP(learning_rate=1, A_plus=4, A_minus=-2, **decays, **sizes, t_epoch=1, rng_seed=0)
        before, after = LIF(shape=(n,), vth=100, bias_mant=3600), RewardedLIF(shape=(m,), learning_rule=rule)
        dense = LearningDense(weights=np.eye(m, n), learning_rule=rule)
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(after.a_in)
        for name in ("bap", "y1", "y2", "y3"):
            getattr(after, f"s_out_{name}").connect(getattr(dense, f"s_in_{name}"))
        return SimpleNamespace(before=before, dense=dense, after=after)

    return build


def _stdp_rows() -> list[Scenario]:
    """proc/dense/test_stdp_sim.py."""
    own = {"hosted": "RewardedLIF"}
    one, two = {"A_plus": 4, "t_epoch": 2}, {"A_plus": 1, "t_epoch": 1}
    many = ([22000, 25000, 26000], [20000, 23000])
    floats = ([0.08, 0.1, 0.11], [0.12, 0.15])
    weight, several = {"dense.weights": [[56]]}, {"dense.weights": [[31, 2, -24], [-64, 30, 14]]}
    single = ([25000], [20000], 10000)
    return [
        _row("dense/test_stdp_floating_point", FLOAT, _stdp(FLOAT, [0.1], [0.15], 1, False, 0, **two), (100,)),
        _row("dense/test_stdp_floating_point_multi_synapse", FLOAT, _stdp(FLOAT, *floats, 1, False, 0, **two), (100,)),
        _row("dense/test_stdp_learning_lif_floating_point", FLOAT, _stdp(FLOAT, [0.1], [0.15], 1, True, 0, **two),
             (100,)),
        _row("dense/test_stdp_bit_approximate", FIXED, _stdp(FIXED, *single, False, 1, **one), (100,), expect=weight,
             on_lava=True),
        _row("dense/test_stdp_bit_approximate_multi_synapse", FIXED, _stdp(FIXED, *many, 10000, False, 0, **two),
             (100,), expect=several),
        _row("dense/test_stdp_learning_lif_bit_approximate", FIXED, _stdp(FIXED, *single, True, 1, **one), (100,),
             expect=weight),
        _row("dense/test_rstdp_floating_point", FLOAT, _rewarded(FLOAT, 1, 1), (1,), **own),
        _row("dense/test_rstdp_floating_point_multi_synapse", FLOAT, _rewarded(FLOAT, 3, 2), (1,), **own),
        _row("dense/test_rstdp_bit_approximate", FIXED, _rewarded(FIXED, 1, 1), (1,), **own),
        _row("dense/test_rstdp_bit_approximate_multi_synapse", FIXED, _rewarded(FIXED, 3, 2), (1,), **own),
    ]  # fmt: skip


# Rules that are changed at run time


def _changed(tag: str, **rule: Any) -> Callable[[], SimpleNamespace]:
    """Source → Dense → LIF → LearningDense → LIF, with a Monitor for each synaptic variable and trace."""

    def build() -> SimpleNamespace:
        from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
        from lava.proc.dense.process import Dense, LearningDense
        from lava.proc.lif.process import LIF

        decay = {FIXED: 4095, FLOAT: 1}[tag]
        constants = {"du": decay, "dv": decay, "vth": 1, "bias_mant": 0}
        source, enter = _sent(1, 20, [3, 13], 1, tag), Dense(weights=np.eye(1) * 2.0)
        before, after = LIF(shape=(1,), **constants), LIF(shape=(1,), **constants)
        dense = LearningDense(
            weights=np.zeros((1, 1)), learning_rule=Loihi2FLearningRule(t_epoch=1, rng_seed=1, **rule)
        )
        source.s_out.connect(enter.s_in)
        enter.a_out.connect((after if "y0" in rule.get("dw", "") else before).a_in)
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(after.a_in)
        after.s_out.connect(dense.s_in_bap)
        watch = {name: _probe(getattr(dense, name), 20) for name in ("x1", "y1", "weights", "tag_1", "tag_2")}
        return SimpleNamespace(source=source, enter=enter, before=before, dense=dense, after=after, **watch)

    return build


def _rule_rows() -> list[Scenario]:
    """magma/core/learning/test_learning_rule.py: what runs there."""
    rows = []
    for kind, tag in (("float", FLOAT), ("fixed", FIXED)):
        for trace in ("x1", "x2", "y1", "y2", "y3"):
            gate = f"{trace[0]}0 * {trace} * 0"
            for what, old, new in (("tau", 2, 10), ("impulse", 16, 32)):
                settings = {f"{trace}_tau": 10, f"{trace}_impulse": 16, f"{trace}_{what}": old}
                writes = (("dense", trace, np.zeros(1)), ("dense", f"{trace}_{what}", np.full(1, new)))
                build = _changed(tag, dw=gate, **settings)
                rows.append(_row(f"learning/test_get_set_{trace}_{what}_{kind}", tag, build, (10, *writes, 10)))
        for rule, var in (("dw", "weights"), ("dt", "tag_1"), ("dd", "tag_2")):
            expect = {f"dense.{var}": [[30]]}
            build = _changed(tag, **{rule: "u0 * 1"})
            actions = (10, ("dense", rule, "u0 *  2 "), 10)
            rows.append(_row(f"learning/test_get_set_{rule}_{kind}", tag, build, actions, expect=expect))
    return rows


# Monitors, source and sink


def _watched(n: Any) -> Callable[[], SimpleNamespace]:
    """A LIF that counts to 3, under two Monitors."""

    def build() -> SimpleNamespace:
        from lava.proc.lif.process import LIF

        lif = LIF(shape=n, vth=3, bias_mant=1)
        return SimpleNamespace(lif=lif, v=_probe(lif.v, 6), s=_probe(lif.s_out, 6))

    return build


def _counter(var: str) -> Callable[[], SimpleNamespace]:
    """A process of the user's own, under a Monitor."""

    def build() -> SimpleNamespace:
        from user_graphs.neurons import Counting

        counter = Counting()
        return SimpleNamespace(counter=counter, watch=_probe(getattr(counter, var), 6))

    return build


def _through() -> SimpleNamespace:
    from lava.proc.io.source import RingBuffer

    source = RingBuffer(data=np.random.default_rng(7739).integers(-128, 128, (64, 64, 16, 10)))
    return SimpleNamespace(source=source, sink=_kept(source.s_out, 10))


def _monitor_rows() -> list[Scenario]:
    """proc/monitor/test_monitors.py and proc/io/test_source_sink.py."""
    own = {"hosted": "Counting"}
    rows = [
        _row(f"monitor/{test}", FIXED, _counter(var), (6,), **own)
        for test, var in (
            ("test_monitor_and_proc_run_without_error", "s"),
            ("test_monitor_with_2D_var", "v"),
            ("test_monitor_collects_correct_data_from_one_var", "s"),
            ("test_monitor_collects_correct_data_from_2D_var", "v"),
        )
    ]
    for test, shape in (
        ("voltage_and_spike_data_from_lif_neuron", (1,)),
        ("voltage_and_spike_data_from_population_lif", (2,)),
        ("data_from_2D_population_lif", (2, 2)),
    ):
        rows.append(
            _row(f"monitor/test_monitor_collects_{test}", FLOAT, _watched(shape), (6,), on_lava=shape == (2, 2))
        )
    rows.append(_row("io/test_source_sink", FLOAT, _through, (10,)))
    return rows


def scenarios() -> list[Scenario]:
    """Every row."""
    return [
        *_lif_rows(), *_dense_rows(), *_graded_rows(), *_stdp_rows(), *_rule_rows(), *_monitor_rows(),
    ]  # fmt: skip


WITHOUT_A_RUN: Final = {
    "lif/test_process.py": 3,
    "dense/test_process.py": 6,
    "dense/test_matrix_weight_delay_expansion": 1,
    "monitor/ constructors, ports, and the compiler": 6,
    "learning/test_learning_rule.py: parsing and validation": 9,
    "learning/test_learning_rule_applier.py": 2,
    "learning/test_product_series.py": 16,
    "learning/test_random.py": 4,
    "learning/test_symbolic_equation.py": 32,
    "learning/test_utils.py": 3,
}
"""Tests upstream that run no process: objects of Lava which the engine takes as they are; how many."""
UPSTREAM_TESTS: Final = 189
"""Tests in the modules named above, lava-nc 0.10."""
