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

DECIDED, CLOCK, OVERFLOWS = range(3)
"""What the loop counts of its progress: decisions, steps, states that left their register."""
