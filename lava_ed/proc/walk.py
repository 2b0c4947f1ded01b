"""Which processes belong to one graph."""

from __future__ import annotations

from lava.magma.core.process.process import AbstractProcess


def _neighbours(process: AbstractProcess) -> list[AbstractProcess]:
    """Processes joined to this one by a connection, by containing it, or by being contained."""
    found: list[AbstractProcess] = list(getattr(process, "processes", {}).values())
    if process.parent_proc is not None:
        found.append(process.parent_proc)
    # Both directions: a port of a hierarchical process leads to the inside as well.
    for port in (*process.out_ports.members, *process.in_ports.members):
        found += [other.process for other in (*port.get_dst_ports(), *port.get_src_ports())]
    for port in process.ref_ports.members:
        found += [var.process for var in port.get_dst_vars()]
        found += [source.process for source in port.get_src_ports()]
    for port in process.var_ports.members:
        found += [other.process for other in (*port.get_dst_ports(), *port.get_src_ports())]
    return found


def collect(process: AbstractProcess) -> list[AbstractProcess]:
    """Every process of the graph that `process` belongs to, in order of creation."""
    seen: dict[int, AbstractProcess] = {}
    waiting = [process]
    while waiting:
        current = waiting.pop()
        if current.id not in seen:
            seen[current.id] = current
            waiting += _neighbours(current)
    return [seen[key] for key in sorted(seen)]
