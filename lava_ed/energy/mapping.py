"""A net on the neurocores of a chip: what it takes, and how far its spikes travel.

- A layer has its cores to itself, and all cores of a layer are alike: a spike goes to every core of the layer that its
  connection leads to, also where pruning has left no synapse for it there.
- Neurons that are pooled lie on one core, and share an axon.
- Synapses lie on the cores of the neurons that they lead to, a shared kernel once on each of them where the chip can.
  Symmetric feedback is a mirrored copy on the cores of the earlier layer, which learns too, so that it has its own tags
  and traces.
- Indices of sparse rows are not counted, so that memory is a lower bound.
- The output error is sent by the output layer's cores.  The gate of a replay comes from there too, but takes no axon:
  the processor that divides for the softmax sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chip_net import ChipNet, Flow, Ints
from lava_ed.energy.chips import ChipLimits, Hops, mesh_hops
from lava_ed.energy.counting import Counters
from lava_ed.energy.placement import arrange, check_chips, split
from lava_ed.energy.spec_net import net_of_spec
from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.kernels.counting import PHASES

if TYPE_CHECKING:
    from lava_ed.engine.program import Program
    from lava_ed.lava_graphs.runtime import EngineRuntime
    from lava_ed.network.spec import NetworkSpec

_RESOURCES: Final = ("neurons", "synaptic_bits", "axons_in", "axons_out")


class Usage(NamedTuple):
    """What is used of a limit; a limit of None is not known to bind."""

    used: int
    limit: int | None


@dataclass(frozen=True)
class Utilisation:
    """The fullest core of each resource among the cores of one layer.

    `state_bits` are those of hidden neurons of ours, to be had beside the synapses; None elsewhere.
    `binding` names the resource that is used to the largest share; of equals, the first in this order.
    """

    layer: str
    cores: int
    neurons: Usage
    synaptic_bits: Usage
    axons_in: Usage
    axons_out: Usage
    state_bits: Usage | None = None

    @property
    def binding(self) -> str:
        """Name of the limit that comes closest."""
        usages: dict[str, Usage] = {name: getattr(self, name) for name in _RESOURCES}
        shares = {name: usage.used / usage.limit for name, usage in usages.items() if usage.limit is not None}
        return max(shares, key=lambda name: shares[name])


@dataclass(frozen=True, kw_only=True)
class Traffic(Flow):
    """A flow between the cores of two layers.

    `hop_sum` is the sum over all pairs of a source core and a target core, east-west and north-south.
    """

    source_cores: int
    target_cores: int
    hop_sum: tuple[int, int]

    @property
    def messages(self) -> int:
        """spikes × destination cores."""
        return self.spikes * self.target_cores

    @property
    def hops(self) -> Hops:
        """Hops of all messages, the spikes spread evenly over the source cores."""
        east_west, north_south = (self.spikes * part / self.source_cores for part in self.hop_sum)
        return Hops(east_west, north_south)


@dataclass(frozen=True, eq=False)
class Mapping:
    """A net on the cores of a chip; `map_network` makes it.

    Attributes
    ----------
    chip : ChipLimits
    net : ChipNet
    cores : tuple of tuple of int
        Cores of each layer, in order; chip c has the cores c·chip.cores ….
    core_of : tuple of int64 (n,)
        Core of each neuron of each layer.
    """

    chip: ChipLimits
    net: ChipNet
    cores: tuple[tuple[int, ...], ...]
    core_of: tuple[Ints, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer."""
        return self.net.sizes

    @property
    def layer_names(self) -> tuple[str, ...]:
        """input, hidden1 …, output; names of processes where the net is a Lava graph."""
        return self.net.names

    @property
    def chips(self) -> int:
        """Number of chips that the net is spread over."""
        return self.chip.chip_of(max(cores[-1] for cores in self.cores)) + 1

    def utilisation(self) -> tuple[Utilisation, ...]:
        """(used, limit) of the fullest core of each layer, input first."""
        chip, shared, rows = self.chip, self.chip.shared_kernels, []
        for layer, name in enumerate(self.layer_names):
            core = self.core_of[layer] - self.cores[layer][0]
            cores, most = len(self.cores[layer]), int(np.bincount(core).max())
            bits = np.bincount(core, self.net.neuron_bits(layer, shared)).max()
            axons_in = sum(inlet.axons for inlet in self.net.inlets[layer])
            state = self.net.state_bits.get(layer)
            axons_out = self.net.axons_out(layer, most, [len(cores) for cores in self.cores])
            rows.append(
                Utilisation(
                    layer=name,
                    cores=cores,
                    neurons=Usage(most, chip.neurons),
                    synaptic_bits=Usage(int(bits) + self.net.core_bits(layer, shared), chip.synaptic_bits),
                    axons_in=Usage(axons_in, chip.axons_in),
                    axons_out=Usage(axons_out, chip.axons_out),
                    state_bits=Usage(-(-state * most // self.sizes[layer]), None) if state else None,
                )
            )
        return tuple(rows)

    def layer_of_nodes(self) -> dict[str, int]:
        """Layer on whose cores each node of a program works: neurons, and synapses where they lead to."""
        result = dict(self.net.nodes)
        for layer, ending in enumerate(self.net.inlets):
            for inlet in ending:
                if inlet.kind != "mirrored":
                    result.setdefault(inlet.connection, layer)
        return result

    def synaptic_bits(self, layer: int) -> dict[str, int]:
        """Synaptic memory of all cores of a layer by use: weights, mirrored, feedback, tags, traces."""
        bits = dict.fromkeys(("weights", "mirrored", "feedback", "tags", "traces"), 0)
        cores = len(self.cores[layer])
        for inlet in self.net.inlets[layer]:
            use = "weights" if inlet.kind == "kernel" else inlet.kind
            if inlet.kernel_bits and self.chip.shared_kernels:
                bits[use] += cores * inlet.kernel_bits
            else:
                synapses = int(inlet.counts.sum())
                bits[use] += synapses * inlet.weight_bits
                bits["tags"] += synapses * inlet.tag_bits
            bits["traces"] += cores * inlet.axons * inlet.axon_trace_bits + self.sizes[layer] * inlet.neuron_trace_bits
        return bits

    def target_layer(self, source_layer: int, connection: str) -> int:
        """Layer that spikes of a layer reach over a connection: dense1 …, or feedback1 … from the output.

        Raises
        ------
        ConfigError
            If the layer sends nothing over that connection.
        """
        targets = {name: target for target, name in self.net.outlets(source_layer)}
        if connection not in targets:
            raise ConfigError(
                f"layer {source_layer} sends nothing over {connection!r}: it sends over {', '.join(targets) or 'none'}"
            )
        return targets[connection]

    def destination_cores(self, source_layer: int, connection: str) -> int:
        """How many cores a spike of a layer is delivered to over a connection, which has to be one of its own."""
        return len(self.cores[self.target_layer(source_layer, connection)])

    def hops(self, source: int, target: int) -> Hops:
        """Hops of a message between two cores by number.

        Raises
        ------
        ConfigError
            If there is no such core on the chips in use.
        """
        last = self.chips * self.chip.cores - 1
        for core in (source, target):
            if not 0 <= core <= last:
                raise ConfigError(f"core is {core}: the {self.chips} chip(s) in use have the cores 0 … {last}")
        return mesh_hops(self.chip, source, target)

    def traffic(self, counters: Counters) -> tuple[Traffic, ...]:
        """What was sent by node, phase and connection, and how far it went under this mapping.

        Parameters
        ----------
        counters
            node → counter → phase → count of a program of this net, with one message for each spike and
            connection, as `Program.counters` gives them.

        Raises
        ------
        ConfigError
            If the counts are malformed, or are not those of such a program.
        """
        places = [np.array([self.chip.position(core) for core in cores], np.int64) for cores in self.cores]
        rows = []
        for flow in self.net.flows(counters):
            source, target = places[flow.source_layer], places[flow.target_layer]
            east_west, north_south = (int(n) for n in np.abs(source[:, None] - target[None]).sum(axis=(0, 1)))
            sums = (east_west, north_south)
            rows.append(Traffic(**vars(flow), source_cores=len(source), target_cores=len(target), hop_sum=sums))
        return tuple(rows)

    def message_counts(self, counters: Counters) -> dict[str, dict[str, dict[str, int]]]:
        """Messages and hops of the `traffic` of counters: node → spike_messages, hops → phase → count.

        messages = Σ spikes × destination cores; hops = Σ messages × mean hops over the source cores, rounded
        once a node and phase, exact where the sending layer is on one core.

        Raises
        ------
        ConfigError
            If the counts are malformed, or are not those of a program of this net.
        """
        messages = {node: dict.fromkeys(PHASES, 0) for node in counters}
        hops = {node: dict.fromkeys(PHASES, Fraction(0)) for node in counters}
        for row in self.traffic(counters):
            if row.node not in counters:
                raise ConfigError(
                    f"the counters lack {row.node}, which sends what others counted: give those of a program of "
                    "the net that was mapped"
                )
            messages[row.node][row.phase] += row.messages
            hops[row.node][row.phase] += Fraction(row.spikes * sum(row.hop_sum), row.source_cores)
        return {
            node: {"spike_messages": messages[node], "hops": {phase: round(part) for phase, part in hops[node].items()}}
            for node in counters
        }

    def to_dict(self) -> dict[str, Any]:
        """The mapping, ready for JSON: chip, numbers of cores and chips, and a row a layer with its binding limit."""
        layers = [
            {
                **asdict(row),
                "binding": row.binding,
                "neurons_total": n,
                "synaptic_bits_by_use": self.synaptic_bits(layer),
            }
            for layer, (row, n) in enumerate(zip(self.utilisation(), self.sizes, strict=True))
        ]
        cores = sum(len(cores) for cores in self.cores)
        return {"chip": self.chip.to_dict(), "chips": self.chips, "cores": cores, "layers": layers}


def map_network(
    net: NetworkSpec | ChipNet | Program | EngineRuntime,
    chip: ChipLimits,
    weights: Sequence[npt.NDArray[np.integer[Any]]] | None = None,
    *,
    max_chips: int | None = None,
    counters: Counters | None = None,
) -> Mapping:
    """Place a net: each layer on as few cores as first-fit-decreasing finds, layer after layer along the mesh.

    A neuron goes, with all synapses that lead to it, to the first core of its layer that has room; neurons with more
    synapses first, of equals in order.  Layers come in order, or, where counters tell how much they say to each other,
    in the order that makes Σ messages × hops smallest: exactly up to 6 layers, beyond by exchanging layers while that
    helps.

    Parameters
    ----------
    net : NetworkSpec, ChipNet, Program or EngineRuntime
        A program, or the runtime that `attach` gives, stands for the graph that it runs, with its weights of now.
    chip : ChipLimits
    weights : sequence of int (n_pre, n_post), optional
        Weights of each connection of a NetworkSpec; those that are zero take no memory.  Default: all take some.
    max_chips : int, optional
        Default: as many as it takes.
    counters : optional
        node → counter → phase → count, of a program of this net.

    Raises
    ------
    ChipLimitError
        If one neuron passes a limit of a core, or the net the cores of `max_chips` chips.
    ShapeError, ConfigError
        If the weights do not fit the net, or are given for what has its own; if `max_chips` is below 1.
    BackendError
        If a process of the graph has no place on a chip.

    Examples
    --------
    >>> from lava_ed.energy import LOIHI2
    >>> from lava_ed.network.spec import NetworkSpec
    >>> [len(cores) for cores in map_network(NetworkSpec((784, 400, 10)), LOIHI2).cores]
    [1, 3, 1]
    """
    if getattr(getattr(net, "rule", None), "kind", None) == "renner":
        raise ChipLimitError(
            "the circuit of renner holds its layers and weights several times over, and only one of each is placed "
            "here: read its counts without a mapping"
        )
    if max_chips is not None and max_chips < 1:
        raise ConfigError(f"max_chips is {max_chips}: at least 1 is needed")
    placed = _chip_net(net, weights)
    local = split(placed, chip)
    counts = [int(core.max()) + 1 for core in local]
    check_chips(placed, counts, chip, max_chips)
    first = arrange(counts, chip, () if counters is None else placed.flows(counters))
    return Mapping(
        chip=chip,
        net=placed,
        cores=tuple(tuple(range(start, start + n)) for start, n in zip(first, counts, strict=True)),
        core_of=tuple(core + start for core, start in zip(local, first, strict=True)),
    )


def _chip_net(net: Any, weights: Sequence[npt.NDArray[np.integer[Any]]] | None) -> ChipNet:
    """What `map_network` takes, as a ChipNet."""
    if hasattr(net, "rule"):
        return net_of_spec(net, weights)
    if weights is not None:
        raise ConfigError(f"a {type(net).__name__} has weights of its own: leave them out, or give a NetworkSpec")
    if isinstance(net, ChipNet):
        return net
    from lava_ed.energy.program_net import net_of_program

    return net_of_program(getattr(net, "program", net))
