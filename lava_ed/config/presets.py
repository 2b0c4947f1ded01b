"""Default settings of every rule and data set, and named presets, read from presets.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lava_ed.data.datasets import preset_name
from lava_ed.data.events.code import EventCode
from lava_ed.errors import ConfigError
from lava_ed.files.reading import read_toml
from lava_ed.learning_rules import RULES
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.layers import connections_in

_TABLES: Final = read_toml(Path(__file__).with_suffix(".toml"), error=ConfigError, hint="install lava-ed anew")
_CURRENT_EXPONENT: Final = -4
"""Weight exponent of the first connection under a graded input, whose payloads reach 15."""


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a table, on top of those of the groups that it is like."""
    values: dict[str, Any] = {}
    for group in table.get("like", ()):
        values.update(_table(_TABLES["group"][group]))
    return values | {name: value for name, value in table.items() if name != "like"}


def _settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a table as settings of a configuration."""
    values = _table(table)
    for name, value in values.items():
        if isinstance(value, dict):
            values[name] = (EventCode if name == "events" else Adaptation)(**value)
        elif isinstance(value, list):
            values[name] = tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return values


def search_spaces() -> dict[str, dict[str, tuple[Any, ...]]]:
    """What is searched for each rule, as `lava_ed.sweep.space` says."""
    return {rule: {name: tuple(entry) for name, entry in _table(t).items()} for rule, t in _TABLES["sweep"].items()}


def preset(
    rule: str,
    dataset: str,
    hidden: tuple[int, ...] | None = None,
    encoder: str | None = None,
    readout: str | None = None,
    arch: str | None = None,
) -> dict[str, Any]:
    """Settings for a rule on a data set: the common ones, the rule's, the data set's, the pair's.

    A first-spike readout, a graded input and inputs that spike once, under a rule made for rates, bring some of their
    own on top; MPD-ED with several hidden layers rounds stochastically, because its updates wait in the tag that a
    carry needs.

    Raises
    ------
    ConfigError
        If the rule or the data set is unknown.

    Examples
    --------
    >>> preset("mpd-ed", "digits")["steps"]
    8
    """
    if rule not in RULES:
        raise ConfigError(f"rule {rule!r} is unknown: use one of {', '.join(RULES)}")
    dataset = preset_name(dataset)
    values: dict[str, Any] = {}
    pair = _TABLES["pair"].get(rule, {}).get(dataset, {})
    for table in (_TABLES["common"], _TABLES["rule"][rule], _TABLES["dataset"][dataset], pair):
        values.update(_settings(table))
    values.update(_settings(_TABLES["readout"].get(readout, {})))
    layers = hidden or values["hidden"]
    if arch:
        reads = {"encoder": pair["encoder"]} if "encoder" in pair else {}  # events are no grey levels
        values.update(_settings(_TABLES["arch"]) | _settings(_TABLES["arch-of"].get(rule, {})) | reads)
        values["hidden"], layers = (), (1,) * (connections_in(arch) - 1)
    first, *others = values["init_limits"]
    if others:
        values["init_limits"] = (first, *(others[0] for _ in layers))
    if rule == "mpd-ed" and len(layers) > 1 and not arch:
        values["weight_rounding"] = "stochastic"
    lower = _TABLES["lower_with_ttfs"]
    if encoder == "ttfs" and rule in lower["rules"]:
        high = values["adaptation"]
        values["adaptation"] = replace(high, initial_step=high.initial_step - lower["steps"].get(dataset, 0))
    if encoder == "current" and not arch:
        values["weight_exponents"] = (_CURRENT_EXPONENT, *(0 for _ in layers))
    return values


@dataclass(frozen=True)
class NamedPreset:
    """A rule, a data set and the settings that differ from their defaults."""

    rule: str
    dataset: str
    settings: dict[str, Any]
    """Fields of `TrainConfig`."""


def _named(rule: str, dataset: str, **table: Any) -> NamedPreset:
    return NamedPreset(rule, dataset, _settings(table))


NAMED: Final = {name: _named(**table) for name, table in _TABLES["named"].items()}
"""One name for everything that a row of the results table was trained with."""


def named_preset(name: str) -> NamedPreset:
    """A preset by name.

    Raises
    ------
    ConfigError
        If there is none of this name.

    Examples
    --------
    >>> named_preset("std-ed-mnist-400").settings["hidden"]
    (400,)
    """
    if name not in NAMED:
        raise ConfigError(f"preset {name!r} is unknown: use one of {', '.join(NAMED)}")
    return NAMED[name]
