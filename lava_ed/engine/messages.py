"""Messages of the step that was run last, read from the signals that ops exchange."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.program import Program
from lava_ed.errors import BackendError


def last_message(program: Program, node: str, port: str) -> npt.NDArray[Any]:
    """What an OutPort sent in the step that was run last, as a vector.

    Synapses are left out: what they send is their Var a_buff or e_buff of one step before.

    Raises
    ------
    BackendError
        If the program has no such OutPort, or nobody reads the payloads that it sends.
    """
    signal = program._signals.get((node, port))
    if signal is None:
        raise BackendError(f"{node}.{port} is no OutPort of this program")
    i32 = program._memory.arrays["i32"]
    if signal.wanted >= 0 and not i32[signal.wanted]:
        raise BackendError(f"nobody reads the payloads of {node}.{port}, so that they are not kept: read its Var data")
    if signal.events < 0:
        return i32[signal.values : signal.values + signal.size].copy()
    vector = np.zeros(signal.size, np.int32)
    fired = i32[signal.events : signal.events + int(i32[signal.count])]
    vector[fired] = i32[signal.payloads + fired] if signal.payloads >= 0 else 1
    return vector
