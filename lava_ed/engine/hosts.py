"""Host tasks work in Python beside the compiled loop: before a stretch of steps, or between two steps."""

from __future__ import annotations

import threading
from typing import ClassVar, Protocol

from lava_ed.engine.memory import Memory


class Feeder(Protocol):
    """Writes what the compiled loop consumes step by step, such as random numbers, before it runs."""

    capacity: int
    """Steps that it can prepare at a time."""

    def fill(self, memory: Memory, time_step: int, steps: int) -> None:
        """Prepare the `steps` steps that follow `time_step`.

        Steps that were prepared earlier may not all have run.  Only `time_step` tells how many have, because Ctrl-C can
        end a run before Python notes anything.
        """


class HostTask:
    """Work that Python does between two steps; `ahead` says how many steps the compiled loop can run without it."""

    only_looks: ClassVar[bool] = False
    """Whether the task changes nothing, so that the samples of a batch can do without it."""

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """How many steps, at least 1, may run after `time_step` before the task has work to do; None: any number."""
        return None

    def before(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Prepare the step after `time_step`; False if the task waited for data, and the wait was cancelled."""
        return True

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Do what is due after `time_step` steps; called again if it was cancelled or interrupted."""
        return True


class Conductor(Protocol):
    """Runs the steps of a program in whose middle other code acts, such as the user's own models."""

    def conduct(self, steps: int, until: threading.Event | None) -> None:
        """Run steps, fewer once `until` is set or a state has left its register; the clock counts them."""
