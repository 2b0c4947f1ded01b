"""A program as a chip sees it: neurons, and the synapses that lead to them with the weights of the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.energy._ed_net import EDShape, net_of_shape
from lava_ed.energy._routes import (
    backward_inlets,
    error_layer,
    nodes_of,
    plastic_synapses,
    senders_of,
    streams_of_senders,
)
from lava_ed.energy.chip_net import DELAY_BITS, SPIKED_BITS, TAG_BITS, TRACE_BITS, WEIGHT_BITS, ChipNet, Inlet, Synapses
from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.aft_if import AFTIFNode
from lava_ed.engine.families.aft_lif import AFTLIFNode
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.dataloader import SpikeDataloaderNode, StateDataloaderNode
from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.encoder import EncoderNode, LabelNode
from lava_ed.engine.families.learning import X_TRACES, Y_TRACES, LearningSettings
from lava_ed.engine.families.learning_dense import LearningDenseNode
from lava_ed.engine.families.learning_sparse import LearningSparseNode
from lava_ed.engine.families.lif import LIFNode
from lava_ed.engine.families.outside import InjectorNode
from lava_ed.engine.families.plastic_dense import FeedbackNode, PlasticDenseNode
from lava_ed.engine.families.readout import ReadoutNode, SoftmaxErrorNode
from lava_ed.engine.families.references import ResetNode
from lava_ed.engine.families.ring_buffer import RingSourceNode
from lava_ed.engine.families.sparse import DelaySparseNode, SparseNode
from lava_ed.errors import BackendError
from lava_ed.kernels.loihi_learning import COL_SOURCE, SOURCES

if TYPE_CHECKING:
    from lava_ed.engine.program import Program

Ints = npt.NDArray[np.int64]


def net_of_program(program: Program) -> ChipNet:
    """The net that a program runs.

    Raises
    ------
    BackendError
        If a process has no place on a chip.
    """
    return _net_of_ours(program) if _is_chain(program) else LoweredNet(program).net()


def _is_chain(program: Program) -> bool:
    """Whether it is a net as a NetworkSpec describes it, and nothing else."""
    kinds = [type(node) for node in program.nodes]
    layers = sorted(node.layer for node in program.nodes if isinstance(node, PlasticDenseNode))
    return set(kinds) <= OURS and kinds.count(EncoderNode) == 1 and layers == list(range(1, len(layers) + 1))


def _net_of_ours(program: Program) -> ChipNet:
    """A net of our processes is told by its connections, layer by layer."""
    assert program.schedule is not None
    dense = {node.layer: node for node in program.nodes if isinstance(node, PlasticDenseNode)}
    layers = range(1, len(dense) + 1)
    hidden = {n.layer: n.name for n in program.nodes if isinstance(n, (AFTIFNode, AFTLIFNode))}
    feedback = {n.layer: n.name for n in program.nodes if isinstance(n, FeedbackNode)}
    read_backwards = {c.source for c in program.connections if c.out_port == "e_out"}
    return net_of_shape(
        EDShape(
            sizes=(dense[1].shape[0], *(dense[layer].shape[1] for layer in layers)),
            kind=program.schedule.kind,
            symmetric=not feedback and any(node.name in read_backwards for node in dense.values()),
            random=bool(feedback),
            with_x1=tuple(dense[layer].with_x1 for layer in layers),
            gathers=tuple(dense[layer].gather for layer in layers),
            carries=tuple(dense[layer].carry for layer in layers),
            neurons=(_name(program, EncoderNode), *(hidden[layer] for layer in layers[:-1])),
            connections=tuple(dense[layer].name for layer in layers),
            feedback=tuple(feedback.get(layer, "") for layer in layers[:-1]),
            error=_name(program, SoftmaxErrorNode),
            readout=_name(program, ReadoutNode),
        )
    )


def _name(program: Program, kind: type[Node]) -> str:
    """Name of the one node of a kind; empty where there is none."""
    return next((node.name for node in program.nodes if isinstance(node, kind)), "")


def _of_plastic(program: Program, node: PlasticDenseNode) -> Synapses:
    """Every synapse has its place: a weight that is 0 may grow."""
    return plastic_synapses(node, mirrored=False)


def _learned_bits(settings: LearningSettings) -> tuple[int, int, int, int]:
    """(tag, kernel, axon trace, neuron trace) bits of plastic synapses: what the rule reads and writes."""
    factors = settings.table.factors
    read = {SOURCES[source] for source in factors[:, COL_SOURCE]} if len(factors) else set()
    text = " ".join(settings.rules.values())
    tag = TAG_BITS * ("dt" in settings.rules) + DELAY_BITS * ("dd" in settings.rules)

    def side(names: Iterable[str], spiked: str) -> int:
        return TRACE_BITS * sum(name in read for name in names) + SPIKED_BITS * (spiked in text)

    return tag, 0, side(X_TRACES, "x0"), side(Y_TRACES, "y0")


def _of_dense(program: Program, node: DenseNode) -> Synapses:
    weights = program.get(node.name, "weights")
    counts = np.count_nonzero(weights, axis=1).astype(np.int64)
    bits = node.weight_format.bits
    if isinstance(node, LearningDenseNode):  # a weight that is 0 may grow
        assert node.settings is not None
        return Synapses(np.full_like(counts, weights.shape[1]), bits, *_learned_bits(node.settings))
    return Synapses(counts, bits, DELAY_BITS if isinstance(node, DelayDenseNode) else 0)


def _of_sparse(program: Program, node: SparseNode) -> Synapses:
    """Only what is stored takes memory; indices are not counted."""
    assert node.weights is not None
    entries, bits = node.weights, node.weight_format.bits
    n_post = entries.shape[0]
    if isinstance(node, LearningSparseNode):
        assert node.settings is not None
        counts = np.bincount(entries.rows, minlength=n_post).astype(np.int64)
        return Synapses(counts, bits, *_learned_bits(node.settings))
    kept = program.get(node.name, "weights")
    stored = np.empty(entries.rows.size, kept.dtype)
    stored[:] = kept[entries.order]
    counts = np.bincount(entries.rows[stored != 0], minlength=n_post).astype(np.int64)
    return Synapses(counts, bits, DELAY_BITS if isinstance(node, DelaySparseNode) else 0)


def _of_conv(program: Program, node: ConvNode) -> Synapses:
    """Each output has the taps of its kernel that fall into the image: the fan-outs of the turned convolution."""
    weight = program.get(node.name, "weight")
    counts = _conv_fan_ins(weight, node)
    return Synapses(counts, kernel_bits=int(np.count_nonzero(weight)) * WEIGHT_BITS)


def _conv_fan_ins(weight: npt.NDArray[Any], node: ConvNode) -> Ints:
    """Synapses of each output: count the fan-out of one input channel's place at a time, by output."""
    x_size, y_size, _ = node.output_shape
    channels_out = weight.shape[0]
    stride, padding, dilation = (node.geometry[name] for name in ("stride", "padding", "dilation"))
    inside = []
    for axis, size in ((0, x_size), (1, y_size)):
        taps = weight.shape[1 + axis]
        at = np.arange(size)[:, np.newaxis] * stride[axis] - padding[axis]
        at = at + dilation[axis] * (taps - 1 - np.arange(taps))
        inside.append(((at >= 0) & (at < node.input_shape[axis])).astype(np.int64))
    taps_of_output = (weight != 0).sum(axis=3)
    counts = np.einsum("xk,yl,okl->xyo", inside[0], inside[1], taps_of_output)
    assert counts.shape == (x_size, y_size, channels_out)
    return np.asarray(counts.reshape(-1), np.int64)


