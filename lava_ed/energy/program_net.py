"""The net that a program runs, as a chip sees it, with the weights of the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lava_ed.energy.chip_net import ChipNet, Ints
from lava_ed.energy.convolutions import plastic_conv, squares_of
from lava_ed.energy.processes import Edge, Process, Sends, feedback, net_of_processes, plastic, synapses
from lava_ed.energy.spec_net import named_by_place
from lava_ed.engine.assembler import Node
from lava_ed.engine.build import NODES
from lava_ed.engine.families.aft_if_map import AFTIFMapNode
from lava_ed.engine.families.aft_lif_map import AFTLIFMapNode
from lava_ed.engine.families.atrlif import ATRLIFNode
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.dataloader import SpikeDataloaderNode, StateDataloaderNode
from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.encoder import EncoderNode, LabelNode
from lava_ed.engine.families.feedback_dense import FeedbackNode
from lava_ed.engine.families.learning import X_TRACES, Y_TRACES, LearningNode, LearningSettings
from lava_ed.engine.families.learning_dense import LearningDenseNode
from lava_ed.engine.families.learning_sparse import LearningSparseNode
from lava_ed.engine.families.lif import LIFNode
from lava_ed.engine.families.neurons import NeuronNode
from lava_ed.engine.families.pipes import InjectorNode
from lava_ed.engine.families.plastic_conv import PlasticConvNode
from lava_ed.engine.families.plastic_dense import PlasticDenseNode
from lava_ed.engine.families.readout import ReadoutNode, SoftmaxErrorNode
from lava_ed.engine.families.ref_ports import ResetNode
from lava_ed.engine.families.ring_buffer import RingSourceNode
from lava_ed.engine.families.sigma_delta import SigmaDeltaNode
from lava_ed.engine.families.sparse import DelaySparseNode, SparseNode
from lava_ed.engine.families.synapses import MAX_DELAY
from lava_ed.errors import BackendError
from lava_ed.kernels.fixed_point import TAG_MAX, TRACE_BITS, WEIGHT_BITS
from lava_ed.kernels.stock.rule_table import COL, SRC
from lava_ed.network.kinds import KINDS

if TYPE_CHECKING:
    from lava_ed.engine.program import Program

DELAY_BITS: Final = MAX_DELAY.bit_length()
TAG_BITS: Final = TAG_MAX.bit_length() + 1
"""Bits of a tag, the sign included."""
SPIKED_BITS: Final = 1
"""x0 or y0."""


def net_of_program(program: Program) -> ChipNet:
    """The net that a program runs, if each of its processes has a place on a chip."""
    nodes = [node for node in program.nodes if not node.off_chip]
    unknown = [node for node in nodes if type(node) not in (*PROCESSES, *OFF_CORE)]
    if unknown:
        raise BackendError(
            f"{unknown[0].name} ({type(unknown[0]).__name__}) has no place on a chip that is known: map the graph "
            "without it"
        )
    processes = [PROCESSES[type(node)](program, node) for node in nodes if type(node) in PROCESSES]
    edges = (Edge(c.source, c.out_port, c.target, c.in_port, c.index) for c in program.connections)
    net = net_of_processes(processes, edges)
    return named_by_place(net) if _is_chain(program) else net


def _is_chain(program: Program) -> bool:
    """Whether a program is a net as a NetworkSpec describes it, and nothing else."""
    kinds = [type(node) for node in program.nodes]
    layers = sorted(node.layer for node in program.nodes if isinstance(node, PlasticDenseNode | PlasticConvNode))
    return set(kinds) <= OURS and kinds.count(EncoderNode) == 1 and layers == list(range(1, len(layers) + 1))


def _learned_bits(settings: LearningSettings) -> dict[str, int]:
    """Widths of plastic synapses: what the rule reads and writes."""
    factors = settings.table.factors
    read = {SRC._fields[source] for source in factors[:, COL.source]} if len(factors) else set()
    text = " ".join(settings.rules.values())

    def side(names: Iterable[str], spiked: str) -> int:
        return TRACE_BITS * sum(name in read for name in names) + SPIKED_BITS * (spiked in text)

    return {
        "tag_bits": TAG_BITS * ("dt" in settings.rules) + DELAY_BITS * ("dd" in settings.rules),
        "axon_trace_bits": side(X_TRACES, "x0"),
        "neuron_trace_bits": side(Y_TRACES, "y0"),
    }


def _of_stock(node: Any, stored: Ints, kept: Ints) -> Process:
    """Lava's synapses of each target: where they learn, all that are stored, as a weight that is 0 may grow."""
    bits = node.weight_format.bits
    if isinstance(node, LearningNode):
        assert node.settings is not None
        return Process(
            node.name, synapses=synapses(node.name, stored, weight_bits=bits, **_learned_bits(node.settings))
        )
    delay = DELAY_BITS if isinstance(node, DelayDenseNode | DelaySparseNode) else 0
    return Process(node.name, synapses=synapses(node.name, kept, weight_bits=bits, tag_bits=delay))


