"""netx files: read with every field that lava-dl reads, written with integers only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError, ExchangeWarning
from lava_ed.exchange.netx.group import Group
from lava_ed.exchange.netx.layers import Tree, layer_tree, read_layer
from lava_ed.exchange.netx.network import NetxNetwork
from lava_ed.files.hdf5 import Hdf5Group, read_hdf5
from lava_ed.files.reading import parse_json, shown
from lava_ed.files.writing import write_atomically
from lava_ed.version import __version__

NOTES: Final = "lava_ed"
"""Attribute of the file's root that holds our notes as JSON; lava-dl reads the group "layer" only."""
DIGEST: Final = "sha256"
"""Entry of the notes: a digest over all that the file says, so that a damaged one is not another net."""
MOST_BYTES: Final = 1 << 28
MOST_VALUES: Final = 1 << 24
"""Numbers in a file; as 64-bit integers and in the engine they take some hundred MB."""
HINT: Final = "export it anew, or give another file"


def read_netx(path: str | os.PathLike[str]) -> NetxNetwork:
    """Read a netx file of dense layers and convolutions.

    Fields that are left out take lava-dl's values: no neuron is an integrator that never spikes, no bias is 0,
    no delay is 0.  Where lava-dl clips or cuts what is in the file, so does this, with a warning.

    Raises
    ------
    ExchangeError
        If the file is missing, no netx file, damaged, too large, leads to other files, or has a layer or neuron
        that is not known here; the message names it.

    Source: lava-dl 0.6.0, `netx/hdf5.py`.
    """
    try:
        root = _root(path)
    except ExchangeError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ExchangeError(f"{path} does not exist: give the path of a netx file (usually *.net)") from None
        raise
    remarks: list[str] = []
    try:
        notes = _notes(root)
        layers = tuple(read_layer(group) for group in _layer_groups(root, remarks))
        net = NetxNetwork(layers, notes, tuple(remarks))
    except ExchangeError as error:
        raise ExchangeError(f"{shown(path)}: {error}") from error
    for remark in remarks:
        warnings.warn(f"{shown(path)}: {remark}", ExchangeWarning, stacklevel=2)
    return net


def is_own_netx(path: str | os.PathLike[str]) -> bool:
    """Whether a readable file is a netx file that lava-ed wrote, and that nobody has changed since."""
    root = _root(path)
    return "layer" in root.members and "lava_ed_version" in _notes(root)


def _root(path: str | os.PathLike[str]) -> Hdf5Group:
    return read_hdf5(
        path, what="a netx file", most_bytes=MOST_BYTES, most_values=MOST_VALUES, error=ExchangeError, hint=HINT
    )


def _layer_groups(root: Hdf5Group, remarks: list[str]) -> Iterator[Group]:
    """The groups of the layers in order."""
    found = root.members.get("layer")
    if not isinstance(found, Hdf5Group):
        raise ExchangeError('has no group "layer": it is not a netx file')
    names = sorted(found.members)
    numbers = sorted(int(name) for name in names if name.isdecimal() and str(int(name)) == name)
    if numbers != list(range(len(names))):
        listed = numbers if len(numbers) == len(names) else names
        raise ExchangeError(f"layers are numbered {listed[:20]}, not 0 … {len(names) - 1}")
    group = Group(found.members, "layer", remarks)
    return (group.inner(str(k)) for k in numbers)


def _notes(root: Hdf5Group) -> dict[str, Any]:
    """Our notes, after the digest that stands among them; none in a file of somebody else."""
    if NOTES not in root.attributes:
        # A damaged name would else make the net that of somebody else, whose numbers nobody has sealed.
        strays = [name for name, text in root.attributes.items() if isinstance(text, str) and f'"{DIGEST}"' in text]
        if strays:
            raise ExchangeError(f"holds the notes of lava-ed under the name {strays[0]!a}, not {NOTES}: {HINT}")
        return {}
    text = root.attributes[NOTES]
    if not isinstance(text, str):
        raise ExchangeError(f"the attribute {NOTES} is no text: {HINT}")
    notes = parse_json(text, f"the attribute {NOTES}", error=ExchangeError, hint=HINT)
    if not isinstance(notes, dict):
        raise ExchangeError(f"the attribute {NOTES} holds no JSON object: {HINT}")
    stated = notes.pop(DIGEST, None)
    if stated is not None and stated != _digest(root.members, notes):
        raise ExchangeError(
            f"is not as lava-ed wrote it: its digest does not fit.  {HINT.capitalize()}; if you have changed it on "
            f"purpose, delete the attribute {NOTES} of its root"
        )
    return notes


def _arrays(tree: Tree, where: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Path and values of every array in a tree."""
    for name, item in tree.items():
        inner = item.members if isinstance(item, Hdf5Group) else item
        if isinstance(inner, dict):
            yield from _arrays(inner, f"{where}/{name}")
        else:
            yield f"{where}/{name}", inner


def _digest(members: Tree, notes: dict[str, Any]) -> str:
    """SHA-256 over names, types, shapes and values of a file, and the notes beside them."""
    found = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())
    for where, values in sorted(_arrays(members), key=lambda array: array[0].split("/")):
        found.update(f"{where} {values.dtype.str} {values.shape};".encode())
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def netx_bytes(net: NetxNetwork) -> bytes:
    """Content of a netx file; the same net gives the same bytes.

    Raises an ExchangeError where a number does not fit its field, or there are more than `read_netx` reads.
    """
    tree: Tree = {"layer": {str(k): layer_tree(layer, f"layer/{k}") for k, layer in enumerate(net.layers)}}
    if (values := sum(array.size for _, array in _arrays(tree))) > MOST_VALUES:
        raise ExchangeError(
            f"the net has {values:,} numbers, a netx file is read up to {MOST_VALUES:,}: take fewer neurons"
        )
    notes = json.loads(json.dumps({**net.notes, "lava_ed_version": __version__}))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=False) as file:
        file.attrs[NOTES] = json.dumps({**notes, DIGEST: _digest(tree, notes)}, sort_keys=True)
        for where, array in _arrays(tree):
            file.create_dataset(where, data=array)
    return buffer.getvalue()


def write_netx(net: NetxNetwork, path: str | os.PathLike[str]) -> None:
    """Write a netx file, whole or not at all.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    write_atomically(Path(path), netx_bytes(net))
