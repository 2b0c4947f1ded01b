"""NetworkSpec: a net and how it learns, as plain data; no Lava, no engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from lava_ed.errors import ChipLimitError, ConfigError, LavaEDError, UnrepresentableRateError
from lava_ed.files.reading import brief
from lava_ed.kernels.fixed_point import ACCUMULATOR_BITS, SCALE_EXPONENT_MAX, WEIGHT_LSB_SHIFT, planes_of
from lava_ed.kernels.loihi.random_streams import TAG_EXPONENT
from lava_ed.learning_rules import RULES, STDED, LearningRule, check, columns_limit, membrane_limit, sum_limit
from lava_ed.learning_rules.limits import LAYERS_MAX
from lava_ed.learning_rules.rate import LearningRate
from lava_ed.network.convolutions import check_convolutions, check_freeze
from lava_ed.network.encoding import CURRENT_MAX
from lava_ed.network.layers import Layer, MapShape, layers_of
from lava_ed.network.schedule import Schedule
from lava_ed.network.settings import NetSettings, check_integers, declared

FORMAT: Final = 1
"""Version of the dictionary form."""


@dataclass(frozen=True)
class _Layers:
    """What a `NetworkSpec` has before its settings."""

    sizes: tuple[int, ...]
    rule: LearningRule = field(default_factory=STDED)


@dataclass(frozen=True)
class NetworkSpec(NetSettings, _Layers):
    """Layers, rule, and every integer setting of a net.

    Parameters
    ----------
    sizes : tuple of int
        Neurons of each layer, input first, output last.
    rule : LearningRule
        `STDED` or `MPDED`.

    The other fields are those of `NetSettings`, in its order.

    Raises
    ------
    ConfigError, ChipLimitError
        If a setting is out of range, or the net does not fit the chip's number formats.

    Examples
    --------
    >>> NetworkSpec((64, 32, 10), STDED(), steps=16).schedule.period
    34
    """

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.rule, LearningRule):
            raise ConfigError(f"rule {self.rule!r} is no learning rule: use STDED(...) or MPDED(...)")
        if self.rule.count_shift:
            raise ConfigError(f"count_shift {self.rule.count_shift} is the rule's: give it to the net instead")
        put(self, "encoder", self.encoder or self.rule.encoders[0])
        super().__post_init__()
        put(self, "rule", self.rule.learning_as(self.learning))
        found = self._of_arch()
        put(self, "sizes", self.sizes or found)
        check_integers("sizes", self.sizes, several=True)
        put(self, "sizes", tuple(int(n) for n in self.sizes))
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ConfigError(f"sizes {self.sizes}: at least an input and an output layer, each with neurons")
        if len(self.sizes) > LAYERS_MAX:
            raise ChipLimitError(f"sizes names {len(self.sizes)} layers: a net has at most {LAYERS_MAX}, take fewer")
        for name, usual in (("init_limits", 32), ("weight_exponents", 0)):
            put(self, name, tuple(getattr(self, name)) or (usual,) * len(self.layers))
            self._check_each(name, len(self.layers), "connection")
        if found and self.sizes != found:
            raise ConfigError(f"sizes {self.sizes}: the layers {self.arch} have {found} neurons; leave sizes empty")
        for name in ("threshold_steps", "hidden_dead_zones", "error_grains"):
            self._check_each(name, len(self.hidden), "hidden layer")
        for name in ("error_shifts", "rate_shifts"):
            self._check_each(name, len(self.layers), "connection")
            if getattr(self, name) and not self.arch:
                raise ConfigError(f"{name} belongs to a net whose layers are named (arch)")
        check_freeze(self)
        self._check_encoder()
        if self.arch:
            check_convolutions(self)
        self._check_chip()

    def _of_arch(self) -> tuple[int, ...]:
        """Sizes of the layers that a text names, none where there is no text."""
        check_integers("image", self.image, several=True)
        object.__setattr__(self, "image", tuple(int(n) for n in self.image))
        if not self.arch:
            if self.image or self.sharing != "accumulated" or self.pooling != "sum" or self.count_shift:
                raise ConfigError(
                    "image, sharing, pooling and count_shift belong to a net with named layers: name them (arch)"
                )
            return ()
        if len(self.image) != 3 or not all(1 <= n <= 1023 for n in self.image):
            raise ConfigError(f"image {self.image}: channels, height and width are needed, each 1 … 1023")
        layers = layers_of(self.arch, self.image)
        return (math.prod(self.image), *(layer.shape.size for layer in layers))

    def _check_each(self, name: str, count: int, each: str) -> None:
        """Hold a setting with one value each to its range."""
        _, setting = declared(NetSettings)[name]
        values = tuple(getattr(self, name))
        check_integers(name, values, several=True)
        object.__setattr__(self, name, values)
        if values and (len(values) != count or any(not setting.low <= x <= setting.high for x in values)):
            raise ConfigError(
                f"{name} {values}: {count} integers {setting.low} … {setting.high} are needed, one a {each}, or none"
            )

    def refuse_convolutions(self, what: str, way_out: str, error: type[LavaEDError] = ConfigError) -> None:
        """Raise where the net has convolutions, of which `what` knows nothing."""
        if self.arch:
            raise error(f"{what} holds dense layers only, the net has convolutions ({self.arch}): {way_out}")

    @cached_property
    def connections(self) -> tuple[Layer, ...]:
        """The connections and the layers that they lead into, in turn."""
        if self.arch:
            return layers_of(self.arch, self.image)  # type: ignore[arg-type]
        shapes = [MapShape(n, 1, 1) for n in self.sizes]
        return tuple(Layer(str(shape.size), source, shape) for source, shape in pairwise(shapes))

    def synapses(self, layer: int) -> str:
        """Name of the process of a connection: conv1 … or dense1 …"""
        return f"{'conv' if self.connections[layer - 1].is_conv else 'dense'}{layer}"

    def axon_spikes(self, layer: int) -> int:
        """Most spikes that an axon brings to a connection in a step: those of the neurons that share it."""
        before = self.connections[layer - 2] if layer > 1 else None
        return before.pool**2 if before and self.rule.timing.replays and self.pooling == "sum" else 1

    def weights_shape(self, layer: int) -> tuple[int, int]:
        """Shape of the stored weights of a connection."""
        return self.connections[layer - 1].weights_shape(self.sharing == "accumulated")

    def rate_of(self, layer: int, rate: LearningRate | None = None) -> LearningRate:
        """The rate of a dense connection, where the rule's is this one (default: the first)."""
        rate = rate or self.rule.rate
        shift = self.rate_shifts[layer - 1] if self.rate_shifts else 0
        excess = rate.excess - self.count_shift_of(layer)
        return LearningRate.nearest(math.ldexp(rate.value, -shift), excess) if shift or excess != rate.excess else rate

    def count_shift_of(self, layer: int) -> int:
        """What a spike adds to x1 of a dense connection, as a power of 2."""
        return 0 if self.graded_input and layer == 1 else self.count_shift

    def rule_of(self, layer: int) -> LearningRule:
        """The rule at the rate of a dense connection."""
        rate, shift = self.rate_of(layer), self.count_shift_of(layer)
        own: dict[str, Any] = {"count_shift": shift} if shift else {}
        return self.rule if rate == self.rule.rate else replace(self.rule, learning_rate=rate.value, **own)

    def dw(self, dependency: str) -> str:
        """The rule in Loihi's language, that of each dense connection where they differ."""
        texts = {}
        for layer in self.dense:
            rule = self.rule_of(layer)
            spike = f", where a spike adds {1 << rule.count_shift} to x1" if rule.count_shift else ""
            texts[self.synapses(layer)] = f"{rule.dw(dependency)}{spike}"
        if len({*texts.values()}) == 1:
            return next(iter(texts.values()))
        return "; ".join(f"{text} ({name})" for name, text in texts.items())

    def rate_shift(self, layer: int, rate: LearningRate | None = None) -> int:
        """Bits by which a convolution shifts the sums of its taps, times the rate's mantissa, to the right."""
        rate = rate or self.rule.rate
        own = self.rate_shifts[layer - 1] if self.rate_shifts else 0
        return own - (rate.exponent - rate.excess - rate.port_shift) - (ACCUMULATOR_BITS - WEIGHT_LSB_SHIFT)

    def _check_encoder(self) -> None:
        """Refuse an encoder whose spikes the rule cannot learn from, and a net that a baseline cannot run."""
        if self.encoder not in self.rule.encoders:
            why = (
                f"{self.rule.name.upper()} reads one spike time per input"
                if self.rule.timing.ramps
                else "'binary' is the encoder of renner and of no other rule, 'bins' that of mpd-ed"
            )
            raise ConfigError(
                f"encoder {self.encoder!r} under the rule {self.rule.name}: {why}; "
                f"use encoder={self.rule.encoders[0]!r}"
            )
        if self.rule.baseline:
            self._check_baseline()

    def _check_baseline(self) -> None:
        """Refuse a net that a baseline's own loop cannot run."""
        name = self.rule.name
        for what, value, only in (("readout", self.readout, "membrane"), ("feedback", self.feedback, "symmetric")):
            if value != only:
                raise ConfigError(f"the baseline {name} takes {what}={only!r} only, got {value!r}")
        if self.rule.hidden_layers not in (None, len(self.hidden)):
            raise ConfigError(f"{name} is published for one hidden layer, the net has {len(self.hidden)}")

    def _check_rates(self) -> None:
        """Refuse shifts that take the rate of a dense connection out of what the chip holds."""
        for layer in self.dense:
            try:
                self.rule_of(layer)
            except UnrepresentableRateError as error:
                shifts = f"rate_shifts {self.rate_shifts or 0}, count_shift {self.count_shift_of(layer)}"
                raise UnrepresentableRateError(
                    f"connection {layer} at rate {self.rule.learning_rate:g}, decay {self.rule.decay}, {shifts}: "
                    f"{error}, smaller shifts or a decay that ends higher"
                ) from None

    def _check_chip(self) -> None:
        _ = self.schedule
        check(
            [
                sum_limit(
                    layer,
                    self.connections[layer - 1].fan_in,
                    CURRENT_MAX if self.graded_input and layer == 1 else self.axon_spikes(layer),
                    self.weight_exponents[layer - 1],
                )
                for layer in self.layers
            ]
        )
        check([columns_limit(layer, self.sizes[layer]) for layer in self.dense])
        self._check_rates()
        # An MPD-ED membrane may pass this bound only by overflowing, which the policy catches at run time.
        if self.rule.timing.ramps:
            check(
                [
                    membrane_limit(layer, fan_in, self.steps << max(self.weight_exponents[layer - 1], 0))
                    for layer, fan_in in enumerate((each.fan_in for each in self.connections), start=1)
                ]
            )
        highest = SCALE_EXPONENT_MAX + TAG_EXPONENT
        if any(self.gathers(layer) for layer in self.layers) and self.rule.rate.exponent > highest:
            raise ChipLimitError(
                f"updates that gather in a tag allow a rate exponent up to {highest}, got {self.rule.rate.exponent}: "
                "lower the learning rate"
            )
        if self.weight_rounding == "carry" and self.rule.baseline and not self.arch:
            raise ConfigError(
                f"{self.rule.name} rounds its weights stochastically: weight_rounding 'carry' is not for it"
            )
        if self.weight_rounding == "carry" and any(self.gathers(layer) for layer in self.layers):
            raise ConfigError(
                "weight_rounding 'carry' needs the tag, in which the updates of mpd-ed with several hidden layers and "
                "symmetric feedback wait: use weight_rounding 'stochastic' or feedback 'random'"
            )
        if self.dependency == "auto":
            raise ConfigError("dependency 'auto' is chosen where a net is trained: a net has x0, y0, y0-x0 or x0-y0")
        if self.rule.baseline and not self.rule.timing.replays and (self.hidden_dead_zones or self.error_grains):
            raise ConfigError(f"{self.rule.name} sends every error: leave hidden_dead_zones and error_grains out")
        if self.graded_input and self.rule.timing.spikes_once:
            raise ConfigError("a graded input and a rule of one spike a neuron exclude each other")

    @property
    def schedule(self) -> Schedule:
        """Phases of one sample."""
        return Schedule(self.steps, len(self.sizes) - 1, self.rule.kind, self.readout)  # type: ignore[arg-type]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each layer: (n,) of a dense one."""
        return tuple((n,) for n in self.sizes)

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample: one an input, or under the encoder bins one for each 8 time steps of it."""
        return self.sizes[0] * planes_of(self.encoder, self.steps)

    @property
    def layers(self) -> range:
        """Numbers of the connections, 1 … W; connection l leads into layer l."""
        return range(1, len(self.sizes))

    @property
    def dense(self) -> list[int]:
        """Numbers of the dense connections."""
        return [layer for layer in self.layers if not self.connections[layer - 1].is_conv]

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
        """Decay constant of the layer that sends hidden `layer` its error; 0 for a readout, which does not leak."""
        return self.dv if self.feedback == "symmetric" and layer + 1 < len(self.sizes) - 1 else 0

    def dependency_of(self, layer: int) -> str:
        """Which event makes learning visit a synapse: x0 or y0; u0 if a sample is longer than the longest epoch."""
        if self.schedule.learning_epoch[1] == "u0":
            return "u0"
        hidden, _, output = self.dependency.partition("-")
        return output or hidden if layer + 1 == len(self.sizes) else hidden

    def hidden_dead_zone(self, layer: int) -> int:
        """Largest error that a hidden layer does not send."""
        return self.hidden_dead_zones[layer - 1] if self.hidden_dead_zones else 0

    def gathers(self, layer: int) -> bool:
        """Whether a connection is read backwards while it learns, so that updates wait in its tag.

        Only MPD-ED learns while errors still travel, and only connections between two hidden layers
        carry errors in more than one step.
        """
        replays = self.rule.timing.replays_spikes and self.feedback == "symmetric"
        return replays and not self.arch and 1 < layer < len(self.sizes) - 1

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
        from lava_ed.network.schema import read_net

        if not isinstance(data, Mapping):
            raise ConfigError(
                f"network description is {brief(data)}, not a table of entries: restore it, or train anew"
            )
        values = dict(data)
        found = values.pop("format", None)
        if found != FORMAT:
            raise ConfigError(
                f"network description has format {brief(found)}, this version reads {FORMAT}: retrain the net"
            )
        values = read_net(values)
        rule = values.pop("rule")
        if rule.name not in RULES:
            raise ConfigError(
                f"network description is not complete or has unknown entries: rule {rule.name!r} is none of "
                f"{', '.join(RULES)}"
            )
        return cls(rule=RULES[rule.name](rule.learning_rate, rule.decay), **values)
