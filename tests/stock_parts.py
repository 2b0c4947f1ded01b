"""What random graphs are made of: one function for each kind of process.

To add a process, write its function here, under the decorator of its kind, name its ProcessModel in
`stock_lava.MODELS`, and list the Vars that tests may write in `stock_graphs.WRITABLE`.  Lava is imported inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from stock_graphs import MOST_STEPS, Builder, Choices, is_sparse

SOURCES: list[Callable[..., Any]] = []
"""(builder, shape, high) → a process with s_out, of values below `high`."""
NEURONS: list[Callable[..., Any]] = []
"""(builder, shape) → a process with a_in and s_out."""
SYNAPSES: list[Callable[..., Any]] = []
"""(builder, n_pre, n_post) → a process with s_in and a_out of those sizes."""
BLOCKS: list[Callable[..., Any]] = []
"""(builder) → new OutPorts: processes that choose their own shapes, fed from ``builder.outputs``."""
EXTRAS: list[Callable[..., Any]] = []
"""(builder) → None: processes that watch or change others, added at the end."""


def segment(kind: list[Callable[..., Any]], weight: int = 1) -> Callable[..., Any]:
    """Add a function to a kind, as often as its weight says."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        kind.extend([function] * weight)
        return function

    return register


@segment(SOURCES)
def ring_source(b: Builder, shape: tuple[int, ...], high: int) -> Any:
    """RingBuffer that sends over and over, about half of it zeros."""
    from lava.proc.io.source import RingBuffer

    data = b.array(-high if b.chance(0.3) else 0, high, (*shape, b.integers(1, 9)))
    data = data * b.array(0, 2, data.shape)
    b.graph.sources.append(RingBuffer(data=data))
    return b.graph.sources[-1]


def _neuron(b: Builder, cls: Any, shape: tuple[int, ...], **more: Any) -> Any:
    """A neuron of the LIF family with random constants."""
    process = cls(
        shape=shape,
        u=b.array(-5000, 5000, shape),
        v=b.integers(-5000, 5000),
        du=b.integers(-1, 4096),
        dv=b.integers(0, 4096),
        bias_mant=b.array(-400, 400, shape),
        bias_exp=b.integers(0, 7),
        **more,
    )
    b.graph.neurons.append(process)
    return process


