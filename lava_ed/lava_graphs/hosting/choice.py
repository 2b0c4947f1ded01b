"""Which processes are hosted: those whose ProcessModel has no lowering, and those that cannot do without them."""

from __future__ import annotations

from collections.abc import Mapping

from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.proc.monitor.models import PyMonitorModel

from lava_ed.lava_graphs.lowering.registry import is_lowered
from lava_ed.lava_graphs.selection.models import Model


def can_host(model: Model) -> bool:
    """Whether a ProcessModel is Python that follows one of Lava's protocols for a CPU; without Lava none can run."""
    without_lava = getattr(model, "declares_only", False)
    return issubclass(model, (PyLoihiProcessModel, PyAsyncProcessModel)) and not without_lava


def find_hosted(leaves: Mapping[str, AbstractProcess], models: Mapping[AbstractProcess, Model]) -> set[AbstractProcess]:
    """Processes without a lowering, and those that refer to a Var of one, such as its Monitors."""
    hosted = {process for process in leaves.values() if not is_lowered(models[process])}
    return hosted | referring(leaves, hosted)


def referring(leaves: Mapping[str, AbstractProcess], hosted: set[AbstractProcess]) -> set[AbstractProcess]:
    """Processes with a RefPort that leads to a Var of a hosted one."""
    return {
        process
        for process in leaves.values()
        for port in process.ref_ports.members
        if any(var.process in hosted for var in port.get_dst_vars())
    }


def room_of(process: AbstractProcess, model: Model) -> int | None:
    """Time steps that a Monitor has room to record, by Lava's own model; None of any other process."""
    if any(getattr(model, name, None) is not getattr(PyMonitorModel, name) for name in ("run_spk", "run_post_mgmt")):
        return None
    p = process.proc_params
    records = [*p["VarsData1"][: p["n_ref_ports"]], *p["VarsData2"][: p["n_in_ports"]]]
    return min((int(getattr(process, record).shape[0]) for record in records), default=None)


def undeclared(process: AbstractProcess, model: Model) -> list[str]:
    """Ports and Vars of a process that its ProcessModel does not declare, without which Lava cannot build it."""
    ports = (process.in_ports, process.out_ports, process.ref_ports, process.vars)
    return [item.name for members in ports for item in members.members if not hasattr(model, item.name)]
