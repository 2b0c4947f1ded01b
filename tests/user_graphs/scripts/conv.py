"""An image passes a convolution, neurons with reset, a flattening and a dense layer into a sink."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.proc import io
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense
from lava.proc.io import sink, source  # noqa: F401  (io.source and io.sink are used)
from lava.proc.lif.process import LIF, LIFReset

if __name__ == "__main__":
    rng = np.random.default_rng(2)
    image = io.source.RingBuffer(data=rng.integers(0, 2, (6, 5, 2, 8)))
    conv = Conv(weight=rng.integers(-30, 60, (3, 3, 2, 2)), input_shape=(6, 5, 2), padding=(1, 0), stride=2)
    hidden = LIFReset(
        shape=conv.output_shape, vth=1, reset_interval=4, bias_mant=rng.integers(0, 40, conv.output_shape)
    )
    delays = rng.integers(0, 3, (4, hidden.s_out.size))
    dense = DelayDense(weights=rng.integers(-40, 60, delays.shape), delays=delays, weight_exp=1)
    out = LIF(shape=(2, 2), vth=20, dv=100)
    spikes = io.sink.RingBuffer(shape=(2, 2), buffer=16)
    image.s_out.connect(conv.s_in)
    conv.a_out.connect(hidden.a_in)
    hidden.s_out.flatten().connect(dense.s_in)
    dense.a_out.reshape((2, 2)).transpose().connect(out.a_in)
    out.s_out.connect(spikes.a_in)
    with out:
        out.run(RunSteps(num_steps=16), Loihi1SimCfg(select_tag="fixed_pt"))
        print("v", out.v.get().tolist(), "u", hidden.u.get().astype(int).sum())
        print("spikes", spikes.data.get().astype(int).tolist())