@segment(NEURONS, 2)
def lif(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.lif.process import LIF

    return _neuron(b, LIF, shape, vth=b.integers(0, 300))


@segment(NEURONS)
def lif_reset(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.lif.process import LIFReset

    timing = {"reset_interval": b.integers(1, 5), "reset_offset": b.integers(0, 7)}
    return _neuron(b, LIFReset, shape, vth=b.integers(0, 300), **timing)


@segment(NEURONS)
def ternary_lif(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.lif.process import TernaryLIF

    return _neuron(b, TernaryLIF, shape, vth_lo=-b.integers(0, 300), vth_hi=b.integers(0, 300))


@segment(NEURONS)
def learning_lif(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.lif.process import LearningLIF

    return _neuron(b, LearningLIF, shape, vth=b.integers(0, 300), learning_rule=None)


def weights(b: Builder, shape: tuple[int, ...]) -> Any:
    """Mixed, or of one sign, or all zero; some lie out of range."""
    values = b.array(-300, 300, shape)
    return np.abs(values) * b.pick((1, -1, 0)) if b.chance(0.3) else values


def _synapse(b: Builder, cls: Any, n_pre: int, n_post: int, modes: tuple[Any, ...], **more: Any) -> Any:
    """A process of the Dense or Sparse family with random constants; mode None leaves sign_mode away."""
    mode = b.pick(modes)
    if mode is not None:
        more["sign_mode"] = mode
    given = weights(b, (n_post, n_pre))
    process = cls(
        weights=sparse_matrix(b, given) if "sparse" in cls.__module__ else given,
        num_message_bits=b.pick((0, 8)),
        weight_exp=b.integers(-8, 8) if b.chance(0.5) else 0,
        num_weight_bits=b.integers(1, 9) if b.chance(0.3) else 8,
        **more,
    )
    b.graph.synapses.append(process)
    return process


@segment(SYNAPSES, 2)
def dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.dense.process import Dense
    from lava.utils.weightutils import SignMode

    return _synapse(b, Dense, n_pre, n_post, (None, *SignMode))


@segment(SYNAPSES)
def delay_dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.dense.process import DelayDense
    from lava.utils.weightutils import SignMode

    delays = b.array(0, 4, (n_post, n_pre)) if b.chance(0.7) else b.integers(0, 3)
    return _synapse(b, DelayDense, n_pre, n_post, (None, *SignMode), delays=delays)


@segment(SYNAPSES, 2)
def learning_dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.magma.core.learning.constants import GradedSpikeCfg
    from lava.proc.dense.process import LearningDense
    from lava.utils.weightutils import SignMode

    modes = (SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY)
    process = _synapse(
        b, LearningDense, n_pre, n_post, modes,
        learning_rule=learning_rule(b),
        graded_spike_cfg=b.pick(list(GradedSpikeCfg)),
        tag_1=b.array(-257, 256, (n_post, n_pre)),
        tag_2=b.array(0, 256, (n_post, n_pre)),
    )  # fmt: skip
    if b.chance(0.3):
        for name, size in (("x1", n_pre), ("x2", n_pre), ("y1", n_post), ("y3", n_post)):
            getattr(process, name).init = b.array(0, 128, (size,))
    return process


FACTORS = ("x1", "y1", "w", "x2", "y2", "y3", "d", "t")
TRACE_FACTORS = ("x1", "y1", "x2", "y2", "y3")


def learning_rule(b: Builder, names: tuple[str, ...] = FACTORS) -> Any:
    """Two or three factors, over one to three of dw, dd, dt."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

    three = b.chance(0.4)
    decimation = b.integers(0, 4)
    targets = b.pick((("dw",), ("dw", "dt"), ("dw", "dd"), ("dt",), ("dd",), ("dd", "dt", "dw")))
    arguments: dict[str, Any] = {target: rule_text(b, decimation, names) for target in targets}
    for name in ("x1", "x2") if three else ("x1", "x2", "y1", "y2", "y3"):
        arguments[f"{name}_impulse"] = b.integers(0, 127 * 4) / 4
        arguments[f"{name}_tau"] = b.integers(0, 30)
    cls = Loihi3FLearningRule if three else Loihi2FLearningRule
    return cls(**arguments, t_epoch=b.integers(1, 6), rng_seed=b.integers(0, 100))


def rule_text(b: Builder | Choices, decimation: int, names: tuple[str, ...]) -> str:
    """One to three products, each with a dependency and up to three factors."""
    text = ""
    for k in range(b.integer(1, 4)):
        sign = b.pick(("+", "-"))
        text += (sign if k or sign == "-" else "") + product_text(b, decimation, names)
    return text


def product_text(b: Builder | Choices, decimation: int, names: tuple[str, ...]) -> str:
    """Such as ``3*2^-2*x0*y1*(w+3)``."""
    parts = [b.pick(("x0", "y0", f"u{decimation}"))]
    for _ in range(b.integer(0, 4)):
        name = b.pick(names)
        forms = ("{}", "({}+{})", "({}-{})", "sgn({})", "sgn({}-{})")
        form = b.pick(forms if name in ("w", "d", "t") else forms[:3])
        parts.append(form.format(name, b.integer(1, 130)))
    if b.chance(0.5):
        parts.insert(0, f"2^{b.integer(-7, 4)}")
    if b.chance(0.3):
        parts.insert(0, str(b.integer(1, 8)))
    return "*".join(parts)


def sparse_matrix(b: Builder, values: Any) -> Any:
    """About a third of the values, or all of them."""
    from scipy.sparse import csr_matrix

    return csr_matrix(values * (b.array(0, 3, values.shape) == 0) if b.chance(0.8) else values)


@segment(SYNAPSES)
def sparse(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.sparse.process import Sparse
    from lava.utils.weightutils import SignMode

    return _synapse(b, Sparse, n_pre, n_post, (None, *SignMode))


@segment(SYNAPSES)
def delay_sparse(b: Builder, n_pre: int, n_post: int) -> Any:
    """Delays as a matrix with other entries than the weights, or one for all."""
    from lava.proc.sparse.process import DelaySparse
    from lava.utils.weightutils import SignMode

    delays = sparse_matrix(b, b.array(0, 4, (n_post, n_pre))) if b.chance(0.7) else b.integers(0, 3)
    return _synapse(b, DelaySparse, n_pre, n_post, (None, *SignMode), delays=delays, max_delay=b.integers(0, 5))


@segment(SYNAPSES)
def learning_sparse(b: Builder, n_pre: int, n_post: int) -> Any:
    """With the rules and sign modes that Lava's model can apply."""
    from lava.magma.core.learning.constants import GradedSpikeCfg
    from lava.proc.sparse.process import LearningSparse
    from lava.utils.weightutils import SignMode

    rule = learning_rule(b, TRACE_FACTORS)
    process = _synapse(
        b, LearningSparse, n_pre, n_post, (SignMode.MIXED, None) if rule.dw else (None, *list(SignMode)[1:]),
        learning_rule=rule,
        graded_spike_cfg=b.pick(list(GradedSpikeCfg)),
        tag_1=sparse_matrix(b, b.array(-257, 256, (n_post, n_pre))),
        tag_2=sparse_matrix(b, b.array(0, 256, (n_post, n_pre))),
    )  # fmt: skip
    # With nothing stored, Lava's model fails.
    for var, value in ((process.weights, 256), (process.tag_1, 9), (process.tag_2, 9)):
        var.init[0, 0] = value
    return process


@segment(BLOCKS)
def conv(b: Builder) -> list[Any]:
    """A Conv over what some OutPort sends, taken as an image, and the neurons behind it."""
    from lava.proc.conv.process import Conv

    def divisor(number: int) -> int:
        return int(b.pick([n for n in range(1, number + 1) if number % n == 0]))

    size = b.pick(b.outputs).size
    x = divisor(size)
    channels = divisor(size // x)
    groups = divisor(channels)
    shape = (x, size // x // channels, channels)
    padding, stride = ([b.integers(low, low + 3) for _ in (0, 1)] for low in (0, 1))
    room = [shape[k] + 2 * padding[k] for k in (0, 1)]
    taps = [b.integers(1, min(room[k], 3) + 1) for k in (0, 1)]
    dilation = [1 if taps[k] == 1 else b.integers(1, (room[k] - 1) // (taps[k] - 1) + 1) for k in (0, 1)]
    process = Conv(
        weight=b.array(-300, 300, (groups * b.integers(1, 4), *taps, channels // groups)),
        input_shape=shape, groups=groups, num_message_bits=b.pick((0, 8)),
        padding=tuple(padding), stride=tuple(stride), dilation=tuple(dilation),
    )  # fmt: skip
    b.graph.synapses.append(process)
    b.feed(process.s_in)
    layer = b.pick(b.kinds.NEURONS)(b, tuple(int(n) for n in process.output_shape))
    b.wire(process.a_out, layer.in_ports.members[0])
    return [layer.s_out]


@segment(EXTRAS)
def monitor(b: Builder) -> None:
    """Monitor of a Var or an OutPort."""
    from lava.proc.monitor.process import Monitor

    names = ("u", "v", "weights", "a_buff", "x1", "y1", "tag_1", "tag_2", "bias_mant", "tx", "y0")
    watched = [
        var
        for process in (*b.graph.neurons, *b.graph.synapses)
        for var in process.vars
        if var.name in names and not is_sparse(var)
    ]
    watcher = Monitor()
    watcher.probe(b.pick(b.outputs) if b.chance(0.4) else b.pick(watched), MOST_STEPS)
    b.graph.extras.append(watcher)
