"""NetworkSpec: a net and how it learns, as plain data; no Lava, no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Integral
from typing import Any, Final, Literal

from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.files.reading import brief
from lava_ed.kernels.fixed_point import DECAY_UNITY, SCALE_EXPONENT_MAX, TRACE_MAX
from lava_ed.kernels.streams import TAG_EXPONENT
from lava_ed.learning_rules import RULES, STDED, LearningRule, check, columns_limit, membrane_limit, sum_limit
from lava_ed.learning_rules.limits import LAYERS_MAX
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.encoding import CURRENT_MAX, DROP_MAX, ENCODERS, EncoderKind
from lava_ed.network.schedule import ReadoutKind, Schedule

Feedback = Literal["symmetric", "random"]
FEEDBACKS: Final = ("symmetric", "random")
Rounding = Literal["floor", "nearest"]
ROUNDINGS: Final = ("floor", "nearest")
WeightRounding = Literal["stochastic", "carry"]
WEIGHT_ROUNDINGS: Final = ("stochastic", "carry")
OVERFLOWS: Final = ("raise", "warn", "wrap")
_TUPLES: Final = ("sizes", "init_limits", "weight_exponents")
_INTEGERS: Final = (
    "steps",
    "error_shift",
    "error_limit",
    "softmax_shift",
    "dead_zone",
    "dv",
    "half_width",
    "input_drop",
    "seed",
)
EARLIER: Final = {"input_drop": 0, "softmax_rounding": "floor", "weight_rounding": "stochastic"}
"""What a description means by leaving out a setting that it is too old to know."""
FORMAT: Final = 1
"""Version of the dictionary form."""


@dataclass(frozen=True)
class NetworkSpec:
    """Layers, rule, and every integer setting of a net.

    Parameters
    ----------
    sizes : tuple of int
        Neurons of each layer, input first, output last.
    rule : LearningRule
        `STDED` or `MPDED`.
    steps : int
        T, time steps of one window.
    encoder : {"ttfs", "rate", "current", "binary"}, optional
        Default: ttfs for STD-ED (the only one it takes), rate for MPD-ED; binary is the baseline renner's.
    readout : {"membrane", "first-spike"}
    feedback : {"symmetric", "random"}
        Errors come back through the same synapses, or straight from the output through fixed ones.
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
    softmax_rounding : {"floor", "nearest"}
        Of the shares p that the error subtracts: floors leave Σe > 0, which drives every output upwards.
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
    overflow : {"raise", "warn", "wrap"}
    seed : int
        Of the initial weights and of every random stream.

    Raises
    ------
    ConfigError, ChipLimitError
        If a setting is out of range, or the net does not fit the chip's number formats.

    Examples
    --------
    >>> NetworkSpec((64, 32, 10), STDED(), steps=16).schedule.period
    34
    """

    sizes: tuple[int, ...]
    rule: LearningRule = field(default_factory=STDED)
    steps: int = 16
    encoder: EncoderKind | None = None
    readout: ReadoutKind = "membrane"
    feedback: Feedback = "symmetric"
    adaptation: Adaptation = field(default_factory=Adaptation)
    readout_adaptation: Adaptation = field(default_factory=lambda: Adaptation(initial_step=40))
    init_limits: tuple[int, ...] = ()
    weight_exponents: tuple[int, ...] = ()
    error_shift: int = 8
    error_limit: int = TRACE_MAX
    softmax_shift: int = 12
    softmax_rounding: Rounding = "floor"
    weight_rounding: WeightRounding = "stochastic"
    dead_zone: int = 4
    dv: int = 0
    half_width: int = 8
    input_drop: int = 0
    overflow: Literal["raise", "warn", "wrap"] = "raise"
    seed: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        self._check_types()
        put(self, "sizes", tuple(int(n) for n in self.sizes))
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ConfigError(f"sizes {self.sizes}: at least an input and an output layer, each with neurons")
        if len(self.sizes) > LAYERS_MAX:
            raise ChipLimitError(f"sizes names {len(self.sizes)} layers: a net has at most {LAYERS_MAX}, take fewer")
        layers = len(self.sizes) - 1
        put(self, "init_limits", tuple(self.init_limits) or (32,) * layers)
        put(self, "weight_exponents", tuple(self.weight_exponents) or (0,) * layers)
        put(self, "encoder", self.encoder or self.rule.encoders[0])
        for name, values, low, high in (
            ("init_limits", self.init_limits, 1, 127),
            ("weight_exponents", self.weight_exponents, -8, 7),
        ):
            if len(values) != layers or any(not low <= x <= high for x in values):
                raise ConfigError(f"{name} {values}: {layers} integers {low} … {high} are needed, one a connection")
        self._check_choices()
        self._check_ranges()
        self._check_chip()

    def _check_types(self) -> None:
        """Integers are integers: nothing is rounded behind the user's back."""
        if not isinstance(self.rule, LearningRule):
            raise ConfigError(f"rule {self.rule!r} is no learning rule: use STDED(...) or MPDED(...)")
        for name in (*_TUPLES, *_INTEGERS):
            value = getattr(self, name)
            values = value if name in _TUPLES else (value,)
            if isinstance(values, str) or not isinstance(values, Sequence):
                raise ConfigError(f"{name} {value!r} is no sequence of integers")
            if any(not isinstance(x, Integral) or isinstance(x, bool) for x in values):
                raise ConfigError(f"{name} is {value!r}: integers are needed")

    def _check_choices(self) -> None:
        for name, value, allowed in (
            ("encoder", self.encoder, ENCODERS),
            ("feedback", self.feedback, FEEDBACKS),
            ("softmax_rounding", self.softmax_rounding, ROUNDINGS),
            ("weight_rounding", self.weight_rounding, WEIGHT_ROUNDINGS),
            ("overflow", self.overflow, OVERFLOWS),
        ):
            if value not in allowed:
                raise ConfigError(f"{name} {value!r} is unknown: use one of {', '.join(allowed)}")
        if self.encoder not in self.rule.encoders:
            why = (
                f"{self.rule.name.upper()} reads one spike time per input"
                if self.rule.timing.ramps
                else "'binary' is the encoder of renner and of no other rule"
            )
            raise ConfigError(
                f"encoder {self.encoder!r} under the rule {self.rule.name}: {why}; "
                f"use encoder={self.rule.encoders[0]!r}"
            )
        if self.rule.baseline:
            self._check_baseline()

    def _check_baseline(self) -> None:
        """What a baseline's own loop can do."""
        name = self.rule.name
        for what, value, only in (
            ("readout", self.readout, "membrane"),
            ("feedback", self.feedback, "symmetric"),
        ):
            if value != only:
                raise ConfigError(f"the baseline {name} takes {what}={only!r} only, got {value!r}")
        if self.rule.hidden_layers not in (None, len(self.hidden)):
            raise ConfigError(f"{name} is published for one hidden layer, the net has {len(self.hidden)}")

    def _check_ranges(self) -> None:
        for name, value, low, high in (
            ("error_shift", self.error_shift, 0, 31),
            ("error_limit", self.error_limit, 1, 2**23 - 1),
            ("softmax_shift", self.softmax_shift, 0, 23),
            ("dead_zone", self.dead_zone, 0, TRACE_MAX),
            ("dv", self.dv, 0, DECAY_UNITY - 1),
            ("half_width", self.half_width, 1, 1024),
            ("input_drop", self.input_drop, 0, DROP_MAX),
            ("seed", self.seed, 0, 2**32 - 1),
        ):
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}, allowed is {low} … {high}")

    def _check_chip(self) -> None:
        _ = self.schedule
        check(
            [
                sum_limit(
                    layer,
                    self.sizes[layer - 1],
                    CURRENT_MAX if self.graded_input and layer == 1 else 1,
                    self.weight_exponents[layer - 1],
                )
                for layer in self.layers
            ]
        )
        check([columns_limit(layer, self.sizes[layer]) for layer in self.layers])
        # An MPD-ED membrane may pass this bound only by overflowing, which the policy catches at run time.
        if self.rule.timing.ramps:
            check(
                [
                    membrane_limit(layer, fan_in, self.steps << max(self.weight_exponents[layer - 1], 0))
                    for layer, fan_in in enumerate(self.sizes[:-1], start=1)
                ]
            )
        highest = SCALE_EXPONENT_MAX + TAG_EXPONENT
        if any(self.gathers(layer) for layer in self.layers) and self.rule.rate.exponent > highest:
            raise ChipLimitError(
                f"updates that gather in a tag allow a rate exponent up to {highest}, got {self.rule.rate.exponent}: "
                "lower the learning rate"
            )
        if self.weight_rounding == "carry" and self.rule.baseline:
            raise ConfigError(
                f"{self.rule.name} rounds its weights stochastically: weight_rounding 'carry' is not for it"
            )
        if self.weight_rounding == "carry" and any(self.gathers(layer) for layer in self.layers):
            raise ConfigError(
                "weight_rounding 'carry' needs the tag, in which the updates of mpd-ed with several hidden layers and "
                "symmetric feedback wait: use weight_rounding 'stochastic' or feedback 'random'"
            )
        if self.graded_input and self.rule.with_x1:
            raise ConfigError("a graded input and a rule with x1 exclude each other")

    @property
    def schedule(self) -> Schedule:
        """Phases of one sample."""
        return Schedule(self.steps, len(self.sizes) - 1, self.rule.kind, self.readout)  # type: ignore[arg-type]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each layer: (n,) of a dense one."""
        return tuple((n,) for n in self.sizes)

    @property
    def layers(self) -> range:
        """Numbers of the connections, 1 … W; connection l leads into layer l."""
        return range(1, len(self.sizes))

    @property
    def hidden(self) -> range:
        """Numbers of the hidden layers, 1 … W − 1."""
        return range(1, len(self.sizes) - 1)

    @property
    def threshold_nodes(self) -> tuple[str, ...]:
        """Processes that have a threshold: the hidden layers, and a readout that spikes."""
        spikes = self.rule.output_spikes or self.readout == "first-spike"
        return (*(f"hidden{layer}" for layer in self.hidden), *(("readout",) if spikes else ()))

    @property
    def graded_input(self) -> bool:
        """Whether the encoder's spikes carry a payload."""
        return self.encoder == "current"

    def dv_post(self, layer: int) -> int:
        """Decay constant of the layer that hidden `layer` gets its error from; a readout does not leak."""
        return self.dv if self.feedback == "symmetric" and layer + 1 < len(self.sizes) - 1 else 0

    def gathers(self, layer: int) -> bool:
        """Whether a connection is read backwards while it learns, so that updates wait in its tag.

        Only MPD-ED learns while errors still travel, and only connections between two hidden layers
        carry errors in more than one step.
        """
        return self.rule.timing.replays and self.feedback == "symmetric" and 1 < layer < len(self.sizes) - 1

    def to_dict(self) -> dict[str, Any]:
        """Plain description, as saved in a run's config.json."""
        data = asdict(self)
        data["rule"] = self.rule.to_dict()
        return {"format": FORMAT, **data}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NetworkSpec:
        """Inverse of `to_dict`.

        Raises
        ------
        ConfigError
            If the description is of another format, or has unknown or missing entries or such of another type.
        """
        from lava_ed.network.schema import check_net

        if not isinstance(data, Mapping):
            raise ConfigError(
                f"network description is {brief(data)}, not a table of entries: restore it, or train anew"
            )
        values = dict(data)
        found = values.pop("format", None)
        for name, value in EARLIER.items():
            values.setdefault(name, value)
        if found != FORMAT:
            raise ConfigError(f"network description has format {found}, this version reads {FORMAT}: retrain the net")
        check_net(values)
        rule = dict(values.pop("rule"))
        if rule["name"] not in RULES:
            raise ConfigError(
                f"network description is not complete or has unknown entries: rule {rule['name']!r} is none of "
                f"{', '.join(RULES)}"
            )
        kind = RULES[rule.pop("name")]
        rule["decay"] = tuple((float(p), float(f)) for p, f in rule["decay"])
        for name in ("adaptation", "readout_adaptation"):
            values[name] = Adaptation(**values[name])
        for name in ("sizes", "init_limits", "weight_exponents"):
            values[name] = tuple(values[name])
        return cls(rule=kind(**rule), **values)
