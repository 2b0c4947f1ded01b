"""Where workers come from: processes of this machine, a scheduler that runs already, or jobs of Slurm.

A Dask scheduler runs whatever a client sends it.  So the ones that are started here take only whoever holds keys made
for this one command (TLS), and on one machine they listen on its own address; one that is named by its address is as
safe as the network around it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from lava_ed.cluster.crew import Alone, Crew, Workers
from lava_ed.errors import ClusterError, ConfigError
from lava_ed.installed import required
from lava_ed.integers import settle_integers

MOST_WORKERS: Final = 4096
_ADDRESS: Final = re.compile(r"(tcp|tls)://[\w.\-\[\]:]+:\d{1,5}")
_THIS_MACHINE: Final = "127.0.0.1"
_PATIENCE: Final = "20s"
"""How long a scheduler may take to answer."""
_SLURM_MEMORY: Final = "4GB"
"""Of a job, where Dask's own configuration names no other: a worker with MNIST in it takes a fifth."""
_DASK: Final = {
    # A job of ours holds numba's lock for a while; its worker is not dead for that.
    "distributed.admin.tick.limit": "1 minute",
    # The rest leaves the cores to the jobs: nobody watches what takes a hundredth of a second in minutes of work.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.profile.enabled": False,
}
"""Settings of Dask for jobs of seconds and hours."""


@dataclass(frozen=True)
class Place:
    """What a user said about where jobs are to run; nothing: in this process.

    Parameters
    ----------
    workers : int or None
        Processes of this machine, or, with `slurm`, jobs of Slurm.
    scheduler : str or None
        Address of a Dask scheduler, ``tcp://host:port`` or ``tls://host:port``.
    slurm : bool

    Raises
    ------
    ConfigError
        If they do not go together, or one is out of range.
    """

    workers: int | None = None
    scheduler: str | None = None
    slurm: bool = False

    def __post_init__(self) -> None:
        settle_integers(self)
        if self.scheduler is not None and (self.slurm or self.workers is not None):
            raise ConfigError("--scheduler names workers that run already: leave --workers and --slurm out")
        if self.scheduler is not None and not _ADDRESS.fullmatch(self.scheduler):
            raise ConfigError(
                f"--scheduler {self.scheduler!r}: write its address as tcp://host:8786 or tls://host:8786"
            )
        if self.slurm and self.workers is None:
            raise ConfigError("--slurm needs --workers N, the number of jobs")
        if self.workers is not None and not 1 <= self.workers <= MOST_WORKERS:
            raise ConfigError(f"--workers is {self.workers}, of 1 … {MOST_WORKERS}")

    @property
    def elsewhere(self) -> bool:
        """Whether jobs run in other processes."""
        return self.workers is not None or self.scheduler is not None


@contextmanager
def crew_at(place: Place, message: Callable[[str], None] = lambda text: None) -> Iterator[Crew]:
    """The crew of a place; its workers end with the block, those of a scheduler of one's own go on.

    Parameters
    ----------
    place : Place
    message : callable
        Told the addresses of the scheduler and of its dashboard.

    Raises
    ------
    ClusterError
        If the scheduler does not answer, or Slurm is not there.
    LavaEDError
        If Dask is not installed.
    """
    if not place.elsewhere:
        yield Alone()
        return
    distributed = _require_dask()
    with ExitStack() as stack:
        if place.scheduler is not None:
            client = _client_of(distributed, place.scheduler)
        else:
            cluster = stack.enter_context(_slurm(place) if place.slurm else _local(distributed, place))
            client = distributed.Client(cluster)
        stack.enter_context(client)
        _introduce(client, place, message)
        yield Workers(client)


def _require_dask() -> Any:
    distributed = required("distributed", "cluster", "workers need Dask")
    required("dask", "cluster", "workers need Dask").config.set(_DASK)
    return distributed


def _client_of(distributed: Any, address: str) -> Any:
    """A client of a scheduler that runs; its keys for TLS come from Dask's own configuration."""
    try:
        return distributed.Client(address, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ClusterError(
            f"no scheduler answers at {address} ({reason}): start one with `dask scheduler`, or use --workers N"
        ) from error


def _local(distributed: Any, place: Place) -> Any:
    """Processes of this machine; one that dies is started anew."""
    return distributed.LocalCluster(
        n_workers=place.workers, threads_per_worker=1, host=_THIS_MACHINE, dashboard_address=f"{_THIS_MACHINE}:0",
        security=True, memory_limit=0,
    )  # fmt: skip


@contextmanager
def _slurm(place: Place) -> Iterator[Any]:
    """Jobs of Slurm: queue, account, memory and time limit are those of Dask's own jobqueue.yaml."""
    if shutil.which("sbatch") is None:
        raise ClusterError("--slurm: there is no sbatch here: run the command where Slurm's jobs are submitted")
    import dask
    from dask_jobqueue import SLURMCluster

    given = dask.config.get
    cluster = SLURMCluster(
        cores=given("jobqueue.slurm.cores") or 1, processes=given("jobqueue.slurm.processes") or 1,
        memory=given("jobqueue.slurm.memory") or _SLURM_MEMORY, security=True,
        shared_temp_directory=given("jobqueue.slurm.shared-temp-directory") or "~",
    )  # fmt: skip
    try:
        with cluster:
            cluster.scale(jobs=place.workers)
            yield cluster
    finally:
        # Files with the jobs' keys, which would lie in the shared folder until Python happens to collect them.
        for name, file in vars(cluster).items():
            if name.startswith("_job_") and hasattr(file, "close"):
                file.close()


def _introduce(client: Any, place: Place, message: Callable[[str], None]) -> None:
    """Say who works, and where one can watch them."""
    there = len(client.scheduler_info(n_workers=-1)["workers"])
    wanted = f" of {place.workers}" if place.slurm else ""
    message(f"{there}{wanted} workers at {client.scheduler.address}; dashboard: {client.dashboard_link}")
    if not there:
        message("no worker is there yet: waiting for the first one")
