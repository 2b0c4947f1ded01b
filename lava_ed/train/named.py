"""Named presets: one name for everything that a row of the results table was trained with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lava_ed.errors import ConfigError


@dataclass(frozen=True)
class NamedPreset:
    """A rule, a data set and the settings that differ from their defaults.

    Parameters
    ----------
    rule, dataset : str
    settings : dict
        Fields of `TrainConfig`.
    """

    rule: str
    dataset: str
    settings: dict[str, Any]


_EPOCHS: Final = {"mnist": 30, "fashion-mnist": 60}
"""Passes over the data; the rate's schedule stretches with them."""
_BASELINE_EPOCHS: Final = 10
"""Fewer than ours, whose samples mostly cost no backward pass; their rates fall to the end all the same."""
BASELINES: Final = ("relpsp-fixed", "ssgd", "sg-bptt", "renner")
_DEEP: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("std-ed", "fashion"): {"error_shift": 9},
    ("mpd-ed", "fashion"): {"feedback": "random", "weight_rounding": "carry"},
}
"""Two hidden layers: STD-ED with hidden errors that are smaller still; MPD-ED with errors straight from the output, so
that updates need not wait in the tag, which is then free for what they leave over."""
_ONE_PASS_NEURONS: Final = {"mnist": 800, "fashion-mnist": 1600}
_ONE_PASS: Final[dict[str, Any]] = {
    "epochs": 1,
    "input_drop": 0,
    "dead_zone": 12,
    "decay": ((0.4, 0.5), (0.6, 0.25), (0.75, 0.125), (0.9, 0.0625)),
}


_ONCE: Final[dict[tuple[str, str], dict[str, Any]]] = {("mpd-ed", "fashion"): {"learning_rate": 2.0**-6, "steps": 12}}
"""Where one pass takes another rate or window than many."""


def _rows() -> dict[str, NamedPreset]:
    """Every combination of rule, data set and net that the results table has; of the baselines the smallest net."""
    rows = {}
    for rule in ("std-ed", "mpd-ed"):
        for dataset, short in (("mnist", "mnist"), ("fashion-mnist", "fashion")):
            epochs = _EPOCHS[dataset]
            for hidden in ((400,), (800,), (400, 200)):
                sizes = "-".join(map(str, hidden))
                own = _DEEP.get((rule, short), {}) if len(hidden) > 1 else {}
                rows[f"{rule}-{short}-{sizes}"] = NamedPreset(
                    rule, dataset, {"epochs": epochs, "hidden": hidden, **own}
                )
            rows[f"{rule}-{short}-one-pass"] = NamedPreset(
                rule, dataset, {**_ONE_PASS, **_ONCE.get((rule, short), {}), "hidden": (_ONE_PASS_NEURONS[dataset],)}
            )
        rows[f"{rule}-mnist-binary-20"] = NamedPreset(
            rule, "mnist-binary-20", {"epochs": _EPOCHS["mnist"], "hidden": (400,)}
        )
    for rule in BASELINES:
        for dataset, short in (("mnist", "mnist"), ("fashion-mnist", "fashion")):
            rows[f"{rule}-{short}-400"] = NamedPreset(rule, dataset, {"epochs": _BASELINE_EPOCHS, "hidden": (400,)})
    return rows


NAMED: Final[dict[str, NamedPreset]] = _rows()
"""Presets by name, as `lava-ed train --preset` takes them."""


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
