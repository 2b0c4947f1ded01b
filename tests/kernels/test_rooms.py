"""Rooms of the kernels: imports between them point one way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lava_ed.kernels

FOLDER = Path(lava_ed.kernels.__file__).parent
MAY_IMPORT = {
    "": set(),
    "vectors": {"vectors"},
    "loihi": {"vectors", "loihi"},
    "stock": {"vectors", "stock"},
    "baselines": {"vectors", "loihi", "baselines"},
    "recordings": {"recordings"},
}


def test_every_room_has_its_place():
    assert {path.parent.name for path in FOLDER.glob("*/__init__.py")} | {""} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room):
    text = "".join(path.read_text() for path in (FOLDER / room).glob("*.py"))
    rooms = "|".join(filter(None, MAY_IMPORT))
    assert set(re.findall(rf"lava_ed\.kernels\.({rooms})\b", text)) <= MAY_IMPORT[room]
