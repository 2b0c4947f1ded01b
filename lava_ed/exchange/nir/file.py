"""NIR files (HDF5) read within bounds: nodes with the fields of the standard's primitives, and edges between them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.files.hdf5 import Hdf5Group, read_hdf5
from lava_ed.files.reading import open_plain, parse_json, shown

NOTES: Final = "lava_ed"
"""Entry of the graph's metadata that holds our notes as JSON."""
DIGEST: Final = "sha256"
MARK: Final = b'"lava_ed_version"'
"""Stands in our notes, and in no file of somebody else."""
MOST_BYTES: Final = 1 << 28
MOST_VALUES: Final = 1 << 24
MOST_NODES: Final = 1 << 10
HINT: Final = "export it anew, or give another file"

_NEURON: Final = ("v_threshold", "v_reset")
_CUBA: Final = ("tau_syn", "tau_mem", "r", "v_leak", "w_in")
_CONV: Final = ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape")
_POOL: Final = ("kernel_size", "stride", "padding")
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "Input": ("shape",),
    "Output": ("shape",),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Scale": ("scale",),
    "Conv1d": _CONV,
    "Conv2d": _CONV,
    "SumPool2d": _POOL,
    "AvgPool2d": _POOL,
    "Flatten": ("start_dim", "end_dim", "input_type"),
    "I": ("r",),
    "IF": ("r", *_NEURON),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", *_NEURON),
    "CubaLI": _CUBA,
    "CubaLIF": (*_CUBA, *_NEURON),
    "Threshold": ("threshold",),
    "Delay": ("delay",),
    "NIRGraph": (),
}
"""Primitive → its fields in the file."""
OPTIONAL: Final = ("v_reset", "input_shape", "input_type", "w_in")
"""Fields that NIR's own reader does without."""

Values = npt.NDArray[np.float64]
Edge = tuple[str, str]


@dataclass(frozen=True)
class NirNode:
    """A node: its primitive, and its fields as numbers; a padding can be the text "same" or "valid"."""

    name: str
    kind: str
    fields: Mapping[str, Values | str]

    @property
    def where(self) -> str:
        """The node as messages name it."""
        return f"node {self.name!r} ({self.kind})"

    def __getitem__(self, field: str) -> Values:
        found = self.fields.get(field)
        if not isinstance(found, np.ndarray):
            raise ExchangeError(f"{self.where}: {field} is {found!r}, numbers are needed")
        return found


@dataclass(frozen=True)
class NirGraph:
    """Nodes by name, edges between them, and the notes that lava-ed left in the graph's metadata."""

    nodes: dict[str, NirNode]
    edges: tuple[Edge, ...]
    notes: dict[str, Any]


def read_graph(path: str | os.PathLike[str]) -> NirGraph:
    """Read the graph of a NIR file.

    Raises an ExchangeError where the file is missing, no NIR file, damaged, too large, or has a primitive that the
    standard does not know.  Source: nir 1.0.8, `nir/serialization.py`.
    """
    root = read_hdf5(
        path, what="a NIR file", most_bytes=MOST_BYTES, most_values=MOST_VALUES, error=ExchangeError, hint=HINT
    )
    try:
        graph = root.members.get("node")
        if not isinstance(graph, Hdf5Group) or _text(graph, "type", "node") != "NIRGraph":
            raise ExchangeError('has no group "node" that holds a NIRGraph: it is not a NIR file')
        nodes = graph.members.get("nodes")
        if not isinstance(nodes, Hdf5Group) or len(nodes.members) > MOST_NODES:
            raise ExchangeError(f"has no nodes, or more than {MOST_NODES:,}")
        found = {name: _node(name, group) for name, group in sorted(nodes.members.items())}
        edges = _edges(graph, found)
        notes = _notes(graph, found, edges)
        if not notes:
            _refuse_stray(path)
        return NirGraph(found, edges, notes)
    except ExchangeError as error:
        raise ExchangeError(f"{shown(path)}: {error}") from error


