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

SPIKE_SHARE: Final = 0.05
"""Inputs that spike in a step."""
MEAN_WEIGHT, SPREAD = 4, 48
"""Of the weights."""
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
    """A net, ready to run.

    Parameters
    ----------
    processes : list
        Every process; the first is the one to attach to and to run.
    senders : list of (OutPort, int)
        Who sends spikes to synapses, and to how many neurons each spike goes.
    learning : list of (OutPort pre, OutPort post)
        The two sides of each layer of plastic synapses.
    every_synapse : bool
        Whether the rule visits all synapses in every epoch, not only those of spikes.
    plastic : list
        Processes whose weights a rule changes.
    """

    processes: list[Any]
    senders: list[tuple[Any, int]] = field(default_factory=list)
    learning: list[tuple[Any, Any]] = field(default_factory=list)
    every_synapse: bool = False
    plastic: list[Any] = field(default_factory=list)

    @property
    def variables(self) -> list[Any]:
        """Vars that hold numbers; those of rules hold text."""
        return [v for p in self.processes for v in p.vars if v.name not in ("dw", "dd", "dt")]


@dataclass(frozen=True)
class NetPlan:
    """How a net is built and what it is called.

    Parameters
    ----------
    title : str
    build : callable
        (sizes, share of inputs that spike) → BenchNet.
    sizes, small : tuple of int
        Neurons of each layer, inputs first; of the net that is timed, and of the one for a quick look.
    steps, quick_steps : int
        Steps of a run on Lava's runtime.
    settling, quick_settling : int
        Steps that the engine runs first, where a rule changes weights: both runtimes begin with those it ends with.
    """

    title: str
    build: Callable[[tuple[int, ...], float], BenchNet]
    sizes: tuple[int, ...]
    small: tuple[int, ...]
    steps: int
    quick_steps: int
    settling: int = 0
    quick_settling: int = 0


def spike_rows(rng: np.random.Generator, n: int, share: float, rows: int = ROWS) -> npt.NDArray[np.int32]:
    """Binary spikes (n, rows)."""
    return (rng.random((n, rows)) < share).astype(np.int32)


def mixed_weights(rng: np.random.Generator, n_post: int, n_pre: int) -> npt.NDArray[np.int32]:
    """Mixed-sign weights, a little more positive than negative."""
    drawn = np.round(rng.normal(MEAN_WEIGHT, SPREAD, (n_post, n_pre)))
    weights: npt.NDArray[np.int32] = np.clip(drawn, -256, 254).astype(np.int32)
    return weights


def threshold(n_pre: int, share: float) -> int:
    """A threshold that some per cent of the neurons reach in a step; the membrane gathers the input of four."""
    return max(1, int(4 * MEAN_WEIGHT * n_pre * share + 2 * SPREAD * np.sqrt(n_pre * share)))


def forward_net(sizes: tuple[int, ...], share: float = SPIKE_SHARE) -> BenchNet:
    """RingBuffer → (Dense → LIF) for each layer."""
    from lava.proc.dense.process import Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    rng = np.random.default_rng(0)
    source = RingBuffer(data=spike_rows(rng, sizes[0], share))
    net = BenchNet([source])
    before = source
    for n_pre, n_post in pairwise(sizes):
        dense = Dense(weights=mixed_weights(rng, n_post, n_pre))
        lif = LIF(shape=(n_post,), vth=threshold(n_pre, share), du=4095, dv=1024)
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        net.senders.append((before.s_out, n_post))
        net.processes += [dense, lif]
        before = lif
    return net


def learning_net(
    sizes: tuple[int, ...], share: float = SPIKE_SHARE, rule: Mapping[str, str] = STDP, every_synapse: bool = False
) -> BenchNet:
    """RingBuffer → LearningDense → LIF, whose spikes go back to the synapses; epochs of one step, a fixed seed."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
    from lava.proc.dense.process import LearningDense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    rng = np.random.default_rng(0)
    n_pre, n_post = sizes
    source = RingBuffer(data=spike_rows(rng, n_pre, share))
    learner = Loihi2FLearningRule(**rule, **TRACES, t_epoch=1, rng_seed=1)
    dense = LearningDense(weights=mixed_weights(rng, n_post, n_pre), learning_rule=learner)
    lif = LIF(shape=(n_post,), vth=threshold(n_pre, share), du=4095, dv=1024)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(dense.s_in_bap)
    ports = (source.s_out, lif.s_out)
    return BenchNet([source, dense, lif], [(source.s_out, n_post)], [ports], every_synapse, [dense])


def every_synapse_net(sizes: tuple[int, ...], share: float = SPIKE_SHARE) -> BenchNet:
    """As `learning_net`, with a rule that visits every synapse."""
    return learning_net(sizes, share, EVERY_SYNAPSE, every_synapse=True)


def conv_net(sizes: tuple[int, ...], share: float = SPIKE_SHARE) -> BenchNet:
    """RingBuffer → Conv 3×3 → LIF → Conv 3×3, stride 2 → LIF; sizes are the image's side and both layers' channels."""
    from lava.proc.conv.process import Conv
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    rng = np.random.default_rng(0)
    side, *channels = sizes
    source = RingBuffer(data=spike_rows(rng, side * side, share).reshape(side, side, 1, -1))
    net = BenchNet([source])
    before, shape = source, (side, side, 1)
    for out, stride in zip(channels, (1, 2), strict=True):
        weight = mixed_weights(rng, out, KERNEL * KERNEL * shape[2]).reshape(out, KERNEL, KERNEL, shape[2])
        conv = Conv(weight=weight, input_shape=shape, stride=(stride, stride))
        lif = LIF(shape=conv.output_shape, vth=threshold(KERNEL * KERNEL * shape[2], share), du=4095, dv=1024)
        before.s_out.connect(conv.s_in)
        conv.a_out.connect(lif.a_in)
        net.senders.append((before.s_out, out * (KERNEL // stride + KERNEL % stride) ** 2))
        net.processes += [conv, lif]
        before, shape = lif, conv.output_shape
    return net


NETS: Final[dict[str, NetPlan]] = {
    "forward": NetPlan("Dense-LIF-Dense-LIF", forward_net, (784, 256, 10), (40, 20, 5), 300, 50),
    "stdp": NetPlan("LearningDense, x0 and y0", learning_net, (784, 256), (40, 20), 40, 20, 20_000, 100),
    "conv": NetPlan("Conv-LIF-Conv-LIF", conv_net, (28, 8, 16), (8, 2, 3), 60, 20),
    "u-rule": NetPlan("LearningDense, u0", every_synapse_net, (784, 256), (40, 20), 40, 20, 10_000, 100),
}
"""What `lava-ed bench engine` runs, by name."""


def stdp_plan(rule: str) -> NetPlan:
    """The plan of the net "stdp" with another rule."""
    return replace(NETS["stdp"], build=partial(learning_net, rule={"dw": rule}))
