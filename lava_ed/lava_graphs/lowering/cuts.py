"""Parameters of lowered processes that their fixed-point models cut or clip, found from what the program holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from lava.utils.sparse import find

from lava_ed.engine.assembler import Node
from lava_ed.engine.cuts import Cut, cut_of
from lava_ed.engine.families.synapses import WeightFormat
from lava_ed.engine.program import Program
from lava_ed.kernels.stock.dense import clip_weights, dominant_sign_mode

_OF_RULE: Final = ("_tau", "_impulse")
"""Ends of the names of Vars that a learning rule has as numbers of its own."""


def find_cuts(nodes: Mapping[Any, Node], program: Program) -> dict[int, Cut]:
    """Every Var, by its id, whose initial value a program of these nodes does not hold as given, before its first step.

    Weights are compared with what their first step leaves of them, but for the low bits that a synapse never has.
    """
    known = set(program.variables)
    found = {}
    for process, node in nodes.items():
        # Learning computes with the rule's own time constants and impulses, fractions and all; these Vars show them.
        shown = _OF_RULE if getattr(node, "settings", None) is not None else ()
        for var in process.vars.members:
            given = _given(var) if (node.name, var.name) in known and not var.name.endswith(shown) else None
            if given is None:
                continue
            form: WeightFormat | None = getattr(node, "weight_format", None)
            if form is not None and var.name == "weights":
                taken = _clipped(given, form)
            else:
                taken = program.get(node.name, var.name)
            cut = cut_of(f"{process.name}.{var.name}", given, taken) if taken.size == given.size else None
            if cut is not None:
                found[var.id] = cut
    return found


def _given(var: Any) -> npt.NDArray[Any] | None:
    """Initial values as the user wrote them; None where they are no numbers."""
    if hasattr(var.init, "tocsr"):
        matrix = var.init.tocsr()
        return np.asarray(find(matrix, explicit_zeros=True)[2]) if matrix.nnz else None
    values = np.asarray(var.init)
    if values.dtype.kind not in "biuf":
        return None
    # A Var of shape (1,) may be given the same number many times.
    return np.broadcast_to(values, var.shape) if values.size == 1 or values.shape == var.shape else values


def _clipped(given: npt.NDArray[Any], form: WeightFormat) -> npt.NDArray[np.int32]:
    """Weights at the limits of their sign mode; those of a plastic connection are clipped by their first epoch."""
    with np.errstate(invalid="ignore"):
        words = given.astype(np.int32)
    if not words.size:
        return words
    return clip_weights(words, dominant_sign_mode(words) if form.sign_mode is None else form.sign_mode)
