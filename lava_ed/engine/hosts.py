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

        The clock tells what an earlier preparation has left: Ctrl-C may have come between the loop and any note of it.
        """


class HostTask:
    """Something that is done in Python between two steps; tasks that do nothing in a while leave the loop alone."""

    only_looks: ClassVar[bool] = False
    """Whether the task changes nothing, so that the samples of a batch can do without it."""

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """How many steps may run at once after `time_step` of them, at least 1; None for any number."""
        return None

    def before(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Prepare the step after `time_step`; False to run none, for whoever waits has been told to stop waiting."""
        return True

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Do what is due after `time_step` steps; called again if it was cancelled or interrupted."""
        return True


class Conductor(Protocol):
    """Runs the steps of a program in whose middle other code acts, such as the user's own models."""

    def conduct(self, steps: int, until: threading.Event | None) -> None:
        """Run steps, fewer once `until` is set or a state has left its register; the clock counts them."""
