"""The front end without Lava has the processes, models and rules that Lava's own has."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.learning import learning_rule
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess as LavasProcess
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi

import lava_ed
from lava_ed.graph import imports, members, models, rules, runs
from lava_ed.graph.process import AbstractProcess
from lava_ed.kernels.stock.rule_table import compile_rule
from lava_ed.lava_graphs.lowering import conv, dense, floating, io, lif, neurons, sigma_delta, sparse  # noqa: F401  (they register)
from lava_ed.lava_graphs.lowering.registry import is_lowered

WEIGHTS = np.arange(-3, 3).reshape(2, 3)
DATASET = [(np.ones((3, 4)), 1), (np.zeros((3, 4)), 0)]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "LIF": {"shape": (2, 3), "u": 1, "du": 7, "vth": 5, "name": "x"},
    "LearningLIF": {"shape": (2,), "dv": 3},
    "TernaryLIF": {"shape": (2,), "vth_lo": -4},
    "LIFReset": {"shape": (2,), "reset_interval": 3, "reset_offset": 1},
    "LIFRefractory": {"shape": (2,), "refractory_period": 3},
    "Sigma": {"shape": (2, 3)},
    "Delta": {"shape": (2,), "vth": 1.5, "spike_exp": 3, "state_exp": 1},
    "SigmaDelta": {"shape": (2,), "vth": 2, "bias": 3, "cum_error": True, "state_exp": 2},
    "SigmaS4dDelta": {"shape": (2,), "vth": 3, "a": np.array([0.5, 0.25]), "b": 1.5, "c": 2, "state_exp": 1},
    "S4d": {"shape": (2,), "a": np.array([0.5j, 0.25]), "b": 1.5, "c": 2j, "inp_exp": 3},
    "ATRLIF": {"shape": (2, 3), "delta_r": 0.25, "theta_0": 7, "bias_mant": 4, "name": "x"},
    **{
        name: {"shape": (2,), "vth": 5, "exp": 3}
        for name in ("GradedVec", "GradedReluVec", "NormVecDelay", "ProdNeuron")
    },
    "InvSqrt": {"shape": (1,), "fp_base": 9},
    "RF": {"shape": (2,), "period": 7, "alpha": 0.1, "state_exp": 3, "decay_bits": 12},
    "RF_IZ": {"shape": (2,), "period": 7, "alpha": 0.1, "vth": 2},
    "RFZero": {"shape": (2,), "freqs": np.array([3.0, 50]), "decay_tau": np.array([0.1, 2]), "uth": 4},
    "Dense": {"weights": WEIGHTS, "weight_exp": 1, "num_message_bits": 4},
    "DelayDense": {"weights": WEIGHTS, "delays": np.abs(WEIGHTS)},
    "LearningDense": {"weights": WEIGHTS, "tag_1": WEIGHTS},
    "Sparse": {"weights": WEIGHTS},
    "DelaySparse": {"weights": WEIGHTS, "delays": 2},
    "LearningSparse": {"weights": WEIGHTS},
    "Conv": {"weight": np.ones((4, 3, 2, 1)), "input_shape": (7, 6, 2), "padding": (1, 0), "stride": 2, "groups": 2},
    "Monitor": {},
    "Source": {"data": WEIGHTS},
    "Sink": {"shape": (2, 3), "buffer": 4},
    "Reset": {"reset_value": 3, "interval": 2, "offset": 3},
    "SpikeDataloader": {"dataset": DATASET, "interval": 5},
    "StateDataloader": {"dataset": DATASET, "offset": 0},
    "Injector": {"shape": (2,), "buffer_size": 7},
    "Extractor": {"shape": (2,)},
}


def pairs() -> dict[str, tuple[type, type]]:
    """Every process of Lava's that is offered, and our class."""
    found = {}
    for module, text in imports._MODULES.items():
        source = importlib.import_module(f"lava_ed.graph.{text.partition(':')[0]}")
        for here, name in imports._names_in(text):
            lavas = getattr(importlib.import_module(module), name)
            if inspect.isclass(lavas) and issubclass(lavas, LavasProcess) and "Abstract" not in name:
                found[here] = lavas, getattr(source, here)
    return found


