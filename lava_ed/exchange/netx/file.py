"""netx files: read with every field that lava-dl reads, written with integers only."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed import __version__
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.network import MAX_DELAY, NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.files.writing import write_atomically

NOTES: Final = "lava_ed"
"""Attribute of the file's root that holds our notes as JSON; lava-dl reads the group "layer" only."""
LIF_TYPES: Final = ("LOIHI", "CUBA")
SUPPORTED: Final = ("input", "flatten", "dense", "dense_rec")
OPAQUE: Final = 1 << 40
"""Larger integers are not believed."""


def read_netx(path: str | os.PathLike[str]) -> NetxNetwork:
    """Read a netx file of LIF neurons and dense layers.

    Fields that are left out take lava-dl's values: no neuron is an integrator that never spikes, no bias is 0,
    no delay is 0.  Weights are cut to integers as lava-dl does.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    NetxNetwork

    Raises
    ------
    ExchangeError
        If the file is missing, no netx file, damaged, or has a layer or neuron that the engine cannot run; the
        message names it.

    Source: lava-dl 0.6.0, `netx/hdf5.py`.
    """
    import h5py

    source = Path(path)
    if not source.is_file():
        raise ExchangeError(f"{source} does not exist: give the path of a netx file (usually *.net)")
    try:
        with h5py.File(source, "r") as file:
            if "layer" not in file:
                raise ExchangeError(f'{source} has no group "layer": it is not a netx file')
            group = file["layer"]
            names = sorted((int(name) for name in group), key=int)
            if names != list(range(len(names))):
                raise ExchangeError(f"{source}: layers are numbered {names}, not 0 … {len(names) - 1}")
            layers = tuple(_read_layer(group[str(k)], f"layer/{k}") for k in names)
            notes = json.loads(file.attrs[NOTES]) if NOTES in file.attrs else {}
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ExchangeError):
            raise
        raise ExchangeError(f"{source} is not a netx file, or is damaged: {error}") from error
    return NetxNetwork(layers, notes)


def _text(dataset: Any) -> str:
    """A string that lava-dl stores as bytes, as a scalar or as an array of one."""
    value = np.asarray(dataset[()]).reshape(-1)[0]
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def _integers(dataset: Any, where: str) -> npt.NDArray[np.int64]:
    """Values cut to integers, as lava-dl does."""
    values = np.asarray(dataset[()])
    if values.dtype.kind not in "biuf" or not np.all(np.isfinite(values)):
        raise ExchangeError(f"{where} holds {values.dtype} values: numbers are needed")
    if values.size and np.abs(values.astype(np.float64)).max() > OPAQUE:
        raise ExchangeError(f"{where} holds values beyond ±2^40: the file is damaged")
    return values.astype(np.int64)


def _read_layer(group: Any, where: str) -> NetxLayer:
    kind = _text(group["type"])
    if kind not in SUPPORTED:
        raise ExchangeError(
            f"{where} is of type {kind!r}, this reader knows {', '.join(SUPPORTED)}: load the file with lava-dl's "
            "netx.hdf5.Network and attach the engine to that"
        )
    shape = tuple(int(n) for n in np.atleast_1d(_integers(group["shape"], where))) if "shape" in group else None
    if kind == "input" and "neuron" in group:
        raise ExchangeError(f"{where}: an input layer with neurons, which take their input as a bias, is not supported")
    if kind in ("input", "flatten"):
        return NetxLayer("input" if kind == "input" else "flatten", shape)
    return _read_dense(group, where, kind == "dense_rec", shape)


def _read_dense(group: Any, where: str, recurrent: bool, shape: tuple[int, ...] | None) -> NetxLayer:
    if shape is None:
        raise ExchangeError(f"{where} has no shape: a dense layer needs one")
    if "weight" in group and not hasattr(group["weight"], "dtype"):
        raise ExchangeError(f"{where} has complex weights, which the engine does not run")
    n = int(np.prod(shape))
    weight = _matrix(group, "weight", where, n)
    weight_rec = _matrix(group, "weight_rec", where, n) if recurrent else None
    if weight_rec is not None and "delay" in group:
        raise ExchangeError(
            f"{where}: lava-dl drops the weight exponent of a recurrent layer with delays: leave one out"
        )
    bias = _integers(group["bias"], f"{where}/bias").reshape(-1) if "bias" in group else None
    if bias is not None and bias.size not in (1, n):
        raise ExchangeError(f"{where}/bias has {bias.size} values for {n} neurons")
    neuron = _read_neuron(group["neuron"], f"{where}/neuron") if "neuron" in group else NetxNeuron()
    return NetxLayer(
        "dense_rec" if recurrent else "dense",
        shape,
        neuron,
        weight,
        weight_rec,
        None if bias is None else np.broadcast_to(bias, (n,)).copy(),
        _delays(group["delay"], f"{where}/delay", weight.shape) if "delay" in group else None,
    )


