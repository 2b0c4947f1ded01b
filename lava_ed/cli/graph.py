"""`lava-ed info GRAPH.py:NAME`: the program that a user's Lava graph is lowered to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from lava_ed.cli.output import Report, Table
from lava_ed.errors import ConfigError, DataNotFoundError, LavaEDError

_MEASURED_STEPS = 16


def of_graph(where: str, spike_rate: float, tag: str) -> Report:
    """Lower the graph of a process in a file; it runs a few steps if it has hosted models, to see what they take.

    Raises a DataNotFoundError or a ConfigError where there is no such file, it fails, or NAME is no process and no
    function that makes one; an UnsupportedProcessError where a process can be neither compiled nor hosted.
    """
    from lava_ed.engine.describe import describe_program
    from lava_ed.graph import Loihi2SimCfg
    from lava_ed.lava_graphs.graph import lower_graph

    graph = lower_graph(_process(where), Loihi2SimCfg(select_tag=tag))
    try:
        value = {"graph": where, "tag": tag} | describe_program(graph.program, spike_rate) | {"hosted": _hosted(graph)}
    finally:
        graph.expansion.undo()
    return Report(value, _tables(value))


def _hosted(graph: Any) -> list[dict[str, Any]]:
    """The processes that run by their own Python models, and what a step of each takes, measured in a few steps."""
    if graph.conductor is None:
        return []
    from lava_ed.lava_graphs.selection.models import describe, describe_model

    steps = min([_MEASURED_STEPS, *graph.program._step_limits.values()])
    try:
        graph.conductor.begin(steps, threading.Event())
        graph.program.run(steps)
        graph.conductor.end()
    except LavaEDError:
        raise
    except Exception as error:  # of the user's models
        failed = [model for model in graph.conductor.hosted.values() if model.failure is error]
        who = f"{describe_model(failed[0].cls)} of {describe(failed[0].process)}" if failed else "a hosted model"
        raise ConfigError(f"{who} fails in its first {steps} steps: {type(error).__name__}: {error}") from error
    return [
        {
            "process": name,
            "model": f"{model.cls.__module__}.{model.cls.__qualname__}",
            "microseconds": round(1e6 * model.seconds / max(steps, 1), 1),
        }
        for name, model in graph.conductor.hosted.items()
    ]


def _process(where: str) -> Any:
    """The process that a user names."""
    from lava.magma.core.process.process import AbstractProcess

    file, _, name = where.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise DataNotFoundError(f"no file {file}: give GRAPH.py:NAME, the NAME of a process in that file")
    module = _run(path)
    if not hasattr(module, name):
        known = ", ".join(n for n, v in vars(module).items() if isinstance(v, AbstractProcess)) or "none"
        raise ConfigError(f"{file} has no {name!r}; its processes are: {known}")
    found = getattr(module, name)
    if callable(found) and not isinstance(found, AbstractProcess):
        found = _user_code(path, f"{name}() of {file}", found)
    if not isinstance(found, AbstractProcess):
        raise ConfigError(
            f"{where} is a {type(found).__name__}: a Lava process, or a function without arguments that returns one, "
            "is needed"
        )
    return found


def _run(path: Path) -> Any:
    """Execute a user's file as a module; modules beside it can be imported, as in a script."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # Lava looks the module of a process up by its name when it searches for models.
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        _user_code(path, str(path), lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _user_code(path: Path, what: str, call: Callable[[], Any]) -> Any:
    """Call what a user wrote, with the command line of a script without arguments; what it raises is named after it."""
    arguments, sys.argv = sys.argv, [str(path)]
    try:
        return call()
    except LavaEDError:
        raise
    except SystemExit as error:
        raise ConfigError(
            f"{what} ends with sys.exit({'' if error.code is None else repr(error.code)}) instead of giving a process: "
            'put what is meant for a script, such as parsing arguments, below if __name__ == "__main__"'
        ) from error
    except Exception as error:
        raise ConfigError(f"{what} fails: {type(error).__name__}: {error}") from error
    finally:
        sys.argv = arguments


def _text(field: dict[str, Any]) -> str:
    """A field of an op: a number, or the region of an arena as a slice."""
    first = field["value"]
    if "arena" not in field:
        return str(first)
    return f"{field['arena']}[{first}:{first + field['length']}]" if first >= 0 else "none"


def _tables(value: dict[str, Any]) -> list[Table | str]:
    """Tables of processes and ops, and the sums."""
    columns = ("process", "kind", "delay", "bytes", "synaptic_operations", "neuron_updates", "bytes_touched")
    heads = ("process", "kind", "delay", "bytes", "synaptic operations a step", "neuron updates", "bytes touched")
    processes = [[p[key] for key in columns] for p in value["processes"]]
    ops = [
        (
            op["op"],
            op["process"],
            op["stage"],
            "every" if value["period"] == 1 else "{} … {}".format(*op["phases"]),
            " ".join(f"{name}={_text(field)}" for name, field in op["fields"].items()),
        )
        for op in value["ops"]
    ]
    estimate = value["estimate"]
    sums = [
        ("spike rate", estimate["spike_rate"]),
        *((name.replace("_", " "), estimate[name]) for name in columns[4:]),
        *((f"state: {arena}, bytes", size) for arena, size in value["bytes"].items()),
    ]
    hosted = [(item["process"], item["model"], item["microseconds"]) for item in value["hosted"]]
    tables: list[Table | str] = [
        Table(f"{value['graph']} ({value['tag']})", heads, processes),
        Table("Ops of a step, in order", ("op", "process", "stage", "phases", "fields"), ops),
        Table("Estimated cost of a step", ("what", "value"), sums),
    ]
    if hosted:
        tables.insert(1, Table("Hosted: run by their own Python models", ("process", "model", "µs a step"), hosted))
    return tables
