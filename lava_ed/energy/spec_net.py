"""The net that a NetworkSpec describes, as a chip sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chip_net import ChipNet
from lava_ed.energy.processes import Edge, Process, Sends, feedback, net_of_processes, plastic
from lava_ed.errors import ShapeError
from lava_ed.network.wiring import connections_of

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec


def net_of_spec(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.integer[Any]]] | None = None) -> ChipNet:
    """The net that a spec describes; with weights, only those that are not zero have a synapse.

    Raises
    ------
    ShapeError
        If there are weights that do not fit the net.
    """
    shapes = list(pairwise(spec.sizes))
    matrices = [np.ones(shape, np.int8) for shape in shapes] if weights is None else [np.asarray(w) for w in weights]
    if [matrix.shape for matrix in matrices] != shapes:
        raise ShapeError(
            f"weights have the shapes {[matrix.shape for matrix in matrices]}, the net needs {shapes}: "
            "one matrix (n_pre, n_post) a connection"
        )
    sends: Sends = "replay" if spec.rule.timing.replays else "errors"
    processes = [Process("encoder", spec.sizes[0]), Process("readout", spec.sizes[-1])]
    processes += [Process(f"hidden{layer}", spec.sizes[layer], sends=sends) for layer in spec.hidden]
    processes += [Process("error", sends="output error")]
    processes += [feedback(f"feedback{layer}", spec.sizes[layer], spec.sizes[-1]) for layer in spec.hidden]
    for layer, matrix in zip(spec.layers, matrices, strict=True):
        by_post, by_pre = (np.count_nonzero(matrix, axis=axis).astype(np.int64) for axis in (0, 1))
        with_x1 = spec.rule.with_x1 or (spec.graded_input and layer == 1)
        carries = spec.weight_rounding == "carry"
        processes.append(plastic(f"dense{layer}", by_post, by_pre, with_x1, spec.gathers(layer), carries))
    return named_by_place(net_of_processes(processes, (Edge(*edge) for edge in connections_of(spec))))


def named_by_place(net: ChipNet) -> ChipNet:
    """The net with its layers called input, hidden1 …, output."""
    return replace(net, names=("input", *(f"hidden{layer}" for layer in range(1, len(net.names) - 1)), "output"))
