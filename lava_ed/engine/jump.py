"""When the steps of a forward window may be taken at once.

An STD-ED layer holds its membrane while it fires, and takes its input in whole windows, so that only the sums
of a window matter.  A jump over phases 0 … W·T − 1 is exact where the ops of these phases are one chain of
encoder, synapses and AFT-IF neurons, where no membrane can leave its 24 bits, and where nobody looks in between.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.families import opcodes as op
from lava_ed.kernels.fixed_point import STATE_MAX, WEIGHT_MIN
from lava_ed.network.schedule import Schedule

Table = npt.NDArray[np.int64]
NO_JUMP: Final[Table] = np.zeros((0, 3), np.int64)
_INSIDE: Final = (op.ENCODER_SPIKES, op.DENSE_FORWARD, op.AFTIF_INTEGRATE, op.AFTIF_FIRE)
_AT_START: Final = (op.ENCODER_LOAD, op.LABEL, op.DENSE_RESET, op.AFTIF_RESET, op.SOFTMAX_RESET)


def plan_jump(ops: Table, ptr: Table, order: Table, schedule: Schedule | None) -> Table:
    """Rows of the op table that a jump stands for, layer by layer, or `NO_JUMP`.

    Parameters
    ----------
    ops, ptr, order : int64
        As `Assembler.table` returns them.
    schedule : Schedule or None

    Returns
    -------
    int64 (W + 1, 3)
        (encoder, −1, −1), then (dense, integrate, fire) of each layer.
    """
    if schedule is None or not schedule.timing.in_turn:
        return NO_JUMP
    end = schedule.membrane_phase
    rows = np.unique(order[: ptr[end]])
    if not set(ops[rows, 0].tolist()) <= {*_INSIDE, *_AT_START}:
        return NO_JUMP
    if np.any(np.isin(ops[order[ptr[1] : ptr[end]], 0], _AT_START)):
        return NO_JUMP
    by_code = {code: [int(k) for k in rows if ops[k, 0] == code] for code in _INSIDE}
    return _chain(ops, by_code, schedule)


def _chain(ops: Table, by_code: dict[int, list[int]], schedule: Schedule) -> Table:
    """Follow the spikes from the encoder to the readout; `NO_JUMP` where the ops are no such chain."""
    encoders, layers = by_code[op.ENCODER_SPIKES], schedule.layers
    counts = {op.DENSE_FORWARD: layers, op.AFTIF_INTEGRATE: layers, op.AFTIF_FIRE: layers - 1}
    if len(encoders) != 1 or any(len(by_code[code]) != n for code, n in counts.items()):
        return NO_JUMP
    plan, events = [(encoders[0], -1, -1)], int(ops[encoders[0], 9])
    for layer in range(1, layers + 1):
        dense = _one(k for k in by_code[op.DENSE_FORWARD] if ops[k, 5] == events and ops[k, 7] < 0)
        if dense < 0 or not _fits(ops[dense], schedule.steps):
            return NO_JUMP
        neuron = _one(k for k in by_code[op.AFTIF_INTEGRATE] if ops[k, 2] == ops[dense, 9])
        fire = -1
        if layer < layers:
            fire = _one(k for k in by_code[op.AFTIF_FIRE] if ops[k, 3] == ops[neuron, 4])
            if fire < 0 or ops[fire, 7] != schedule.fire_start(layer):
                return NO_JUMP
            events = int(ops[fire, 8])
        if neuron < 0 or ops[dense, 14] != schedule.fire_start(layer - 1):
            return NO_JUMP
        plan.append((dense, neuron, fire))
    return np.array(plan, np.int64)


def _one(rows: Any) -> int:
    """The only row, −1 where there are none or several."""
    found = list(rows)
    return found[0] if len(found) == 1 else -1


def _fits(dense: npt.NDArray[np.int64], steps: int) -> bool:
    """Whether the largest sum of a window stays inside the membrane's register, whatever the weights."""
    largest = int(dense[1]) * -WEIGHT_MIN * steps << max(int(dense[8]), 0)
    return largest + steps * steps <= STATE_MAX
