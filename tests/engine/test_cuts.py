"""Values that fixed point cuts: a warning with the values, and the tag that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LIFReset, TernaryLIF
from lava.proc.sparse.process import Sparse
from lava.utils.weightutils import SignMode
from scipy.sparse import csr_matrix

from lava_ed.engine import attach
from lava_ed.errors import ConfigError, FixedPointCutWarning, ShapeError

pytestmark = pytest.mark.lava
FLOATING = Loihi2SimCfg(select_tag="floating_pt")
RULE = Loihi2FLearningRule(dw="x0*y0", x1_impulse=1, x1_tau=2, t_epoch=1)


def warned(process: Any, *more: Any) -> str:
    """The one warning of `attach`."""
    with pytest.warns(FixedPointCutWarning) as caught:
        attach(process, *more)
    (warning,) = caught
    assert warning.filename == __file__
    return str(warning.message)


CUT: dict[str, tuple[Callable[[], Any], str]] = {
    "Dense": (lambda: Dense(weights=np.eye(3) * 0.9, name="p"), r"p.weights \(0.9 → 0; 3 of 9 values\)"),
    "clipped": (lambda: Dense(weights=np.eye(3) * 300.0, name="p"), r"p.weights \(300 → 255; 3 of 9 values\)"),
    "whole": (lambda: Dense(weights=np.eye(3, dtype=int) * -300, name="p"), r"p.weights \(-300 → -255; 3 of 9"),
    "nan": (lambda: Dense(weights=np.full((2, 1), np.nan), name="p"), r"p.weights \(nan → 0; 2 of 2"),
    "sign": (
        lambda: Dense(weights=np.array([[5, -7]]), sign_mode=SignMode.EXCITATORY, name="p"),
        r"p.weights \(-7 → 0; 1 of 2",
    ),
    "DelayDense": (
        lambda: DelayDense(weights=np.full((2, 3), 1.5), delays=1, name="p"),
        r"p.weights \(1.5 → 1; 6 of 6",
    ),
    "LearningDense": (
        lambda: LearningDense(weights=np.full((2, 3), 0.25), learning_rule=RULE, name="p"),
        r"p.weights \(0.25 → 0; 6 of 6",
    ),
    "Sparse": (lambda: Sparse(weights=csr_matrix(np.eye(3) * 1.9), name="p"), r"p.weights \(1.9 → 1; 3 of 3"),
    "Conv": (
        lambda: Conv(weight=np.full((1, 2, 2, 1), 0.5), input_shape=(4, 4, 1), name="p"),
        r"p.weight \(0.5 → 0; 4",
    ),
    "LIF": (
        lambda: LIF(shape=(2,), bias_mant=np.array([0.1, 3.0]), v=0.5, name="p"),
        r"p.bias_mant \(0.1 → 0; 1 of 2 values\); p.v \(0.5 → 0; 2 of 2",
    ),
    "wrapped": (lambda: LIF(shape=(1,), bias_mant=40_000, name="p"), r"p.bias_mant \(40000 → -25536; 1 of 1"),
    "TernaryLIF": (lambda: TernaryLIF(shape=(1,), vth_lo=-2.5, vth_hi=4, name="p"), r"p.vth_lo \(-2.5 → -2; 1 of 1"),
    "Source": (lambda: Source(data=np.full((1, 4), 0.5)), r"data \(0.5 → 0; 4 of 4"),
}


@pytest.mark.parametrize("case", CUT)
def test_what_is_cut_is_told(case: str) -> None:
    make, expected = CUT[case]
    text = warned(make())
    assert re.search(expected, text), text
    if case in ("clipped", "whole", "sign", "wrapped"):
        assert "floating_pt" not in text
        assert "choose values that fit" in text


def test_the_tag_that_was_meant_is_told() -> None:
    """With a way out that works, where the engine hosts the floating-point models, too."""
    assert warned(Dense(weights=np.eye(3) * 0.9)).endswith(
        'If floating-point models were meant, call attach(process, Loihi2SimCfg(select_tag="floating_pt"))'
    )
    dense = Dense(weights=np.eye(3) * 0.9)
    attach(dense, FLOATING)
    plastic = LearningDense(weights=np.full((2, 3), 0.25), learning_rule=RULE)
    assert 'call attach(process, Loihi2SimCfg(select_tag="floating_pt"))' in warned(plastic)


def test_all_processes_are_in_one_warning() -> None:
    dense, lif = Dense(weights=np.array([[0.5, 300]]), name="dense"), LIF(shape=(1,), bias_mant=1.5, name="lif")
    dense.a_out.connect(lif.a_in)
    text = warned(dense)
    assert "dense.weights (0.5 → 0, 300 → 255; 2 of 2 values); lif.bias_mant (1.5 → 1; 1 of 1 values)" in text


@pytest.mark.parametrize("config", [None, FLOATING])
def test_what_stays_is_not_told(config: Any) -> None:
    """Whole numbers in arrays of floats; an odd weight, whose last bit no synapse of mixed sign has."""
    dense, lif = Dense(weights=np.array([[3.0, -41.0]])), LIF(shape=(1,), bias_mant=7.0, vth=10.0)
    dense.a_out.connect(lif.a_in)
    attach(dense, config)
    lif.run(RunSteps(num_steps=1))


def test_what_joins_before_the_first_step_is_told_once() -> None:
    lif, dense = LIF(shape=(1,), bias_mant=1.5, name="lif"), Dense(weights=np.array([[0.5]]), name="dense")
    assert "lif.bias_mant" in warned(lif)
    lif.s_out.connect(dense.s_in)
    with pytest.warns(FixedPointCutWarning) as caught:
        lif.run(RunSteps(num_steps=1))
    (warning,) = caught
    assert "dense.weights" in str(warning.message)
    assert "lif" not in str(warning.message)
    lif.run(RunSteps(num_steps=1))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: LIF(shape=(1,), du=0.1, name="p"), "p.du is 0.1"),
        (lambda: LIF(shape=(1,), dv=np.nan, name="p"), "p.dv is nan"),
        (lambda: LIF(shape=(1,), vth=np.inf, name="p"), "p.vth is inf"),
        (lambda: Dense(weights=np.eye(2), weight_exp=1.5, name="p"), "p: weight_exp is 1.5"),
        (lambda: Dense(weights=np.eye(2), num_weight_bits=7.5, name="p"), "p: num_weight_bits is 7.5"),
        (lambda: LIFReset(shape=(1,), reset_interval=2.5, name="p"), "p: reset_interval is 2.5"),
    ],
)
def test_what_must_be_whole_is_refused_with_the_tag_that_was_meant(make: Callable[[], Any], what: str) -> None:
    process = make()
    with pytest.raises(ConfigError, match=rf"^{what}.*integer.*Loihi2SimCfg\(select_tag=\"floating_pt\"\)"):
        attach(process)
    assert process.runtime is None


@pytest.mark.parametrize(
    ("make", "error", "what"),
    [
        (lambda: LIF(shape=(3,), u=np.zeros(5), name="p"), ShapeError, r"p.u .*\(5,\).*\(3,\)"),
        (lambda: LIF(shape=(3,), v="fast", name="p"), ConfigError, "p.v is 'fast'"),
        (lambda: LIF(shape=(3,), vth="high", name="p"), ConfigError, "p.vth is 'high'"),
        (lambda: LIF(shape=(3,), bias_mant=1j, name="p"), ConfigError, "p.bias_mant is 1j"),
        (lambda: LIF(shape=(3,), du=None, name="p"), ConfigError, "p.du is None"),
    ],
)
def test_what_is_no_number_is_refused(make: Callable[[], Any], error: type[Exception], what: str) -> None:
    for config in (None, FLOATING):
        with pytest.raises(error, match=what):
            attach(make(), config)


def test_run_batch_tells_what_it_cuts() -> None:
    lif = LIF(shape=(2,), name="lif", du=0, dv=0)
    runtime = attach(lif)
    with pytest.warns(FixedPointCutWarning, match=r"lif.v \(1.9 → 1, -1.9 → -1; 2 of 4 values\)") as caught:
        found = runtime.run_batch({lif.v: [[1.9, 3], [-1.9, 4]]}, 0, [lif.v])
    assert [warning.filename for warning in caught] == [__file__]
    assert found[lif.v].tolist() == [[1, 3], [-1, 4]]
    assert runtime.run_batch({lif.v: [[1.0, 3]]}, 0, [lif.v])[lif.v].tolist() == [[1, 3]]
    other = LIF(shape=(2,))
    found = attach(other, FLOATING).run_batch({other.v: [[1.9, 3]]}, 0, [other.v])
    assert found[other.v].tolist() == [[1.9, 3]]


def test_writing_a_var_tells_what_it_cuts() -> None:
    lif = LIF(shape=(2,), name="lif", du=0, dv=0)
    attach(lif)
    with pytest.warns(FixedPointCutWarning, match=r"lif.v \(1.9 → 1; 1 of 2 values\)"):
        lif.v.set(np.array([1.9, 3]))
    assert lif.v.get().tolist() == [1, 3]
    lif.v.set(np.array([2.0, 3.0]))
    other = LIF(shape=(2,))
    attach(other, FLOATING)
    other.v.set(np.array([1.9, 3]))
    assert other.v.get().tolist() == [1.9, 3]


def test_arguments_of_run_batch() -> None:
    lif, batch = LIF(shape=(2,), name="lif"), np.zeros((1, 2))
    runtime = attach(lif)
    for inputs, steps, read, threads, text in (
        ({lif.v: batch}, 1, lif.v, None, r"read is one Var: give a list, read=\[v\]"),
        ({lif.v: batch}, 1, 3, None, "read is a int: give a list"),
        ({lif.v: batch}, 1, ["v"], None, "'v' is no Var or Monitor"),
        ([batch], 1, [lif.v], None, "inputs is a list: give a dict"),
        ({"v": batch}, 1, [lif.v], None, "'v' is no Var: "),
        ({lif.v: batch}, 2.5, [lif.v], None, "steps is 2.5"),
        ({lif.v: batch}, 1, [lif.v], 1.5, "threads is 1.5"),
    ):
        with pytest.raises(ConfigError, match=text):
            runtime.run_batch(inputs, steps, read, threads)
