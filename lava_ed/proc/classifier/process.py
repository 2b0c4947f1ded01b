"""EDClassifier: the hierarchical Lava Process that a NetworkSpec describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_ed.errors import ConfigError, DataError, ShapeError
from lava_ed.network.graph import NetGraph, graph_of
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.weights import unpack_weights
from lava_ed.proc.overflow import ChecksOverflow
from lava_ed.proc.phased import PROCESSES


class EDClassifier(ChecksOverflow):
    """A classifier that learns on chip: encoder, plastic layers, readout, error, wired as a spec says.

    The sub-processes are ordinary processes of `lava_ed.proc`; a graph wired from them by hand is
    the same graph.  Each is an attribute: ``encoder``, ``labels``, ``dense1`` …, ``hidden1`` …,
    ``feedback1`` … (random feedback), ``readout``, ``error``.

    Parameters
    ----------
    spec : NetworkSpec
    samples : array_like (N, n)
        Images, presented in turn: grey levels as uint8, or floats 0 … 1.
    labels : array_like of int (N,)
    weights : sequence of array_like of int (n_post, n_pre), optional
        Default: drawn from the spec's seed.
    name, log_config
        As for every Lava process.

    Raises
    ------
    ShapeError
        If samples, labels or weights do not fit the spec.
    DataError, ConfigError, WeightError
        If samples are no images, a label names no output, or weights are out of range.

    Examples
    --------
    A sample takes ``spec.schedule.period`` time steps::

        net = EDClassifier(spec, images, labels)
        net.run(RunSteps(num_steps=20 * spec.schedule.period), Loihi2SimCfg(select_tag="fixed_pt"))
        print(net.error.correct.get(), net.dense1.weights.get())
        net.stop()
    """

    def __init__(
        self,
        spec: NetworkSpec,
        samples: npt.ArrayLike,
        labels: npt.ArrayLike,
        weights: Sequence[npt.ArrayLike] | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        # First, as Lava cannot take down a process that it has not set up.
        super().__init__(spec=spec, name=name, log_config=log_config)
        if not isinstance(spec, NetworkSpec):
            raise ConfigError(f"spec is {spec!r}: give a NetworkSpec, such as NetworkSpec((784, 100, 10), STDED())")
        self.spec = spec
        _check_samples(spec, np.asarray(samples), np.asarray(labels))
        # A plain dict hides the processes from Lava's attribute scan, which would register them twice.
        graph = graph_of(spec)
        graph.check_processes()
        self.processes: dict[str, AbstractProcess] = create_processes(graph, samples, labels, weights)
        for process in self.processes.values():
            process.parent_proc = self
        for source, out_port, target, in_port in graph.connections:
            getattr(self.processes[source], out_port).connect(getattr(self.processes[target], in_port))

    def __getattr__(self, name: str) -> Any:
        """Sub-processes by name."""
        processes = self.__dict__.get("processes", {})
        if name in processes:
            return processes[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; sub-processes: {', '.join(processes)}")


def _check_samples(spec: NetworkSpec, samples: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """Check the samples against the whole net."""
    if samples.ndim < 2 or samples.shape[1:] != (spec.sample_bytes,) or labels.shape != samples.shape[:1]:
        raise ShapeError(
            f"samples of shape {samples.shape} and labels of shape {labels.shape} do not fit a net with "
            f"{spec.sizes[0]} inputs: (N, {spec.sample_bytes}) and N labels are needed"
        )
    if labels.size and labels.max() >= spec.sizes[-1]:
        raise DataError(f"label {labels.max()} names no output: the net has {spec.sizes[-1]}, 0 … {spec.sizes[-1] - 1}")


def create_processes(
    graph: NetGraph, samples: npt.ArrayLike, labels: npt.ArrayLike, weights: Sequence[npt.ArrayLike] | None
) -> dict[str, AbstractProcess]:
    """Every process of the net, by name, not yet connected."""
    layers, drawn = graph.spec.layers, graph.weights()
    if weights is not None and len(weights) != len(layers):
        raise ShapeError(f"{len(weights)} weight matrices were given, the net has {len(layers)} connections")
    given = {} if weights is None else {graph.spec.synapses(layer): weights[layer - 1] for layer in layers}
    processes: dict[str, AbstractProcess] = {}
    for node in graph.nodes:
        own: dict[str, Any] = {"Encoder": {"samples": samples}, "Labels": {"labels": labels}}.get(node.kind, {})
        if node.name in drawn:
            own = {"weights": np.asarray(given.get(node.name, unpack_weights(drawn[node.name])))}
            needed = graph.weights_shape(node)
            if own["weights"].shape != needed:
                raise ShapeError(
                    f"weights of connection {node.parameters['layer']} have shape {own['weights'].shape}, the net "
                    f"needs {needed}"
                )
        elif not own:
            own = {"shape": node.shape}
        processes[node.name] = PROCESSES[node.kind](name=node.name, **graph.common, **node.parameters, **own)
    return processes
