"""Settings of a training run as a file: what a sweep found, in the form that `train` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from os import PathLike
from pathlib import Path
from typing import Any

from lava_ed.errors import ConfigError
from lava_ed.network.adaptation import Adaptation
from lava_ed.train.config import TrainConfig
from lava_ed.train.names import check_names

_ADAPTATIONS = ("adaptation", "readout_adaptation")
_OF_A_RUN = (
    *("rule", "dataset", "data_dir", "hidden", "epochs", "seed", "limit"),
    *("validation", "backend", "checkpoint_interval", "snapshots"),
)
_TUPLES = ("hidden", "init_limits", "weight_exponents")


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON holds them."""
    return {
        name: asdict(value) if isinstance(value, Adaptation) else json.loads(json.dumps(value))
        for name, value in settings.items()
    }


def typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Inverse of `plain`."""
    result = dict(settings)
    check_names(result, {f.name for f in fields(TrainConfig)} - {"rule", "dataset"}, "setting of a training run")
    for name in _ADAPTATIONS:
        if name in result:
            check_names(result[name], {f.name for f in fields(Adaptation)}, f"entry of {name}")
            result[name] = Adaptation(**result[name])
    for name in _TUPLES:
        if name in result:
            result[name] = tuple(result[name])
    if "decay" in result:
        result["decay"] = tuple((float(p), float(f)) for p, f in result["decay"])
    return result


def complete(config: TrainConfig) -> dict[str, Any]:
    """Every setting of rule and net as JSON holds it, so that a preset that changes later has no influence."""
    return plain({f.name: getattr(config, f.name) for f in fields(config) if f.name not in _OF_A_RUN})


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
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        return str(value["rule"]), str(value["dataset"]), typed(value["settings"])
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror or error}): give the best.json of a sweep"
        ) from error
    except ConfigError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} is no file of settings ({error!r}): it holds rule, dataset and settings, as the best.json of a "
            "sweep does"
        ) from error
