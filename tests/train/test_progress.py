"""What a person sees while a net trains."""

from __future__ import annotations

import threading

import pytest

from lava_ed.train.progress import Lines, telling_if_slow


@pytest.mark.parametrize(
    ("epochs", "shown"), [(3, [1, 2, 3]), (10, list(range(1, 11))), (60, [10, 20, 30, 40, 50, 60]), (25, [10, 20, 25])]
)
def test_of_many_epochs_one_in_ten_is_a_line(epochs, shown, capsys):
    lines = Lines()
    for epoch in range(1, epochs + 1):
        row = {"epoch": epoch, "validation_accuracy": None, "train_accuracy": 0.5, "learning_rate": 1.0}
        lines.epoch({**row, "samples_per_second": 1.0}, epochs)
    found = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert found == [f"epoch {k}/{epochs}" for k in shown]


def test_a_wait_is_told_of_once():
    told, heard = [], threading.Event()

    def tell(text):
        told.append(text)
        heard.set()

    with telling_if_slow("compiling", tell, seconds=0):
        assert heard.wait(60)
    assert told == ["compiling"]


def test_no_wait_is_not_told_of():
    told = []
    with telling_if_slow("compiling", told.append, seconds=3600):
        pass
    assert told == []
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer) and thread.is_alive()]
