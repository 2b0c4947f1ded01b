"""The runner: mutants of a format in a worker process that may hang, crash or ask for too much memory.

    PYTHONPATH=tests python -m fuzz.run --mutants 10000 --processes 2 [--seed 0] [FORMAT...]
    PYTHONPATH=tests python -m fuzz.run --replay 1234 FORMAT

The second form reads one mutant and shows the whole traceback of its fault.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from fuzz.formats import FORMATS, Format

from lava_ed.cli.main import INPUT_ERRORS
from lava_ed.errors import LavaEDError

HANG_SECONDS = 20
MOST_BYTES = 1 << 30
"""What reading one file may add to the memory of its process."""
REFUSED, SAME, OTHER, FAULT = "refused", "same", "other", "fault"


@dataclass
class Outcome:
    """What became of the mutants of a format."""

    format: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        counts = " ".join(f"{self.counts[kind]:>8,}" for kind in (REFUSED, SAME, OTHER, FAULT))
        return f"{self.format:<32} {sum(self.counts.values()):>8,} {counts}"


HEADER = f"{'format':<32} {'mutants':>8} {REFUSED:>8} {SAME:>8} {OTHER:>8} {FAULT:>8}"


def mutant_of(form: Format, content: bytes, seed: int) -> bytes:
    """The mutant of this number: the same for the same valid file."""
    random = Random(f"{form.name} {seed}")
    while True:
        # A mutator that cannot change what it has drawn, as half of a character, draws again.
        with suppress(ValueError, OverflowError, RecursionError):
            if (changed := random.choice(form.mutators)(random, content)) != content:
                return changed


def judge(form: Format, path: Path, wanted: Any) -> tuple[str, str]:
    """Read a mutant as the commands do: outcome, and what is wrong if it is a fault."""
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            value = form.read(path)
    except INPUT_ERRORS as error:
        message = str(error)
        bad = not message.strip() or len(message) > 2000 or len(message.splitlines()) > 10
        return (FAULT, f"message of the error: {message[:300]!r}") if bad else (REFUSED, "")
    except LavaEDError as error:
        return FAULT, f"{type(error).__name__} does not count as bad input: {error}"
    except MemoryError:
        return FAULT, f"more than {MOST_BYTES:,} bytes\n{traceback.format_exc()}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = [step for step in traceback.extract_tb(error.__traceback__) if "lava_ed" in step.filename] or [last]
        where = f"{ours[-1].filename.rpartition('lava_ed/')[2]}:{ours[-1].lineno}"
        return FAULT, f"{where}: {type(error).__name__}: {str(error)[:200]}\n{traceback.format_exc()}"
    if value == wanted:
        return SAME, ""
    if form.sealed:
        return FAULT, f"another result without a word\n{str(value)[:500]}\n{str(wanted)[:500]}"
    return OTHER, ""


def _work(form: Format, folder: Path, content: bytes, wanted: Any, seeds: Sequence[int], pipe: Any) -> None:
    """Judge mutants one by one, telling about each before and after."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    base = _memory("VmRSS")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    # Room for the address space of libraries and thread stacks that are loaded late; what counts is the peak below.
    resource.setrlimit(resource.RLIMIT_AS, (size + 3 * MOST_BYTES, size + 3 * MOST_BYTES))
    path = folder / form.file
    for seed in seeds:
        pipe.send(("begins", seed, "", ""))
        if form.fresh:
            shutil.rmtree(folder)
            shutil.copytree(folder.with_name("valid"), folder)
        path.write_bytes(mutant_of(form, content, seed))
        Path("/proc/self/clear_refs").write_text("5")  # the peak is what follows from here on
        outcome, words = judge(form, path, wanted)
        if (grown := _memory("VmHWM") - base) > MOST_BYTES:
            outcome, words = FAULT, f"{grown:,} bytes of memory\n{words}"
        pipe.send((outcome, seed, words, ""))
    pipe.send(("ends", -1, "", ""))


