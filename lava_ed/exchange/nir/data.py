"""Golden vectors as NIRData: spikes and membranes of every layer of neurons, for the graph that `write_nir` writes."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.nir.network import DT
from lava_ed.exchange.targets import root_attributes
from lava_ed.files.writing import write_atomically
from lava_ed.installed import required
from lava_ed.network.spec import NetworkSpec
from lava_ed.version import __version__

MARK: Final = "lava_ed_version"
"""Attribute of the root of the files that lava-ed writes."""


def nir_data(content: bytes) -> Any:
    """Golden vectors that `record_golden` made, as nir's `NIRGraphData`.

    Node ``input`` has the observable ``spikes``, ``neurons<l>`` has ``v``, and ``spikes`` where the layer sends some:
    `TimeGriddedData` of shape (samples, T, neurons).  Row t is the layer's own step t, whichever step of the chip that
    is: v has taken the input of step t, and is reset where it spiked.  A unit of v is a unit of the layer's weights.

    Raises
    ------
    ExchangeError
        If the package nir is missing.
    """
    import h5py

    nir = required("nir", "nir", "NIRData are written by the package nir", ExchangeError)
    nodes: dict[str, Any] = {}
    with h5py.File(io.BytesIO(content), "r") as file:
        spec = NetworkSpec.from_dict(json.loads(file.attrs["spec"]))
        schedule, processes = spec.schedule, file["processes"]

        def grid(name: str, first: int) -> Any:
            """T rows of every sample, from a phase on; states have a row more, of the time before the first step."""
            rows = processes[name][()]
            rows = rows[len(rows) % schedule.period :].reshape(-1, schedule.period, rows.shape[-1])
            return rows[:, first : first + spec.steps]

        for layer in range(len(spec.sizes)):
            name = "encoder" if layer == 0 else f"hidden{layer}" if layer in spec.hidden else "readout"
            found = {}
            if f"{name}/messages/s_out" in processes:
                spikes = grid(f"{name}/messages/s_out", schedule.fire_start(layer))
                found["spikes"] = nir.TimeGriddedData(spikes if spikes.max() > 1 else spikes.astype(bool), DT)
            if layer:
                unit = 2.0 ** (spec.weight_exponents[layer - 1] + 1)
                v = grid(f"{name}/states/v", schedule.fire_start(layer - 1) + 1) / unit
                found["v"] = nir.TimeGriddedData(v.astype(np.float32), DT)
            nodes[f"neurons{layer}" if layer else "input"] = nir.NIRNodeData(found)
    return nir.NIRGraphData(nodes)


def write_nir_data(path: str | os.PathLike[str], content: bytes) -> None:
    """Write golden vectors as a file of NIRData, which `nir.read_data` reads, whole or not at all.

    Raises an ExchangeError where the package nir is missing; a RunFolderError where the file cannot be written.
    """
    import h5py

    data = nir_data(content)
    import nir

    buffer = io.BytesIO()
    nir.write_data(buffer, data)
    with h5py.File(buffer, "r+") as file:
        file.attrs[MARK] = __version__
    write_atomically(Path(path), buffer.getvalue())


def is_own_nir_data(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it holds NIRData of lava-ed."""
    found = root_attributes(path)
    return found.get("__type__") == "NIRGraphData" and MARK in found
