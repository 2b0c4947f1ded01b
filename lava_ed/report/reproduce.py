"""Section on how to get the same net again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from lava_ed.config.presets import NAMED
from lava_ed.config.schema import FLAT_FORMAT
from lava_ed.config.training import TrainConfig
from lava_ed.network.settings import declared, options
from lava_ed.plain_text import number, shell_words
from lava_ed.report.facts import RunFacts
from lava_ed.report.page import Block, Code, Section, Table, Text, sentence
from lava_ed.runs.describe import limits_of
from lava_ed.version import __version__

_APART: Final = ("rule", "dataset", "net", "hidden", "epochs", "decay")
"""What every command says, and what no option reaches."""
_FIRST: Final = ("data_dir", "backend", "learning_rate", *options(), "freeze")
_OPTIONS: Final = (*_FIRST, *(n for n in declared(TrainConfig) if n not in (*_FIRST, *_APART)))
"""Settings that `lava-ed train` takes; the others are set in Python."""


def command_of(config: TrainConfig, out: str) -> tuple[str, list[str]]:
    """The command that trains the same net into the folder `out`, and the settings that no option of it reaches."""
    alike = (config.rule, config.dataset, bool(config.net.arch))
    names = [n for n, row in NAMED.items() if (row.rule, row.dataset, "arch" in row.settings) == alike]
    tries = [_options(config, name) for name in (None, *names)]
    given, beyond = min(tries, key=lambda found: (len(found[1]), len(found[0])))
    if "preset" not in given:
        given = {"rule": config.rule, "dataset": config.dataset, **given}
    words = ["lava-ed", "train"]
    for name, value in {**given, "out": out}.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    return shell_words(*words), beyond


def commands_of(config: TrainConfig, out: str, ended: Sequence[int] = ()) -> tuple[list[str], list[str]]:
    """`command_of`, followed by one command for each time that the run, `ended` after these epochs, was made longer."""
    first, *more = [*ended, config.epochs]
    command, beyond = command_of(replace(config, epochs=first), out)
    longer = [shell_words("lava-ed", "train", "--out", out, "--resume", "--epochs", str(n)) for n in more]
    return [command, *longer], beyond


def _options(config: TrainConfig, preset: str | None) -> tuple[dict[str, Any], list[str]]:
    """Options on top of a named preset, or of none, and the settings that they do not reach."""
    settings = {} if preset is None else NAMED[preset].settings
    layers = "arch" if config.net.arch else "hidden"
    given: dict[str, Any] = {name: getattr(config, name) for name in (layers, "epochs", "seed")}

    def created() -> TrainConfig:
        return TrainConfig.create(config.rule, config.dataset, **{**settings, **given})

    for name in _OPTIONS:
        if getattr(created(), name) != getattr(config, name):
            given[name] = getattr(config, name)
    again = created()
    beyond = config.differences(again)
    if preset is not None:
        given = {name: value for name, value in given.items() if name == "seed" or settings.get(name) != value}
        given = {"preset": preset, **given}
    return given, beyond


def reproduce_section(facts: RunFacts) -> Section:
    """Command, seed, version, and the values after rounding."""
    spec, stamp, result = facts.model.spec, facts.stamp, facts.result or {}
    blocks: list[Block] = []
    if facts.config is None:
        blocks.append(Text("how to train the net; it comes without the configuration of a run.", "missing"))
    else:
        commands, beyond = commands_of(facts.config, str(facts.path), result.get("extended_from", ()))
        notes = [sentence(note) for note in result.get("notes", ())]
        if beyond:
            notes.append(f"No option of the command reaches {', '.join(beyond)}: set them in Python, TrainConfig(...).")
        blocks += [Code(commands), *(Text(note, "note") for note in notes)]
    rows: list[list[object]] = [
        ["lava-ed", stamp.get("lava_ed_version", f"not recorded; this page: {__version__}")],
        ["back end, tag", f"{stamp.get('backend', 'not recorded')}, {stamp.get('tag', 'not recorded')}"],
        ["seed", str(stamp.get("seed", spec.seed))],
        ["net", "-".join(map(str, spec.sizes))],
        ["rule, as it runs", f"dw = {spec.dw(spec.dependency_of(1))}"],
        ["learning rate after rounding", f"{spec.rule.rate.value:g}"],
        ["learning rate at the end", number(result["final_learning_rate"]) if result else "not recorded"],
        ["time steps T of a window, S of a sample", f"{spec.steps}, {spec.schedule.period}"],
        ["decay dv (λ = 1 − dv/4096)", f"{spec.dv} (λ = {1 - spec.dv / 4096:g})"],
    ]
    for node, kappa in facts.model.thresholds.items():
        rows.append([f"threshold κ of {node} after training", number(kappa)])
    if data := facts.facts.get("data"):
        split = ", ".join(f"{data[f'{part}_samples']:,}" for part in ("train", "validation", "test"))
        rows.append(["samples: training, validation, test", split])
        rows += [["data", str(data["source"])], ["SHA-256 of the data", str(data["sha256"])]]
    blocks.append(Table("Values after rounding, version and data", ["what", "value"], rows))
    limits = [[limit.what, limit.used, limit.limit, "yes" if limit.holds else "no"] for limit in limits_of(spec)]
    blocks.append(Table("Number formats of the chip", ["quantity", "used", "limit", "holds"], limits, folded=True))
    if facts.config is not None:
        settings = {"format": FLAT_FORMAT, **facts.config.settings()}
        pairs = [[name, value if isinstance(value, str) else json.dumps(value)] for name, value in settings.items()]
        blocks.append(Table("All settings of the run", ["setting", "value"], pairs, folded=True))
    return Section("reproduce", "Reproduce", blocks)
