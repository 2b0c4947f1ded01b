"""Samples and labels into the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.variable import Var

from lava_ed.data import check_images
from lava_ed.errors import ConfigError, ShapeError
from lava_ed.network.encoding import DROP_MAX, encoder_table
from lava_ed.network.settings import EncoderKind
from lava_ed.proc.phased import PhasedProcess


class Encoder(PhasedProcess):
    """Images as spikes, one image a sample, in turn.

    ttfs: x = round(p·(T − 1)), one spike at step T − x, black stays silent; rate: x = round(p·T) spikes,
    spread evenly; current: a 4-bit graded spike x = round(15·p) in every step.  For MPD-ED the spikes
    are replayed in reversed time where the gate was opened.

    Parameters
    ----------
    samples : array_like (N, n)
        Grey levels 0 … 255 as uint8, or floats 0 … 1.
    kind : {"ttfs", "rate", "current"}
    drop : int
        Share of the inputs that stays silent in a sample, drawn anew for each, in 1/256; for training.
    schedule, overflow, seed, name, log_config
        See `PhasedProcess`.

    Raises
    ------
    DataError, ShapeError, ConfigError
        If the samples are no images, or the kind is unknown.

    Notes
    -----
    Ports: gate_in; s_out (payload x for "current").  Vars: samples, x (7 bit), drop.
    """

    def __init__(self, *, samples: npt.ArrayLike, kind: EncoderKind = "ttfs", drop: int = 0, **params: Any) -> None:
        images = check_images(np.asarray(samples))
        if images.ndim != 2 or not len(images):
            raise ShapeError(f"samples have shape {images.shape}, expected (N, n) with at least one image")
        if not 0 <= drop <= DROP_MAX:
            raise ConfigError(f"drop is {drop}, the share of inputs dropped is 0 … {DROP_MAX} (in 1/256)")
        super().__init__(kind=kind, **params)
        encoder_table(kind, 2)
        self.drop = Var(shape=(1,), init=drop)
        n = images.shape[1]
        self.gate_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=(n,))
        self.samples = Var(shape=images.shape, init=images)
        self.x = Var(shape=(n,), init=0)


class Labels(PhasedProcess):
    """The label of each sample, in turn, sent in every step.

    Parameters
    ----------
    labels : array_like of int (N,)
    schedule, name, log_config
        See `PhasedProcess`.

    Notes
    -----
    Ports: label_out.  Vars: labels.
    """

    def __init__(self, *, labels: npt.ArrayLike, **params: Any) -> None:
        values = np.asarray(labels)
        if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.integer) or values.min() < 0:
            raise ConfigError(f"labels of shape {values.shape} and type {values.dtype}: integers ≥ 0, (N,), are needed")
        super().__init__(**params)
        self.label_out = OutPort(shape=(1,))
        self.labels = Var(shape=values.shape, init=values)
