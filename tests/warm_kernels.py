"""Compile the large loops before the first test, each once, where two workers would both compile most of them.

A worker that meets a loop whose machine code is not on the disk yet compiles it, for up to 45 seconds.  Two workers
meet the same loops in the same minute, and would each compile every one.  Here whoever is free takes the next loop of
one list, the longest first, so that neither waits for the other at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numba
from nets import samples, small_spec

from lava_ed.backends.backend import warm_up
from lava_ed.engine import loops
from lava_ed.engine.build import build_program
from lava_ed.engine.op import CLOCK
from lava_ed.train import TrainConfig

ORDER = (
    *("run_ours", "run_learning", "run_floating", "run_maps"),
    *("ssgd", "relpsp-fixed", "renner"),  # one rule for each loop of the baselines
    *("run_mixed", "run_neurons"),
)
"""The longest first, but those that share kernels not at the same time; all others follow."""


def warm(taken: Path) -> None:
    """Compile all loops that no other worker compiles; a worker takes one by a file in the folder."""
    for name, compile_it in _all_loops():
        try:
            (taken / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        compile_it()


def _all_loops() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What compiles each loop, by name."""
    types, found = _types_of_arguments(), {loop.name: loop for loop in loops.LOOPS}
    for name in dict.fromkeys((*ORDER, *found)):
        if name in found:
            module = import_module(f"{loops.__name__}.{found[name].module}")
            yield name, partial(getattr(module, name).compile, types)
        else:
            yield name, partial(warm_up, TrainConfig.create(name, "digits", hidden=(4,)).spec(64, 10))


def _types_of_arguments() -> tuple[Any, ...]:
    """Those that a program calls its loop with; all loops take the same."""
    noted: list[tuple[Any, ...]] = []

    def loop(*arguments: Any) -> None:
        noted.append(tuple(map(numba.typeof, arguments)))
        arguments[-1][CLOCK] += 1

    program = build_program(small_spec())
    program.bind(samples()[0])
    program._loop = loop
    program.run(1)
    return noted[0]
