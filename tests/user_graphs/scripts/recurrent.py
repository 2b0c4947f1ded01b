"""Learning connections of a layer with itself, with and without delays, whose rule changes while it runs."""

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.proc.sparse.process import LearningSparse
from scipy.sparse import csr_matrix

N, LONGEST = 5, 3


def rule():
    return Loihi2FLearningRule(
        dw="2^-2*x1*y0 - 2^-2*y1*x0", x1_impulse=40, x1_tau=6, y1_impulse=40, y1_tau=6, t_epoch=2, rng_seed=5
    )


if __name__ == "__main__":
    rng = np.random.default_rng(4)
    source = RingBuffer(data=(rng.random((N, 40)) < 0.3).astype(int))
    into, layer = Dense(weights=90 * np.eye(N, dtype=int)), LIF(shape=(N,), vth=120, du=2000, dv=600, name="layer")
    direct = LearningDense(weights=rng.integers(0, 30, (N, N)), learning_rule=rule(), name="direct")
    source.s_out.connect(into.s_in)
    into.a_out.connect(layer.a_in)
    layer.s_out.connect(direct.s_in)
    direct.a_out.connect(layer.a_in)
    layer.s_out.connect(direct.s_in_bap)

    # Synapse i, j has a delay of its own: those of one delay share a connection, which gets the spikes so much later.
    delays, weights, late = rng.integers(1, LONGEST + 1, (N, N)), rng.integers(2, 30, (N, N)), []
    for delay in range(1, LONGEST + 1):
        waiting = DelayDense(weights=np.eye(N, dtype=int), delays=delay * np.ones((N, N), int), max_delay=LONGEST)
        of_delay = csr_matrix(np.where(delays == delay, weights, 0))
        plastic = LearningSparse(weights=of_delay, learning_rule=rule(), name=f"late{delay}")
        layer.s_out.connect(waiting.s_in)
        waiting.a_out.connect(plastic.s_in)
        plastic.a_out.connect(layer.a_in)
        layer.s_out.connect(plastic.s_in_bap)
        late.append(plastic)

    for steps in (14, 14, 14):
        layer.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        for plastic in (direct, *late):
            held = plastic.weights.get()
            print(plastic.name, (held.toarray() if hasattr(held, "toarray") else held).astype(int).tolist())
            print(plastic.x1.get().astype(int).tolist(), plastic.y1.get().astype(int).tolist())
            plastic.dw.set("2^-1*x1*y0 - 2^-3*w*y1*x0" if plastic is direct else "2^-1*x1*y0 - 2^-3*y1*x0")
            plastic.x1_impulse.set(np.array([20]))
            plastic.x1_tau.set(np.array([3]))
            plastic.y1_impulse.set(np.array([60]))
            plastic.y1_tau.set(np.array([9]))
    layer.stop()
