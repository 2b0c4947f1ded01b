"""Floating-point models, sparse matrices, and a sub-process model of the user's own."""

import numpy as np
from lava.magma.core.decorator import implements
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIFRefractory, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import Sparse
from scipy.sparse import csr_matrix


class Layer(AbstractProcess):
    """A sparse connection into ternary neurons."""

    def __init__(self, *, weights):
        super().__init__(weights=weights)
        self.s_in = InPort(shape=(weights.shape[1],))
        self.s_out = OutPort(shape=(weights.shape[0],))
        self.v = Var(shape=(weights.shape[0],))


@implements(proc=Layer)
class LayerModel(AbstractSubProcessModel):
    """What a Layer is made of."""

    def __init__(self, proc):
        weights = proc.proc_params["weights"]
        self.sparse = Sparse(weights=csr_matrix(weights))
        self.lif = TernaryLIF(shape=(weights.shape[0],), vth_lo=-0.75, vth_hi=1.0, du=0.5, dv=0.25)
        proc.s_in.connect(self.sparse.s_in)
        self.sparse.a_out.connect(self.lif.a_in)
        self.lif.s_out.connect(proc.s_out)
        proc.v.alias(self.lif.v)


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    source = Source(data=rng.integers(0, 2, (4, 10)))
    layer = Layer(weights=np.round(rng.normal(size=(3, 4)), 2) * rng.integers(0, 2, (3, 4)))
    last = LIFRefractory(shape=(3,), vth=0.5, refractory_period=2, bias_mant=0.1)
    sink, monitor = Sink(shape=(3,), buffer=12), Monitor()
    source.s_out.connect(layer.s_in)
    layer.s_out.connect(last.a_in)
    last.s_out.connect(sink.a_in)
    monitor.probe(layer.s_out, 12)
    last.run(RunSteps(num_steps=12), Loihi2SimCfg(select_tag="floating_pt"))
    print("v", layer.v.get().tolist(), last.v.get().tolist())
    print("sink", sink.data.get().tolist())
    print("recorded", next(iter(monitor.get_data().values()))["s_out"].tolist())
    last.stop()
