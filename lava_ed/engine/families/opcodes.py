"""Numbers of the ops; the interpreter dispatches on them, most frequent first."""

from __future__ import annotations

from typing import Final

ENCODER_LOAD: Final = 1
ENCODER_SPIKES: Final = 2
LABEL: Final = 3
DENSE_RESET: Final = 10
DENSE_FORWARD: Final = 11
DENSE_REPLAY: Final = 12
DENSE_BACKWARD: Final = 13
DENSE_LEARN: Final = 14
DENSE_APPLY_TAG: Final = 15
AFTIF_RESET: Final = 20
AFTIF_INTEGRATE: Final = 21
AFTIF_FIRE: Final = 22
AFTIF_BACKWARD: Final = 23
AFTLIF_RESET: Final = 30
AFTLIF_FORWARD: Final = 31
AFTLIF_REPLAY: Final = 32
READOUT_ACCUMULATE: Final = 40
PORTS: Final = 44
ADAPT: Final = 45
SOFTMAX_RESET: Final = 50
SOFTMAX_ERROR: Final = 51
JOIN_CLEAR: Final = 60
JOIN_VECTOR: Final = 61
JOIN_EVENTS: Final = 62
JOIN_LIST: Final = 63
LIF_STEP: Final = 64
SPIKES_FORWARD: Final = 65
RING_SOURCE: Final = 66
RING_SINK: Final = 67
MONITOR: Final = 68
"""From JOIN_CLEAR to here: what most graphs of Lava's processes are made of, and `core_op` does."""
SPIKES_DELAYED: Final = 70
TRACES_RECEIVE: Final = 71
TRACES_LEARN: Final = 72
SPIKE_LOADER: Final = 73
RESET: Final = 74
JOIN_PART: Final = 75
CONV_FORWARD: Final = 80
SPARSE_FORWARD: Final = 81
SPARSE_DELAYED: Final = 82
SPARSE_LEARN: Final = 83
COUNT_SPIKES: Final = 90
COUNT_EPOCH: Final = 93
COUNT_LEARNED: Final = 94
COUNT_SPARSE_EPOCH: Final = 95
COUNT_SPARSE_LEARNED: Final = 96
REAL_CLEAR: Final = 120
REAL_JOIN: Final = 121
REAL_JOIN_INTEGERS: Final = 122
REAL_JOIN_EVENTS: Final = 123
REAL_LIST: Final = 124
REAL_LIF: Final = 125
REAL_DENSE: Final = 126
REAL_DELAY_DENSE: Final = 127
REAL_SPARSE: Final = 128
REAL_DELAY_SPARSE: Final = 129
REAL_CONV: Final = 130
REAL_SOURCE: Final = 131
REAL_SINK: Final = 132
REAL_MONITOR: Final = 133

DECIDED, CLOCK, OVERFLOWS = range(3)
"""What the loop counts of its progress: decisions, steps, states that left their register."""
