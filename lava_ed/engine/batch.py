"""Independent samples over all cores: each on a copy of the state, from the same start."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.cuts import WHOLE, cut_of_fractions, warn_of
from lava_ed.engine.entries import named
from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError, ConfigError, LavaEDError, ShapeError
from lava_ed.files.reading import brief
from lava_ed.network.values import count_of, numbers_of

Name = tuple[str, str]
"""(node, Var)."""
_STEPS_AT_A_TIME: Final = 1 << 12
"""Steps between two looks at whether another sample has failed, or Ctrl-C was pressed."""


@dataclass
class _Watched(Memory):
    """Remembers which regions were looked at."""

    seen: set[Slot] = field(default_factory=set)

    def view(self, slot: Slot) -> npt.NDArray[Any]:
        """The live values of a region, which is remembered as looked at."""
        self.seen.add(slot)
        return super().view(slot)


def _fork(program: Program, shared: frozenset[str] = frozenset()) -> tuple[Program, set[Name]]:
    """An independent copy, prepared for its first step, and the Vars that the preparation has read or converted.

    Arenas in `shared` are not copied.  The original stays as it is.
    """
    other = copy.copy(program)
    arrays = {name: array if name in shared else array.copy() for name, array in program._memory.arrays.items()}
    memory = _Watched(arrays)
    held = [(v.pending, v.pending.values) for v in program._variables.values() if v.pending is not None]
    try:
        for prepare in program._prologue:
            prepare(memory)
    finally:
        for pending, values in held:
            pending.values = values
    early = {
        name
        for name, v in program._variables.items()
        if v.slot in memory.seen or (v.pending is not None and v.pending.values is not None)
    }
    other._memory = Memory(arrays)
    for follow in program._followers:
        follow(other._memory)
    other._progress = program._progress.copy()
    other._feeders = copy.deepcopy(program._feeders)
    other._idle = program._idle.copy()
    other._variables = {name: replace(v, pending=None) for name, v in program._variables.items()}
    other._prologue, other._followers = [], []
    other._cancelled = threading.Event()
    # Those that there are only look, see `run_batch`.
    other._hosts, other._settled = [], []
    return other, early


def _restore(program: Program, start: Program) -> None:
    """Bring a copy back to the start."""
    for name, array in start._memory.arrays.items():
        if program._memory.arrays[name] is not array:
            program._memory.arrays[name][...] = array
    program._progress[:] = start._progress
    program._feeders = copy.deepcopy(start._feeders)
    program._idle = start._idle.copy()


@dataclass
class _Batch:
    """What the threads share.

    Parameters
    ----------
    start : Program
        The state from which each sample starts.
    inputs, results : mapping of Name to array (N, …)
    steps, samples : int
    """

    start: Program
    inputs: Mapping[Name, npt.NDArray[Any]]
    results: Mapping[Name, npt.NDArray[Any]]
    steps: int
    samples: int
    shared: frozenset[str]
    failure: tuple[int, BaseException] | None = None
    """The first sample in order, not in time, that has failed."""
    ended: threading.Event = field(default_factory=threading.Event)
    _next: Any = field(default_factory=count)
    _lock: Any = field(default_factory=threading.Lock)

    def work(self, program: Program) -> None:
        """Run samples on a copy of the start until none is left, or one before them has failed."""
        while True:
            k = next(self._next)
            if k >= self.samples or self._pointless(k):
                return
            try:
                self._run(program, k)
            except BaseException as failure:
                with self._lock:
                    if not self._pointless(k):
                        self.failure = (k, failure)

    def _pointless(self, k: int) -> bool:
        """Whether sample k cannot change the outcome, as it comes after a sample that has failed."""
        return self.ended.is_set() or (self.failure is not None and k > self.failure[0])

    def _run(self, program: Program, k: int) -> None:
        """Run sample k."""
        _restore(program, self.start)
        for name, values in self.inputs.items():
            program.set(*name, values[k])
        for done in range(0, self.steps, _STEPS_AT_A_TIME):
            if self._pointless(k):
                return
            program.run(min(self.steps - done, _STEPS_AT_A_TIME))
        for name, result in self.results.items():
            result[k] = program.get(*name)


def usable_cores() -> int:
    """Cores that this process may use; all of the machine's where the system does not tell."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def run_batch(
    program: Program,
    inputs: Mapping[Name, npt.ArrayLike],
    steps: int,
    read: Sequence[Name],
    threads: int | None = None,
) -> dict[Name, npt.NDArray[np.float64]]:
    """Run samples that know nothing of each other, each from the program's present state, which does not change.

    Arguments and errors are those of `EngineRuntime.run_batch`, with (node, Var) for a Var.

    Raises
    ------
    BackendError
        Also if the program has a process that works in Python between two steps, such as a dataloader, which has one
        place in its data set, or if the program has no room for so many steps.
    """
    steps = count_of(steps, "the number of steps")
    workers = usable_cores() if threads is None else count_of(threads, "the number of threads", least=1)
    if not isinstance(inputs, Mapping):
        raise ConfigError(f"inputs are {brief(inputs)}: a mapping from (node, Var) to arrays is needed")
    if not isinstance(read, Sequence) or isinstance(read, str):
        raise ConfigError(f"read is {brief(read)}: a list of (node, Var) is needed")
    if program.conductor is not None:
        raise BackendError(
            "run samples one by one with run(): the graph has processes that run by their own Python models, and each "
            "of those models has one state"
        )
    if not all(host.only_looks for host in program._hosts):
        raise BackendError(
            "the graph has a dataloader, Injector, Extractor, or Reset of weights, which cannot serve several samples "
            "at once: give the samples as inputs of a source's Var, or run them one by one with run()"
        )
    shared = frozenset[str]() if ("own", "samples") in program._named else frozenset({"u8"})
    start, early = _fork(program, shared)
    arrays = {name: _checked(start, named(name), values, early) for name, values in inputs.items()}
    samples = _common_length(arrays)
    cuts = [
        cut_of_fractions(".".join(named(name)), array, start.get(*named(name)).dtype) for name, array in arrays.items()
    ]
    warn_of(cuts, WHOLE, 3)
    results = {name: np.zeros((samples, *start.get(*named(name)).shape)) for name in read}
    batch = _Batch(start, arrays, results, steps, samples, shared)
    _run_threads(batch, min(workers, samples))
    if batch.failure is not None:
        first, failure = batch.failure
        if isinstance(failure, LavaEDError):
            raise type(failure)(f"sample {first}: {failure}") from failure
        raise failure
    return results


