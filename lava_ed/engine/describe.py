"""A lowered program in words and numbers: what `lava-ed info GRAPH.py:NAME` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lava_ed.engine.assembler import STAGES
from lava_ed.engine.memory import ARENAS
from lava_ed.engine.op import Field
from lava_ed.engine.program import Program
from lava_ed.errors import ConfigError

SPIKE_RATE: Final = 0.05
"""Share of neurons that spike in a step, unless the caller gives another."""


def describe_program(program: Program, spike_rate: float = SPIKE_RATE) -> dict[str, Any]:
    """Ops in order, delays, state sizes, and the estimated cost of a step.

    Parameters
    ----------
    program : Program
    spike_rate : float
        Share of the neurons that spike in a step, 0 … 1; every estimate rests on it.

    Raises
    ------
    ConfigError
        If `spike_rate` is no share.
    """
    if not 0 <= spike_rate <= 1:
        raise ConfigError(f"spike rate {spike_rate} is no share of neurons: 0 … 1 is possible")
    processes = [_process(program, name, spike_rate) for name in program.node_names]
    totals = ("synaptic_operations", "neuron_updates", "bytes_touched")
    return {
        "period": program.period,
        "processes": processes,
        "ops": _ops(program),
        "bytes": {name: int(array.nbytes) for name, array in program._memory.arrays.items()},
        "estimate": {"spike_rate": spike_rate} | {key: sum(p[key] for p in processes) for key in totals},
    }


def _ops(program: Program) -> list[dict[str, Any]]:
    """The op table, in the order in which a step runs it."""
    return [
        {
            "op": row.op.name,
            "process": row.owner,
            "stage": STAGES[row.stage],
            "phases": [row.start, row.stop],
            "fields": {name: _field(field, int(row.fields[name]), row.fields) for name, field in row.op.fields.items()},
        }
        for row in program.rows
    ]


def _field(field: Field, value: int, row: Mapping[str, int]) -> dict[str, Any]:
    """One field: a number, or a region by its offset, which is −1 where there is none."""
    region = {"arena": field.arena, "access": field.access, "length": field.size(row)}
    return {"value": value} | (region if field.arena else {})


def _process(program: Program, name: str, rate: float) -> dict[str, Any]:
    """One process: Vars, delay, bytes, and its share of a step."""
    # What is counted is no state of the net.
    names = [key for key in program._variables if key[0] == name and key[1] != "counters"]
    slots = {key[1]: program._variables[key].slot for key in names}
    size = {var: slot.size * np.dtype(ARENAS[slot.arena]).itemsize for var, slot in slots.items()}
    weights = next((var for var in ("weights", "weight") if var in slots), None)
    operations = rate * _synapses(program, name, weights) if weights else 0.0
    neurons = slots["v"].size if "v" in slots else 0
    per_weight = size[weights] / max(slots[weights].size, 1) if weights else 0.0
    state = sum(size[var] for var in ("u", "v", "a_buff", "a_buf", "bias_mant", "bias_exp") if var in size)
    return {
        "process": name,
        "kind": program.kinds[name][0],
        "delay": _delay(program, name),
        "bytes": sum(size.values()),
        "synaptic_operations": round(operations),
        "neuron_updates": neurons,
        "bytes_touched": round(operations * per_weight) + state,
    }


def _delay(program: Program, name: str) -> int:
    """Steps from what a process receives to what others receive from it: 1 for synapses, and their own delays."""
    delayed = program.kinds[name][1]
    own = int(np.max(program.get(name, "delays"), initial=0)) if (name, "delays") in program._variables else 0
    return int(delayed) + own


def _synapses(program: Program, name: str, weights: str) -> float:
    """Synaptic operations in a step in which every neuron before the process spikes."""
    if weights == "weights":
        return float(program._variables[name, weights].slot.size)
    kernel = program._variables[name, weights].shape
    groups, stride = (np.prod(program.get(name, var)) for var in ("groups", "stride"))
    inputs = sum(program._signals[c.source, c.out_port].size for c in program.connections if c.target == name)
    return float(inputs * np.prod(kernel[:-1]) / (groups * stride))
