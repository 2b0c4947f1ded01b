"""What learning costs on any simulator or chip, in counts that need no price: docs/learning-cost.md defines them."""

from __future__ import annotations

from typing import Final

from lava_ed.energy.counting import Counters, check_samples, total

METRICS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "synapses_visited": (("synaptic_updates", "update"),),
    "plasticity_operations": (("effective_updates", "update"),),
    "weight_writes": (("weight_writes", "update"),),
    "trace_writes": (("trace_updates", "update"),),
    "backward_messages": (("spike_messages", "backward"),),
    "backward_synapses": (("synops", "backward"), ("graded_synops", "backward")),
}
"""Counters and phases that each metric adds up."""


def learning_cost(counters: Counters, samples: int) -> dict[str, float]:
    """Counts of learning per training sample: M = Σ counts of M over all nodes / samples.

    Parameters
    ----------
    counters
        node → counter → phase → count, over all samples.
    samples : int
        Training samples presented, those that changed nothing included.

    Returns
    -------
    dict
        Each of `METRICS` by its name.

    Raises
    ------
    ConfigError
        If the counts are malformed, or `samples` is not a positive integer.

    Examples
    --------
    >>> counters = {"fc": {"synaptic_updates": {"update": 800}, "graded_synops": {"backward": 40}}}
    >>> cost = learning_cost(counters, 10)
    >>> cost["synapses_visited"], cost["backward_synapses"], cost["weight_writes"]
    (80.0, 4.0, 0.0)

    Notes
    -----
    NeuroBench (Yik et al., Nature Communications 2025) counts inference only; the metrics have its form, a mean a
    sample of operations that the hardware would do.
    """
    n, counts = check_samples(samples), total(counters)
    return {name: sum(counts[counter][phase] for counter, phase in parts) / n for name, parts in METRICS.items()}