PAIRS = pairs()


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_offered_can_run(name: str) -> None:
    """One of its models is compiled, or made of sub-processes: without Lava nothing is hosted."""
    found = ProcGroupDiGraphs._find_proc_models(made(name)[0])
    assert any(is_lowered(model) or issubclass(model, AbstractSubProcessModel) for model in found)


def made(name: str) -> tuple[Any, Any]:
    """A process of Lava's and ours with the same arguments."""
    made = []
    for cls, rule in zip(PAIRS[name], (STDPLoihi, rules.STDPLoihi), strict=True):
        more = {}
        if name.startswith("Learning") and name != "LearningLIF":
            more = {"learning_rule": rule(0.5, 2, -3, tau_plus=8, tau_minus=9, t_epoch=3, rng_seed=1)}
        made.append(cls(**ARGUMENTS[name], **more))
    return made[0], made[1]


def shown(value: Any) -> Any:
    """What of a value can be compared with the other package's."""
    if hasattr(value, "toarray"):
        return shown(value.toarray())
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value if isinstance(value, (int, float, str, tuple, type(None))) else type(value).__name__


@pytest.mark.parametrize("name", PAIRS)
class TestProcesses:
    def test_have_the_same_vars_ports_and_parameters(self, name):
        for theirs, ours in [made(name)]:
            for kind in ("in_ports", "out_ports", "ref_ports", "var_ports"):
                there, here = getattr(theirs, kind), getattr(ours, kind)
                assert {p.name: p.shape for p in here.members} == {p.name: p.shape for p in there.members}
            there, here = ({v.name: (v.shape, shown(v.init)) for v in p.vars.members} for p in (theirs, ours))
            assert here == there
            there, here = (p.proc_params._parameters for p in (theirs, ours))
            assert {k: shown(v) for k, v in here.items() if v is not None} == {
                k: shown(v) for k, v in there.items() if v is not None
            }

    def test_have_the_same_models_and_select_the_same_one(self, name):
        theirs, ours = made(name)
        there, here = ProcGroupDiGraphs._find_proc_models(theirs), models.ProcGroupDiGraphs._find_proc_models(ours)
        assert [(m.__name__, m.tags) for m in here] == [(m.__name__, m.tags) for m in there]
        for tag in (None, "fixed_pt", "floating_pt", "bit_accurate_loihi"):
            try:
                expected = Loihi2SimCfg(select_tag=tag).select(theirs, there).__name__
            except AssertionError:
                with pytest.raises(AssertionError, match="no ProcessModel"):
                    runs.Loihi2SimCfg(select_tag=tag).select(ours, here)
            else:
                assert runs.Loihi2SimCfg(select_tag=tag).select(ours, here).__name__ == expected


def test_what_the_package_imports_from_a_module_that_is_offered_is_offered() -> None:
    """Also inside of functions, which a Python without Lava reaches when they are called."""
    offered = {module: {name for _, name in imports._names_in(text)} for module, text in imports._MODULES.items()}
    taken = {
        (statement.module, alias.name)
        for path in Path(lava_ed.__file__).parent.rglob("*.py")
        for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(statement, ast.ImportFrom) and statement.module in offered
        for alias in statement.names
    }
    assert ("lava.proc.io.sink", "RingBuffer") in taken
    assert sorted(name for name in taken if name[1] not in offered[name[0]]) == []


PARTS = st.sampled_from(
    ["x0", "y0", "u2", "u13", "x1", "x2", "y1", "y3", "w", "d", "t", "2", "3*2^-4", "2^-3", "2^3", "12", "(-2)", "(x1)",
     "(w+3)", "(2^-1-x2)", "(-y1 + 2)", "(-t-3)", "sgn(w)", "sgn(d - 4)", "sgn(x1)", "(u1+2)", "(2*x1)", "(x1+y1)",
     "((w))", "sgn(-w+1)", "(x0)"]
)  # fmt: skip
PRODUCTS = st.lists(PARTS, min_size=1, max_size=4).map(" * ".join)
TEXTS = st.lists(st.tuples(st.sampled_from(["+", "-"]), PRODUCTS), min_size=1, max_size=3)


