"""What users hand to a runtime, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import AbstractRunCondition, RunContinuous, RunSteps
from lava.proc.monitor.process import Monitor

from lava_ed.errors import BackendError, ConfigError
from lava_ed.network.values import whole_of


def whole(value: Any, what: str) -> int:
    """A number without a fraction, as an int; anything else is refused."""
    number = whole_of(value)
    if number is None:
        raise ConfigError(f"{what} is {value!r}: a whole number is needed")
    return number


def steps_of(condition: AbstractRunCondition) -> int | None:
    """Steps that a condition asks for; None without an end."""
    if isinstance(condition, RunSteps):
        return whole(condition.num_steps, "num_steps of RunSteps")
    if isinstance(condition, RunContinuous):
        return None
    raise BackendError(f"run condition {type(condition).__name__} is unknown: use RunSteps or RunContinuous")


def check_batch(inputs: Any, read: Any) -> None:
    """Refuse what is no mapping of Vars, or no sequence of Vars and Monitors."""
    if not isinstance(inputs, Mapping):
        raise ConfigError(f"inputs is a {type(inputs).__name__}: give a dict of Var to array, {{source.data: spikes}}")
    if isinstance(read, (Var, Monitor)):
        raise ConfigError(f"read is one {type(read).__name__}: give a list, read=[{read.name}]")
    if not isinstance(read, Iterable):
        raise ConfigError(f"read is a {type(read).__name__}: give a list of Vars and Monitors, such as [lif.v]")
    for kinds, items in (((Var,), inputs), ((Var, Monitor), read)):
        for item in items:
            if not isinstance(item, kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                raise ConfigError(f"{item!r} is no {names}: name Vars by their process, such as lif.v")


def record_of(item: Var | Monitor) -> Var:
    """The Var that holds what a Monitor records; a Var stands for itself."""
    if not isinstance(item, Monitor):
        return item
    if len(item.target_names) != 1:
        raise BackendError(f"{item.name} probes {len(item.target_names)} Vars and OutPorts, a Lava Monitor records one")
    return getattr(item, next(iter(item.target_names)))


def aliased(var: Var) -> Var:
    """The Var of a sub-process that a Var stands for."""
    while var.aliased_var is not None:
        var = var.aliased_var
    return var