def _memory(name: str) -> int:
    """Bytes that this process holds now (VmRSS), or held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def fuzz(form: Format, seeds: Sequence[int], most_faults: int = 1000) -> Outcome:
    """Judge the mutants of these numbers; a worker that hangs or dies is a fault, and the next one goes on."""
    outcome, context = Outcome(form.name), multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name) / "valid"
        folder.mkdir()
        form.make(folder)
        content = (folder / form.file).read_bytes()
        work = folder.with_name("mutant")
        shutil.copytree(folder, work)
        wanted = form.read(work / form.file)
        shutil.rmtree(work)
        shutil.copytree(folder, work)
        assert form.read(work / form.file) == wanted, f"{form.name}: two readings of the valid file differ"
        left = list(seeds)
        gc.collect()
        gc.freeze()
        while left and len(outcome.faults) < most_faults:
            left = left[_one_worker(context, form, work, content, wanted, left, outcome) :]
    return outcome


class _Clock:
    """Seconds of a process: those that it computed, so that a busy machine is not taken for a hang."""

    PATIENCE = 20
    """Times as long by the clock on the wall, for a process that waits."""

    def __init__(self, process: int | None) -> None:
        self._stat = Path(f"/proc/{process}/stat")
        self._wall, self._computed = time.monotonic(), self._seconds()

    def _seconds(self) -> float:
        try:
            entries = self._stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            return 0.0
        return (int(entries[11]) + int(entries[12])) / os.sysconf("SC_CLK_TCK")

    def has_passed(self, seconds: float) -> bool:
        """Whether so much time has passed since this clock was made."""
        waited = time.monotonic() - self._wall
        return self._seconds() - self._computed > seconds or waited > self.PATIENCE * seconds


def _one_worker(
    context: Any, form: Format, folder: Path, content: bytes, wanted: Any, seeds: Sequence[int], outcome: Outcome
) -> int:
    """Let a worker judge mutants until it ends, hangs or dies; returns how many have been judged."""
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(form, folder, content, wanted, seeds, theirs), daemon=True)
    worker.start()
    theirs.close()
    judged, current, began = 0, None, _Clock(worker.pid)
    try:
        while True:
            if not ours.poll(1):
                if began.has_passed(form.seconds):
                    words = f"no end after {form.seconds} s"
                    break
                continue
            try:
                kind, seed, words, _ = ours.recv()
            except EOFError:
                worker.join(5)
                words = f"the process died: exit code {worker.exitcode}"
                break
            if kind == "ends":
                return judged
            if kind == "begins":
                current, began = seed, _Clock(worker.pid)
                continue
            judged += 1
            current = None
            outcome.counts[kind] += 1
            if kind == FAULT:
                outcome.faults.append((seed, words))
    finally:
        if worker.is_alive():
            os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        ours.close()
    outcome.counts[FAULT] += 1
    outcome.faults.append((seeds[judged] if current is None else current, words))
    return judged + 1


def report(outcome: Outcome, show: int) -> None:
    """Print the row of a format, and its first faults, each kind once."""
    print(outcome, flush=True)
    kinds: dict[str, tuple[int, str, int]] = {}
    for seed, words in outcome.faults:
        kind = words.partition("\n")[0]
        first, text, times = kinds.get(kind, (seed, words, 0))
        kinds[kind] = (first, text, times + 1)
    for kind, (seed, _, times) in sorted(kinds.items(), key=lambda item: -item[1][2])[:show]:
        print(f"    {times:,} times, first in mutant {seed}: {kind}", flush=True)


def _in_its_own_process(name: str, given: argparse.Namespace) -> Outcome:
    """Fuzz a format in an interpreter that has loaded nothing else."""
    command = [
        sys.executable,
        "-m",
        "fuzz.run",
        "--json",
        "--mutants",
        str(given.mutants),
        "--seed",
        str(given.seed),
        name,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return Outcome(name, Counter({FAULT: 1}), [(-1, f"its process ended with code {done.returncode}")])
    value = json.loads(done.stdout.splitlines()[-1])
    return Outcome(name, Counter(value["counts"]), [(seed, words) for seed, words in value["faults"]])


def _replay(form: Format, seed: int) -> int:
    """Read one mutant in this process and show what becomes of it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name) / "mutant"
        folder.mkdir()
        form.make(folder)
        path = folder / form.file
        shutil.copytree(folder, folder.with_name("valid"))
        wanted = form.read(path)
        shutil.rmtree(folder)
        shutil.copytree(folder.with_name("valid"), folder)
        content = mutant_of(form, path.read_bytes(), seed)
        path.write_bytes(content)
        print(content[:2000])
        try:
            value = form.read(path)
        except LavaEDError as error:
            print(f"{type(error).__name__}: {error}")
            return 0
        print(f"{SAME if value == wanted else OTHER}: {str(value)[:2000]}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the formats named, or all, and print a table; 1 if there was a fault."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"default: all of {', '.join(FORMATS)}")
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--replay", type=int, help="read the mutant of this number, in this process")
    parser.add_argument("--show", type=int, default=20, help="kinds of faults shown for each format")
    parser.add_argument("--json", action="store_true", help="one format, in this process, its outcome as JSON")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.formats if name not in FORMATS]:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(FORMATS)}")
    chosen = given.formats or list(FORMATS)
    if given.replay is not None:
        return _replay(FORMATS[chosen[0]], given.replay)
    if given.json:
        outcome = fuzz(FORMATS[chosen[0]], range(given.seed, given.seed + given.mutants))
        print(json.dumps({"counts": outcome.counts, "faults": outcome.faults}))
        return 0
    print(HEADER, flush=True)
    faults = 0
    with ThreadPoolExecutor(given.processes) as pool:
        for outcome in pool.map(lambda name: _in_its_own_process(name, given), chosen):
            report(outcome, given.show)
            faults += outcome.counts[FAULT]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
