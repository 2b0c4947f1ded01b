"""SLAYER (lava-dl) on the same nets: surrogate gradients through time, in float, on the CPU."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from lava_ed.bench.harness import Tell, fastest
from lava_ed.network.layers import layers_of

INPUTS: Final = 784
IMAGE: Final = (1, 28, 28)
CLASSES: Final = 10
BATCHES: Final = (32, 64, 128, 256)
CONV_BATCHES: Final = (16, 32, 64)
"""Of nets with convolutions, which larger ones slow down."""
DENSITY: Final = 0.1
"""Share of input spikes; SLAYER's cost does not depend on it."""


def slayer_rates(nets: Sequence[tuple[int | str, int]], tell: Tell, *, quick: bool = False) -> dict[str, Any]:
    """Samples a second that lava-dl trains, for each (hidden, T), with one thread and its best batch size.

    In place of hidden neurons the layers of a net with convolutions may be given.  Where lava-dl is not installed,
    ``version`` is None, ``why`` says so, and ``nets`` is empty.
    """
    try:
        from importlib.metadata import version

        import torch
        from lava.lib.dl import slayer
    except ImportError as error:
        return {
            "version": None,
            "why": f"lava-dl is not installed ({error.name} is missing): pip install lava-ed[dl]",
            "nets": [],
        }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    results = []
    try:
        for hidden, steps in nets:
            tell(f"SLAYER {hidden if isinstance(hidden, str) else f'{INPUTS}-{hidden}-{CLASSES}'}, T = {steps}")
            batches = (CONV_BATCHES if isinstance(hidden, str) else BATCHES)[: 1 if quick else None]
            rates = {batch: _rate(torch, slayer, hidden, steps, batch, 1 if quick else 3) for batch in batches}
            best = max(rates, key=lambda batch: rates[batch])
            shown = {str(batch): rate for batch, rate in rates.items()}
            found = {"rates": shown, "best_batch": best, "best_rate": rates[best]}
            results.append({"hidden": hidden, "steps": steps, **found})
    finally:
        torch.set_num_threads(threads)
    return {"version": version("lava-dl"), "why": None, "nets": results}


def _rate(torch: Any, slayer: Any, hidden: int | str, steps: int, batch: int, repetitions: int) -> float:
    """Samples a CPU second in forward, backward and weight update of one batch; the best of some."""
    torch.manual_seed(0)
    net = _network(torch, slayer, hidden)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss_of = slayer.loss.SpikeRate(true_rate=0.2, false_rate=0.03, reduction="sum")
    inputs = IMAGE if isinstance(hidden, str) else (INPUTS,)
    spikes = (torch.rand(batch, *inputs, steps) < DENSITY).float()
    labels = torch.randint(0, CLASSES, (batch,))

    def learn() -> None:
        loss = loss_of(net(spikes), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return batch / fastest(learn, repetitions + 1, time.process_time)


def _network(torch: Any, slayer: Any, hidden: int | str) -> Any:
    """CUBA blocks, as lava-dl's own MNIST and PilotNet examples set them up: two dense ones, or the layers named."""
    neuron = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, "tau_grad": 0.03, "scale_grad": 3}
    params, cuba = {**neuron, "requires_grad": False}, slayer.block.cuba
    layers = layers_of(hidden if isinstance(hidden, str) else f"{hidden}-{CLASSES}", IMAGE)
    blocks = []
    for layer in layers:
        if layer.is_conv:
            sides = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
            channels = layer.source.channels, layer.shape.channels
            blocks.append(cuba.Conv(params, *channels, layer.kernel, **sides, weight_norm=True))
        else:
            if layer.source.height > 1 and isinstance(hidden, str):
                blocks.append(cuba.Flatten())
            blocks.append(cuba.Dense(params, layer.source.size, layer.shape.size, weight_norm=True))
        if layer.pool > 1:
            blocks.append(cuba.Pool(params, layer.pool))
    return torch.nn.Sequential(*blocks)
