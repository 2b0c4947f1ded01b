"""Settings of a training run as a file: what a sweep found, in the form that `train` takes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from typing import Any

from lava_ed.config.checks import check_names
from lava_ed.config.schema import FLAT_FORMAT
from lava_ed.config.training import TrainConfig, settable
from lava_ed.data.events.code import EventCode
from lava_ed.errors import ConfigError
from lava_ed.files.reading import read_json, shown
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.settings import NetSettings, declared

_OF_RULE_AND_NET = {"learning_rate", "decay", "shift", "flip", "events", *declared(NetSettings)} - {"seed"}


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON holds them."""
    return {
        name: asdict(value) if isinstance(value, Adaptation | EventCode) else json.loads(json.dumps(value))
        for name, value in settings.items()
    }


def complete(config: TrainConfig) -> dict[str, Any]:
    """Every setting of rule and net as JSON holds it, so that a preset that changes later has no influence."""
    return as_json({name: value for name, value in config.settings().items() if name in _OF_RULE_AND_NET})


def read_settings(path: str | PathLike[str]) -> tuple[str, str, dict[str, Any]]:
    """Rule, data set and settings out of a file such as a sweep's best.json.

    Returns
    -------
    (rule, dataset, settings) : settings are fields of `TrainConfig`.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not JSON, or lacks an entry.

    See Also
    --------
    lava_ed.train.TrainConfig.create : takes the settings.
    """
    way = "it holds rule, dataset and settings, as the best.json of a sweep does"
    if not os.path.isfile(path):
        raise ConfigError(f"{shown(path)} cannot be read (no such file): give the best.json of a sweep")
    value = read_json(path, error=ConfigError, hint=f"it is no file of settings; {way}")
    entries = value if isinstance(value, dict) else {}
    rule, dataset, settings = (entries.get(name) for name in ("rule", "dataset", "settings"))
    if not isinstance(rule, str) or not isinstance(dataset, str) or not isinstance(settings, dict):
        raise ConfigError(f"{shown(path)} is no file of settings (an entry is missing or of another type): {way}")
    try:
        return rule, dataset, checked_settings(rule, dataset, settings)
    except ConfigError as error:
        raise ConfigError(f"{shown(path)} is no file of settings ({error}): {way}") from error


def checked_settings(rule: str, dataset: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON holds them, as fields of `TrainConfig`; a wrong name or type raises a ConfigError."""
    check_names(settings, settable(), "setting of a training run")
    entries = dict(settings)
    kinds: dict[str, Any] = {"adaptation": Adaptation, "readout_adaptation": Adaptation, "events": EventCode}
    for name, kind in kinds.items():
        if isinstance(given := entries.get(name), dict):
            check_names(given, declared(kind), f"entry of {name}")
            entries[name] = {**asdict(kind()), **given}
    # As a whole configuration of the format that has all settings side by side, so that its schema holds here too.
    preset = TrainConfig.create(rule, dataset).settings()
    config = TrainConfig.from_dict({"format": FLAT_FORMAT, **preset, **entries})
    return {name: getattr(config, name) for name in settings}