def tables(make: Any, text: str) -> Any:
    """The tables of a rule, or None where it is refused."""
    try:
        rule = make(dw=text)
    except (ValueError, IndexError, AttributeError):
        return None
    return [np.asarray(part).tolist() for part in compile_rule(rule)]


@given(TEXTS, st.booleans())
def test_rules_are_read_as_lava_reads_them(terms, signed):
    text = " ".join(sign + " " + product for sign, product in terms)
    text = text if signed else text[2:]
    assert tables(rules.Loihi2FLearningRule, text) == tables(learning_rule.Loihi2FLearningRule, text)


def test_a_rule_without_a_seed_draws_it_where_lavas_does() -> None:
    """A script that seeds numpy gets the same rule, and the same random numbers after it."""
    found = []
    for module in (learning_rule, rules):
        np.random.seed(5)
        found.append((module.Loihi2FLearningRule(dw="x0*y1").rng_seed, np.random.randint(1000)))
    assert found[0] == found[1]


def test_rules_check_their_numbers():
    rule = rules.Loihi3FLearningRule(dw="x0 * y2", x1_tau=3)
    assert (rule.y1_tau, rule.y1_impulse) == (65535, 0)
    for name in ("x1_tau", "y2_impulse", "t_epoch"):
        with pytest.raises(ValueError, match=name):
            setattr(rule, name, -1)
    with pytest.raises(ValueError, match="At least one"):
        rules.Loihi2FLearningRule()
    rule.dw_str = "u1 * w"
    assert (rule.decimate_exponent, rule.dw.products[0].dependency) == (1, "u")


class Pair(AbstractProcess):
    """Has one port of each kind."""

    def __init__(self, shape=(2, 3)):
        super().__init__()
        self.out, self.into = members.OutPort(shape), members.InPort(shape)
        self.ref, self.v = members.RefPort(shape), members.Var(shape)


class TestPorts:
    def test_virtual_ports_move_values(self):
        a, b = Pair(), Pair()
        turned = a.out.transpose()
        turned.flatten().reshape((2, 3)).connect(b.into)
        values = np.arange(6).reshape(2, 3)
        assert turned.get_transform_func_fwd()(values).tolist() == [[0, 3], [1, 4], [2, 5]]
        assert (b.into.get_src_ports(), a.out.get_dst_ports()) == ([a.out], [b.into])
        assert turned.process is a
        assert a.out.concat_with(b.out, axis=1).shape == (2, 6)

    @pytest.mark.parametrize(
        "connect",
        [
            lambda a, b: a.out.connect(Pair((6,)).into),
            lambda a, b: a.out.connect(b.ref),
            lambda a, b: a.into.connect(b.out),
            lambda a, b: a.out.connect([b.into, b.into]) or a.out.connect(b.into),
            lambda a, b: a.ref.connect_var(a.v),
            lambda a, b: a.ref.connect_var(b.v) or a.ref.connect_var(b.v),
            lambda a, b: a.out.reshape((4,)),
            lambda a, b: a.out.transpose((0, 2)),
            lambda a, b: a.out.concat_with(Pair((6,)).out, axis=0),
            lambda a, b: a.v.alias(Pair((6,)).v),
        ],
    )
    def test_what_does_not_fit_is_refused(self, connect):
        with pytest.raises(AssertionError):
            connect(Pair(), Pair())

    def test_a_var_without_a_runtime_has_its_initial_value(self):
        a = Pair()
        assert a.v.get() == 0
        with pytest.raises(ValueError, match="No Runtime"):
            a.v.set(1)
        with pytest.raises(ValueError, match="run_cfg"):
            a.run(runs.RunSteps(1))
