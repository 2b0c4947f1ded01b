"""The nets that are timed, built from stock Lava processes; the same twice from the same sizes.

Lava is imported inside the functions, so that this module loads without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Sizes = tuple[int, ...]

SPIKE_SHARE: Final = 0.05
"""Inputs that spike in a step."""
MEAN_WEIGHT, SPREAD = 4, 48
"""Mean and standard deviation of the weights."""
KERNEL: Final = 3
"""Side of the kernels of the convolutions."""
ROWS: Final = 200
"""Steps after which the input repeats."""
STDP: Final = {"dw": "2^-6*y0*x1 - 2^-5*x0*y1 + 2^-7*x0"}
"""The last product raises what the others lower, so that the post rate settles instead of falling without end."""
STDP_RATES: Final = {
    "no x0": "2^-6*y0*x1 - 2^-5*x0*y1",
    **{f"2^-{k}*x0": f"2^-6*y0*x1 - 2^-5*x0*y1 + 2^-{k}*x0" for k in (5, 3)},
}
"""Rules like `STDP` that settle at other post rates, the first one at none, by their last product."""
EVERY_SYNAPSE: Final = {"dw": "2^-6*u0*x1 - 2^-4*u0*x1*y1"}
"""Weights grow where the post neuron is silent and fall where it spikes, so that its rate settles."""
TRACES: Final = {"x1_impulse": 16, "x1_tau": 10, "x2_impulse": 16, "x2_tau": 5, "y1_impulse": 16, "y1_tau": 10}


@dataclass
class BenchNet:
    """A net, ready to run: the first of its processes is the one to attach to."""

    last: Any
    """The source or the neurons to which the next layer is connected."""
    processes: list[Any]
    senders: list[tuple[Any, int]] = field(default_factory=list)
    """Ports that send spikes to synapses, and to how many neurons each spike goes."""
    learning: list[tuple[Any, Any]] = field(default_factory=list)
    """Pre and post port of each layer of plastic synapses."""
    every_synapse: bool = False
    """Whether the rule visits all synapses in every epoch, not only those of spikes."""
    plastic: list[Any] = field(default_factory=list)
    """Processes whose weights a rule changes."""

    @property
    def variables(self) -> list[Any]:
        """Vars that hold numbers; those of rules hold text."""
        return [v for p in self.processes for v in p.vars if v.name not in ("dw", "dd", "dt")]

    def add(self, synapses: Any, shape: Sizes, inputs: int, share: float, fan_out: int) -> None:
        """Put synapses and LIF neurons behind the last layer.

        The `share` of a neuron's inputs spikes in a step; some per cent of the neurons then reach their threshold, as
        the membrane gathers the input of four steps.
        """
        from lava.proc.lif.process import LIF

        threshold = max(1, int(4 * MEAN_WEIGHT * inputs * share + 2 * SPREAD * np.sqrt(inputs * share)))
        lif = LIF(shape=shape, vth=threshold, du=4095, dv=1024)
        self.last.s_out.connect(synapses.s_in)
        synapses.a_out.connect(lif.a_in)
        self.senders.append((self.last.s_out, fan_out))
        self.processes += [synapses, lif]
        self.last = lif


def source_net(rng: np.random.Generator, share: float, shape: Sizes) -> BenchNet:
    """A net of inputs alone, of which the given share spikes in a step."""
    from lava.proc.io.source import RingBuffer

    spikes = (rng.random((int(np.prod(shape)), ROWS)) < share).astype(np.int32)
    source = RingBuffer(data=spikes.reshape(*shape, ROWS))
    return BenchNet(source, [source])


def mixed_weights(rng: np.random.Generator, n_post: int, n_pre: int) -> npt.NDArray[np.int32]:
    """Mixed-sign weights, a little more positive than negative."""
    drawn = np.round(rng.normal(MEAN_WEIGHT, SPREAD, (n_post, n_pre)))
    weights: npt.NDArray[np.int32] = np.clip(drawn, -256, 254).astype(np.int32)
    return weights


def forward_net(sizes: Sizes, share: float = SPIKE_SHARE) -> BenchNet:
    """RingBuffer → (Dense → LIF) for each layer."""
    from lava.proc.dense.process import Dense

    rng = np.random.default_rng(0)
    net = source_net(rng, share, sizes[:1])
    for n_pre, n_post in pairwise(sizes):
        net.add(Dense(weights=mixed_weights(rng, n_post, n_pre)), (n_post,), n_pre, share, n_post)
    return net


def learning_net(
    sizes: Sizes, share: float = SPIKE_SHARE, rule: Mapping[str, str] = STDP, every_synapse: bool = False
) -> BenchNet:
    """RingBuffer → LearningDense → LIF, whose spikes go back to the synapses; epochs of one step, a fixed seed."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
    from lava.proc.dense.process import LearningDense

    rng = np.random.default_rng(0)
    n_pre, n_post = sizes
    net = source_net(rng, share, (n_pre,))
    learner = Loihi2FLearningRule(**rule, **TRACES, t_epoch=1, rng_seed=1)
    dense = LearningDense(weights=mixed_weights(rng, n_post, n_pre), learning_rule=learner)
    before = net.last.s_out
    net.add(dense, (n_post,), n_pre, share, n_post)
    net.last.s_out.connect(dense.s_in_bap)
    net.learning, net.plastic, net.every_synapse = [(before, net.last.s_out)], [dense], every_synapse
    return net


