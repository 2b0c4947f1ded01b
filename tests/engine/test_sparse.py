"""Lava's Sparse, DelaySparse and LearningSparse on the engine: the cases of Lava's own tests, and their Vars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import DelaySparse, LearningSparse, Sparse
from lava.utils.weightutils import SignMode
from scipy.sparse import csr_matrix
from stock_lava import StockGraph, value_of

from lava_ed.engine import attach
from lava_ed.errors import BackendError, ConfigError, HostedModelWarning, ShapeError, UnsupportedProcessError

pytestmark = [
    pytest.mark.lava,
    # Lava's models add entries to a csr_matrix, and compare one with 0.
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    # What fixed point cuts, or clips at the limits of a weight, is a part of what is compared.
    pytest.mark.filterwarnings("ignore::lava_ed.errors.FixedPointCutWarning"),
]
STEPS = 12
TRACES = {"x1_impulse": 16, "x1_tau": 10, "y1_impulse": 16, "y1_tau": 10, "t_epoch": 2, "rng_seed": 1}


def random_matrix(shape: tuple[int, int] = (7, 9), high: int = 60, share: float = 0.3, seed: int = 1) -> csr_matrix:
    """Integers, most of them not stored."""
    rng = np.random.default_rng(seed)
    return csr_matrix(rng.integers(-high, high, shape) * (rng.random(shape) < share))


def net(synapse: Any, high: int = 2) -> list[Any]:
    """Random spikes → synapse → sink; random spikes into the learning port, if it has one."""
    rng = np.random.default_rng(7)
    n_post, n_pre = synapse.weights.shape
    source = Source(data=rng.integers(1, high, (n_pre, STEPS)) * (rng.random((n_pre, STEPS)) < 0.4))
    sink = Sink(shape=(n_post,), buffer=STEPS)
    source.s_out.connect(synapse.s_in)
    synapse.a_out.connect(sink.a_in)
    processes = [source, synapse, sink]
    if hasattr(synapse, "s_in_bap"):
        processes.append(Source(data=rng.random((n_post, STEPS)) < 0.3))
        processes[-1].s_out.connect(synapse.s_in_bap)
    return processes


def stdp() -> Any:
    return STDPLoihi(learning_rate=1, A_plus=1, A_minus=-2, tau_plus=10, tau_minus=10, t_epoch=2, rng_seed=1)


def learning(rule: Any, **options: Any) -> Any:
    """With values everywhere that the first step leaves in place."""
    matrices = [csr_matrix(np.where(abs(m := random_matrix(seed=k).toarray()) < 2, 2, m)) for k in (1, 2, 3)]
    return LearningSparse(weights=matrices[0], tag_1=matrices[1], tag_2=abs(matrices[2]), learning_rule=rule, **options)


CASES: dict[str, Any] = {
    "binary": lambda: net(Sparse(weights=random_matrix())),
    "graded": lambda: net(Sparse(weights=random_matrix(), num_message_bits=8), 200),
    "graded, read as binary": lambda: net(Sparse(weights=random_matrix()), 200),
    "array": lambda: net(Sparse(weights=random_matrix().toarray())),
    "nothing stored": lambda: net(Sparse(weights=csr_matrix((3, 4)))),
    "floats are cut": lambda: net(Sparse(weights=random_matrix() * 1.3)),
    "exponent, bits": lambda: net(Sparse(weights=random_matrix(high=400), weight_exp=-2, num_weight_bits=5)),
    "excitatory": lambda: net(Sparse(weights=random_matrix(), sign_mode=SignMode.EXCITATORY, weight_exp=3)),
    "delays": lambda: net(DelaySparse(weights=random_matrix(), delays=abs(random_matrix(high=5, seed=2)))),
    "delays, graded": lambda: net(
        DelaySparse(weights=random_matrix(), delays=abs(random_matrix(high=5, seed=2)), num_message_bits=8), 200
    ),
    "one delay": lambda: net(DelaySparse(weights=random_matrix(), delays=3)),
    "delays as array": lambda: net(DelaySparse(weights=random_matrix(), delays=np.arange(63).reshape(7, 9) % 4)),
    "more delay than given": lambda: net(DelaySparse(weights=random_matrix(), delays=2, max_delay=5, weight_exp=2)),
    "learning dw": lambda: net(learning(stdp())),
    "learning dt": lambda: net(learning(Loihi2FLearningRule(dt="x0 * y1 - y0 * x1", **TRACES))),
    "learning dd": lambda: net(learning(Loihi2FLearningRule(dd="x0 * y1 - y0 * x1", **TRACES))),
    "learning graded": lambda: net(learning(stdp(), num_message_bits=8), 120),
    "learning by decimation": lambda: net(learning(Loihi2FLearningRule(dw="2^-2*u1*x1*y1 - u1*2", **TRACES))),
}


@pytest.mark.parametrize("build", CASES.values(), ids=CASES)
def test_every_var_equals_lavas_model(build: Any) -> None:
    stock, fused = build(), build()
    oracle = StockGraph(stock)
    attach(fused[0])
    for step in range(STEPS):
        oracle.step()
        fused[0].run(RunSteps(num_steps=1))
        for one, other in zip(stock, fused, strict=True):
            for var in list(one.vars):
                if var.name not in ("dw", "dd", "dt"):
                    name = f"{type(one).__name__}.{var.name} at step {step + 1}"
                    np.testing.assert_array_equal(value_of(getattr(other, var.name)), oracle.get(var), err_msg=name)
    if stock[1].weights.init.nnz:
        assert fused[2].data.get().any()


def test_entries_that_are_stored_as_zero_are_read_as_on_lava() -> None:
    """By hand; after the first step Lava's model has dropped the 0, and get() counts the entries that were none."""
    weights = csr_matrix(([33, 0, 13, -2], ([0, 0, 1, 1], [1, 2, 0, 2])), (2, 3))
    source, sparse = Source(data=np.ones((3, 1))), Sparse(weights=weights)
    source.s_out.connect(sparse.s_in)
    runtime = attach(sparse)
    assert sparse.weights.get().toarray().tolist() == [[0, 33, 0], [13, 0, -2]]
    sparse.run(RunSteps(num_steps=1))
    assert sparse.weights.get().toarray().tolist() == [[0, 32, 0], [12, 0, -2]]
    assert sparse.a_buff.get().tolist() == [32, 10]
    changed = csr_matrix(([1, 7, 3, 5], ([0, 0, 1, 1], [1, 2, 0, 2])), (2, 3))
    sparse.weights.set(changed)
    with pytest.raises(BackendError, match=r"weights has 1 values other than 0 .* runtime\.program\.get"):
        sparse.weights.get()
    assert sorted(runtime.program.get(sparse.name, "weights")) == [1, 3, 5, 7]


