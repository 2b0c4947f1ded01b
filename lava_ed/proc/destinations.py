"""Destinations of the spikes of a process, as far as spikes are messages between neurocores."""

from __future__ import annotations

from typing import Any

from lava_ed.network.wiring import ON_CORE_PORTS


class Destinations:
    """How many InPorts of neurons and synapses each OutPort of a process feeds.

    A parameter of its ProcessModel, which Lava builds when all is connected.  Where it is sent to another operating
    system process by value, the counts go, and not the graph.
    """

    def __init__(self, process: Any) -> None:
        self._process = process
        self._counts: dict[str, int] = {}

    def counts(self) -> dict[str, int]:
        """OutPort → InPorts, without learning ports, sinks and monitors: what they get is no message."""
        if self._process is None:
            return self._counts
        return {port.name: sum(map(_is_message, port.get_dst_ports())) for port in self._process.out_ports.members}

    def __getstate__(self) -> dict[str, Any]:
        return {"_process": None, "_counts": self.counts()}


def _is_message(port: Any) -> bool:
    """Whether a spike that arrives at this port has come to a neurocore."""
    from lava.magma.core.process.ports.ports import InPort
    from lava.proc.io.extractor import Extractor
    from lava.proc.io.sink import RingBuffer
    from lava.proc.monitor.process import Monitor

    off_chip = isinstance(port.process, Extractor | Monitor | RingBuffer)
    return isinstance(port, InPort) and not off_chip and port.name not in ON_CORE_PORTS
