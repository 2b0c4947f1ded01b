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
- ``seconds`` of computing after which a reading counts as a hang.
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
from random import Random
from typing import Any

import numpy as np
from fuzz import event_formats, mutate
from fuzz import exchange_formats as exchange
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
    seconds: float = 20
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
        train_images=data.train_images[:200].copy(), train_labels=data.train_labels[:200].copy(),
        test_images=data.test_images[:20].copy(), test_labels=data.test_labels[:20].copy(),
    )  # fmt: skip


def _config(rule: str, stopped: bool) -> Any:
    """A run that goes on has few samples; one that has ended must have learned, or there is nothing to compare."""
    from lava_ed.network import Adaptation
    from lava_ed.train import TrainConfig

    if not stopped:
        return TrainConfig.create(rule, "digits", hidden=(16,), epochs=2, limit=600)
    more = {"adaptation": Adaptation(initial_step=20, interval=16)} if rule in ("std-ed", "mpd-ed") else {}
    return TrainConfig.create(rule, "digits", hidden=(6,), epochs=2, limit=40, checkpoint_interval=16, **more)


@cache
def _run(rule: str, stopped: bool = False) -> Path:
    """A run that has ended, or was stopped in its second epoch."""
    import signal

    from lava_ed.train import train
    from lava_ed.train.interrupt import TrainingInterrupted

    path = Path(tempfile.mkdtemp(prefix="fuzz-run-")) / "run"
    config = _config(rule, stopped)
    if not stopped:
        train(config, path, dataset=_digits())
        return path
    # A shell lets what it runs in the background ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        train(config, path, dataset=_few_digits(), reporter=_Stopping(1, 16))
    except TrainingInterrupted:
        return path
    finally:
        signal.signal(signal.SIGINT, before)
    raise AssertionError("the run was not stopped")


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
    from lava_ed import comparison
    from lava_ed.report.facts import read_facts

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


def _read_model(path: Path) -> Any:
    """What eval and report make of a model, and what export writes."""
    from lava_ed.train import Model

    model = Model.read(path)
    return model.spec, model.to_bytes(), _command("eval", path.parent)


def _read_checkpoint(path: Path) -> Any:
    """The run goes on from its checkpoint to its end."""
    from lava_ed.train import Model, stored_config, train

    config = stored_config(path.parent)
    result = train(config, path.parent, resume=True, dataset=_few_digits())
    return config, _without_times(result), Model.read(path.with_name("model.safetensors")).to_bytes()


def _read_forged_checkpoint(path: Path) -> Any:
    """As `_read_checkpoint`; numbers in range that no training came to may let a register overflow."""
    from lava_ed.errors import FixedPointOverflowError

    try:
        return _read_checkpoint(path)
    except FixedPointOverflowError:
        return "overflow"


def sealed_anew(mutator: Mutator) -> Mutator:
    """A mutator whose mutants have a digest that is right, so that everything else has to hold them off."""

    def change(random: Random, content: bytes) -> bytes:
        from safetensors.numpy import load

        from lava_ed.runs.tensor_files import _seal

        changed = mutator(random, content)
        try:
            header, tensors = mutate.split_tensors(changed)
            notes = json.loads(header["__metadata__"]["lava_ed"])
            notes["digest"] = _seal(notes, load(changed))
            header["__metadata__"]["lava_ed"] = json.dumps(notes)
        except Exception:  # not even the digest of such a file can be told
            return changed
        return mutate.join_tensors(header, tensors)

    return change


_SEALED_ANEW = tuple(
    sealed_anew(mutator)
    for mutator in (
        *[mutate.change_tensor_header] * 2, *[mutate.change_tensor_notes] * 5, *[mutate.change_tensors] * 5,
        mutate.drop_tensor,
    )
)  # fmt: skip


@cache
def _sweep() -> Path:
    from lava_ed.sweep import sweep

    path = Path(tempfile.mkdtemp(prefix="fuzz-sweep-"))
    sweep(_sweep_config(), path, dataset=_few_digits())
    return path


def _sweep_config() -> Any:
    from lava_ed.sweep import SweepConfig

    return SweepConfig(rule="renner", dataset="digits", trials=3, hidden=(4,), epochs=1, limit=20)


def _copy_sweep(folder: Path) -> None:
    shutil.copytree(_sweep(), folder, dirs_exist_ok=True)


def _read_sweep(path: Path) -> Any:
    """The sweep goes on, with as many trials as are lacking: none, in the valid file."""
    from lava_ed.sweep import sweep

    return _without_times(sweep(_sweep_config(), path.parent, dataset=_few_digits()))


def _read_settings(path: Path) -> Any:
    """What train --settings makes of a file."""
    from lava_ed.sweep import read_settings
    from lava_ed.train import TrainConfig

    rule, dataset, settings = read_settings(path)
    config = TrainConfig.create(rule, dataset, **settings)
    return config, config.spec(64, 10)


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("config.json", "config.json", _copy_run(), _read_run, mutate.JSON),
        Format("metrics.jsonl", "metrics.jsonl", _copy_run(), _read_run, mutate.JSON_LINES),
        Format("result.json", "result.json", _copy_run(), _read_run, mutate.JSON),
        Format("energy.json", "energy.json", _copy_run(), _read_run, mutate.JSON),
        Format("model.safetensors", "model.safetensors", _copy_run(), _read_model, mutate.TENSORS, sealed=True),
        Format("model, sealed anew", "model.safetensors", _copy_run(), _read_model, _SEALED_ANEW),
        *(
            Format(
                f"checkpoint.safetensors, {rule}{anew}",
                "checkpoint.safetensors",
                _copy_run(rule, stopped=True),
                reader,
                mutators,
                sealed=not anew,
                fresh=True,
            )
            for rule in ("std-ed", "mpd-ed", "ssgd")
            for anew, reader, mutators in (
                ("", _read_checkpoint, mutate.TENSORS),
                (", sealed anew", _read_forged_checkpoint, _SEALED_ANEW),
            )
        ),
        Format("best.json", "best.json", _copy_sweep, _read_settings, mutate.JSON, needs="optuna"),
        Format("study.db", "study.db", _copy_sweep, _read_sweep, mutate.BYTES, fresh=True, needs="optuna"),
        Format("price-list.toml", "prices.toml", _price_list, _read_price_list, mutate.TOML),
        Format("netx-own.net", "a.net", exchange.write_own_netx, exchange.read_netx_file, exchange.HDF5, sealed=True),
        Format("nir-own", "a.nir", exchange.write_own_nir, exchange.read_nir_file, exchange.HDF5, sealed=True),
        Format("nir", "a.nir", exchange.write_foreign_nir, exchange.read_nir_file, exchange.HDF5),
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
        Format("cifar.bin", "test.bin", exchange.write_cifar, exchange.read_cifar_set, mutate.BYTES),
        Format("own.npz", "a.npz", exchange.write_npz(np.savez_compressed), exchange.read_npz_file, exchange.NPZ),
        *(
            Format(
                f"recording{suffix}",
                f"a{suffix}",
                event_formats.write_recording(suffix),
                event_formats.read_recording,
                exchange.HDF5 if suffix == ".h5" else mutate.BYTES,
                needs=needs,
            )
            for suffix, needs in event_formats.SUFFIXES.items()
        ),
        Format("recordings.tar.xz", "a.tar.xz", event_formats.write_archive, event_formats.read_set, mutate.BYTES),
        Format("recordings.zip", "a.zip", event_formats.write_archive, event_formats.read_set, mutate.BYTES),
    )
}
"""Every kind of file that a command reads, by name."""
