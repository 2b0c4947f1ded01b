"""Three input neurons, a plastic connection with STDP, two output neurons whose spikes come back."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor

if __name__ == "__main__":
    rng = np.random.default_rng(1)
    source = RingBuffer(data=rng.integers(0, 2, (3, 20)))
    into = Dense(weights=np.diag([90, 80, 70]))
    pre = LIF(shape=(3,), vth=100, du=4095, dv=0, name="pre")
    rule = STDPLoihi(learning_rate=1, A_plus=1, A_minus=-1, tau_plus=10, tau_minus=10, t_epoch=4, rng_seed=3)
    plastic = LearningDense(weights=rng.integers(20, 60, (2, 3)), learning_rule=rule, name="plastic")
    post = LIF(shape=(2,), vth=40, du=4095, dv=400, name="post")
    monitor = Monitor()
    source.s_out.connect(into.s_in)
    into.a_out.connect(pre.a_in)
    pre.s_out.connect(plastic.s_in)
    plastic.a_out.connect(post.a_in)
    post.s_out.connect(plastic.s_in_bap)
    monitor.probe(post.v, 30)

    post.run(condition=RunSteps(num_steps=15), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    print("weights", plastic.weights.get().tolist())
    pre.u.set(np.array([6400, 0, 6400]))
    post.run(condition=RunSteps(num_steps=15))
    print("weights", plastic.weights.get().tolist(), "x1", plastic.x1.get().tolist())
    print("v", monitor.get_data()["post"]["v"].tolist())
    post.stop()
