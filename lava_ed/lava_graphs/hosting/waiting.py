"""A model that has to wait gives way to the others: its call is a greenlet, which goes on where it stood."""

from __future__ import annotations

from collections.abc import Callable

from greenlet import getcurrent, greenlet

from lava_ed.errors import BackendError


class Call(greenlet):  # type: ignore[misc]
    """A call of a model's method, which may wait in the middle."""

    ready: Callable[[], bool] | None = None
    """Tells whether what it waits for has happened; None where it waits for nothing."""
    reason: str = ""
    held = False
    """Whether it has not begun, as `ready` tells what it waited for at first in an earlier step."""
    ended = False
    """Whether it has ended what it was resumed for, though it can be resumed for more."""

    def can_go_on(self) -> bool:
        """Whether it would do something if it were resumed."""
        return self.ready is None or self.ready()


def wait_until(ready: Callable[[], bool], reason: str) -> None:
    """Let others go on until something has happened.

    Raises
    ------
    BackendError
        Outside a model's phases, as in its constructor, where nobody else could make it happen.
    """
    call = getcurrent()
    if not isinstance(call, Call):
        raise BackendError(f"{reason}, and on Lava's runtime it would for ever")
    call.reason = reason
    call.ready = ready
    while not ready():
        call.parent.switch()
    call.ready = None


def give_way() -> None:
    """Let the others go on for a while."""
    call = getcurrent()
    if isinstance(call, Call):
        call.parent.switch()
