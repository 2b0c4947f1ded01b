"""A run in words and numbers: settings, rule, schedule, and the chip's limits."""

from __future__ import annotations

from dataclasses import asdict
from os import PathLike
from typing import Any

from lava_ed.config.schema import FLAT_FORMAT
from lava_ed.learning_rules import Limit, membrane_limit
from lava_ed.network.schedule import MAX_EPOCH
from lava_ed.network.spec import NetworkSpec
from lava_ed.runs.folder import CONFIG, RunFolder


def describe_run(out: str | PathLike[str]) -> dict[str, Any]:
    """What `lava-ed info RUN --json` prints.

    Raises a RunFolderError or a ConfigError where the folder holds no run, or one of another version.
    """
    folder = RunFolder(out)
    config = folder.read_config()
    saved = folder.read_json(CONFIG)
    spec = NetworkSpec.from_dict(folder.entry(saved, CONFIG, "facts", "network"))
    epoch, dependency = spec.schedule.learning_epoch
    return {
        "run": str(folder.path),
        "lava_ed_version": saved.get("lava_ed_version"),
        "rule": config.rule,
        "rule_string": f"dw = {spec.dw(dependency)}",
        "learning_rate": spec.rule.rate.value,
        "sizes": list(spec.sizes),
        "schedule": {
            "steps": spec.steps,
            "period": spec.schedule.period,
            "error_phase": spec.schedule.error_phase,
            "learning_phase": spec.schedule.learning_phase,
            "t_epoch": epoch,
        },
        "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits_of(spec)],
        "config": {"format": FLAT_FORMAT, **config.settings()},
        "data": saved["facts"].get("data"),
    }


def limits_of(spec: NetworkSpec) -> list[Limit]:
    """(used, limit) of the number formats that a net's settings can exhaust.

    An MPD-ED membrane is reset at every spike; its bound is what it could reach without.
    """
    epoch, _ = spec.schedule.learning_epoch
    return [
        Limit("window T", spec.steps, spec.rule.timing.most, "take fewer time steps"),
        Limit("learning epoch", epoch, MAX_EPOCH, "take fewer time steps"),
        *(
            membrane_limit(layer, fan_in, spec.steps << max(spec.weight_exponents[layer - 1], 0))
            for layer, fan_in in enumerate(spec.sizes[:-1], start=1)
        ),
    ]
