"""A net of this library, wired by EDClassifier, learns three samples."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg

from lava_ed import STDED, EDClassifier, NetworkSpec

if __name__ == "__main__":
    images = np.random.default_rng(4).integers(0, 256, (3, 6), dtype=np.uint8)
    spec = NetworkSpec((6, 5, 3), STDED(learning_rate=2**-5), steps=6)
    net = EDClassifier(spec, images, np.array([0, 2, 1]))
    net.run(RunSteps(num_steps=3 * spec.schedule.period), Loihi2SimCfg(select_tag="fixed_pt"))
    print("weights", net.dense1.weights.get().tolist(), net.dense2.weights.get().tolist())
    net.stop()
