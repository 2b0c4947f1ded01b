"""Names and order of the operation counters, shared by every process, engine op and report.

A process holds one int64 Var ``counters`` of shape ``(N_COUNTERS, N_PHASES)``; what one count
means is written beside each name.
"""

from __future__ import annotations

import os
from typing import Any, Final

from lava_ed.errors import BackendError

UNCOUNTED: Final = "LAVA_ED_UNCOUNTED"
"""Environment variable of the processes in which `lava-ed bench energy` runs our nets without their counters."""
COUNTING: Final = os.environ.get(UNCOUNTED) != "1"
"""Whether our kernels count; a constant in compiled code, so that what only feeds a counter is not compiled at all."""

COUNTERS: Final = (
    "spikes",  # one spike, binary or graded, emitted by a neuron
    "spike_messages",  # one spike delivered to one destination neurocore
    "hops",  # one mesh hop of one message (needs a mapping)
    "synops",  # one stored non-zero synapse read for a binary spike
    "graded_synops",  # one stored non-zero synapse read for a graded spike
    "neuron_updates_active",  # one neuron, one step, with input, spike or pending state change
    "neuron_updates_idle",  # one neuron, one step, with none of these
    "synaptic_updates",  # one synapse visited by the learning engine
    "effective_updates",  # of those, the ones whose product is not zero
    "weight_writes",  # one synapse whose stored weight changed
    "trace_updates",  # one trace written
    "host_ops",  # one operation done off the neurocores
    "barrier_steps",  # one time step's synchronisation
)
PHASES: Final = ("forward", "backward", "update")

N_COUNTERS: Final = len(COUNTERS)
N_PHASES: Final = len(PHASES)
ALL_COUNTERS: Final = N_COUNTERS * N_PHASES

SPIKES: Final = 0
SPIKE_MESSAGES: Final = 1
HOPS: Final = 2
SYNOPS: Final = 3
GRADED_SYNOPS: Final = 4
NEURON_ACTIVE: Final = 5
NEURON_IDLE: Final = 6
SYNAPTIC_UPDATES: Final = 7
EFFECTIVE_UPDATES: Final = 8
WEIGHT_WRITES: Final = 9
TRACE_UPDATES: Final = 10
HOST_OPS: Final = 11
BARRIER_STEPS: Final = 12

FORWARD: Final = 0
BACKWARD: Final = 1
UPDATE: Final = 2


def check_counting() -> None:
    """Refuse to show counters in a process whose kernels count nothing.

    Raises
    ------
    BackendError
        If the environment variable `UNCOUNTED` is 1.
    """
    if not COUNTING:
        raise BackendError(
            f"this process was started with {UNCOUNTED}=1, to run without counters: start it without that variable"
        )


def named_counts(values: Any) -> dict[str, dict[str, int]]:
    """A Var ``counters`` by the names of counters and phases."""
    return {counter: {phase: int(values[i, j]) for j, phase in enumerate(PHASES)} for i, counter in enumerate(COUNTERS)}
