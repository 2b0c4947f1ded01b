"""Run a NIR file in other simulators, and compare spikes and membranes with the NIRData beside it.

    lava-ed export RUN --format nir && lava-ed export RUN --format nirdata --samples 20
    python tools/nir_readers.py RUN/model.nir RUN/golden.nirdata

Needs nir, and in an environment of its own whichever there is of norse, snntorch and sinabs; nothing of lava-ed.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import nir
import numpy as np
import torch

Step = Callable[[torch.Tensor], dict[str, Any]]
"""One time step of a net: neurons by name → (spikes or None, membranes)."""


def norse(graph: Any, dt: float) -> Callable[[], Step]:
    """A net of Norse, whose states are passed on from step to step."""
    import norse.torch

    net = norse.torch.from_nir(graph, ignore_warnings=True, dt=dt)

    def fresh() -> Step:
        held: list[Any] = [None]

        def step(spikes: torch.Tensor) -> dict[str, Any]:
            _, held[0] = net(spikes, held[0])
            found = {}
            for name, state in held[0].state.items():
                while not hasattr(state, "v"):  # a CubaLIF holds the state of its synapses before that of the membrane
                    state = state[-1]
                sent = held[0].cache[name]
                found[name] = (sent[0] if isinstance(sent, tuple) else sent, state.v)
            return found

        return step

    return fresh


def snntorch(graph: Any, dt: float) -> Callable[[], Step]:
    """A net of snnTorch, whose neurons hold their states; its time step is always 10^-4 s."""
    from snntorch.import_nir import import_from_nir

    with contextlib.redirect_stdout(io.StringIO()):
        net = import_from_nir(graph)
    neurons = {name: module for name, module in net.named_modules() if hasattr(module, "mem")}
    sent: dict[str, Any] = {}
    for name, module in neurons.items():
        module.register_forward_hook(lambda _, __, out, name=name: sent.__setitem__(name, out))

    def fresh() -> Step:
        for module in neurons.values():
            module.reset_mem()

        def step(spikes: torch.Tensor) -> dict[str, Any]:
            net(spikes)
            return {name: (sent[name], module.mem) for name, module in neurons.items()}

        return step

    return fresh


def sinabs(graph: Any, dt: float) -> Callable[[], Step]:
    """A net of Sinabs, whose neurons hold their states."""
    from sinabs.nir import from_nir

    net = from_nir(graph, batch_size=1)
    neurons = {name: module for name, module in net.named_modules() if hasattr(module, "v_mem")}

    def fresh() -> Step:
        for module in neurons.values():
            module.reset_states()

        def step(spikes: torch.Tensor) -> dict[str, Any]:
            net(spikes)
            return {name: (None, module.v_mem) for name, module in neurons.items()}

        return step

    return fresh


def main(graph_file: str, data_file: str) -> None:
    """Print, of every reader, how many spikes and membranes are not those of the data."""
    data = nir.read_data(data_file)
    inputs = data.nodes["input"].observables["spikes"]
    for reader in (norse, snntorch, sinabs):
        title = f"{reader.__name__} {version(reader.__name__)}"
        spikes = membranes = total = 0
        try:
            graph = nir.read(graph_file)
            (shape,) = (node.output_type["output"] for node in graph.nodes.values() if isinstance(node, nir.Input))
            fresh = reader(graph, inputs.dt)
            for sample in range(inputs.n_samples):
                step = fresh()
                for t in range(inputs.n_time_steps):
                    found = step(torch.tensor(inputs.data[sample, t].astype(np.float32)).reshape(1, *shape))
                    for name, (sent, v) in found.items():
                        ours = data.nodes[name].observables
                        if sent is not None and "spikes" in ours:
                            spikes += int((sent.detach().numpy().ravel() != ours["spikes"].data[sample, t]).sum())
                        membranes += int((v.detach().numpy().ravel() != ours["v"].data[sample, t]).sum())
                        total += ours["v"].n_neurons
            print(f"{title}: {spikes} spikes and {membranes} membranes differ, of {total:,} (neuron, step) pairs")
        except Exception as error:  # of whatever type a reader raises
            print(f"{title}: {type(error).__name__}: {str(error)[:200]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
