"""A run that has ended, and its report, made once."""

from __future__ import annotations

import pytest

from lava_ed.train import TrainConfig, train
from lava_ed.viz.report import report_run


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """Folder of a small run on the digits; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    train(TrainConfig.create("std-ed", "digits", hidden=(16,), epochs=2, limit=300, seed=3), folder)
    return folder


@pytest.fixture(scope="session")
def digits_report(digits_run):
    """What `report_run` returned; the page lies in the run's folder."""
    return report_run(digits_run, samples=2, price_lists=["loihi1-davies2018", "anp-i"])