def _run_threads(batch: _Batch, workers: int) -> None:
    """Let threads work; Ctrl-C ends them in the middle of their samples."""
    # The copies are made here: a thread that failed to make its own would end unseen.
    copies = [_fork(batch.start, batch.shared)[0] for _ in range(workers)]
    threads = [threading.Thread(target=batch.work, args=(one,), name="lava-ed-batch", daemon=True) for one in copies]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        batch.ended.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def _checked(start: Program, name: Name, values: npt.ArrayLike, early: set[Name]) -> npt.NDArray[Any]:
    """An input that fits its Var."""
    shape = start.get(*name).shape
    if name in early:
        raise BackendError(
            f"{'.'.join(name)} is taken over in the first step and cannot differ from sample to sample: run one step, "
            "or write it with set(), before run_batch()"
        )
    array = numbers_of(values, f"input {'.'.join(name)}")
    if array.ndim == 0 or array.shape[1:] != shape:
        raise ShapeError(f"input {'.'.join(name)} has shape {array.shape}, expected (N, {', '.join(map(str, shape))})")
    return array


def _common_length(arrays: Mapping[Name, npt.NDArray[Any]]) -> int:
    """Number of samples."""
    lengths = {".".join(name): len(array) for name, array in arrays.items()}
    if not lengths:
        raise ConfigError(
            "no inputs: give at least one Var an array of N values, which says how many samples there are"
        )
    if len(set(lengths.values())) > 1:
        raise ShapeError(f"the inputs have different numbers of samples: {lengths}")
    return next(iter(lengths.values()))
