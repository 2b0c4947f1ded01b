"""A NIR net as plain integers, with what lava-ed noted beside it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.network import Integers
from lava_ed.exchange.nir.file import read_graph
from lava_ed.exchange.nir.layers import FloatLayer, fold
from lava_ed.exchange.nir.quantise import NirLayer, quantise
from lava_ed.files.reading import shown

DT: Final = 1e-4
"""Seconds of a time step where neither the file nor the user says: those of the published graphs."""


@dataclass(frozen=True)
class NirNetwork:
    """Layers in integers, the same in numbers with fractions, and notes.

    `input_layer` is that of a netx net without input neurons.
    """

    layers: tuple[NirLayer, ...]
    floats: tuple[FloatLayer, ...]
    notes: dict[str, Any]
    dt: float
    input_layer: None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, and the neurons of every layer."""
        return (math.prod(self.layers[0].shape), *(layer.size for layer in self.layers))

    @property
    def input_order(self) -> Integers:
        """Which value of an image (C, H, W) each input of the program takes: before a convolution (x, y, channel)."""
        first = self.layers[0]
        places = np.arange(self.sizes[0]).reshape(first.shape)
        return np.ascontiguousarray(places.T.reshape(-1) if first.how is not None else places.reshape(-1))

    @property
    def silent(self) -> bool:
        """Whether the neurons of the last layer never spike."""
        return self.layers[-1].v_th_mant >= NEVER

    def describe(self) -> dict[str, Any]:
        """Plain description, ready for JSON."""
        layers = [layer.describe() for layer in self.layers]
        return {"dt": self.dt, "sizes": list(self.sizes), "layers": layers, "notes": self.notes}


def read_nir(path: str | os.PathLike[str], dt: float | None = None) -> NirNetwork:
    """Read a NIR file and turn it into the integers of Loihi 2.

    Parameters
    ----------
    path : path-like
    dt : float, optional
        Seconds of a time step; default: noted in the file, or 10^-4.

    Raises
    ------
    ExchangeError
        If the file cannot be read, or a node is refused; the message names it.
    """
    graph = read_graph(path)
    noted = graph.notes.get("dt", DT)
    chosen = noted if dt is None else dt
    if isinstance(chosen, bool) or not isinstance(chosen, (int, float)) or not 1e-9 <= chosen <= 1e3:
        raise ExchangeError(f"dt is {chosen!r}: a time step of 10^-9 … 1000 seconds is needed")
    try:
        floats = tuple(fold(graph, float(chosen)))
        return NirNetwork(tuple(map(quantise, floats)), floats, graph.notes, float(chosen))
    except ExchangeError as error:
        raise ExchangeError(f"{shown(path)}: {error}") from error
