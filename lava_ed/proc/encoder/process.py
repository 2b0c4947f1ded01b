"""Encoder and Labels bring samples and labels into the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.data import check_images
from lava_ed.errors import ConfigError, ShapeError
from lava_ed.kernels.fixed_point import planes_of
from lava_ed.network.encoding import encoder_table
from lava_ed.network.kinds import ENCODER, LABELS
from lava_ed.network.schedule import Schedule
from lava_ed.network.settings import EncoderKind
from lava_ed.proc.phased import PhasedProcess


class Encoder(PhasedProcess):
    """Images as spikes, one image a sample, in turn.

    ttfs: x = round(p·(T − 1)), one spike at step T − x, black stays silent; rate: x = round(p·T) spikes,
    spread evenly; current: a 4-bit graded spike x = round(15·p) in every step; bins: a spike in each step t whose bit
    t mod 8 is set in the input's byte t div 8.  For MPD-ED the spikes are replayed in reversed time where the gate was
    opened.

    Parameters
    ----------
    samples : array_like (N, n)
        Grey levels 0 … 255 as uint8, or floats 0 … 1; of bins (N, ⌈T/8⌉·n), byte k of all inputs before byte k + 1.
    kind : {"ttfs", "rate", "current", "bins"}
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
    Ports: gate_in; s_out (payload x for "current").  Vars: samples, x (7 bit, of bins each byte), drop.
    """

    declares = ENCODER

    def __init__(
        self, *, samples: npt.ArrayLike, schedule: Schedule, kind: EncoderKind = "ttfs", drop: int = 0, **params: Any
    ) -> None:
        images = check_images(np.asarray(samples))
        if images.ndim != 2 or not len(images):
            raise ShapeError(f"samples have shape {images.shape}, expected (N, n) with at least one image")
        encoder_table(kind, 2)  # refuses an unknown kind
        planes = planes_of(kind, getattr(schedule, "steps", 1))
        if images.shape[1] % planes:
            raise ShapeError(
                f"samples of {images.shape[1]} bytes: bins takes {planes} bytes of each input, plane by plane"
            )
        super().__init__(
            schedule=schedule,
            shape=(images.shape[1] // planes,),
            kind=kind,
            inits={"samples": images, "drop": drop, "x": np.zeros(images.shape[1], np.int32)},
            **params,
        )


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

    declares = LABELS

    def __init__(self, *, labels: npt.ArrayLike, **params: Any) -> None:
        values = np.asarray(labels)
        if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.integer) or values.min() < 0:
            raise ConfigError(f"labels of shape {values.shape} and type {values.dtype}: integers ≥ 0, (N,), are needed")
        super().__init__(shape=(1,), inits={"labels": values}, **params)
