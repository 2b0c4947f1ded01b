"""EDClassifier: the hierarchical Lava Process that a NetworkSpec describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_ed.errors import ConfigError, DataError, ShapeError
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import connections_of, feedback_weights, initial_weights
from lava_ed.proc.aft_if.process import AFTIF
from lava_ed.proc.aft_lif.process import AFTLIF
from lava_ed.proc.encoder.process import Encoder, Labels
from lava_ed.proc.overflow import ChecksOverflow
from lava_ed.proc.plastic_dense.process import FeedbackDense, PlasticDense
from lava_ed.proc.readout.process import FirstSpikeReadout, MembraneReadout
from lava_ed.proc.softmax_error.process import SoftmaxError


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
        self.processes: dict[str, AbstractProcess] = create_processes(spec, samples, labels, weights)
        for process in self.processes.values():
            process.parent_proc = self
        connect_processes(spec, self.processes)

    def __getattr__(self, name: str) -> Any:
        """Sub-processes by name."""
        processes = self.__dict__.get("processes", {})
        if name in processes:
            return processes[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; sub-processes: {', '.join(processes)}")


def _check_samples(spec: NetworkSpec, samples: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """What only the whole net can tell of its samples."""
    if samples.ndim < 2 or samples.shape[1:] != (spec.sizes[0],) or labels.shape != samples.shape[:1]:
        raise ShapeError(
            f"samples of shape {samples.shape} and labels of shape {labels.shape} do not fit a net with "
            f"{spec.sizes[0]} inputs: (N, {spec.sizes[0]}) and N labels are needed"
        )
    if labels.size and labels.max() >= spec.sizes[-1]:
        raise DataError(f"label {labels.max()} names no output: the net has {spec.sizes[-1]}, 0 … {spec.sizes[-1] - 1}")


def create_processes(
    spec: NetworkSpec,
    samples: npt.ArrayLike,
    labels: npt.ArrayLike,
    weights: Sequence[npt.ArrayLike] | None = None,
) -> dict[str, AbstractProcess]:
    """Every process of the net, by name, not yet connected."""
    common: dict[str, Any] = {"schedule": spec.schedule, "overflow": spec.overflow, "seed": spec.seed}
    last, rate = len(spec.sizes) - 1, spec.rule.rate
    if spec.rule.baseline:
        raise ConfigError(f"{spec.rule.name} is a baseline without Lava processes: train it on the back end engine")
    if weights is not None and len(weights) != last:
        raise ShapeError(f"{len(weights)} weight matrices were given, the net has {last} connections")
    encoder = spec.encoder or "ttfs"
    processes: dict[str, AbstractProcess] = {
        "encoder": Encoder(samples=samples, kind=encoder, drop=spec.input_drop, name="encoder", **common),
        "labels": Labels(labels=labels, name="labels", **common),
    }
    for layer in spec.layers:
        shape = (spec.sizes[layer], spec.sizes[layer - 1])
        matrix = unpack_weights(initial_weights(spec, layer)) if weights is None else np.asarray(weights[layer - 1])
        if matrix.shape != shape:
            raise ShapeError(f"weights of connection {layer} have shape {matrix.shape}, the net needs {shape}")
        processes[f"dense{layer}"] = PlasticDense(
            weights=matrix,
            rule=spec.rule,
            layer=layer,
            weight_exp=spec.weight_exponents[layer - 1],
            error_shift=spec.error_shift,
            graded=spec.graded_input and layer == 1,
            gather=spec.gathers(layer),
            carry=spec.weight_rounding == "carry",
            name=f"dense{layer}",
            **common,
        )
    for layer in spec.hidden:
        processes[f"hidden{layer}"] = _hidden(spec, layer, common)
        if spec.feedback == "random":
            processes[f"feedback{layer}"] = FeedbackDense(
                weights=unpack_weights(feedback_weights(spec, layer)),
                layer=layer,
                error_shift=spec.error_shift,
                name=f"feedback{layer}",
                **common,
            )
    outputs = {"shape": (spec.sizes[-1],), "layer": last, "name": "readout", **common}
    processes["readout"] = (
        FirstSpikeReadout(adaptation=spec.readout_adaptation, **outputs)
        if spec.readout == "first-spike"
        else MembraneReadout(**outputs)
    )
    processes["error"] = SoftmaxError(
        shape=(spec.sizes[-1],),
        shift=spec.softmax_shift,
        dead_zone=spec.dead_zone,
        rounding=spec.softmax_rounding,
        port_shift=rate.port_shift,
        name="error",
        **common,
    )
    return processes


def _hidden(spec: NetworkSpec, layer: int, common: dict[str, Any]) -> AbstractProcess:
    """The neurons of one hidden layer."""
    params: dict[str, Any] = {
        "shape": (spec.sizes[layer],),
        "layer": layer,
        "adaptation": spec.adaptation,
        "port_shift": spec.rule.rate.port_shift,
        "name": f"hidden{layer}",
        **common,
    }
    if spec.rule.neuron == "AFTIF":
        return AFTIF(error_limit=spec.error_limit, **params)
    return AFTLIF(dv=spec.dv, dv_post=spec.dv_post(layer), half_width=spec.half_width, **params)


def connect_processes(spec: NetworkSpec, processes: dict[str, AbstractProcess]) -> None:
    """Connect the ports as `connections_of` lists them."""
    for source, out_port, target, in_port in connections_of(spec):
        getattr(processes[source], out_port).connect(getattr(processes[target], in_port))
