"""Who does the jobs of a long command: this process, one after the other, or workers that Dask knows.

A job is a function of a module, called with plain values; what it gives back may depend on them only, so that who
does it, when, and beside which others makes no difference.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from lava_ed.errors import ClusterError
from lava_ed.version import __version__

Job = Callable[..., Any]


class Crew(Protocol):
    """Takes jobs, and hands their outcomes back as they end.

    Attributes
    ----------
    distributed : bool
        Whether jobs run in other processes, which read data and write runs themselves.
    """

    distributed: bool

    def submit(self, name: str, job: Job, *arguments: Any, folder: Path) -> None:
        """Let `job(*arguments)` be done; it works in `folder`, which exists."""

    def next(self) -> tuple[str, Any]:
        """Wait for a job to end; its name and what it returned, or the error that it raised."""


class Alone:
    """This process does every job, in the order in which they were submitted.

    Examples
    --------
    >>> crew = Alone()
    >>> crew.submit("seven", abs, -7, folder=Path())
    >>> crew.next()
    ('seven', 7)
    """

    distributed = False

    def __init__(self) -> None:
        self._jobs: deque[tuple[str, Job, tuple[Any, ...]]] = deque()

    def submit(self, name: str, job: Job, *arguments: Any, folder: Path) -> None:
        """Put a job at the end of the queue."""
        self._jobs.append((name, job, arguments))

    def next(self) -> tuple[str, Any]:
        """Do the oldest job."""
        name, job, arguments = self._jobs.popleft()
        return name, job(*arguments)


class Workers:
    """The workers of a Dask scheduler; where one is killed, another does its job, or it itself once it is back."""

    distributed = True

    def __init__(self, client: Any) -> None:
        from distributed import as_completed

        self._client = client
        self._ended = as_completed()
        self._names: dict[str, str] = {}

    def submit(self, name: str, job: Job, *arguments: Any, folder: Path) -> None:
        """Send a job to the scheduler."""
        call = (__version__, str(folder.resolve()), job, arguments)
        future = self._client.submit(on_worker, *call, pure=False)
        self._names[future.key] = name
        self._ended.add(future)

    def next(self) -> tuple[str, Any]:
        """Wait for the next job to end.

        Raises
        ------
        ClusterError
            If its workers died again and again, or the scheduler lost it.
        """
        from concurrent.futures import CancelledError

        from distributed.scheduler import KilledWorker

        future = next(self._ended)
        name = self._names.pop(future.key)
        try:
            return name, future.result()
        except KilledWorker as error:
            raise ClusterError(
                f"{name}: the workers that did it died one after the other, the last one was {error.last_worker.name}: "
                "see their logs (most often memory ran out), then give the same command again"
            ) from error
        except CancelledError as error:
            raise ClusterError(f"{name}: the scheduler lost it: give the same command again") from error


def on_worker(version: str, folder: str, job: Job, arguments: tuple[Any, ...]) -> Any:
    """What a worker runs: a job, once it is sure that both sides mean the same by it.

    Raises a ClusterError where the worker has another version of lava-ed, or does not see the folder.
    """
    if version != __version__:
        raise ClusterError(
            f"a worker on {socket.gethostname()} has lava-ed {__version__}, the command {version}: install one of them"
        )
    if not Path(folder).is_dir():
        raise ClusterError(
            f"the worker on {socket.gethostname()} does not see {folder}: name a folder on a file system that all share"
        )
    return job(*arguments)
