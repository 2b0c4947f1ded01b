"""Accuracy of a NIR net on a data set, in the engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.exchange.netx.evaluate import evaluate_net, in_chunks
from lava_ed.exchange.netx.network import Integers
from lava_ed.exchange.nir.network import NirNetwork, read_nir
from lava_ed.exchange.nir.run import NirRun

MOST_SPIKES: Final = 1 << 22
"""Input spikes that the engine gets at a time, in four bytes each."""


def evaluate_nir(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    encoder: str | None = None,
    steps: int | None = None,
    readout: str | None = None,
    limit: int | None = None,
    other_data: bool = False,
) -> dict[str, Any]:
    """Judge a NIR file on a test set; parameters, result and errors are those of `evaluate_netx`."""
    net, given = read_nir(path), {"dataset": dataset, "encoder": encoder, "steps": steps, "readout": readout}
    return evaluate_net(net, path, partial(_decided, net), "nir", given, data_dir, limit, other_data)


def _decided(net: NirNetwork, images: npt.NDArray[np.uint8], chosen: Mapping[str, Any]) -> Integers:
    decide = partial(NirRun(net, chosen["steps"]).decide, readout=chosen["readout"])
    return in_chunks(images, chosen["encoder"], chosen["steps"], decide, MOST_SPIKES)
