"""`lava-ed eval` and `lava-ed energy`: what a run that has ended can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lava_ed.cli.report import JsonFlag, Report, RunArgument, percent, table

if TYPE_CHECKING:
    from rich.console import Console


def evaluate(
    run: RunArgument,
    data_dir: Annotated[
        str | None, typer.Option(help="Folder of the data files, if it is no longer the run's.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="engine or lava.  [default: the one it was trained on]")] = None,
    json: JsonFlag = False,
) -> Report:
    """Measure the accuracy of a trained net on its test set."""
    from lava_ed.train.evaluate import evaluate_run

    value = evaluate_run(run, data_dir, backend)
    rows = [
        ("test accuracy", percent(value["test_accuracy"])),
        ("samples", value["samples"]),
        ("samples/s", value["samples_per_second"]),
    ]
    return Report(value, table(f"{run}: {value['dataset']}, {value['backend']}", ("quantity", "value"), rows))


def energy(
    run: RunArgument,
    price_list: Annotated[
        str, typer.Option(help="Name of a price list, or path of a file of one's own.")
    ] = "loihi1-davies2018",
    json: JsonFlag = False,
) -> Report:
    """Price the operations that a run counted, per sample, in training and in inference."""
    from lava_ed.energy import energy_report, load_price_list
    from lava_ed.train.run_folder import ENERGY, RunFolder

    prices = load_price_list(price_list)
    folder = RunFolder(run)
    saved = folder.read_json(ENERGY)
    parts = {
        part: energy_report(folder.entry(saved, ENERGY, part, "counters"), saved[part]["samples"], prices)
        for part in ("training", "test")
    }
    value = {"run": run, "price_list": prices.name, "source": prices.source, **parts}
    return Report(value, lambda console: _show_energy(console, run, value))


def _show_energy(console: Console, run: str, value: dict[str, Any]) -> None:
    """One table for training, one for inference, and the notes that belong to the prices."""
    for part in ("training", "test"):
        report = value[part]
        n = report["samples"] * 1e6
        rows = [
            (name, *(cost[phase] / n for phase in cost), sum(cost.values()) / n)
            for name, cost in report["picojoules"]["categories"].items()
        ]
        sums = report["microjoules_per_sample"]
        rows.append(("sum", sums["forward"], sums["backward"], sums["update"], sums["dynamic"]))
        header = ("µJ per sample", "forward", "backward", "update", "all")
        table(f"{run}: {part}, {report['samples']:,} samples, {value['price_list']}", header, rows)(console)
    console.print(f"Prices: {value['source']}", soft_wrap=True)
    for note in value["training"]["notes"]:
        console.print(f"Note: {note}", soft_wrap=True)
