"""Lava's connections: the parameters, Vars and ports of their constructors."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_ed.graph.members import InPort, OutPort, Var
from lava_ed.graph.models import stock_models
from lava_ed.graph.process import AbstractProcess
from lava_ed.graph.rules import GradedSpikeCfg, LoihiLearningRule


class _Connection(AbstractProcess):
    """A connection of neurons by a matrix of weights (n_post, n_pre), kept as this class keeps them."""

    @staticmethod
    def _stored(matrix: Any) -> Any:
        return matrix

    def __init__(self, *, weights: Any, num_message_bits: int = 0, **kwargs: Any) -> None:
        super().__init__(weights=weights, num_message_bits=num_message_bits, **kwargs)
        if len(np.shape(weights)) != 2:
            raise ValueError(
                f"weights of {type(self).__name__} have shape {np.shape(weights)}: give a matrix (post, pre)"
            )
        post, pre = weights.shape
        self.s_in, self.a_out = InPort(shape=(pre,)), OutPort(shape=(post,))
        self.weights = Var(shape=(post, pre), init=self._stored(weights))
        self.a_buff, self.num_message_bits = Var(shape=(post,), init=0), Var(shape=(1,), init=num_message_bits)


class _Delayed(_Connection):
    """A connection with a delay of its own for each synapse."""

    def __init__(self, *, weights: Any, delays: Any, max_delay: int = 0, **kwargs: Any) -> None:
        max_delay = max_delay or int(np.max(delays) if isinstance(delays, (int, np.ndarray)) else delays.max())
        super().__init__(weights=weights, max_delay=max_delay, **kwargs)
        lowest = delays if isinstance(delays, int) else delays.min()
        if lowest < 0:
            raise ValueError(
                f"delays of {type(self).__name__} go down to {lowest}: a synapse delays by 0 steps or more"
            )
        if not isinstance(delays, int) and (delays.shape != weights.shape or delays.dtype != int):
            raise ValueError(
                f"{type(self).__name__} Process 'delays' expects integers in the shape of the weights, got {delays}."
            )
        self.delays = Var(shape=weights.shape, init=delays)
        self.a_buff = Var(shape=(weights.shape[0], max_delay + 1), init=0)


class _Learning(_Connection):
    """A connection that learns: traces, tags and the parameters of its rule are Vars."""

    def __init__(
        self,
        *,
        weights: Any,
        tag_2: Any = None,
        tag_1: Any = None,
        learning_rule: LoihiLearningRule,
        graded_spike_cfg: GradedSpikeCfg = GradedSpikeCfg.USE_REGULAR_IMPULSE,
        **kwargs: Any,
    ) -> None:
        if graded_spike_cfg != GradedSpikeCfg.USE_REGULAR_IMPULSE:
            learning_rule.x1_impulse = 0
        post, pre = weights.shape
        super().__init__(
            weights=weights, tag_2=tag_2, tag_1=tag_1, shape=(post, pre), learning_rule=learning_rule,
            graded_spike_cfg=graded_spike_cfg, **kwargs,
        )  # fmt: skip
        for port in ("bap", "y1", "y2", "y3"):
            setattr(self, f"s_in_{port}", InPort(shape=(post,)))
        self._hold((pre,), x0=0, tx=0, x1=0, x2=0)
        self._hold((post,), y0=0, ty=0, y1=0, y2=0, y3=0)
        for name, tag in (("tag_2", tag_2), ("tag_1", tag_1)):
            stored = self._stored(np.zeros((post, pre)) if tag is None else tag)
            setattr(self, name, Var(shape=(post, pre), init=stored.copy()))
        self._hold((256,), **{target: getattr(learning_rule, f"{target}_str") for target in ("dw", "dd", "dt")})
        of_traces = [f"{trace}_{what}" for trace in ("x1", "x2", "y1", "y2", "y3") for what in ("tau", "impulse")]
        self._hold((1,), **{name: getattr(learning_rule, name) for name in of_traces})


class Dense(_Connection):
    """``a_out = weights · s_in``.

    Parameters
    ----------
    weights : array (n_post, n_pre)
    weight_exp, num_weight_bits, sign_mode
        Format of the weights in fixed point.
    num_message_bits : int
        0 for spikes, more for graded ones.
    """


class DelayDense(_Delayed):
    """Dense whose synapses each have a delay of `delays` steps."""


class LearningDense(_Learning):
    """Dense whose weights follow a learning rule."""


class _Sparse(_Connection):
    """A connection whose weights are kept as a sparse matrix, and are no parameter."""

    @staticmethod
    def _stored(matrix: Any) -> Any:
        return (csr_matrix(matrix) if isinstance(matrix, np.ndarray) else matrix.tocsr()).copy()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        del self.proc_params._parameters["weights"]


class Sparse(_Sparse):
    """Dense with a sparse matrix of weights."""


class DelaySparse(_Delayed, _Sparse):
    """DelayDense with sparse matrices of weights and delays."""


class LearningSparse(_Learning, _Sparse):
    """LearningDense with a sparse matrix of weights."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        matrices = {name: getattr(self, name).init for name in ("weights", "tag_2", "tag_1")}
        self.proc_params["x_idx_active_syn_vars"] = {name: item.nonzero()[1] for name, item in matrices.items()}


