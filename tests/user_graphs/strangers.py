"""Processes that the engine has never heard of, in a folder of their own for the reason that layers.py gives."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess

from lava_ed.proc import AFTIF


class Stranger(AbstractProcess):
    """Has no ProcessModel at all."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.s_in = InPort(shape=(3,))
        self.s_out = OutPort(shape=(3,))


class Offspring(AFTIF):
    """May have another model than its parent, so it is not lowered as its parent."""
