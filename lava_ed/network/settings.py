"""Every setting of a net but its layers and its rule, each declared once.

The annotation of a field says which values it takes.  What checks a net, the schema of its files, the configuration of
a run, and the options of `lava-ed train` all follow from it.  Nothing heavy is imported here, so that the command can
print its help at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from lava_ed.errors import ConfigError
from lava_ed.integers import is_integer
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.values import plain_of

EncoderKind = Literal["ttfs", "rate", "current", "binary", "bins"]
ReadoutKind = Literal["membrane", "first-spike"]
Feedback = Literal["symmetric", "random"]
Learning = Literal["replayed", "aggregated"]
Dependency = Literal["x0", "y0", "y0-x0", "x0-y0", "auto"]
Rounding = Literal["floor", "nearest", "carry"]
WeightRounding = Literal["stochastic", "carry"]
Overflow = Literal["raise", "warn", "wrap"]
Sharing = Literal["accumulated", "none"]
Pooling = Literal["sum", "or"]
ROUNDINGS: Final[tuple[Rounding, ...]] = get_args(Rounding)
OVERFLOWS: Final[tuple[Overflow, ...]] = get_args(Overflow)


@dataclass(frozen=True)
class Setting:
    """What the annotation of a field says beside its type."""

    low: float = -math.inf
    high: float = math.inf
    """Range of an integer, or of each of several."""
    earlier: Any = ...
    """What a description means that is too old to know the setting; every other description has to hold it."""
    help: str | None = None
    """Makes it an option of `lava-ed train`, explained so."""


@dataclass(frozen=True)
class NetSettings:
    """The settings of a net, whatever its layers.

    Parameters
    ----------
    steps : int
        T, time steps of one window.
    encoder : {"ttfs", "rate", "current", "binary", "bins"}, optional
        Default: ttfs for STD-ED (the only one it takes), rate for MPD-ED; binary is the baseline renner's; bins, of
        MPD-ED, takes a byte as the steps in which an input spikes (events of a camera).
    readout : {"membrane", "first-spike"}
    feedback : {"symmetric", "random"}
        Errors come back through the same synapses, or straight from the output through fixed ones.
    learning : {"replayed", "aggregated"}
        MPD-ED: weights change in every step of the replay, or once a sample, by the sum of the errors.
    count_shift : int
        MPD-ED in nets with named layers: a spike adds 2^count_shift to the trace by which a dense layer learns.  The
        learning engine cuts 3 bits off a product of a trace and an error, and so most of what many small errors say.
        The trace saturates at 127, with 3 from 16 spikes on, and the least rate is 2^count_shift times as large.
    dependency : {"x0", "y0", "y0-x0", "x0-y0", "auto"}
        Which synapses the learning engine visits, where a sample fits its epoch: those of inputs that spiked, of
        neurons with an error, or by one into hidden layers and by the other into the output.  Weights are the same.  A
        training run chooses "auto" by what is fewer in its first samples.
    adaptation : Adaptation
        Adaptive threshold of the hidden layers.
    readout_adaptation : Adaptation
        The same for a first-spike readout.
    init_limits : tuple of int
        Largest stored (halved) initial weight of each connection, 1 … 127.
    weight_exponents : tuple of int
        Exponent of each connection, −8 … 7.
    error_shift : int
        Right shift of the error sums that a hidden layer receives.
    error_limit : int
        Largest |δ| of STD-ED; the chip's message holds 127, larger ones serve exact checks of the gradient.
    softmax_shift : int
        k: membranes are compared in units of 2^k.
    softmax_rounding : {"floor", "nearest", "carry"}
        Rounding of the shares p that the error subtracts: floors leave Σe > 0, which drives every output upwards, and
        so does the nearest with many classes, whose small shares it loses; carry hands on what a share leaves over.
    weight_rounding : {"stochastic", "carry"}
        What becomes of the part of an update that lies below a weight's last bit: a random bit of the right mean, or
        eight more bits in the synapse's tag, which add up until they carry.
    dead_zone : int
        Errors whose largest |e| does not pass it are not sent.
    dv : int
        MPD-ED: leak λ = 1 − dv/4096 of the hidden layers.
    half_width : int
        MPD-ED: half-width of the box surrogate, in eighths of the threshold.
    input_drop : int
        Share of the inputs that stays silent in a training sample, in 1/256; none in evaluation.
    arch : str
        The layers behind the input as a text, such as 24c5-p2-48c3-p2-10; empty where all of them are dense.
    image : (channels, height, width)
        Shape of the input of such a net.
    sharing : {"accumulated", "none"}
        Weights of a convolution: kernels whose taps gather what all positions learn, or of each position its own.
    pooling : {"sum", "or"}
        MPD-ED: the spikes of a square of neurons add up at their common axon, or go through as one; STD-ED lets a
        square's first spike through.
    threshold_steps : tuple of int
        Threshold step of each hidden layer at the start; default: that of `adaptation` for all.
    error_shifts : tuple of int
        Right shift of the error sums that leave each connection backwards; default: `error_shift` for all.
    rate_shifts : tuple of int
        Bits by which each connection learns more slowly than the rate of the rule; default: 0.
    freeze : tuple of int
        Connections whose kernels stay as they were drawn: the control for what learning them is worth.
    hidden_dead_zones : tuple of int
        z of each hidden layer: errors (of MPD-ED: changes of an error) that do not pass it are neither sent nor learned
        from; default: 0.
    error_grains : tuple of int
        g of each hidden layer: synapses learn from its errors rounded stochastically to multiples of 2^g, so that most
        of the small ones, whose updates would mostly round to nothing, cause no visit; default: 0.
    overflow : {"raise", "warn", "wrap"}
    seed : int
        Seed of the initial weights and of everything drawn in training.

    Raises
    ------
    ConfigError
        If a setting is of another type, or out of range.
    """

    steps: Annotated[int, Setting(help="Time steps of one window, T.")] = 16
    encoder: Annotated[
        EncoderKind, Setting(help="ttfs, rate, current, bins (events of a camera) or (of renner) binary.")
    ] = None  # type: ignore[assignment]
    readout: Annotated[ReadoutKind, Setting(help="membrane or first-spike.")] = "membrane"
    feedback: Annotated[Feedback, Setting(help="symmetric or random.")] = "symmetric"
    adaptation: Adaptation = field(default_factory=Adaptation)
    readout_adaptation: Adaptation = field(default_factory=lambda: Adaptation(initial_step=40))
    init_limits: Annotated[
        tuple[int, ...], Setting(1, 127, help="Largest initial weight of each connection, halved, for example 16,64.")
    ] = ()
    weight_exponents: Annotated[
        tuple[int, ...], Setting(-8, 7, help="Exponent of each connection, for example -4,0.")
    ] = ()
    error_shift: Annotated[int, Setting(0, 31, help="Right shift of the errors that hidden layers receive.")] = 8
    error_limit: Annotated[int, Setting(1, 2**23 - 1)] = 127
    softmax_shift: Annotated[int, Setting(0, 23, help="k: outputs are compared in units of 2^k.")] = 12
    softmax_rounding: Annotated[Rounding, Setting(earlier="floor")] = "floor"
    weight_rounding: Annotated[WeightRounding, Setting(earlier="stochastic")] = "stochastic"
    dead_zone: Annotated[int, Setting(0, 127, help="Output errors that none passes start no learning.")] = 4
    dv: Annotated[int, Setting(0, 4095)] = 0
    half_width: Annotated[int, Setting(1, 1024)] = 8
    input_drop: Annotated[int, Setting(0, 255, earlier=0)] = 0
    learning: Annotated[Learning, Setting(earlier="replayed", help="replayed, or (of mpd-ed) aggregated.")] = "replayed"
    count_shift: Annotated[int, Setting(0, 3, earlier=0, help="Of mpd-ed behind maps: a spike adds 2^k to x1.")] = 0
    dependency: Annotated[
        Dependency,
        Setting(earlier="x0", help="Synapses that learning visits: x0, y0, y0-x0, x0-y0 or auto."),
    ] = "x0"
    arch: Annotated[str, Setting(earlier="")] = ""
    image: Annotated[tuple[int, ...], Setting(1, 1023, earlier=())] = ()
    sharing: Annotated[Sharing, Setting(earlier="accumulated", help="Of kernels: accumulated or none.")] = "accumulated"
    pooling: Annotated[Pooling, Setting(earlier="sum", help="Of mpd-ed's maps: sum or or.")] = "sum"
    threshold_steps: Annotated[
        tuple[int, ...], Setting(0, 55, earlier=(), help="Threshold of each hidden layer, in quarters of an octave.")
    ] = ()
    error_shifts: Annotated[tuple[int, ...], Setting(0, 31, earlier=())] = ()
    rate_shifts: Annotated[tuple[int, ...], Setting(-8, 23, earlier=())] = ()
    freeze: Annotated[tuple[int, ...], Setting(1, 63, earlier=())] = ()
    hidden_dead_zones: Annotated[
        tuple[int, ...], Setting(0, 127, earlier=(), help="Largest error that each hidden layer does not send.")
    ] = ()
    error_grains: Annotated[
        tuple[int, ...],
        Setting(
            0, 6, earlier=(), help="g: each hidden layer learns from errors rounded at random to multiples of 2^g."
        ),
    ] = ()
    overflow: Overflow = "raise"
    seed: Annotated[int, Setting(0, 2**32 - 1)] = 0

    def __post_init__(self) -> None:
        for name, (kind, setting) in declared(NetSettings).items():
            value = plain_of(getattr(self, name))
            object.__setattr__(self, name, value)
            if kind in (int, tuple[int, ...]):
                check_integers(name, value, several=kind is not int)
            elif get_origin(kind) is Literal and value not in (*get_args(kind), getattr(NetSettings, name)):
                raise ConfigError(f"{name} {value!r} is unknown: use one of {', '.join(get_args(kind))}")
            if kind is int and not setting.low <= value <= setting.high:
                raise ConfigError(f"{name} is {value}, allowed is {setting.low} … {setting.high}")
        object.__setattr__(self, "freeze", tuple(sorted(set(self.freeze))))


@cache
def declared(settings: Any) -> dict[str, tuple[Any, Setting]]:
    """Type and `Setting` of every field of a class."""
    hints = get_type_hints(settings, include_extras=True)
    return {
        name: get_args(hint) if get_origin(hint) is Annotated else (hint, Setting()) for name, hint in hints.items()
    }


def check_integers(name: str, value: Any, several: bool) -> None:
    """Refuse what is no integer, or no sequence of them: nothing is rounded behind the user's back."""
    values = value if several else (value,)
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigError(f"{name} {value!r} is no sequence of integers")
    if not all(map(is_integer, values)):
        raise ConfigError(f"{name} is {value!r}: integers are needed")


def options() -> dict[str, tuple[type[Any], str]]:
    """Type and help of the settings that `lava-ed train` takes as options; lists come as texts."""
    found = declared(NetSettings).items()
    return {name: (int if kind is int else str, note.help) for name, (kind, note) in found if note.help is not None}


def is_list(name: str) -> bool:
    """Whether a name is that of a setting with several integers."""
    settings = declared(NetSettings)
    return name in settings and bool(settings[name][0] == tuple[int, ...])
