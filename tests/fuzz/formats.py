"""The table of formats: how a valid file of each comes about, and what the commands do with it.

To add a format, write an entry of `FORMATS`:

- ``make(folder)`` writes a small valid file named ``file`` into an empty folder, with all that its readers need beside
  it.  It is called once for each process; what takes long can be cached.
- ``read(path)`` calls what the commands call that read such a file, and returns something that can be compared with
  ``==``: everything that the commands would show or compute, times left out.  Raising one of the errors that the
  command line maps to exit code 2 is right, every other exception is a fault.
- ``mutators`` come from `fuzz.mutate`, or are written beside the entry: ``(random, content) -> content``.  One is drawn
  for each mutant, so that a tuple may name one several times.
- ``sealed``: a digest guards all that the file holds, so that another result than the valid file's is a fault.
- ``fresh``: ``read`` writes into the folder, which is then made anew for every mutant.
- ``seconds`` after which a reading counts as a hang.
- ``needs``: a package without which the format is left out.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fuzz import exchange_formats as exchange
from fuzz import mutate
from fuzz.mutate import Mutator


@dataclass(frozen=True)
class Format:
    """A kind of file; see the module."""

    name: str
    file: str
    make: Callable[[Path], object]
    read: Callable[[Path], Any]
    mutators: tuple[Mutator, ...]
    sealed: bool = False
    fresh: bool = False
    seconds: int = 20
    needs: str = ""


# Runs.


class _Stopping:
    """A reporter that presses Ctrl-C."""

    def __new__(cls, epoch: int, index: int) -> Any:
        import signal

        from lava_ed.train.progress import Reporter

        class Stopping(Reporter):
            def chunk(self, now: int, epochs: int, at: int, samples: int) -> None:
                if (now, at >= index) == (epoch, True):
                    signal.raise_signal(signal.SIGINT)

        return Stopping()


@cache
def _digits() -> Any:
    from lava_ed.data import load_dataset

    return load_dataset("digits")


@cache
def _few_digits() -> Any:
    """A part of the digits, so that a run that goes on ends soon."""
    from dataclasses import replace

    data = _digits()
    return replace(
        data,
        train_images=data.train_images[:60].copy(), train_labels=data.train_labels[:60].copy(),
        test_images=data.test_images[:20].copy(), test_labels=data.test_labels[:20].copy(),
    )  # fmt: skip


def _config(rule: str) -> Any:
    from lava_ed.network import Adaptation
    from lava_ed.train import TrainConfig

    more = {"adaptation": Adaptation(initial_step=20, interval=16)} if rule in ("std-ed", "mpd-ed") else {}
    return TrainConfig.create(rule, "digits", hidden=(6,), epochs=2, limit=40, checkpoint_interval=16, **more)


@cache
def _run(rule: str, stopped: bool = False) -> Path:
    """A run that has ended, or was stopped in its second epoch."""
    from lava_ed.train import train
    from lava_ed.train.interrupt import TrainingInterrupted

    path = Path(tempfile.mkdtemp(prefix="fuzz-run-")) / "run"
    try:
        train(_config(rule), path, dataset=_few_digits() if stopped else _digits(),
              reporter=_Stopping(1, 16) if stopped else None)  # fmt: skip
    except TrainingInterrupted:
        assert stopped
    return path


def _copy_run(rule: str = "std-ed", stopped: bool = False) -> Callable[[Path], object]:
    return lambda folder: shutil.copytree(_run(rule, stopped), folder, dirs_exist_ok=True)


def _without_times(value: Any) -> Any:
    """A result without what differs from one time to the next."""
    if isinstance(value, dict):
        left_out = ("seconds", "samples_per_second", "run", "wall")
        return {key: _without_times(item) for key, item in value.items() if key not in left_out}
    return [_without_times(item) for item in value] if isinstance(value, list | tuple) else value


def _command(*arguments: object) -> Any:
    """What a command does, its result without times."""
    from typer.main import get_command

    from lava_ed.cli.app import app

    words = [str(argument) for argument in arguments]
    report = get_command(app).main(args=[*words, "--json"], prog_name="lava-ed", standalone_mode=False)
    json.dumps(report.value, allow_nan=False)
    from rich.console import Console

    report.show(Console(highlight=False))
    return _without_times(report.value)


def _read_run(path: Path) -> Any:
    """What the commands tell of a run, pictures left out."""
    from lava_ed.train import comparison
    from lava_ed.viz.report.facts import read_facts

    run = path.parent
    facts = read_facts(run)
    return (
        _command("info", run),
        _command("energy", run, "--chip", "loihi2"),
        _command("compare", run),
        _command("eval", run),
        _without_times([facts.facts, list(facts.metrics), facts.result, facts.energy, facts.stamp]),
        [comparison.read_run(run).best],
    )


def _read_and_draw_run(path: Path) -> Any:
    """As `_read_run`, and the pages of `report` and `compare`."""
    run = path.parent
    told = _read_run(path)
    return told, _without_times(_command("report", run, "--samples", 1)), _command("compare", run, "--out", run / "c")


def _price_list(folder: Path) -> None:
    from importlib import resources

    built_in = resources.files("lava_ed.energy") / "price_lists" / "loihi1-davies2018.toml"
    (folder / "prices.toml").write_bytes(built_in.read_bytes().replace(b"loihi1-davies2018", b"mine"))


def _read_price_list(path: Path) -> Any:
    from lava_ed.energy import energy_report, load_price_list
    from lava_ed.kernels.counting import COUNTERS, PHASES

    counters = {"fc": {name: dict.fromkeys(PHASES, 10**9) for name in COUNTERS}}
    prices = load_price_list(path)
    report = energy_report(counters, 7, prices)
    json.dumps(report, allow_nan=False)
    return prices, report


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("price-list.toml", "prices.toml", _price_list, _read_price_list, mutate.TOML),
        Format("netx-own.net", "a.net", exchange.write_own_netx, exchange.read_netx_file, exchange.HDF5, sealed=True),
        Format("netx-lava-dl.net", "a.net", exchange.write_foreign_netx, exchange.read_netx_file, exchange.HDF5),
        *(
            Format(f"golden-{rule}.h5", "g.h5", exchange.write_golden_file(rule), exchange.replay_file, exchange.HDF5)
            for rule in ("std-ed", "mpd-ed")
        ),
        *(
            Format(
                f"{part}{suffix}",
                f"train-{part}-ubyte{suffix}",
                exchange.write_idx(f"train-{part}-ubyte", bool(suffix)),
                exchange.read_data_set,
                (*mutate.BYTES, exchange.bomb) if suffix else mutate.BYTES,
            )
            for part in ("images-idx3", "labels-idx1")
            for suffix in ("", ".gz")
        ),
    )
}
"""Every kind of file that a command reads, by name."""
