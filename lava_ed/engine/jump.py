"""When the steps of a forward window may be taken at once.

An STD-ED layer holds its membrane while it fires, and takes its input in whole windows, so that only the sums
of a window matter.  A jump over phases 0 … W·T − 1 is exact where the ops of these phases are one chain of
encoder, synapses and AFT-IF neurons, where no membrane can leave its 24 bits, and where nobody looks in between.
Under MPD-ED inputs of equal rate spike together, so that a jump over phases 0 … W + T − 2 reads the row of each once,
under the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Row
from lava_ed.engine.families.aft_if import AFTIF_FIRE, AFTIF_INTEGRATE, AFTIF_RESET
from lava_ed.engine.families.aft_if_map import MAP_CLEAR, MAP_FIRE, MAP_INTEGRATE, MAP_RESET
from lava_ed.engine.families.aft_lif import AFTLIF_FORWARD, AFTLIF_RESET
from lava_ed.engine.families.conv_windows import CONV_SHOW_WEIGHTS
from lava_ed.engine.families.encoder import ENCODER_LOAD, ENCODER_SPIKES, LABEL, RATE
from lava_ed.engine.families.plastic_conv import CONV_FORWARD_SPIKES, CONV_RESET
from lava_ed.engine.families.plastic_dense import DENSE_FORWARD, DENSE_RESET
from lava_ed.engine.families.rate_window import AT_A_RATE
from lava_ed.engine.families.readout import READOUT_ACCUMULATE, SOFTMAX_RESET
from lava_ed.engine.op import NOWHERE
from lava_ed.kernels.fixed_point import STATE_MAX, WEIGHT_MIN
from lava_ed.network.schedule import Schedule

NO_JUMP: Final[npt.NDArray[np.int64]] = np.zeros((0, 3), np.int64)
INSIDE: Final = (
    (ENCODER_SPIKES,),
    (DENSE_FORWARD, CONV_FORWARD_SPIKES),
    (AFTIF_INTEGRATE, MAP_INTEGRATE),
    (AFTIF_FIRE, MAP_FIRE),
)
"""Ops that a jump stands for."""
INSIDE_RATES: Final = ((ENCODER_SPIKES,), (DENSE_FORWARD,), (AFTLIF_FORWARD, READOUT_ACCUMULATE), ())
"""The same of inputs that spike at a rate."""
AT_START: Final = (ENCODER_LOAD, LABEL, DENSE_RESET, AFTIF_RESET, AFTLIF_RESET, SOFTMAX_RESET)
"""Ops that run before a jump."""
MAPS_AT_START: Final = (CONV_RESET, MAP_RESET)
"""The same of nets with convolutions."""
FOR_STEPS: Final = (CONV_SHOW_WEIGHTS, MAP_CLEAR)
"""Ops of windows that run step by step, which a jump leaves out."""


def plan_jump(rows: Sequence[Row], schedule: Schedule | None) -> npt.NDArray[np.int64]:
    """Rows of the op table that a jump stands for, layer by layer, or `NO_JUMP`.

    Returns
    -------
    int64 (W + 1, 3)
        (encoder, −1, −1), then (synapses, integrate, fire) of each layer; or, where inputs spike at a rate,
        (encoder, AT_A_RATE, −1), then (synapses, neurons, −1).
    """
    if schedule is None or not (schedule.timing.in_turn or schedule.timing.replays):
        return NO_JUMP
    window = {k: row for k, row in enumerate(rows) if row.start < min(row.stop, schedule.membrane_phase)}
    ops = [{each.op for each in kinds} for kinds in (INSIDE if schedule.timing.in_turn else INSIDE_RATES)]
    found = [[k for k, row in window.items() if row.op in kinds] for kinds in ops]
    first = {declared.op for declared in (*AT_START, *MAPS_AT_START)}
    inside = {declared.op for declared in FOR_STEPS}.union(*ops)
    if any(row.op not in inside and (row.op not in first or row.stop > 1) for row in window.values()):
        return NO_JUMP
    return _chain(rows, found, schedule)


def _chain(rows: Sequence[Row], found: list[list[int]], schedule: Schedule) -> npt.NDArray[np.int64]:
    """Follow the spikes from the encoder to the readout; `NO_JUMP` where the ops are no such chain."""
    encoders, denses, neurons, fires = found
    layers, ramps = schedule.layers, schedule.timing.in_turn
    if [len(encoders), len(denses), len(neurons), len(fires)] != [1, layers, layers, (layers - 1) * ramps]:
        return NO_JUMP
    if not ramps and rows[encoders[0]].fields["kind"] != RATE:
        return NO_JUMP
    plan, sender = [(encoders[0], -1 if ramps else AT_A_RATE, -1)], encoders[0]
    for layer in range(1, layers + 1):
        events = rows[sender].fields["events"]
        dense = _one(k for k in denses if rows[k].fields["events"] == events)
        if dense < 0 or not _fits(rows[dense], schedule):
            return NO_JUMP
        a_buff = rows[dense].fields["a_buff"]
        neuron = _one(k for k in neurons if rows[k].fields["a_in"] == a_buff)
        if neuron < 0 or rows[dense].fields["first"] != schedule.fire_start(layer - 1):
            return NO_JUMP
        sender = -1
        if not ramps:
            first = schedule.fire_start(layer) if layer < layers else None
            if rows[neuron].fields.get("first") != first:
                return NO_JUMP
            plan.append((dense, neuron, -1))
            sender = neuron
            continue
        if layer < layers:
            v = rows[neuron].fields["v"]
            sender = _one(k for k in fires if rows[k].fields["v"] == v)
            if sender < 0 or rows[sender].fields["first"] != schedule.fire_start(layer):
                return NO_JUMP
        plan.append((dense, neuron, sender))
    return np.array(plan, np.int64)


def _one(rows: Iterable[int]) -> int:
    """The only row, −1 where there are none or several."""
    found = list(rows)
    return found[0] if len(found) == 1 else -1


def _fits(row: Row, schedule: Schedule) -> bool:
    """Whether spikes are binary and the largest sum of a window stays inside the membrane's register.

    A convolution can be jumped over only if its source also sends the value of every input, the field ``x``.
    """
    dense, steps = row.fields, schedule.steps
    if row.op is CONV_FORWARD_SPIKES.op:
        return dense["x"] != NOWHERE and dense["fan_in"] * -WEIGHT_MIN * steps + steps * steps <= STATE_MAX
    largest = dense["n_pre"] * -WEIGHT_MIN * steps << max(dense["weight_exponent"], 0)
    return dense["payloads"] == NOWHERE and largest + steps * steps <= STATE_MAX