SIZES: Final[dict[type[Node], Callable[[Any], int]]] = {
    LIFNode: lambda node: int(np.prod(node.shape)),
    RingSourceNode: lambda node: int(np.prod(node.data.shape[:-1])),
    SpikeDataloaderNode: lambda node: int(np.prod(node.data.shape[:-1])),
    InjectorNode: lambda node: int(np.prod(node.pipe.shape)),
    EncoderNode: lambda node: int(node.size),
    AFTIFNode: lambda node: int(node.size),
    AFTLIFNode: lambda node: int(node.size),
    ReadoutNode: lambda node: int(node.size),
}
"""Neurons of the nodes that spike; a source takes a place as the encoder of a net does."""
SYNAPSES: Final[dict[type[Node], Callable[[Any, Any], Synapses]]] = {
    DenseNode: _of_dense,
    DelayDenseNode: _of_dense,
    LearningDenseNode: _of_dense,
    SparseNode: _of_sparse,
    DelaySparseNode: _of_sparse,
    LearningSparseNode: _of_sparse,
    ConvNode: _of_conv,
    PlasticDenseNode: _of_plastic,
}
"""What the nodes of synapses need."""
OFF_CORE: Final = (LabelNode, SoftmaxErrorNode, FeedbackNode, ResetNode, StateDataloaderNode)
"""Nodes without neurons: processors do their work, or, for feedback, the cores that it leads to."""
OURS: Final = frozenset(
    {EncoderNode, LabelNode, PlasticDenseNode, FeedbackNode, AFTIFNode, AFTLIFNode, ReadoutNode, SoftmaxErrorNode}
)


