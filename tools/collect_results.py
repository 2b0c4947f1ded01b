"""Write results/NAME.json from the finished runs of a named preset, and the table and curves of all results.

python tools/collect_results.py NAME RUN [RUN …]   # one folder a seed
python tools/collect_results.py                    # only table and curves, from the files that are there
"""

from __future__ import annotations

import json
import statistics
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from lava_ed.config.presets import NAMED, named_preset
from lava_ed.viz.curves import learning_curves

RESULTS = Path(__file__).resolve().parent.parent / "results"
NETS = {"": ("-400", "-20"), "-conv": ("-conv",)}
"""Pictures that show every rule on like nets: what is added to their names, and how the presets end."""


def seed_of(run: Path) -> dict[str, Any]:
    """What one run ended with."""
    result = json.loads((run / "result.json").read_text())
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    ended = datetime.fromtimestamp((run / "result.json").stat().st_mtime, timezone.utc)
    names = ("seed", "test_accuracy", "validation_accuracy", "train_accuracy", "samples_per_second", "lava_ed_version")
    curve = ("epoch", "train_accuracy", "validation_accuracy", "triggered_share")
    return {
        **{name: result[name] for name in names},
        "ended": ended.isoformat(timespec="seconds"),
        "curve": [{key: row[key] for key in curve} for row in rows],
    }


def collect(name: str, runs: list[Path]) -> dict[str, Any]:
    """The record of a row: settings, command, every seed, mean and spread."""
    preset = named_preset(name)
    seeds = sorted((seed_of(run) for run in runs), key=lambda seed: seed["seed"])
    config = json.loads((runs[0] / "config.json").read_text())
    config.pop("data_dir", None)  # where the files lay on this machine
    config["facts"]["data"].pop("source")
    test = [100 * seed["test_accuracy"] for seed in seeds]
    return {
        "preset": name,
        "command": f"lava-ed train --preset {name} --data-dir DATA --seed SEED --out RUN",
        "rule": preset.rule,
        "dataset": preset.dataset,
        "config": config,
        "mean_test_accuracy": round(statistics.mean(test), 3),
        "standard_deviation": round(statistics.stdev(test), 4) if len(test) > 1 else None,
        "seeds": seeds,
    }


def table(records: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| preset | net | epochs | test accuracy, % (mean ± s.d.; seeds) | validation, % |",
        "| --- | --- | --- | --- | --- |",
    ]
    for record in records:
        seeds = record["seeds"]
        test = ", ".join(f"{100 * seed['test_accuracy']:.2f}" for seed in seeds)
        held_out = statistics.mean(100 * seed["validation_accuracy"] for seed in seeds)
        spread = "" if record["standard_deviation"] is None else f" ± {record['standard_deviation']:.2f}"
        config = record["config"].get("config", record["config"])
        hidden = config.get("net", config).get("arch") or "-".join(map(str, config["hidden"]))
        lines.append(
            f"| `{record['preset']}` | {hidden} | {len(seeds[0]['curve'])} | "
            f"**{record['mean_test_accuracy']:.2f}**{spread} ({test}) | {held_out:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Write the record, then table and curves of everything."""
    if arguments:
        name, runs = arguments[0], [Path(run) for run in arguments[1:]]
        record = collect(name, runs)
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    records = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json")) if path.stem in NAMED]
    (RESULTS / "table.md").write_text(table(records))
    for dataset in sorted({record["dataset"] for record in records}):
        for net, ends in NETS.items():
            rows = {
                record["preset"]: record["seeds"][0]["curve"]
                for record in records
                if record["dataset"] == dataset and record["preset"].endswith(ends)
            }
            if rows:
                name = f"curves-{dataset.partition('+')[0]}{net}.png"
                learning_curves(rows, RESULTS / name, f"{dataset}, first seed")


if __name__ == "__main__":
    main(sys.argv[1:])
