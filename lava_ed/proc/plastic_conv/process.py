"""Plastic kernels: forward, backward, and learning of a convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ShapeError
from lava_ed.network.kinds import PLASTIC_CONV
from lava_ed.network.layers import Layer
from lava_ed.network.weights import pack_weights
from lava_ed.proc.phased import PhasedProcess
from lava_ed.proc.plastic_dense.process import WeightVar


class PlasticConv(PhasedProcess):
    """Synapses of a convolution that sum spikes forward, sum errors backward, and learn by STD-ED or MPD-ED.

    Forward a_j = Σ_i w_ij s_i; backward e_i = (Σ_j w_ij δ_j) » error_shift, rounded, with the same weights; both are
    sent one step after they were summed.  At a sample's end each tap has gathered G = Σ x_i·δ_j over its positions,
    where x_i is T − t_i of the only spike, the payload of a graded input or the number of spikes of i, and δ_j came on
    y_in, or where that is not connected on e_in, and W ← W + (G·m » rate_shift), rounded, where W has 8 bits below the
    last one of a stored weight: its carry.

    Parameters
    ----------
    weights : array_like of int (columns, rows)
        Even integers, −256 … 254; rows are taps, as `Layer.weights_shape` says.
    geometry : Layer
    layer : int
        Number of the connection: it leads from layer − 1 to layer.
    error_shift : int
        Right shift of backward sums, rounded to the nearest.
    mantissa, rate_shift : int
        m = 1 … 7, and the right shift of the sums; a left one if negative.
    graded : bool
        Whether s_in is the payload of an input that stays as it is throughout the window.
    summed : bool
        Whether s_in is the number of spikes of neurons that share an axon.
    shared : bool
        Whether all positions share a kernel, or each has its own.
    planar : bool
        Whether inputs are numbered channel by channel, as images are.
    frozen : bool
        Whether the kernels stay as they are.
    schedule, overflow, name, log_config
        See `PhasedProcess`.

    Raises
    ------
    WeightError, ShapeError, ConfigError
        If the weights or a setting are out of range.

    Notes
    -----
    Ports: s_in (n_pre,), e_in, y_in (n_post,); a_out (n_post,), e_out (n_pre,), reached_out (1,).  Vars: weights,
    tag_1, a_buff, e_buff, x1 (7 bit), reached (positions,), rate_mantissa, rate_shift.
    """

    declares = PLASTIC_CONV

    def __init__(
        self,
        *,
        weights: npt.ArrayLike,
        geometry: Layer,
        layer: int,
        error_shift: int = 0,
        mantissa: int = 1,
        rate_shift: int = 0,
        graded: bool = False,
        summed: bool = False,
        shared: bool = True,
        planar: bool = False,
        frozen: bool = False,
        **params: Any,
    ) -> None:
        rows, columns = geometry.weights_shape(shared)
        if pack_weights(weights).shape != (rows, columns):
            raise ShapeError(f"weights have shape {np.shape(weights)}, these kernels need ({columns}, {rows})")
        inits = {
            "weights": WeightVar(shape=(columns, rows), init=np.asarray(weights)),
            "rate_mantissa": mantissa,
            "rate_shift": rate_shift,
        }
        sides = geometry.shape.size, geometry.source.size, columns, rows, geometry.shape.height * geometry.shape.width
        super().__init__(
            shape=sides, geometry=geometry, layer=layer, error_shift=error_shift, shared=shared, planar=planar,
            mantissa=mantissa, rate_shift=rate_shift, frozen=frozen, graded=graded, summed=summed, inits=inits,
            **params,
        )  # fmt: skip
