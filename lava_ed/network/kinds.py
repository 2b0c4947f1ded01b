"""The kinds of nodes of our nets, each declared once: parameters, ports and Vars with their widths and ranges.

The Lava Processes and their models are made from these; the engine's nodes and the ranges of a saved state are
held against them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lava_ed.kernels.counting import N_COUNTERS, N_PHASES
from lava_ed.kernels.fixed_point import (
    BIAS_MAX,
    ERROR_FRACTION_BITS,
    HISTORY_BITS,
    PORT_SHIFT_MAX,
    SCALE_EXPONENT_MAX,
    SCALE_EXPONENT_MIN,
    STATE_BITS,
    STATE_MAX,
    STATE_MIN,
    TRACE_BITS,
    TRACE_MAX,
)
from lava_ed.learning_rules.rate import MAX_MANTISSA, MAX_PORT_SHIFT
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.layers import RATE_SHIFTS
from lava_ed.network.settings import NetSettings, declared

Range = tuple[int, int]
Side = Literal["node", "target", "source", "synapse", "tap", "position", "counters"]
"""The things of which a Var or port has one value each: a node, neurons, what synapses read or a layer sends, synapses,
taps of kernels, positions of a map."""

_COUNT: Final = (0, 2**62)
"""Range of a count, far below where 64 bits wrap."""
_SMALL: Final = (0, 2**31 - 1)
_FLAG: Final = (0, 1)


@dataclass(frozen=True)
class Quantity:
    """A Var, or what a port carries."""

    bits: int | None
    """Width on the chip; None for a value that a processor beside the cores keeps."""
    per: Side = "target"
    dtype: str = "int32"
    """Type in which Lava's models and the engine hold the value."""
    limits: Range | None = None
    """Smallest and largest value that compiled code may meet, where it relies on that."""
    init: int = 0
    on_core: bool = False
    """Whether the value takes memory of a core beside the neuron's own state."""
    window: int = 0
    """Time steps that a value holds, so that a longer window takes several, one after the other; 0: all."""

    def words(self, steps: int) -> int:
        """Values that a window of so many time steps takes."""
        return -(-steps // self.window) if self.window else 1

    def shape_in(self, shape: tuple[int, ...], steps: int = 1) -> tuple[int, ...]:
        """Shape of the values in a node of (n,) neurons or (n_post, n_pre) synapses, for a window of so many steps.

        Maps of n neurons that send m messages are (n, m); kernels (n_post, n_pre, columns, rows, positions).
        """
        sides = {"node": (1,), "synapse": shape, "source": shape[1:2], "counters": (N_COUNTERS, N_PHASES)}
        sides |= {"tap": shape[2:4], "position": shape[4:]}
        return sides.get(self.per, (self.words(steps) * shape[0],))


Quantities = Mapping[str, Quantity]


def _each(names: str, quantity: Quantity) -> dict[str, Quantity]:
    return dict.fromkeys(names.split(), quantity)


@dataclass(frozen=True)
class NodeKind:
    """What all nodes of a kind have in common: InPorts, OutPorts and Vars by name, and what they are made with."""

    name: str
    inputs: Quantities
    outputs: Quantities
    vars: Quantities
    parameters: Mapping[str, Range] = field(default_factory=dict)
    """Smallest and largest value of the integers that a node is made with."""
    schedules: tuple[str, ...] = ()
    """Kinds of the schedules under which it works; empty: all."""
    readout: str | None = None
    """Readout of the only schedule under which it works."""

    @property
    def dimensions(self) -> int:
        """Number of axes of a node: one for neurons, two for synapses (n_post, n_pre) and maps, five for kernels."""
        sides = {quantity.per for quantity in self.vars.values()}
        return 5 if "tap" in sides else 2 if sides & {"synapse", "source"} else 1

    def memory_bits(self, per: Side, without: Collection[str] = ()) -> int:
        """Footprint on a chip: memory of each neuron, source or synapse, without the Vars that a node does not use."""
        used = (quantity for name, quantity in self.vars.items() if quantity.on_core and name not in without)
        return sum(quantity.bits or 0 for quantity in used if quantity.per == per)

    def state_bits(self, shape: tuple[int, ...], steps: int) -> int:
        """State that the neurons of a node keep on a chip for a window of so many steps."""
        kept = (q for q in self.vars.values() if not q.on_core and q.per in ("target", "source"))
        return sum((q.bits or 0) * math.prod(q.shape_in(shape, steps)) for q in kept)


def _range_of(setting: str) -> Range:
    """Range of a setting of nets, which is a parameter of their nodes."""
    _, found = declared(NetSettings)[setting]
    return int(found.low), int(found.high)


_DEAD_ZONE: Final = {"dead_zone": _range_of("hidden_dead_zones")}
_SENDING: Final = {**_DEAD_ZONE, "grain": _range_of("error_grains")}
_MEMBRANE: Final = Quantity(STATE_BITS, limits=(STATE_MIN, STATE_MAX))
_STATE: Final = Quantity(STATE_BITS)
_TRACE: Final = Quantity(TRACE_BITS)
_HISTORY: Final = _each("spike_word support_word", Quantity(HISTORY_BITS, window=HISTORY_BITS))
_SPIKE: Final = Quantity(1)
_GRADED: Final = Quantity(8)
_SUM: Final = Quantity(STATE_BITS)
_PULLED: Final = Quantity(1, "node")
_PORT_SHIFT: Final = Quantity(None, "node", limits=(0, MAX_PORT_SHIFT))
_TALLY: Final = Quantity(None, "node", "int64", _COUNT)
_TEACHES: Final = {"s_out_bap": _SPIKE, **_each("s_out_y1 s_out_y2 s_out_y3", _TRACE)}
_COMMON: Final = {
    "presentation": Quantity(None, "node", "int64", (-1, 2**62), init=-1),
    "counters": Quantity(None, "counters", "int64", _COUNT),
    "overflows": _TALLY,
}
ADAPTIVE: Final = {
    "threshold_step": Quantity(None, "node", limits=(0, Adaptation().highest_step)),
    "adapting": Quantity(None, "node", limits=_FLAG, init=1),
    **_each("fired saturated samples_counted", Quantity(None, "node", "int64", _SMALL)),
}
"""Vars of an adaptive threshold."""

ENCODER: Final = NodeKind(
    "Encoder",
    inputs={"gate_in": _PULLED},
    outputs={"s_out": _GRADED},
    vars={
        **_COMMON,
        "drop": Quantity(8, "node", limits=_range_of("input_drop")),
        "samples": Quantity(8, dtype="uint8"),
        "x": Quantity(8),
    },
    parameters={"drop": _range_of("input_drop")},
)
LABELS: Final = NodeKind(
    "Labels", inputs={}, outputs={"label_out": Quantity(8, "node")}, vars={**_COMMON, "labels": Quantity(8)}
)
AFT_IF: Final = NodeKind(
    "AFTIF",
    inputs=_each("a_in e_in", _SUM),
    outputs={"s_out": _SPIKE, "e_out": _SUM, **_TEACHES},
    vars={
        **_COMMON,
        **ADAPTIVE,
        **_each("u v", _MEMBRANE),
        "x": _TRACE,
        "delta": Quantity(8),
        **_each("y1 y2", _TRACE),
        "port_shift": _PORT_SHIFT,
    },
    parameters={**_SENDING, "error_limit": _range_of("error_limit"), "port_shift": (0, PORT_SHIFT_MAX)},
    schedules=("std-ed",),
)
AFT_LIF: Final = NodeKind(
    "AFTLIF",
    inputs={**_each("a_in e_in", _SUM), "gate_in": _PULLED},
    outputs={"s_out": _SPIKE, "e_out": _SUM, **_TEACHES},
    vars={
        **_COMMON,
        **ADAPTIVE,
        "v": _MEMBRANE,
        **_each("b d delta", _STATE),
        **_HISTORY,
        **_each("y1 y2", _TRACE),
        "port_shift": _PORT_SHIFT,
    },
    parameters={
        "dv": _range_of("dv"),
        "dv_post": _range_of("dv"),
        "half_width": _range_of("half_width"),
        **_SENDING,
        "port_shift": (0, PORT_SHIFT_MAX - ERROR_FRACTION_BITS),
    },
    schedules=("mpd-ed", "mpd-ed-aggregated"),
)
MEMBRANE_READOUT: Final = NodeKind(
    "MembraneReadout",
    inputs={"a_in": _SUM},
    outputs={"v_out": _SUM},
    vars={**_COMMON, **_each("u v", _MEMBRANE)},
    readout="membrane",
)
FIRST_SPIKE_READOUT: Final = NodeKind(
    "FirstSpikeReadout",
    inputs={"a_in": _SUM},
    outputs={"v_out": _SUM, "s_out": _SPIKE},
    vars={**_COMMON, **ADAPTIVE, **_each("u v", _MEMBRANE), "x": _TRACE},
    readout="first-spike",
)
SOFTMAX_ERROR: Final = NodeKind(
    "SoftmaxError",
    inputs={"v_in": _SUM, "label_in": Quantity(8, "node")},
    outputs={"e_out": _SUM, "gate_out": _PULLED, **_TEACHES},
    vars={
        **_COMMON,
        "e": Quantity(8),
        **_each("y1 y2", _TRACE),
        "learning": Quantity(None, "node", limits=_FLAG, init=1),
        "port_shift": _PORT_SHIFT,
        "bias": Quantity(None, limits=(-BIAS_MAX, BIAS_MAX)),
        "rest": Quantity(None, "node", limits=(-BIAS_MAX, BIAS_MAX), init=-BIAS_MAX),
        **_each("prediction label", Quantity(None, "node", limits=_SMALL)),
        "gate": Quantity(None, "node", limits=_FLAG),
        **_each("seen correct triggered", _TALLY),
    },
    parameters={
        "shift": _range_of("softmax_shift"),
        "dead_zone": _range_of("dead_zone"),
        "port_shift": (0, PORT_SHIFT_MAX),
    },
)

_DENSE: Final = NodeKind("Dense", {}, {}, {"weights": Quantity(8, "synapse", "int16", on_core=True)})
"""Connectivity: which synapses there are."""
_FORWARD: Final = NodeKind(
    "Forward",
    inputs={"s_in": Quantity(8, "source")},
    outputs={"a_out": _SUM},
    vars={"a_buff": _SUM},
    parameters={"weight_exp": _range_of("weight_exponents")},
)
_BACKWARD: Final = NodeKind(
    "Backward",
    inputs={"e_in": _SUM},
    outputs={"e_out": Quantity(STATE_BITS, "source")},
    vars={"e_buff": Quantity(STATE_BITS, "source")},
    parameters={"error_shift": _range_of("error_shift")},
)
_PLASTIC: Final = NodeKind(
    "Plastic",
    inputs={"s_in_bap": _SPIKE, **_each("s_in_y1 s_in_y2 s_in_y3", _TRACE)},
    outputs={},
    vars={
        "x0": Quantity(1, "source", limits=_FLAG, on_core=True),
        "x1": Quantity(TRACE_BITS, "source", limits=(0, TRACE_MAX), on_core=True),
        **_each("y1 y2", Quantity(TRACE_BITS, on_core=True)),
        "tag_1": Quantity(9, "synapse", "int16", on_core=True),
        "rate_mantissa": Quantity(None, "node", limits=(1, MAX_MANTISSA)),
        "rate_exponent": Quantity(None, "node", limits=(SCALE_EXPONENT_MIN, SCALE_EXPONENT_MAX)),
        "scalar": Quantity(None, "node", limits=(-1, 255)),
    },
    parameters={"scalar_rounding": (-1, 255)},
)
"""Plasticity: what a rule adds to synapses, whatever their connectivity."""


def _synapses(name: str, *parts: NodeKind) -> NodeKind:
    """Synapses of a connectivity, read in some directions, with or without plasticity."""

    def joined(of: str) -> dict[str, Any]:
        return {key: value for part in parts for key, value in getattr(part, of).items()}

    return NodeKind(name, joined("inputs"), joined("outputs"), {**_COMMON, **joined("vars")}, joined("parameters"))


_VISITED: Final = NodeKind("Visited", {}, {}, _each("visits_x0 visits_y0", _TALLY))
"""What learning would have visited under either dependency."""
PLASTIC_DENSE: Final = _synapses("PlasticDense", _DENSE, _FORWARD, _BACKWARD, _PLASTIC, _VISITED)
AFT_IF_MAP: Final = NodeKind(
    "AFTIFMap",
    inputs={"a_in": _SUM, "e_in": Quantity(STATE_BITS, "source"), "reached_in": Quantity(None, "node")},
    outputs={"s_out": Quantity(1, "source"), "e_out": Quantity(8)},
    vars={
        **_COMMON,
        **ADAPTIVE,
        **_each("u v", _MEMBRANE),
        "x": Quantity(TRACE_BITS, "source"),
        "delta": Quantity(8),
    },
    parameters={**_DEAD_ZONE, "error_limit": _range_of("error_limit")},
    schedules=("std-ed",),
)
PLASTIC_CONV: Final = NodeKind(
    "PlasticConv",
    inputs={"s_in": Quantity(8, "source"), "e_in": Quantity(16), "y_in": Quantity(8)},
    outputs={"a_out": _SUM, "e_out": Quantity(STATE_BITS, "source"), "reached_out": Quantity(None, "node")},
    vars={
        **_COMMON,
        "weights": Quantity(8, "tap", "int16", on_core=True),
        "a_buff": _SUM,
        "e_buff": Quantity(STATE_BITS, "source"),
        "x1": Quantity(TRACE_BITS, "source", limits=(0, TRACE_MAX), on_core=True),
        "tag_1": Quantity(9, "tap", "int16", (0, 255), on_core=True),
        "reached": Quantity(None, "position", limits=_FLAG),
        "rate_mantissa": Quantity(None, "node", limits=(1, MAX_MANTISSA)),
        "rate_shift": Quantity(None, "node", limits=RATE_SHIFTS),
    },
    parameters={"error_shift": _range_of("error_shift")},
    schedules=("std-ed", "mpd-ed-aggregated"),
)
AFT_LIF_MAP: Final = NodeKind(
    "AFTLIFMap",
    inputs={"a_in": _SUM, "e_in": Quantity(STATE_BITS, "source"), "gate_in": _PULLED},
    outputs={"s_out": Quantity(8, "source"), "e_out": Quantity(16), "y_out": Quantity(8)},
    vars={
        **_COMMON,
        **ADAPTIVE,
        "v": _MEMBRANE,
        "b": Quantity(STATE_BITS, "source"),
        **_each("d delta", Quantity(16)),
        **_HISTORY,
        "y": Quantity(8),
    },
    parameters={
        **_DEAD_ZONE,
        "half_width": _range_of("half_width"),
        "error_limit": _range_of("error_limit"),
        "fraction": (0, ERROR_FRACTION_BITS),
    },
    schedules=("mpd-ed-aggregated",),
)
FEEDBACK_DENSE: Final = _synapses("FeedbackDense", _DENSE, _BACKWARD)
KINDS: Final[dict[str, NodeKind]] = {
    kind.name: kind
    for kind in (
        *(ENCODER, LABELS, PLASTIC_DENSE, FEEDBACK_DENSE, AFT_IF, AFT_LIF),
        *(MEMBRANE_READOUT, FIRST_SPIKE_READOUT, SOFTMAX_ERROR),
        *(PLASTIC_CONV, AFT_IF_MAP, AFT_LIF_MAP),
    )
}
"""Every kind of node by its name, which is that of its class in `lava_ed.proc`."""


def limits_of(kinds: Iterable[NodeKind] = KINDS.values()) -> dict[str, Range]:
    """Smallest and largest value of every Var of some kinds that has limits, by its name."""
    return {name: q.limits for kind in reversed(list(kinds)) for name, q in kind.vars.items() if q.limits is not None}
