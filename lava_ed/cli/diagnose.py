"""`lava-ed diagnose`."""

from __future__ import annotations

from typing import Annotated

import typer

from lava_ed.cli.output import OtherData, Report, RunArgument, RunDataDir, Table
from lava_ed.plain_text import percent


def diagnose(
    run: RunArgument,
    samples: Annotated[int, typer.Option(help="Training samples presented to each net.")] = 128,
    components: Annotated[
        int, typer.Option(help="Weights of each connection that are differentiated per sample.")
    ] = 32,
    data_dir: RunDataDir = None,
    other_data: OtherData = False,
) -> Report:
    """Show silent, saturated and dead neurons, reversed and exploding gradients, and moved kernels of a run, by epoch.

    Epochs between the first and the last are measured where the run was trained with --snapshots.
    """
    from lava_ed.diagnose import diagnose_run
    from lava_ed.diagnose.run import DIAGNOSIS, ON_OTHER_DATA
    from lava_ed.runs.folder import RunFolder
    from lava_ed.train.progress import Lines
    from lava_ed.viz.diagnosis import diagnosis_plots

    value = diagnose_run(run, samples, components, data_dir, message=Lines().message, other_data=other_data)
    picture = RunFolder(run).file(f"{ON_OTHER_DATA if 'other_data' in value else DIAGNOSIS}.png")
    diagnosis_plots(value, picture)
    value = {**value, "picture": str(picture)}
    first = {**value["epochs"][0]["movement"]}
    moved = [(row["epoch"], *(f"{row['movement'][name]['moved']:.3f}" for name in first)) for row in value["epochs"]]
    tables = [Table(f"{run}: how far kernels moved, ‖w − w₀‖ / ‖w₀‖", ("epoch", *first), moved)]
    if value["not_measured"] is not None:
        return Report(value, [*tables, f"Not measured: {value['not_measured']}."])
    rows = [
        (
            row["epoch"],
            *(percent(max(row[what].values(), default=None)) for what in ("silent", "saturated", "dead")),
            max((ratio for ratio in row["explosion"].values() if ratio is not None), default=None),
            percent(row["reversal"]["share"]),
            row["reversal"]["compared"],
        )
        for row in value["epochs"]
    ]
    header = ("epoch", "silent", "saturated", "dead", "p99/p50 of amplification", "reversed", "of components")
    return Report(value, [Table(f"{run}: {value['rule']}, worst layer of each", header, rows), *tables])
