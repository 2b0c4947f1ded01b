"""What is exported: `__all__` is sorted, and every name in it exists."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re

import pytest

import lava_ed
from lava_ed.errors import LavaNotInstalledError

PUBLIC = [
    "lava_ed",
    *(f"lava_ed.{info.name}" for info in pkgutil.iter_modules(lava_ed.__path__) if info.name[0] != "_"),
]
HAS_LAVA = importlib.util.find_spec("lava") is not None


def order(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """Key of the order that ruff's RUF022 writes: constants, classes, the rest, digits as numbers."""
    group = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return group, [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def needs_lava(error: ImportError) -> bool:
    """Whether an import failed because Lava is not there, which only a newer Python excuses."""
    missing_lava = isinstance(error, LavaNotInstalledError) or (error.name or "").split(".")[0] == "lava"
    return missing_lava and not HAS_LAVA


@pytest.fixture(params=PUBLIC)
def public(request):
    """Each public module in turn."""
    try:
        return importlib.import_module(request.param)
    except ImportError as error:
        if needs_lava(error):
            pytest.skip(f"{request.param} needs lava-nc")
        raise


def test_all_is_sorted_and_without_repetition(public):
    names = list(getattr(public, "__all__", []))
    assert names == sorted(set(names), key=order)


def test_every_name_resolves(public):
    for name in getattr(public, "__all__", []):
        try:
            getattr(public, name)
        except ImportError as error:
            if not needs_lava(error):
                raise


def test_lazy_names_are_exported():
    assert set(lava_ed.__all__) == {*lava_ed._LAZY, "__version__"}
    assert dir(lava_ed) == sorted(lava_ed.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lava_ed.nothing  # noqa: B018
