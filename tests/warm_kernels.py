"""Compile the large loops before the first test, each in one of two workers, where both would compile all of them.

A worker that meets a loop whose machine code is not on the disk yet compiles it, for up to 40 seconds. Two workers
begin with the same tests, meet the same loops at the same time, and would each compile every one. Here the first worker
begins with the loops of our own nets and baselines, the second with those of graphs of Lava's processes.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path


def warm(worker: str) -> None:
    """Compile the share of a worker of pytest-xdist, ``gw0`` or ``gw1``; any other has none."""
    if worker == "gw0":
        _own_loops()
    elif worker == "gw1" and importlib.util.find_spec("lava") is not None:
        _stock_loops()


def _own_loops() -> None:
    """Train a few samples by each rule."""
    from lava_ed.train import TrainConfig, train

    with tempfile.TemporaryDirectory() as folder:
        for rule in ("std-ed", "sg-bptt", "renner", "ssgd"):
            train(TrainConfig.create(rule, "digits", hidden=(4,), limit=20, epochs=1), Path(folder) / rule)


def _stock_loops() -> None:
    """Run a step of a graph that learns by Lava's own rules, and of a net of ours beside a LIF of Lava."""
    import numpy as np
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense, LearningDense
    from lava.proc.lif.process import LIF
    from nets import samples, small_spec

    from lava_ed import EDClassifier, attach

    rule = Loihi2FLearningRule(dw="2^-3*x1*y0", x1_impulse=16, x1_tau=10, t_epoch=1)
    pre, synapses, post = (
        LIF(shape=(2,), vth=1),
        LearningDense(weights=np.ones((2, 2)), learning_rule=rule),
        LIF(shape=(2,)),
    )
    pre.s_out.connect(synapses.s_in)
    synapses.a_out.connect(post.a_in)
    images, labels = samples(1)
    net, dense, lif = EDClassifier(small_spec(), images, labels), Dense(weights=np.ones((2, 8))), LIF(shape=(2,))
    net.hidden1.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    for graph in (post, net):
        attach(graph)
        graph.run(RunSteps(num_steps=1), Loihi2SimCfg(select_tag="fixed_pt"))
        graph.stop()
