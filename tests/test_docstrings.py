"""Examples in docstrings are run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import lava_ed

MODULES = sorted(
    info.name for info in pkgutil.walk_packages(lava_ed.__path__, "lava_ed.") if "__main__" not in info.name
)


def load(name):
    """A module, or a skip where it needs a package that is not here."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in ("lava", "optuna", "tonic", "dask", "nir"):
            pytest.skip(f"{name} needs {error.name}")
        raise


def examples(module, name):
    """Lines of examples in a module's source that are run."""
    source = module.__loader__.get_source(name) or ""
    return [line for line in source.splitlines() if line.lstrip().startswith(">>>") and "+SKIP" not in line]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_are_true(name):
    module = load(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    # An example inside a docstring of compiled code is not found by doctest, and so never run.
    assert bool(result.attempted) == bool(examples(module, name))


def test_there_are_examples():
    names = ("lava_ed.network.weights", "lava_ed.kernels.stock.dense")
    assert sum(bool(examples(load(name), name)) for name in names) == 2
