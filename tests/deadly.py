"""A command in a process of its own that kills itself in the middle of writing a file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

Moment = tuple[str, int, str]
"""A function of `os` that writing a file goes through, which call of it kills, and whether "before" or "after" it."""
NEVER: Moment = ("none", 0, "before")

_SERVER = multiprocessing.get_context("forkserver")
# The modules of a training are imported once, by the process that all commands are forks of.
_SERVER.set_forkserver_preload(["lava_ed.cli", "lava_ed.train", "lava_ed.engine.loops.ours", "sklearn.datasets"])


def start(arguments: Sequence[str], out: Path, moment: Moment = NEVER) -> BaseProcess:
    """Run a command; what it prints goes to a file, errors beside it with the suffix .err."""
    process = _SERVER.Process(target=_run, args=(arguments, out, moment))
    process.start()
    # Starting a process settles how others are started, which Lava refuses to find settled when it is imported.
    multiprocessing.set_start_method(None, force=True)
    return process


def _run(arguments: Sequence[str], out: Path, moment: Moment) -> None:
    """SIGKILL, so nothing is caught and nothing cleaned up."""
    for stream, path in ((1, out), (2, out.with_suffix(".err"))):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    name, number, when = moment
    original, calls = getattr(os, name, None), 0

    def deadly(*called: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*called)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    if original is not None:
        setattr(os, name, deadly)
    from lava_ed.cli import main

    sys.exit(main(list(arguments)))
