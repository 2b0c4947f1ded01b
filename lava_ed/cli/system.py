"""`lava-ed info`: what is installed, or what a run is."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.output import Report, Table
from lava_ed.version import __version__

PACKAGES: Final = (
    *("lava-nc", "lava-dl", "numba", "numpy", "pydantic"),
    *("safetensors", "scikit-learn", "matplotlib", "optuna", "torch"),
)


def info(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN | GRAPH.py:NAME]",
            help="Folder of a run; or a file and the name of a Lava process in it, or of a function that makes one.",
        ),
    ] = None,
    spike_rate: Annotated[
        float, typer.Option(help="Of a graph: share of neurons that spike in a step, for the estimated cost.")
    ] = 0.05,
    tag: Annotated[str, typer.Option(help="Of a graph: which ProcessModels, fixed_pt or floating_pt.")] = "fixed_pt",
) -> Report:
    """Show what is installed; or of a run its settings and limits; or of a Lava graph the program it is lowered to."""
    if run is None:
        return _of_system()
    if ".py:" in run:
        from lava_ed.cli.graph import of_graph

        return of_graph(run, spike_rate, tag)
    return _of_run(run)


def _of_system() -> Report:
    from lava_ed.data import DATASETS
    from lava_ed.learning_rules import RULES

    packages = {name: _installed(name) for name in PACKAGES}
    value = {
        "lava_ed_version": __version__,
        "python": platform.python_version(),
        "packages": packages,
        "backends": ["engine", "lava"] if packages["lava-nc"] else ["engine"],
        "datasets": list(DATASETS),
        "rules": list(RULES),
    }
    rows = [
        ("Python", value["python"]),
        *((name, found or "not installed") for name, found in packages.items()),
        *((name, ", ".join(value[name])) for name in ("backends", "datasets", "rules")),
    ]
    return Report(value, [Table(f"lava-ed {__version__}", ("what", "value"), rows)])


def _installed(package: str) -> str | None:
    """Version of a package, without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _of_run(run: str) -> Report:
    from lava_ed.runs.describe import describe_run

    value = describe_run(run)
    rows: list[tuple[str, Any]] = [
        ("rule", value["rule_string"]),
        ("learning rate (as rounded)", f"{value['learning_rate']:g}"),
        ("net", "-".join(map(str, value["sizes"]))),
        *((f"schedule: {name}", number) for name, number in value["schedule"].items()),
        *((limit["what"], f"{limit['used']:,} of {limit['limit']:,}") for limit in value["limits"]),
        *((name, setting) for name, setting in value["config"].items() if setting is not None),
    ]
    return Report(value, [Table(f"{run}: {value['rule']}", ("what", "value"), rows)])
