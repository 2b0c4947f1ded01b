"""The examples of the documents give what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

pytest.importorskip("lava", reason="the examples run Lava graphs, which needs Python 3.10")

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.lava
@pytest.mark.parametrize("name", ["energy.md"])
def test_examples(name: str) -> None:
    result = doctest.testfile(str(DOCS / name), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0
