"""What the description of a net holds in a file: entries, types, and bounds that keep the checks behind them cheap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from lava_ed.errors import ConfigError
from lava_ed.files.schema import Exact, Finite, Name, checked
from lava_ed.learning_rules.limits import LAYERS_MAX

Word = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""A setting that is an integer; its own range stands with the net."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Integers = Annotated[tuple[Word, ...], Field(strict=False, max_length=LAYERS_MAX)]
"""A list in a file, a tuple in memory."""
Pair = Annotated[tuple[Finite, Finite], Field(strict=False)]
Decay = Annotated[tuple[Pair, ...], Field(strict=False, max_length=64)]


class AdaptationEntry(Exact):
    """How a threshold moves."""

    initial_step: Word
    interval: Word
    low: Word
    high: Word
    ceiling: Word


class RuleEntry(Exact):
    """A learning rule by its name."""

    name: Name
    learning_rate: Finite
    decay: Decay


class NetSettings(Exact):
    """What a net and the configuration of a run share."""

    steps: Word
    encoder: Name
    readout: Name
    feedback: Name
    adaptation: AdaptationEntry
    readout_adaptation: AdaptationEntry
    init_limits: Integers
    weight_exponents: Integers
    error_shift: Word
    error_limit: Word
    softmax_shift: Word
    softmax_rounding: Name
    weight_rounding: Name
    dead_zone: Word
    dv: Word
    half_width: Word
    input_drop: Word
    overflow: Name
    seed: Seed


class NetEntry(NetSettings):
    """A `NetworkSpec`, its format aside."""

    sizes: Integers
    rule: RuleEntry


def check_net(values: Mapping[str, Any]) -> None:
    """Check entries and types of a net in its dictionary form, its format aside.

    Raises
    ------
    ConfigError
    """
    where = "network description is not complete or has unknown entries"
    checked(NetEntry, values, where, error=ConfigError, hint="restore it, or train anew")
