"""Windows that are jumped over: same integers as step by step, and only where that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from nets import samples, small_spec

from lava_ed.engine import build_program
from lava_ed.engine.assembler import Row
from lava_ed.engine.families.aft_lif import AFTLIF_FORWARD
from lava_ed.engine.jump import NO_JUMP, plan_jump
from lava_ed.engine.program import Program
from lava_ed.network import NetworkSpec

SAMPLES = 30
SPECS = {
    "one hidden layer": small_spec("std-ed", (8,)),
    "no hidden layer": small_spec("std-ed", ()),
    "three hidden layers": small_spec("std-ed", (8, 7, 6), error_shift=1),
    "random feedback": small_spec("std-ed", (8, 7), feedback="random"),
    "first spike": small_spec("std-ed", (8,), readout="first-spike"),
    "weight exponents": small_spec("std-ed", (8,), weight_exponents=(2, -3)),
    "long window": small_spec("std-ed", (8,), steps=127),
    "rates": small_spec("mpd-ed", (8,)),
    "rates, three hidden layers": small_spec("mpd-ed", (8, 7, 6), dv=300),
    "rates, aggregated": small_spec(
        "mpd-ed", (8, 7), learning="aggregated", input_drop=64, weight_exponents=(1, 0, -2)
    ),
    "rates, first spike": small_spec("mpd-ed", (8,), readout="first-spike"),
    "rates, no hidden layer": small_spec("mpd-ed", (), steps=32, learning="aggregated"),
}


def programs(spec: NetworkSpec) -> tuple[Program, Program]:
    """The net twice, the second without jumps, on the same samples."""
    pair = build_program(spec), build_program(spec)
    images, labels = samples(8)
    for program in pair:
        program.bind(images)
        program._order_samples(np.arange(8), labels)
    pair[1]._plan = NO_JUMP
    return pair


def assert_same(one: Program, other: Program) -> None:
    assert one.time_step == other.time_step
    for node, var in one.variables:
        np.testing.assert_array_equal(one.get(node, var), other.get(node, var), err_msg=f"{node}.{var}")


@pytest.mark.parametrize("name", SPECS)
def test_jumps_change_nothing(name: str) -> None:
    """All Vars and counters, at sample ends and, because what follows depends on them, some steps later."""
    jumping, stepping = programs(SPECS[name])
    period = SPECS[name].schedule.period
    assert len(jumping._plan) == len(SPECS[name].layers) + 1
    for steps in (SAMPLES * period, 1, period // 2, 3 * period, 2 * period):
        for program in (jumping, stepping):
            program.run(steps)
        assert_same(jumping, stepping)
    first = jumping.get("dense1", "weights")
    assert np.any(first != build_program(SPECS[name]).get("dense1", "weights")), "nothing was learned"


def test_a_message_written_into_a_synapse_is_not_lost() -> None:
    """What the user puts into a_buff between two samples reaches the neurons, as it does step by step."""
    jumping, stepping = programs(SPECS["one hidden layer"])
    for program in (jumping, stepping):
        program.run(program.period)
        program.set("dense1", "a_buff", np.full(8, 5000))
        program.run(2 * program.period)
    assert_same(jumping, stepping)


def changed(program: Program, row: int, **fields: int) -> list[Row]:
    """The rows of a program, of which one has other values."""
    rows = list(program.rows)
    rows[row] = rows[row]._replace(fields={**rows[row].fields, **fields})
    return rows


def test_no_jump_where_a_membrane_could_overflow() -> None:
    """The last window at which the largest sums fit 24 bits: 12 inputs of 256 with exponent 7 need T ≤ 21."""
    fits = build_program(small_spec("std-ed", (), steps=21, weight_exponents=(7,)))
    assert len(fits._plan) == 2
    assert plan_jump(changed(fits, fits._plan[1, 0], n_pre=24), fits.schedule) is NO_JUMP


def test_no_jump_for_other_schedules() -> None:
    for settings in (
        {"encoder": "current"},
        {"encoder": "ttfs"},
        {"steps": 32, "weight_exponents": (7, 7)},
    ):
        program = build_program(small_spec("mpd-ed", (8,), **settings))
        assert program._plan is NO_JUMP, settings
    assert plan_jump(program.rows, None) is NO_JUMP


def test_no_jump_where_the_chain_is_broken() -> None:
    """A fire op at other phases, an op of another kind inside, or synapses that read other spikes."""
    program = build_program(SPECS["one hidden layer"])
    plan, schedule = program._plan, program.schedule
    assert plan_jump(program.rows, schedule).tolist() == plan.tolist()
    for row, fields in ((plan[1, 2], {"first": 1}), (plan[2, 0], {"events": 3}), (plan[1, 0], {"first": 2})):
        assert plan_jump(changed(program, row, **fields), schedule) is NO_JUMP
    rows = list(program.rows)
    rows[plan[1, 1]] = rows[plan[1, 1]]._replace(op=AFTLIF_FORWARD.op)
    assert plan_jump(rows, schedule) is NO_JUMP
