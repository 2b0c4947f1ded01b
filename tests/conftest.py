"""What all tests share: skips with reasons, and the folder of the large data sets."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("nightly", max_examples=5000, suppress_health_check=[HealthCheck.too_slow])
"""Loaded by `make nightly`; tests whose number of examples is their own keep it."""

if os.environ.get("NUMBA_BOUNDSCHECK") == "1":
    import checked_views  # noqa: F401 (numba checks indices within parts of the state; this checks the parts)

for _name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"):
    # `make test` hands these on, and a make that a test runs would answer as a part of it.
    os.environ.pop(_name, None)

if threading.current_thread() is threading.main_thread():
    # Whoever starts the tests in the background, or under nohup, has these ignored; tests send them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

TAKEN = pytest.StashKey[TemporaryDirectory[str]]()
ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the workers of a run of all tests a folder, by which they share the compiling of the large loops."""
    config = node.config
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        if TAKEN not in config.stash:
            config.stash[TAKEN] = TemporaryDirectory()
            config.add_cleanup(config.stash[TAKEN].cleanup)
        node.workerinput["taken"] = config.stash[TAKEN].name


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile in the workers, before the time limits of tests begin."""
    taken = getattr(session.config, "workerinput", {}).get("taken")
    if taken:
        from warm_kernels import warm

        warm(Path(taken))


@pytest.fixture(scope="session", autouse=True)
def fsync_without_a_disk():
    """What fsync promises shows when the power fails, which no test tries, and a disk takes 10 ms for each file.

    Processes that tests start have the real one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # both refuse what is no open file
        yield


@pytest.fixture(scope="session")
def digits():
    """The digits, loaded once."""
    from lava_ed.data import load_dataset

    return load_dataset("digits")


@pytest.fixture(params=("std-ed", "mpd-ed"))
def rule(request):
    """Each rule in turn."""
    return request.param


@pytest.fixture
def small(rule):
    """A configuration that trains in a fraction of a second; MPD-ED with a tag between hidden layers."""
    from lava_ed.network import Adaptation
    from lava_ed.train import TrainConfig

    def make(**changes):
        settings = {
            "hidden": (24, 16),
            "epochs": 2,
            "limit": 300,
            "checkpoint_interval": 128,
            # Low enough that both layers spike, and learn, from the first samples on.
            "adaptation": Adaptation(initial_step=20, interval=16),
            **changes,
        }
        return TrainConfig.create(rule, "digits", **settings)

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the notebooks, which take longest; skip what is marked `lava` where lava-nc is not installed.

    A test module that imports Lava at its head also needs ``pytest.importorskip("lava")`` there.
    """
    items.sort(key=lambda item: item.path.suffix != ".ipynb")
    if importlib.util.find_spec("lava") is not None:
        return
    skip = pytest.mark.skip(reason="needs lava-nc, which only runs on Python 3.10")
    for item in items:
        if item.get_closest_marker("lava"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder that holds ``mnist/`` and ``fashion-mnist/``: LAVA_ED_DATA, or one beside the checkout."""
    folder = Path(os.environ.get("LAVA_ED_DATA", ROOT.parent / "shared" / "data"))
    missing = [name for name in ("mnist", "fashion-mnist") if not (folder / name).is_dir()]
    if missing:
        pytest.skip(f"no {' or '.join(missing)} in {folder}: set LAVA_ED_DATA to the folder that holds them")
    return folder