def _matrix(group: Any, name: str, where: str, n: int) -> npt.NDArray[np.int64]:
    """Weights (n_post, n_pre); a flat array is cut into rows."""
    weight = _integers(group[name], f"{where}/{name}")
    if weight.ndim != 2:
        weight = weight.reshape(n, -1)
    if weight.shape[0] != n:
        raise ExchangeError(f"{where}/{name} has shape {weight.shape} for {n} neurons: rows are post-synaptic")
    return weight


def _read_neuron(group: Any, where: str) -> NetxNeuron:
    kind = _text(group["type"])
    if kind not in LIF_TYPES:
        raise ExchangeError(f"{where} is of type {kind!r}, the engine runs {' and '.join(LIF_TYPES)}")
    if "messageBits" in group and int(_integers(group["messageBits"], where).reshape(-1)[0]):
        raise ExchangeError(f"{where}: a LIF neuron sends binary spikes, messageBits must be 0")
    values = (int(_integers(group[name], where).reshape(-1)[0]) for name in ("iDecay", "vDecay", "vThMant"))
    return NetxNeuron(*values)


def _delays(dataset: Any, where: str, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Delays (n_post, n_pre): one for all, one a post neuron, one a pre neuron, or one a synapse."""
    delay = _integers(dataset, where)
    if delay.size and (delay.min() < 0 or delay.max() > MAX_DELAY):
        raise ExchangeError(f"{where} spans {delay.min()} … {delay.max()}, the chip holds 0 … {MAX_DELAY}")
    if delay.ndim == 1 and delay.size == shape[0]:
        delay = delay[:, None]
    elif delay.ndim == 1 and delay.size == shape[1]:
        delay = delay[None, :]
    elif delay.ndim and delay.shape != shape:
        raise ExchangeError(f"{where} has shape {delay.shape}, the weights have {shape}")
    return np.broadcast_to(delay, shape).copy()


def netx_bytes(net: NetxNetwork) -> bytes:
    """Content of a netx file; the same net gives the same bytes."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=False) as file:
        file.attrs[NOTES] = json.dumps({**net.notes, "lava_ed_version": __version__}, sort_keys=True)
        for k, layer in enumerate(net.layers):
            _write_layer(file.create_group(f"layer/{k}"), layer)
    return buffer.getvalue()


def write_netx(net: NetxNetwork, path: str | os.PathLike[str]) -> None:
    """Write a netx file, whole or not at all.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    write_atomically(Path(path), netx_bytes(net))


def _write_layer(group: Any, layer: NetxLayer) -> None:
    """One layer, in the types that lava-dl writes itself."""
    group.create_dataset("type", data=np.array([layer.kind.encode("ascii")], "S16"))
    if layer.shape is not None:
        group.create_dataset("shape", data=np.array(layer.shape, np.int64))
    for name, values, dtype in (
        ("weight", layer.weight, np.int16),
        ("weight_rec", layer.weight_rec, np.int16),
        ("bias", layer.bias, np.int32),
        ("delay", layer.delay, np.int16),
    ):
        if values is not None:
            group.create_dataset(name, data=values.astype(dtype))
    if layer.neuron is not None:
        neuron = group.create_group("neuron")
        neuron.create_dataset("type", data=np.array([b"CUBA"], "S16"))
        for name, value in (
            ("iDecay", layer.neuron.i_decay),
            ("vDecay", layer.neuron.v_decay),
            ("vThMant", layer.neuron.v_th_mant),
            ("refDelay", 1),
        ):
            neuron.create_dataset(name, data=np.int64(value))
