"""Energy of a net with convolutions that was never run, for either way to share weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from lava_ed.energy.chips import CHIPS
from lava_ed.energy.convolutions import synapses_of
from lava_ed.energy.counting import total
from lava_ed.energy.estimate import Counts, with_neurons
from lava_ed.energy.mapping import map_network
from lava_ed.energy.prices import PriceList, load_price_list
from lava_ed.energy.report import energy_report
from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network.layers import Layer
from lava_ed.network.spec import NetworkSpec

SHARINGS: Final = ("accumulated", "none")
_TOLD: Final = {
    "synaptic_updates": "synaptic_updates", "weight_writes_at_most": "weight_writes", "host_ops": "host_ops",
    "spike_messages": "spike_messages",
}  # fmt: skip
"""What is told of a sample, and the counter that it sums."""


def conv_sample_counts(
    layers: Sequence[Layer], spikes: Sequence[int], steps: int, sharing: str, active: bool = True, rule: str = "std-ed"
) -> Counts:
    """Counts of one training sample in which every neuron whose spike left its square has an error.

    Spikes and errors are spread evenly.  Per convolution with S synapses between n_pre inputs and n_post neurons, s
    spikes before it and e errors behind: synops s·S/n_pre, backward e·S/n_post, products of a spike and an error
    p = s·e·S/(n_pre·n_post).  ``accumulated``: all W stored weights are visited and may be written, the processor does
    p + W operations; ``none``: s·k²·channels / groups visits, p writes at most.  Under MPD-ED, pooled by sum, each
    spike sends an error back, and in visits and products s and e are axons and neurons that spiked, as many as can be.

    Raises
    ------
    ConfigError
        If the numbers do not fit the layers.

    Examples
    --------
    >>> from lava_ed.network.layers import layers_of
    >>> counts = conv_sample_counts(layers_of("2c1-3", (1, 2, 2)), (4, 8), 24, "accumulated")
    >>> counts["conv1"]["synops"], counts["conv1"]["host_ops"], counts["dense2"]["synaptic_updates"]
    ({'forward': 8}, {'update': 10}, {'update': 24})
    """
    if sharing not in SHARINGS:
        raise ConfigError(f"sharing {sharing!r} is unknown: use one of {', '.join(SHARINGS)}")
    _check(layers, spikes, steps, rule)
    fired, connections = [*spikes, layers[-1].shape.size], {}
    for number, layer in enumerate(layers, 1):
        before, errors = fired[number - 1], fired[number]
        found = _connection(layer, before, errors, sharing == "accumulated")
        if number > 1:
            found["graded_synops"] = {"backward": round(errors * _synapses(layer) / layer.shape.size)}
        connections[f"{'conv' if layer.is_conv else 'dense'}{number}"] = found
    sizes = [layers[0].source.size, *(layer.shape.size for layer in layers)]
    output = {"backward": sizes[-1]}
    counts = with_neurons(connections, sizes, spikes, steps, active, ("forward", "backward"))
    return counts | {"error": {"spikes": output, "spike_messages": output}}


def _synapses(layer: Layer) -> int:
    """Pairs of an input and a neuron between which a synapse lies."""
    if not layer.is_conv:
        return layer.source.size * layer.shape.size
    return int(synapses_of(layer, None, shared=True, planar=False)[0].sum())


def _connection(layer: Layer, before: int, errors: int, shared: bool) -> dict[str, dict[str, int]]:
    """Forward and learning counts of one connection."""
    synapses, n_pre, n_post = _synapses(layer), layer.source.size, layer.shape.size
    read = round(before * synapses / n_pre)
    before, errors = min(before, n_pre), min(errors, n_post)
    products = round(before * errors * synapses / (n_pre * n_post))
    counts = {"synops": {"forward": read}, "effective_updates": {"update": products}}
    if not layer.is_conv:
        return counts | {"synaptic_updates": {"update": before * n_post}, "weight_writes": {"update": products}}
    rows, columns = layer.weights_shape(shared)
    if shared:
        weights = rows * columns
        counts["effective_updates"] = {"update": min(products, weights)}
        return counts | {
            "synaptic_updates": {"update": weights},
            "weight_writes": {"update": min(products, weights)},
            "host_ops": {"update": products + weights},
        }
    visits = before * layer.kernel**2 * columns
    return counts | {"synaptic_updates": {"update": visits}, "weight_writes": {"update": products}}


def _check(layers: Sequence[Layer], spikes: Sequence[int], steps: int, rule: str) -> None:
    """Refuse numbers that do not fit the layers: every sender spikes once a sample at most, or once a step."""
    senders = [layers[0].source.size, *(layer.pooled.size for layer in layers[:-1])]
    once = "a pixel, or a square of neurons, spikes once a sample at most"
    if rule == "mpd-ed":
        senders = [steps * n for n in (senders[0], *(layer.shape.size for layer in layers[:-1]))]
        once = "a neuron spikes once a step at most"
    fit = len(spikes) == len(senders) and all(isinstance(n, int) for n in spikes)
    if not fit or not all(0 <= n <= most for n, most in zip(spikes, senders, strict=True)):
        raise ConfigError(
            f"spikes are {tuple(spikes)}: {len(senders)} numbers are needed, inputs first, none for the output, of "
            f"0 … {', '.join(map(str, senders))}: {once}"
        )
    if not 1 <= steps <= 2**31 - 1:
        raise ConfigError(f"steps is {steps}: at least 1 is needed")


def estimate_convolutions(
    arch: str,
    image: tuple[int, int, int],
    spikes: Sequence[int],
    steps: int,
    price_list: PriceList | str | os.PathLike[str] = "loihi1-davies2018",
    chip: str = "loihi2",
    rule: str = "std-ed",
) -> dict[str, Any]:
    """What one training sample would cost, and what the net takes of a chip, for either way to share weights.

    Parameters
    ----------
    arch : str
        Layers, such as ``24c5-p2-48c3-p2-10``.
    image : (int, int, int)
        Channels, height, width.
    spikes, steps
        What `conv_sample_counts` takes.
    chip : str
        One of `CHIPS`.
    rule : {"std-ed", "mpd-ed"}

    Returns
    -------
    dict
        Ready for JSON: ``sharing``: for each way ``counts`` (visits, writes at most, host operations, messages),
        ``microjoules`` (``low``, ``high``, all neurons idle or active) and ``chip``: cores and KiB of synapses, or
        ``refused``, why no chip holds it.

    Raises
    ------
    ConfigError, ChipLimitError
        If the numbers do not fit each other, or the net its registers.
    """
    prices, found = load_price_list(price_list), dict[str, Any]()
    if chip not in CHIPS:
        raise ConfigError(f"chip {chip!r} is unknown: use one of {', '.join(CHIPS)}")
    for sharing in SHARINGS:
        settings: Any = {"arch": arch, "image": image, "steps": steps, "weight_rounding": "carry", "sharing": sharing}
        if rule not in ("std-ed", "mpd-ed"):
            raise ConfigError(f"rule {rule!r}: convolutions learn by std-ed or mpd-ed")
        learned = STDED(2.0**-12) if rule == "std-ed" else MPDED(2.0**-12)
        spec = NetworkSpec((), learned, learning="replayed" if rule == "std-ed" else "aggregated", **settings)
        low, high = (conv_sample_counts(spec.connections, spikes, steps, sharing, each, rule) for each in (False, True))
        totals = total(high)
        cost = [energy_report(counts, 1, prices)["microjoules_per_sample"]["dynamic"] for counts in (low, high)]
        found[sharing] = {
            "counts": {said: sum(totals[counter].values()) for said, counter in _TOLD.items()},
            "microjoules": {"low": cost[0], "high": cost[1]},
            "chip": _placed(spec, chip),
        }
    return {
        "arch": arch, "image": list(image), "spikes": list(spikes), "steps": steps, "rule": rule,
        "price_list": prices.name, "caveat": prices.caveat, "sharing": found,
    }  # fmt: skip


def _placed(spec: NetworkSpec, chip: str) -> dict[str, Any]:
    """Cores and synaptic memory of a net, or why a chip does not hold it."""
    try:
        mapping = map_network(spec, CHIPS[chip])
    except ChipLimitError as error:
        return {"name": chip, "refused": str(error)}
    bits = sum(sum(mapping.synaptic_bits(layer).values()) for layer in range(len(mapping.sizes)))
    return {"name": chip, "cores": sum(map(len, mapping.cores)), "chips": mapping.chips, "synapse_kib": bits / 8192}