class LoweredNet:
    """Layers, inlets and streams of any graph: of Lava's own processes, of ours, or of both.

    Synapses whose sums reach no neuron, but a sink or other synapses, get a layer that holds them.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        nodes = {node.name: node for node in program.nodes}
        known = (*SIZES, *SYNAPSES, *OFF_CORE)
        unknown = [n for n in nodes.values() if not n.off_chip and type(n) not in known]
        if unknown:
            raise BackendError(
                f"{unknown[0].name} ({type(unknown[0]).__name__}) has no place on a chip that is known: map the graph "
                "without it"
            )
        self.synapses = {name: SYNAPSES[type(n)](program, n) for name, n in nodes.items() if type(n) in SYNAPSES}
        self.sizes = {name: SIZES[type(n)](n) for name, n in nodes.items() if type(n) in SIZES}
        self.nodes = nodes
        self.edges = [c for c in program.connections if not nodes[c.target].off_chip]
        self.targets = {name: self._targets(name) for name in self.synapses}
        for name, found in self.targets.items():
            sums = (c for c in self.edges if c.source == name and c.out_port == "a_out")
            if not found or any(c.target in self.synapses for c in sums):
                self.sizes[name] = len(self.synapses[name].counts)
                found.append((name, None))
        self.layers = {name: k for k, name in enumerate(self._order())}

    def _targets(self, name: str) -> list[tuple[str, npt.NDArray[np.int64] | None]]:
        """Neurons that a node of synapses leads to, with the places of its sums among them."""
        sums = [c for c in self.edges if c.source == name and c.out_port == "a_out"]
        return [(c.target, c.index) for c in sums if c.target in self.sizes]

    def _sources(self, name: str) -> list[Connection]:
        return [c for c in self.edges if c.target == name and c.in_port in ("s_in", "a_in")]

    def _order(self) -> list[str]:
        """Layers by their distance from what is fed by nothing; those in a loop behind."""
        feeds: dict[str, set[str]] = {name: set() for name in self.sizes}
        for synapse, targets in self.targets.items():
            for target, _ in targets:
                feeds[target] |= {c.source for c in self._sources(synapse)} - {target}
        for name in self.sizes:
            feeds[name] |= {c.source for c in self._sources(name) if c.source in self.sizes} - {name}
        order = [name for name in self.sizes if not feeds[name]]
        while len(order) < len(self.sizes):
            ready = [n for n in self.sizes if n not in order and feeds[n] & set(order)]
            order += ready or [n for n in self.sizes if n not in order][:1]
        return order

    def net(self) -> ChipNet:
        """The neutral description."""
        names = tuple(self.layers)
        inlets: list[list[Inlet]] = [[] for _ in names]
        for synapse, targets in self.targets.items():
            for target, index in targets:
                inlets[self.layers[target]] += self._inlets(synapse, index)
        for target in self.sizes:
            for edge in self._sources(target):
                if edge.source in self.sizes and target not in self.synapses:
                    ones = np.ones(self.sizes[target], np.int64)
                    sender = self.layers[edge.source]
                    name = f"{edge.source}.{edge.out_port}"
                    inlets[self.layers[target]].append(Inlet(name, "weights", sender, self.sizes[edge.source], ones))
        for layer, backward in backward_inlets(self):
            inlets[layer].append(backward)
        sizes = tuple(self.sizes[name] for name in names)
        done = tuple(tuple(ending) for ending in inlets)
        errors = {node.name: error_layer(self, node) for node in nodes_of(self, SoftmaxErrorNode)}
        return ChipNet(names, sizes, done, partial(streams_of_senders, senders_of(self)), self.layers | errors)

    def _inlets(self, synapse: str, index: npt.NDArray[np.int64] | None) -> list[Inlet]:
        """One for each sender; the synapses themselves are stored once."""
        s = self.synapses[synapse]
        counts = s.counts if index is None else np.where(index < 0, 0, s.counts[index])
        node = self.nodes[synapse]
        result: list[Inlet] = []
        for edge in self._sources(synapse):
            result.append(
                Inlet(
                    connection=synapse,
                    kind="kernel" if s.kernel_bits else "weights",
                    sender=self.layers[edge.source],
                    axons=self.sizes[edge.source],
                    counts=np.zeros_like(counts) if result else counts,
                    weight_bits=s.weight_bits,
                    tag_bits=s.tag_bits,
                    axon_trace_bits=s.axon_trace_bits,
                    neuron_trace_bits=0 if result else s.neuron_trace_bits,
                    kernel_bits=0 if result else s.kernel_bits,
                    tag_waits=isinstance(node, PlasticDenseNode) and node.gather,
                )
            )
        return result
