"""A run that has ended, and its report, made once."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from lava_ed.exchange import export_run
from lava_ed.report import report_netx, report_run
from lava_ed.train import TrainConfig, train


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


@pytest.fixture(scope="session")
def netx_page(tmp_path_factory):
    """The page of a netx file."""
    folder = tmp_path_factory.mktemp("runs") / "netx"
    train(TrainConfig.create("mpd-ed", "digits", hidden=(16,), epochs=1, limit=300), folder)
    export_run(folder, "netx")
    report_netx(folder / "model.net", limit=60)
    return folder / "model.net-report" / "report.html"


@pytest.fixture(scope="session")
def mnist_page(tmp_path_factory):
    """The page of a 784-400-10 run on files of MNIST's form, with pictures as dense as MNIST's, and more samples."""
    folder, rng = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    shapes = (rng.random((10, 784)) < 0.19) * rng.integers(64, 256, (10, 784))
    for part, n in (("train", 300), ("t10k", 100)):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        images = (shapes[labels] * (rng.random((n, 784)) < 0.9)).astype(np.uint8)
        for kind, array in (("images-idx3", images.reshape(n, 28, 28)), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(head + array.tobytes())
    run = folder / "run"
    train(TrainConfig.create("std-ed", "mnist", hidden=(400,), epochs=1, limit=200, data_dir=str(folder)), run)
    report_run(run, samples=6)
    return run / "report.html"