def _text(group: Hdf5Group, name: str, where: str) -> str:
    found = group.members.get(name)
    if not isinstance(found, np.ndarray) or found.dtype.kind != "S" or found.size != 1:
        raise ExchangeError(f"{where}/{name} is no text: the file is damaged")
    return bytes(found.reshape(-1)[0]).decode("utf-8", "replace")


def _node(name: str, group: Any) -> NirNode:
    if not isinstance(group, Hdf5Group):
        raise ExchangeError(f"node {name!r} is no group: the file is damaged")
    kind = _text(group, "type", f"node {name!r}")
    if kind not in FIELDS:
        raise ExchangeError(f"node {name!r} is of type {kind[:40]!r}, the standard knows {', '.join(FIELDS)}")
    fields: dict[str, Values | str] = {}
    for field in FIELDS[kind]:
        value = group.members.get(field)
        if field == "padding" and isinstance(value, np.ndarray) and value.dtype.kind == "S":
            fields[field] = _text(group, field, f"node {name!r}")
        elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and np.all(np.isfinite(value)):
            fields[field] = value.astype(np.float64)
        elif value is not None or field not in OPTIONAL:
            raise ExchangeError(f"node {name!r} ({kind}) has no {field} of finite numbers")
    reset = group.members.get("metadata")
    if isinstance(reset, Hdf5Group) and "reset_mechanism" in reset.members:
        found = _text(reset, "reset_mechanism", f"node {name!r}")
        if found != "zero":
            raise ExchangeError(f"node {name!r} ({kind}) asks for the reset {found[:40]!r}: a LIF neuron of Loihi 2 is "
                                "set to 0 by its spike, so train with a hard reset")  # fmt: skip
    return NirNode(name, kind, fields)


def _edges(graph: Hdf5Group, nodes: Mapping[str, NirNode]) -> tuple[Edge, ...]:
    found = graph.members.get("edges")
    if not isinstance(found, np.ndarray) or found.dtype.kind != "S" or found.ndim != 2 or found.shape[1] != 2:
        raise ExchangeError("has no edges between its nodes")
    edges = tuple((a.decode("utf-8", "replace"), b.decode("utf-8", "replace")) for a, b in found.tolist())
    for name in (end for edge in edges for end in edge):
        if name not in nodes:
            raise ExchangeError(f"an edge leads to the node {name[:60]!r}, which the graph does not have")
    return tuple(dict.fromkeys(edges))


def _notes(graph: Hdf5Group, nodes: Mapping[str, NirNode], edges: tuple[Edge, ...]) -> dict[str, Any]:
    """Our notes, after the digest that stands among them; none in a graph of somebody else."""
    metadata = graph.members.get("metadata")
    if not isinstance(metadata, Hdf5Group) or NOTES not in metadata.members:
        return {}
    notes = parse_json(_text(metadata, NOTES, "metadata"), "the metadata", error=ExchangeError, hint=HINT)
    if not isinstance(notes, dict):
        raise ExchangeError(f"the metadata {NOTES} hold no JSON object: {HINT}")
    if notes.pop(DIGEST, None) != graph_digest(nodes, edges, notes):
        raise ExchangeError(f"is not as lava-ed wrote it: its digest does not fit.  {HINT.capitalize()}")
    return notes


def _refuse_stray(path: str | os.PathLike[str]) -> None:
    """Refuse a file that holds our notes where no reader finds them: what leads to them is damaged."""
    with open_plain(path, most=MOST_BYTES, error=ExchangeError, hint=HINT) as file:
        if MARK in file.read():
            raise ExchangeError(f"holds the notes of lava-ed, but not as metadata/{NOTES}: {HINT}")


def graph_digest(nodes: Mapping[str, NirNode], edges: tuple[Edge, ...], notes: dict[str, Any]) -> str:
    """SHA-256 over the fields of all nodes, the edges, and the notes beside them."""
    found = hashlib.sha256(json.dumps([sorted(edges), notes], sort_keys=True).encode())
    for name, node in sorted(nodes.items()):
        found.update(f"{name} {node.kind};".encode())
        for field, value in sorted(node.fields.items()):
            array = np.array(value.encode()) if isinstance(value, str) else value
            found.update(f"{field} {array.shape};".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