def conv_net(sizes: Sizes, share: float = SPIKE_SHARE) -> BenchNet:
    """RingBuffer → Conv 3×3 → LIF → Conv 3×3, stride 2 → LIF; sizes are the image's side and both layers' channels."""
    from lava.proc.conv.process import Conv

    rng = np.random.default_rng(0)
    side, *channels = sizes
    shape = (side, side, 1)
    net = source_net(rng, share, shape)
    for out, stride in zip(channels, (1, 2), strict=True):
        inputs = KERNEL * KERNEL * shape[2]
        weight = mixed_weights(rng, out, inputs).reshape(out, KERNEL, KERNEL, shape[2])
        conv = Conv(weight=weight, input_shape=shape, stride=(stride, stride))
        shape = conv.output_shape
        net.add(conv, shape, inputs, share, out * (KERNEL // stride + KERNEL % stride) ** 2)
    return net


@dataclass(frozen=True)
class NetPlan:
    """How a net is built and what it is called; a quick look takes the small net and fewer steps."""

    title: str
    build: Callable[[Sizes, float], BenchNet]
    """(neurons of each layer, inputs first; share of inputs that spike) → net."""
    sizes: Sizes
    small: Sizes
    steps: int
    quick_steps: int
    """Steps of a quick run on Lava's runtime."""
    settling: int = 0
    quick_settling: int = 0
    """Steps that the engine runs first, where a rule changes weights: both runtimes begin with those it ends with."""


_U_RULE: Final = partial(learning_net, rule=EVERY_SYNAPSE, every_synapse=True)
NETS: Final[dict[str, NetPlan]] = {
    "forward": NetPlan("Dense-LIF-Dense-LIF", forward_net, (784, 256, 10), (40, 20, 5), 300, 50),
    "stdp": NetPlan("LearningDense, x0 and y0", learning_net, (784, 256), (40, 20), 40, 20, 20_000, 100),
    "conv": NetPlan("Conv-LIF-Conv-LIF", conv_net, (28, 8, 16), (8, 2, 3), 60, 20),
    "u-rule": NetPlan("LearningDense, u0", _U_RULE, (784, 256), (40, 20), 40, 20, 10_000, 100),
}
"""What `lava-ed bench engine` runs, by name."""


def stdp_plan(rule: str) -> NetPlan:
    """The plan of the net "stdp" with another rule."""
    return replace(NETS["stdp"], build=partial(learning_net, rule={"dw": rule}))
