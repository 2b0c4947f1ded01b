"""Figures of an epoch out of counter readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lava_ed.kernels.neuron import threshold_from_step
from lava_ed.network.spec import NetworkSpec
from lava_ed.train.backend import Counts

_kappa: Callable[[int], int] = threshold_from_step


def difference(after: Counts, before: Counts) -> Counts:
    """Counts between two readings."""
    return {
        node: {
            name: {phase: count - before[node][name][phase] for phase, count in phases.items()}
            for name, phases in counters.items()
        }
        for node, counters in after.items()
    }


def summed(counts: Counts, counter: str, *phases: str) -> int:
    """A counter over all processes and these phases (default: all)."""
    return sum(
        count
        for counters in counts.values()
        for phase, count in counters[counter].items()
        if not phases or phase in phases
    )


def totals(counts: Counts) -> dict[str, dict[str, int]]:
    """Counter → phase → count over all processes."""
    result: dict[str, dict[str, int]] = {}
    for counters in counts.values():
        for name, phases in counters.items():
            into = result.setdefault(name, dict.fromkeys(phases, 0))
            for phase, count in phases.items():
                into[phase] += count
    return result


def per_sample(counts: Counts, samples: int) -> dict[str, dict[str, float]]:
    """Counter → phase → count over all processes, for one sample."""
    return {n: {p: c / max(samples, 1) for p, c in phases.items()} for n, phases in totals(counts).items()}


def activity(spec: NetworkSpec, counts: Counts, samples: int) -> dict[str, Any]:
    """What a sample cost on average.

    Returns
    -------
    dict
        ``spikes_per_neuron`` (forward, of each hidden layer), ``backward_messages`` (messages
        delivered in the backward phase), ``weight_writes``, ``synaptic_updates``.
    """
    n = max(samples, 1)
    return {
        "spikes_per_neuron": {
            f"hidden{layer}": counts[f"hidden{layer}"]["spikes"]["forward"] / (n * spec.sizes[layer])
            for layer in spec.hidden
        },
        "backward_messages": summed(counts, "spike_messages", "backward") / n,
        "weight_writes": summed(counts, "weight_writes") / n,
        "synaptic_updates": summed(counts, "synaptic_updates") / n,
    }


def thresholds(steps: Mapping[str, Any]) -> dict[str, int]:
    """Thresholds κ (θ in MPD-ED) of every layer that has one, out of its step.

    Parameters
    ----------
    steps : mapping of node to int array (1,)
    """
    return {node: int(_kappa(int(step[0]))) for node, step in sorted(steps.items())}
