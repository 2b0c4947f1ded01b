"""Lowerings of Lava's Sparse, DelaySparse and LearningSparse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from lava.proc.sparse.models import PyDelaySparseModelBitAcc, PyLearningSparseModelBitApproximate, PySparseModelBitAcc
from lava.proc.sparse.process import DelaySparse, LearningSparse, Sparse
from lava.utils.sparse import find
from lava.utils.weightutils import SignMode

from lava_ed.engine.families.learning_sparse import LearningSparseNode
from lava_ed.engine.families.sparse import DelaySparseNode, Entries, SparseNode
from lava_ed.engine.families.synapses import STORED_MAX
from lava_ed.errors import ConfigError, UnsupportedProcessError
from lava_ed.installed import without_engine
from lava_ed.kernels.stock.rule_table import SRC, RuleTable
from lava_ed.lava_graphs.lowering.dense import initial_traces, learning_settings, parse_rule, synapse_arguments
from lava_ed.lava_graphs.lowering.registry import lowers


def entries_of(var: Any) -> Entries:
    """Initial values of a Var that Lava's model keeps as a csr_matrix.

    One that was given as one number or as an array is stored in full.
    """
    if hasattr(var.init, "tocsr"):
        matrix = var.init.tocsr().copy()
        nothing = np.zeros(0, np.int32), np.zeros(0, np.int32), matrix.data[:0]
        # Lava's own order of the values; its function fails on an empty matrix.
        rows, columns, values = find(matrix, explicit_zeros=True) if matrix.nnz else nothing
        return Entries.of(var.shape, rows, columns, np.asarray(values))
    rows, columns = (places.reshape(-1) for places in np.indices(var.shape))
    return Entries.of(var.shape, rows, columns, np.broadcast_to(np.asarray(var.init), var.shape).reshape(-1), True)


def whole_entries_of(var: Any) -> Entries:
    """Initial values of a Var that are kept in 16 bits, as integers."""
    entries = entries_of(var)
    values = entries.values
    if values.dtype.kind not in "biu" or (values.size and max(values.max(), -values.min()) > STORED_MAX):
        raise ConfigError(
            f"{var.process.name}.{var.name} is {values.dtype}, of which the engine needs integers within ±{STORED_MAX} "
            f"here: convert the matrix with astype(int), or {without_engine()}"
        )
    return entries


def _arguments(process: Any) -> dict[str, Any]:
    return synapse_arguments(process, entries_of(process.weights))


@lowers(PySparseModelBitAcc)
def lower_sparse(process: Sparse, name: str) -> SparseNode:
    """Sparse → SparseNode."""
    return SparseNode(name, **_arguments(process))


@lowers(PyDelaySparseModelBitAcc)
def lower_delay_sparse(process: DelaySparse, name: str) -> DelaySparseNode:
    """DelaySparse → DelaySparseNode."""
    return DelaySparseNode(name, **_arguments(process), delays=whole_entries_of(process.delays))


@lowers(PyLearningSparseModelBitApproximate)
def lower_learning_sparse(process: LearningSparse, name: str) -> LearningSparseNode:
    """LearningSparse → LearningSparseNode, for the rules that Lava's own model can apply to a csr_matrix."""
    mode = process.proc_params.get("sign_mode", SignMode.MIXED)
    settings = learning_settings(process)

    def parse(texts: Mapping[str, str]) -> RuleTable:
        """Refuse what `learning_settings` lets pass for LearningDense."""
        table = parse_rule(texts)
        if np.any(table.factors[:, 0] >= SRC.w):
            raise UnsupportedProcessError(
                f"{process.name} has a rule with a synaptic variable (w, d or t) as a factor, at which Lava's model of "
                "LearningSparse fails: use LearningDense"
            )
        return table

    settings = replace(settings, table=parse(settings.rules), parse=parse)
    if "dw" in settings.rules and mode is not SignMode.MIXED:
        raise UnsupportedProcessError(
            f"{process.name} has a rule for its weights and sign_mode {mode}, at which Lava's model of LearningSparse "
            "fails: use SignMode.MIXED or LearningDense"
        )
    arguments = _arguments(process)
    arguments["weight_format"] = replace(arguments["weight_format"], sign_mode=mode.value, clip=False)
    rules = {"tag_2": "dd", "tag_1": "dt"}
    tags = {
        tag: (whole_entries_of if rule in settings.rules else entries_of)(getattr(process, tag))
        for tag, rule in rules.items()
    }
    return LearningSparseNode(name, **arguments, settings=settings, traces=initial_traces(process), tags=tags)