def test_get_and_set_take_a_matrix_of_the_same_entries() -> None:
    """By hand; a matrix or the stored values in Lava's order, cut in the first step and not later."""
    weights = csr_matrix(np.array([[0, 33, 0], [13, 0, -2]]))
    source, sparse = Source(data=np.ones((3, 1))), Sparse(weights=weights)
    source.s_out.connect(sparse.s_in)
    attach(sparse)
    assert isinstance(sparse.weights.get(), csr_matrix)
    assert sparse.weights.get().toarray().tolist() == weights.toarray().tolist()
    sparse.weights.set(weights * 2 + csr_matrix(np.array([[0, 1, 0], [0, 0, 0]])))
    assert sparse.weights.get().toarray().tolist() == [[0, 67, 0], [26, 0, -4]]
    sparse.run(RunSteps(num_steps=1))
    assert sparse.weights.get().toarray().tolist() == [[0, 66, 0], [26, 0, -4]]
    assert sparse.a_buff.get().tolist() == [66, 22]
    sparse.weights.set(np.array([1, 3, 5]))
    sparse.run(RunSteps(num_steps=1))
    assert sparse.weights.get().toarray().tolist() == [[0, 1, 0], [3, 0, 5]]
    assert sparse.a_buff.get().tolist() == [1, 8]
    with pytest.raises(ValueError, match="must stay equal"):
        sparse.weights.set(csr_matrix(np.array([[1, 32, 0], [0, 0, 1]])))
    with pytest.raises(ShapeError):
        sparse.weights.set(np.ones((2, 3)))


def test_synapses_that_the_first_step_cuts_to_zero_do_not_learn() -> None:
    """By hand: mixed weights lose their lowest bit, so 1 is gone; one that the user writes again learns."""
    rule = Loihi2FLearningRule(dw="2^4*x0*x1", x1_impulse=64, x1_tau=2**32, t_epoch=1)
    synapse = LearningSparse(weights=csr_matrix(np.array([[1, 2]])), learning_rule=rule)
    source = Source(data=np.ones((2, 1)))
    source.s_out.connect(synapse.s_in)
    attach(synapse)
    synapse.run(RunSteps(num_steps=1))
    first, second = synapse.weights.get().toarray()[0]
    assert first == 0
    assert second > 2
    synapse.weights.set(np.array([2, 2]))
    synapse.run(RunSteps(num_steps=1))
    first, second = synapse.weights.get().toarray()[0]
    assert first == second > 2


def test_what_cannot_be_run_says_so() -> None:
    with pytest.raises(UnsupportedProcessError, match="use LearningDense"):
        attach(learning(Loihi2FLearningRule(dw="x0*w", **TRACES)))
    with pytest.raises(UnsupportedProcessError, match=r"use SignMode\.MIXED"):
        attach(learning(stdp(), sign_mode=SignMode.EXCITATORY))
    with pytest.raises(ConfigError, match="astype"):
        attach(LearningSparse(weights=random_matrix(), learning_rule=Loihi2FLearningRule(dt="x0*y1", **TRACES)))
    with pytest.raises(ConfigError, match="lower weight_exp"):
        attach(Sparse(weights=random_matrix(), weight_exp=24))
    late = DelaySparse(weights=random_matrix(), delays=70)
    attach(late)
    with pytest.raises(ConfigError, match="63"):
        late.run(RunSteps(num_steps=1))
    watched, monitor = Sparse(weights=random_matrix()), Monitor()
    monitor.probe(watched.weights, 3)
    with pytest.raises(HostedModelWarning, match="PyMonitorModel"):
        attach(watched)
