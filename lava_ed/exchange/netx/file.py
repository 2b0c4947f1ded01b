"""netx files: read with every field that lava-dl reads, written with integers only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError, ExchangeWarning
from lava_ed.exchange.netx.fields import Fields
from lava_ed.exchange.netx.layers import LayerReader
from lava_ed.exchange.netx.network import NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.exchange.whole import narrow
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
Tree = dict[str, Any]
"""Name → array, or the tree of a group."""


def read_netx(path: str | os.PathLike[str]) -> NetxNetwork:
    """Read a netx file of dense layers and convolutions.

    Fields that are left out take lava-dl's values: no neuron is an integrator that never spikes, no bias is 0,
    no delay is 0.  Where lava-dl clips or cuts what is in the file, so does this, with a warning.  Layers of
    sigma-delta neurons are read too; `NetxNetwork.cannot_run` names them.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    NetxNetwork

    Raises
    ------
    ExchangeError
        If the file is missing, no netx file, damaged, too large, leads to other files, or has a layer or neuron
        that is not known here; the message names it.

    Source: lava-dl 0.6.0, `netx/hdf5.py`.
    """
    try:
        root = read_hdf5(
            path, what="a netx file", most_bytes=MOST_BYTES, most_values=MOST_VALUES, error=ExchangeError, hint=HINT
        )
    except ExchangeError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ExchangeError(f"{path} does not exist: give the path of a netx file (usually *.net)") from None
        raise
    try:
        notes = _notes(root)
        remarks: list[str] = []
        net = NetxNetwork(tuple(_layers(root, remarks)), notes, tuple(remarks))
    except ExchangeError as error:
        raise ExchangeError(f"{shown(path)}: {error}") from error
    for remark in remarks:
        warnings.warn(f"{shown(path)}: {remark}", ExchangeWarning, stacklevel=2)
    return net


def is_own_netx(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a netx file that lava-ed wrote, and that nobody has changed since.

    Raises
    ------
    ExchangeError
        If it cannot be read.
    """
    root = read_hdf5(
        path, what="a netx file", most_bytes=MOST_BYTES, most_values=MOST_VALUES, error=ExchangeError, hint=HINT
    )
    return "layer" in root.members and "lava_ed_version" in _notes(root)


def _layers(root: Hdf5Group, remarks: list[str]) -> list[NetxLayer]:
    """The layers in order."""
    found = root.members.get("layer")
    if not isinstance(found, Hdf5Group):
        raise ExchangeError('has no group "layer": it is not a netx file')
    names = sorted(found.members)
    numbers = sorted(int(name) for name in names if name.isdecimal() and str(int(name)) == name)
    if numbers != list(range(len(names))):
        listed = numbers if len(numbers) == len(names) else names
        raise ExchangeError(f"layers are numbered {listed[:20]}, not 0 … {len(names) - 1}")
    group = Fields(found, "layer")
    reader = LayerReader(remarks)
    return [reader.read(group.inner(str(k))) for k in range(len(names))]


def _notes(root: Hdf5Group) -> dict[str, Any]:
    """Our notes, after the digest that stands among them; none in a file of somebody else."""
    if NOTES not in root.attributes:
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


def _digest(members: Tree, notes: dict[str, Any]) -> str:
    """SHA-256 over names, types, shapes and values of a file, and the notes beside them."""
    found = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())

    def add(where: str, item: Any) -> None:
        inner = item.members if isinstance(item, Hdf5Group) else item
        if isinstance(inner, dict):
            for name in sorted(inner):
                add(f"{where}/{name}", inner[name])
        else:
            found.update(f"{where} {inner.dtype.str} {inner.shape};".encode())
            found.update(np.ascontiguousarray(inner).tobytes())

    add("", members)
    return found.hexdigest()


def netx_bytes(net: NetxNetwork) -> bytes:
    """Content of a netx file; the same net gives the same bytes.

    Raises
    ------
    ExchangeError
        If a number does not fit its field, or there are more than `read_netx` reads.
    """
    import h5py

    buffer = io.BytesIO()
    tree: Tree = {"layer": {str(k): _tree(layer, f"layer/{k}") for k, layer in enumerate(net.layers)}}
    if (values := _values(tree)) > MOST_VALUES:
        raise ExchangeError(
            f"the net has {values:,} numbers, a netx file is read up to {MOST_VALUES:,}: take fewer neurons"
        )
    notes = json.loads(json.dumps({**net.notes, "lava_ed_version": __version__}))
    with h5py.File(buffer, "w", track_order=False) as file:
        file.attrs[NOTES] = json.dumps({**notes, DIGEST: _digest(tree, notes)}, sort_keys=True)
        _write(file, tree)
    return buffer.getvalue()


def write_netx(net: NetxNetwork, path: str | os.PathLike[str]) -> None:
    """Write a netx file, whole or not at all.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    write_atomically(Path(path), netx_bytes(net))


def _values(tree: Tree) -> int:
    """Numbers in a tree."""
    return sum(_values(item) if isinstance(item, dict) else item.size for item in tree.values())


def _write(group: Any, tree: Tree) -> None:
    for name, item in tree.items():
        if isinstance(item, dict):
            _write(group.create_group(name), item)
        else:
            group.create_dataset(name, data=item)


def _text(value: str) -> npt.NDArray[Any]:
    return np.array([value.encode("ascii")], "S16")


def _tree(layer: NetxLayer, where: str) -> Tree:
    """One layer, in the types that lava-dl writes itself."""
    tree: Tree = {"type": _text(layer.kind)}
    if layer.shape is not None:
        tree["shape"] = np.array(layer.shape, np.int64)
    for name, values, dtype in (
        ("weight", layer.weight, np.int16 if layer.kind != "conv" else np.int32),
        ("weight_rec", layer.weight_rec, np.int16),
        ("bias", layer.bias, np.int16),
        ("delay", layer.delay, np.int16),
    ):
        if values is not None:
            wide = narrow(values, dtype, f"{where}/{name}")
            tree[name] = wide.astype(np.int32) if name == "bias" else wide
    if layer.transform is not None:
        tree["weight"], tree["bias"] = (np.int64(value).reshape(()) for value in layer.transform)
    if layer.convolution is not None:
        how = layer.convolution
        for name, pair in (("stride", how.stride), ("padding", how.padding), ("dilation", how.dilation)):
            tree[name] = np.array(pair, np.int64)
        tree["groups"] = np.array(how.groups, np.int64)
    if layer.neuron is not None:
        tree["neuron"] = _neuron_tree(layer.neuron, where)
    return tree


def _neuron_tree(neuron: Any, where: str) -> Tree:
    if not isinstance(neuron, NetxNeuron):
        raise ExchangeError(f"{where}: {neuron.name} neurons are read, and not written")
    fields = {"iDecay": neuron.i_decay, "vDecay": neuron.v_decay, "vThMant": neuron.v_th_mant, "refDelay": 1}
    return {"type": _text("CUBA"), **{name: np.array(value, np.int64) for name, value in fields.items()}}