def _pair(value: Any) -> tuple[int, int]:
    """One number for both axes, or one for each."""
    values = (value,) if np.isscalar(value) else tuple(value)
    if len(values) not in (1, 2):
        raise ValueError(f"Expected 'value' to be two dimensional. Got: value = {value}.")
    return values[0], values[-1]


class Conv(AbstractProcess):
    """Convolution of an image (x, y, channels) with kernels.

    Parameters
    ----------
    weight : array (out_channels, x, y, in_channels per group)
    input_shape : tuple of int
    padding, stride, dilation : int or pair of int
    groups : int
    """

    def __init__(
        self, *, weight: Any, weight_exp: int = 0, input_shape: tuple[int, int, int] = (1, 1, 1), padding: Any = 0,
        stride: Any = 1, dilation: Any = 1, groups: int = 1, num_weight_bits: int = 8, num_message_bits: int = 0,
        name: str | None = None, log_config: Any = None,
    ) -> None:  # fmt: skip
        scalars = {
            "weight_exp": weight_exp, "num_weight_bits": num_weight_bits, "groups": groups,
            "num_message_bits": num_message_bits,
        }  # fmt: skip
        super().__init__(
            weight=weight, input_shape=input_shape, padding=padding, stride=stride, dilation=dilation, name=name,
            log_config=log_config, **scalars,
        )  # fmt: skip
        if len(input_shape) != 3 or not np.isscalar(groups):
            raise ValueError(f"Expected input shape to be 3 dimensional and groups a scalar: {input_shape}, {groups}.")
        if input_shape[-1] % groups or weight.shape[0] % groups:
            raise ValueError(f"Channels {input_shape[-1]} and {weight.shape[0]} are not divisible by {groups} groups.")
        pairs = {"padding": _pair(padding), "stride": _pair(stride), "dilation": _pair(dilation)}
        spans = [
            (size + 2 * pad - apart * (kernel - 1) - 1) // step + 1
            for size, kernel, pad, step, apart in zip(input_shape, weight.shape[1:3], *pairs.values(), strict=False)
        ]
        if min(spans) < 1:
            raise ValueError(f"The kernel {weight.shape[1:3]} is larger than the input {input_shape} with its padding.")
        self.input_shape, self.output_shape = input_shape, (*spans, weight.shape[0])
        self.s_in, self.a_out = InPort(shape=input_shape), OutPort(shape=self.output_shape)
        self.weight, self.a_buf = Var(shape=weight.shape, init=weight), Var(shape=self.output_shape, init=0)
        self._hold((2,), kernel_size=weight.shape[1:3], **pairs)
        self._hold((1,), **scalars)


_FIXED, _FLOAT = "bit_accurate_loihi fixed_pt", "floating_pt"
for _process in (Dense, DelayDense, Sparse, DelaySparse):
    _name = f"Py{_process.__name__}Model"
    stock_models(_process, __name__, [(f"{_name}Float", _FLOAT), (f"{_name}BitAcc", _FIXED)])
for _learning in (LearningDense, LearningSparse):
    _name = f"Py{_learning.__name__}Model"
    stock_models(
        _learning, __name__, [(f"{_name}Float", _FLOAT), (f"{_name}BitApproximate", "bit_approximate_loihi fixed_pt")]
    )
stock_models(Conv, __name__, [("PyConvModelFloat", _FLOAT), ("PyConvModelFixed", "fixed_pt")])
