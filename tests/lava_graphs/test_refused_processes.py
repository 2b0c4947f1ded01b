"""Every process of Lava's library runs on the engine, or stands among the documented refusals."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

import lava.proc.io
from lava.magma.core.process.process import AbstractProcess

from lava_ed.engine import supported

pytestmark = pytest.mark.lava
PAGE = Path(__file__).resolve().parents[2] / "docs" / "divergences.md"


def processes() -> Iterator[type]:
    """Process classes of `lava.proc.io`, which bring data in and out of a net."""
    for info in pkgutil.iter_modules(lava.proc.io.__path__, "lava.proc.io."):
        module = importlib.import_module(info.name)
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, AbstractProcess) and cls.__module__ == info.name:
                yield cls


def test_input_and_output_processes_run_or_are_documented() -> None:
    """Hosted ones need a word only if their models are asynchronous, which Lava itself selects by name alone."""
    found = {cls.__name__ for cls in processes() if not cls.__name__.startswith("Abstract")}
    assert {"RingBuffer", "Read", "DeltaEncoder"} <= found
    found -= {"Read", "DeltaEncoder", "VarWire"}
    page = PAGE.read_text(encoding="utf-8").split("## Refused, though Lava runs it")[1]
    assert [name for name in sorted(found - set(supported())) if name not in page] == []