def _of_dense(program: Program, node: DenseNode) -> Process:
    weights = program.get(node.name, "weights")
    kept = np.count_nonzero(weights, axis=1).astype(np.int64)
    return _of_stock(node, np.full_like(kept, weights.shape[1]), kept)


def _of_sparse(program: Program, node: SparseNode) -> Process:
    """Sparse synapses: only stored ones take memory; indices are not counted."""
    entries = node.weights
    assert entries is not None
    weights = program.get(node.name, "weights")
    values = np.empty(entries.rows.size, weights.dtype)
    values[:] = weights[entries.order]
    stored, kept = (np.bincount(rows, minlength=entries.shape[0]) for rows in (entries.rows, entries.rows[values != 0]))
    return _of_stock(node, stored.astype(np.int64), kept.astype(np.int64))


def _of_conv(program: Program, node: ConvNode) -> Process:
    """Each output has the taps of its kernel that fall into the image: the fan-outs of the turned convolution."""
    weight = program.get(node.name, "weight")
    inside = []
    for axis in (0, 1):
        stride, padding, dilation = (node.geometry[name][axis] for name in ("stride", "padding", "dilation"))
        taps = weight.shape[1 + axis]
        at = np.arange(node.a_buff.shape[axis])[:, np.newaxis] * stride - padding
        at = at + dilation * (taps - 1 - np.arange(taps))
        inside.append(((at >= 0) & (at < node.input_shape[axis])).astype(np.int64))
    counts = np.einsum("xk,yl,okl->xyo", *inside, (weight != 0).sum(axis=3)).reshape(-1).astype(np.int64)
    kernel = int(np.count_nonzero(weight)) * WEIGHT_BITS
    return Process(node.name, synapses=synapses(node.name, counts, kernel_bits=kernel))


def _of_plastic(program: Program, node: PlasticDenseNode) -> Process:
    """Plastic synapses: each has its place, as a weight that is 0 may grow."""
    n_pre, n_post = node.shape
    by_post, by_pre = np.full(n_post, n_pre, np.int64), np.full(n_pre, n_post, np.int64)
    return plastic(node.name, by_post, by_pre, node.with_x1, node.gather, node.carry)


def _of_kernels(program: Program, node: PlasticConvNode) -> Process:
    """Plastic kernels: each tap has its place, as a weight that is 0 may grow."""
    own = {"shared": node.shared, "planar": node.planar, "frozen": node.frozen}
    return plastic_conv(node.name, node.geometry, None, **own)


def _of_hidden(program: Program, node: Any) -> Process:
    """Hidden neurons of ours; those in maps may be pooled, and replay no spikes."""
    assert program.schedule is not None
    kind = KINDS[program.kinds[node.name][0]]
    geometry = node.geometry if isinstance(node, AFTIFMapNode | AFTLIFMapNode) else None
    shape = (node.size,) if geometry is None else (geometry.shape.size, geometry.pooled.size)
    sends: Sends = "replay" if "gate_in" in kind.inputs and geometry is None else "errors"
    state = kind.state_bits(shape, program.schedule.steps)
    return Process(node.name, shape[0], sends=sends, squares=squares_of(geometry), state_bits=state)


def _spiking(shape: Callable[[Any], Any]) -> Callable[[Program, Any], Process]:
    """Function that reads a node of neurons or of a source, which takes a place as an encoder does."""
    return lambda program, node: Process(node.name, int(np.prod(shape(node))))


PROCESSES: Final[dict[type[Node], Callable[[Any, Any], Process]]] = {
    LIFNode: _spiking(lambda node: node.state["v"].shape),
    **dict.fromkeys((NeuronNode, ATRLIFNode), _spiking(lambda node: node.shape)),
    SigmaDeltaNode: _spiking(lambda node: node.state["sigma"].shape),
    RingSourceNode: _spiking(lambda node: node.data.shape[:-1]),
    SpikeDataloaderNode: _spiking(lambda node: node.data.shape[:-1]),
    InjectorNode: _spiking(lambda node: node.pipe.shape),
    EncoderNode: _spiking(lambda node: node.size),
    **{NODES[kind.name]: _of_hidden for kind in KINDS.values() if {"a_in", "e_in"} <= set(kind.inputs)},
    ReadoutNode: _spiking(lambda node: node.size),
    SoftmaxErrorNode: lambda program, node: Process(node.name, sends="output error"),
    FeedbackNode: lambda program, node: feedback(node.name, *node.weights.shape),
    PlasticDenseNode: _of_plastic,
    PlasticConvNode: _of_kernels,
    **dict.fromkeys((DenseNode, DelayDenseNode, LearningDenseNode), _of_dense),
    **dict.fromkeys((SparseNode, DelaySparseNode, LearningSparseNode), _of_sparse),
    ConvNode: _of_conv,
}
"""What the kinds of nodes take on a chip."""
OFF_CORE: Final = (LabelNode, ResetNode, StateDataloaderNode)
"""Nodes whose work processors do."""
OURS: Final = frozenset(NODES.values())
"""Nodes of a net that a NetworkSpec describes."""
