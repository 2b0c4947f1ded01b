"""Lowerings of Lava's RingBuffers and Monitor."""

from __future__ import annotations

import numpy as np
from lava.proc.io.sink import PyReceiveModelFixed
from lava.proc.io.sink import RingBuffer as RingSink
from lava.proc.io.source import PySendModelFixed
from lava.proc.io.source import RingBuffer as RingSource
from lava.proc.monitor.models import PyMonitorModel
from lava.proc.monitor.process import Monitor

from lava_ed.engine.families.monitor import MonitorNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.lowering.registry import lowers
from lava_ed.engine.lowering.values import array_of
from lava_ed.errors import UnsupportedProcessError


@lowers(PySendModelFixed)
def lower_ring_source(process: RingSource, name: str) -> RingSourceNode:
    """Source RingBuffer → RingSourceNode."""
    return RingSourceNode(name, array_of(process.data, np.int32))


@lowers(PyReceiveModelFixed)
def lower_ring_sink(process: RingSink, name: str) -> RingSinkNode:
    """Sink RingBuffer → RingSinkNode."""
    return RingSinkNode(name, array_of(process.data, np.int32))


@lowers(PyMonitorModel)
def lower_monitor(process: Monitor, name: str) -> MonitorNode:
    """Monitor → MonitorNode, for the one Var or OutPort that Lava's own model can record."""
    p = process.proc_params
    probes = p["n_ref_ports"] + p["n_in_ports"]
    if probes != 1:
        raise UnsupportedProcessError(
            f"{process.name} probes {probes} Vars and OutPorts; a Lava Monitor records one: use one Monitor for each"
        )
    if p["n_in_ports"]:
        record = p["VarsData2"][0]
        return MonitorNode(name, record, getattr(process, record).shape, None, p["InPorts"][0])
    record = p["VarsData1"][0]
    (var,) = getattr(process, p["RefPorts"][0]).get_dst_vars()
    return MonitorNode(name, record, getattr(process, record).shape, (var.process.id, var.name))
