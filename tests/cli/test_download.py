"""`lava-ed train --download` fetches what the run takes, once its settings are checked."""

from __future__ import annotations

import pytest
from recordings import some_events, write

from lava_ed.data.events import named
from lava_ed.errors import DataError


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """What was asked for; nothing comes."""
    found = []

    def refuse(name, folder):
        found.append((name, str(folder)))
        raise DataError("no network here")

    monkeypatch.setenv("LAVA_ED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(named, "download", refuse)
    return found


def test_settings_are_checked_before(lava_ed, tmp_path, fetched):
    common = ("train", "--dataset", "nmnist", "--data-dir", tmp_path, "--download", "--out", tmp_path / "run")
    for wrong in (("--epochs", "-1"), ("--epochs", "-1", "--seeds", "0,1"), ("--seed", "1", "--seeds", "0,1")):
        assert lava_ed(*common, *wrong).code == 2
    assert fetched == []
    for seeds in ((), ("--seeds", "0,1")):
        assert "no network here" in lava_ed(*common, *seeds).err
    assert fetched == [("nmnist", str(tmp_path))] * 2


def test_a_resumed_run_fetches_its_own_data(lava_ed, tmp_path, fetched):
    for k in range(30):
        write(tmp_path / "nmnist" / str(k % 2) / f"{k}.bin", some_events(20, seed=k))
    common = ("train", "--dataset", "nmnist", "--data-dir", tmp_path, "--hidden", "4", "--epochs", "1")
    assert lava_ed(*common, "--events", "downsample=8", "--out", tmp_path / "run").code == 0
    assert "no network here" in lava_ed("train", "--resume", "--download", "--out", tmp_path / "run").err
    assert fetched == [("nmnist", str(tmp_path))]
