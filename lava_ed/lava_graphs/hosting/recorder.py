"""Lava's Monitor of a hosted model's Var, without the calls of its own model and the messages that they exchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter

from lava.proc.monitor.models import PyMonitorModel

from lava_ed.lava_graphs.hosting.model import HostedModel
from lava_ed.lava_graphs.hosting.wiring import Reference


class Recorder:
    """Records a Var in every step's last management phase, as ``PyMonitorModel`` does through its RefPort.

    Parameters
    ----------
    monitor, target : HostedModel
    reference : Reference
        From one to the other.
    """

    def __init__(self, monitor: HostedModel, target: HostedModel, reference: Reference) -> None:
        self.monitor, self.target = monitor, target
        self._var, self._answer = reference.port.var.name, reference.answer
        self._record = monitor.process.proc_params["VarsData1"][0]

    def record(self, time_step: int) -> None:
        """Keep the Var's value, cast to the type that its model declares for it.

        Raises
        ------
        AssertionError
            If the value has not the shape of the Var; runs end before there is no room.
        """
        begin = perf_counter()
        monitor = self.monitor.model
        monitor.__dict__["time_step"] = time_step
        self._answer.push(getattr(self.target.model, self._var))
        getattr(monitor, self._record)[time_step - 1, ...] = self._answer.pop()
        self.monitor.seconds += perf_counter() - begin


def find_recorders(references: Iterable[Reference], by_process: Mapping[int, HostedModel]) -> list[Recorder]:
    """Recorders for the Monitors that need no model: of one Var of a model that runs step by step, in its own shape.

    Parameters
    ----------
    references : iterable of Reference
    by_process : mapping of int to HostedModel
        By the process's id.
    """
    recorders, watched = [], {reference.target.id for reference in references}
    for reference in references:
        monitor, target = by_process[reference.source.id], by_process.get(reference.target.id)
        if monitor.cls is not PyMonitorModel or monitor.process.id in watched or target is None or target.is_async:
            continue
        p = monitor.process.proc_params
        if (p["n_ref_ports"], p["n_in_ports"]) == (1, 0) and not reference.port.get_incoming_transform_funcs():
            recorders.append(Recorder(monitor, target, reference))
    return recorders
