"""The node of Lava's neurons that one op advances, and the fields that such ops have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.inputs import WIDE, refuse_bits, vector_input
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.op import NOWHERE, Field, number, op, writes
from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.counting import N_PHASES, NEURON_ACTIVE
from lava_ed.kernels.stock.floating import list_real_events
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.views import segment

_ARENAS: Final = {"int16": "i16", "int32": "i32", "int64": "i64", "float64": "f64", "bool": "i32"}


def message_fields(port: str, arena: str = "i32") -> dict[str, Field]:
    """Fields of what an OutPort sends: a vector, and which of its values are not 0."""
    counted = {} if arena == "f64" else {f"{port}_to": number("InPorts that a message is delivered to")}
    return {
        port: writes(arena, "n"), f"{port}_count": writes("i32"), f"{port}_events": writes("i32", "n"), **counted
    }  # fmt: skip


LAYER: Final = op("layer", n=number("neurons"), **message_fields("s_out"), counters=COUNTERS)
"""The fields with which every op of a fixed-point layer begins: what s_out sends."""
REAL_LAYER: Final = op("real_layer", n=number("neurons"), **message_fields("s_out", "f64"))
"""As `LAYER`, of floating-point models, which count nothing."""


@kernel_part
def send(n, sent, count, events, destinations, counters, i32, i64):  # type: ignore[no-untyped-def]
    """List the values that are not 0, and count them."""
    found = list_events(segment(i32, sent, n), segment(i32, events, n))
    i32[count] = found
    add_spikes(counters, found, destinations, i64)


@kernel_part
def send_layer(a, i32, i64):  # type: ignore[no-untyped-def]
    """List and count what s_out sends, and count all neurons as active, for an op that begins with `LAYER`."""
    f = LAYER
    if a[f.counters] >= 0:
        i64[a[f.counters] + NEURON_ACTIVE * N_PHASES] += a[f.n]
    send(a[f.n], a[f.s_out], a[f.s_out_count], a[f.s_out_events], a[f.s_out_to], a[f.counters], i32, i64)


@kernel_part
def send_real_layer(a, i32, f64):  # type: ignore[no-untyped-def]
    """List what s_out sends, for an op that begins with `REAL_LAYER`."""
    f = REAL_LAYER
    sent, events = segment(f64, a[f.s_out], a[f.n]), segment(i32, a[f.s_out_events], a[f.n])
    i32[a[f.s_out_count]] = list_real_events(sent, events)


@dataclass(kw_only=True)
class NeuronNode(Node):
    """A layer of neurons that an op of their own advances; all of them count as active in every step.

    Parameters
    ----------
    step : namedtuple
        The op, whose fields have the names of Vars and ports; one of the group "floating" computes with real numbers.
    shape : tuple
    state : mapping of str to array
        Initial values of the Vars, in the type in which they are held.
    inputs : tuple of str
        InPorts.
    numbers : mapping of str to int
        Plain numbers of the op.
    uncompiled : range
        Bits of integers that must not come in, because Lava would compute in as many.
    """

    step: Any
    shape: tuple[int, ...]
    state: Mapping[str, npt.NDArray[Any]]
    inputs: tuple[str, ...] = ("a_in",)
    numbers: Mapping[str, int] = field(default_factory=dict)
    uncompiled: range = WIDE

    def declare(self, asm: Assembler) -> None:
        """Vars of the process, and the signals of its OutPorts."""
        at, n, real = self.at, int(np.prod(self.shape)), self.step.op.group == "floating"
        for name, values in self.state.items():
            asm.var(self, name, values.shape, values, _ARENAS[values.dtype.name])
            if values.dtype == bool:
                asm.variables[self.name, name] = replace(asm.variables[self.name, name], flag=True)
        at.update(n=n, **self.numbers)
        for port in [name.removesuffix("_count") for name in self.step.op.fields if name.endswith("_count")]:
            sent = at[port] = asm.scratch(n, "f64" if real else "i32")
            vector, held = (NOWHERE, sent) if real else (sent, NOWHERE)
            signal = Signal(n, asm.scratch(1), asm.scratch(n), vector=vector, real=held)
            asm.signals[self.name, port] = signal
            at |= {f"{port}_count": signal.count, f"{port}_events": signal.events}
        if not real:
            asm.counters(self, n)

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        real = self.step.op.group == "floating"
        if not real:
            refuse_bits(asm, self, self.inputs, self.uncompiled)
        inputs = {port: vector_input(asm, self, port, self.at["n"], real=real) for port in self.inputs}
        if real:
            asm.every_step(RUN, self.step, self.at, **inputs)
            return
        names = [name.removesuffix("_to") for name in self.step.op.fields if name.endswith("_to")]
        targets = {f"{port}_to": asm.destinations(self, port) for port in names}
        asm.counted_step(RUN, self.step, self, self.at, **inputs, **targets)
