"""Lowerings of Lava's RingBuffers, Monitor, Reset, dataloaders, Injector and Extractor, and of EventSource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import AbstractVirtualPort
from lava.proc.io.dataloader import PySpikeModelFixed, PyStateModelFixed, SpikeDataloader, StateDataloader
from lava.proc.io.extractor import Extractor, PyLoihiExtractorModel
from lava.proc.io.injector import Injector, PyLoihiInjectorModel
from lava.proc.io.reset import PyResetFixed, Reset
from lava.proc.io.sink import PyReceiveModelFixed, PyReceiveModelFloat
from lava.proc.io.source import PySendModelFixed, PySendModelFloat
from lava.proc.io.utils import ReceiveEmpty, ReceiveNotEmpty, SendFull
from lava.proc.monitor.models import PyMonitorModel
from lava.proc.monitor.process import Monitor

from lava_ed.engine.assembler import Node
from lava_ed.engine.families.dataloader import SpikeDataloaderNode, StateDataloaderNode
from lava_ed.engine.families.event_source import EventSourceNode
from lava_ed.engine.families.monitor import MonitorNode
from lava_ed.engine.families.pipes import ExtractorNode, InjectorNode
from lava_ed.engine.families.ref_ports import Reference, ResetNode
from lava_ed.engine.families.ring_buffer import FloatSinkNode, FloatSourceNode, RingSinkNode, RingSourceNode
from lava_ed.engine.pipe import Pipe
from lava_ed.errors import UnsupportedProcessError
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lowers
from lava_ed.lava_graphs.lowering.values import array_of
from lava_ed.proc.event_source.models import PyEventSourceModelFixed
from lava_ed.proc.event_source.process import EventSource


@lowers(PySendModelFixed, node=RingSourceNode, dtype=np.int32)
@lowers(PySendModelFloat, node=FloatSourceNode, dtype=np.float64)
@lowers(PyReceiveModelFixed, node=RingSinkNode, dtype=np.int32)
@lowers(PyReceiveModelFloat, node=FloatSinkNode, dtype=np.float64)
def lower_ring_buffer(process: Any, name: str, node: Callable[[str, Any], Node], dtype: type[np.generic]) -> Node:
    """RingBuffer → a source or a sink."""
    return node(name, array_of(process.data, dtype))


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
        record, source = p["VarsData2"][0], {"in_port": p["InPorts"][0]}
    else:
        record, source = p["VarsData1"][0], {"target": _reference(getattr(process, p["RefPorts"][0]))}
    return MonitorNode(name, record=record, record_shape=getattr(process, record).shape, **source)


def _reference(port: Any) -> Reference | None:
    """The Var that a RefPort is connected to, through any VarPorts of hierarchical processes."""
    following = port
    while following.out_connections:
        (following,) = following.out_connections
        if isinstance(following, AbstractVirtualPort):
            raise NotLoweredError(
                f"{port.process.name}.{port.name} leads through a {type(following).__name__}; the engine connects "
                "RefPorts to Vars of the same shape: reshape the data"
            )
    return None if following is port else (following.var.process.id, following.var.name)


@lowers(PyResetFixed)
def lower_reset(process: Reset, name: str) -> ResetNode:
    """Reset → ResetNode."""
    settings = {var: array_of(getattr(process, var), np.int64) for var in ("reset_value", "interval", "offset")}
    return ResetNode(name, settings=settings, target=_reference(process.state))


@lowers(PyEventSourceModelFixed)
def lower_event_source(process: EventSource, name: str) -> EventSourceNode:
    """EventSource → EventSourceNode."""
    stream, period = process.proc_params["stream"], process.proc_params["period"]
    return EventSourceNode(name, inputs=process.s_out.size, spikes=stream.spikes, period=period)


def _loader(process: Any) -> dict[str, Any]:
    """Arguments of both dataloaders."""
    return {
        "dataset": process.proc_params["saved_dataset"],
        "timing": {var: array_of(getattr(process, var), np.int64) for var in ("interval", "offset")},
        "truth_shape": process.ground_truth.shape,
    }


@lowers(PySpikeModelFixed)
def lower_spike_dataloader(process: SpikeDataloader, name: str) -> SpikeDataloaderNode:
    """SpikeDataloader → SpikeDataloaderNode."""
    return SpikeDataloaderNode(name, **_loader(process), data=array_of(process.data, np.int32))


@lowers(PyStateModelFixed)
def lower_state_dataloader(process: StateDataloader, name: str) -> StateDataloaderNode:
    """StateDataloader → StateDataloaderNode."""
    return StateDataloaderNode(name, **_loader(process), target=_reference(process.state))


@lowers(PyLoihiInjectorModel)
def lower_injector(process: Injector, name: str) -> InjectorNode:
    """Injector → InjectorNode."""
    config, port = process.proc_params["channel_config"], process.in_port
    pipe = Pipe(port.external_pipe_buffer_size, port.shape, sends=True)
    return InjectorNode(
        name,
        pipe=pipe,
        zeros_when_empty=config.receive_empty == ReceiveEmpty.NON_BLOCKING_ZEROS,
        accumulate=config.receive_not_empty == ReceiveNotEmpty.ACCUMULATE,
    )


@lowers(PyLoihiExtractorModel)
def lower_extractor(process: Extractor, name: str) -> ExtractorNode:
    """Extractor → ExtractorNode."""
    config, port = process.proc_params["channel_config"], process.out_port
    pipe = Pipe(port.external_pipe_buffer_size, port.shape, sends=False)
    return ExtractorNode(name, pipe=pipe, drop_when_full=config.send_full == SendFull.NON_BLOCKING_DROP)
