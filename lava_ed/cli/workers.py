"""Options that say where the jobs of a command run, and numbers of seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from lava_ed.cli.options import flag, option
from lava_ed.errors import ConfigError

if TYPE_CHECKING:
    from lava_ed.cluster import Crew

PLACE: Final = {
    "workers": option(int, "Run on so many processes of this machine; with --slurm, so many jobs of Slurm."),
    "scheduler": option(str, "Run on the workers of this Dask scheduler, as tcp://host:8786.", metavar="ADDRESS"),
    "slurm": flag("--slurm", "Run in jobs of Slurm, set up in ~/.config/dask/jobqueue.yaml."),
}
"""Options that say where jobs run."""
_MOST_SEEDS: Final = 1000


@contextmanager
def crew_of(place: Mapping[str, Any]) -> Iterator[Crew]:
    """The crew that the options of `PLACE` name; this process where they name none."""
    from lava_ed.cluster import Place, crew_at
    from lava_ed.train.progress import Lines

    with crew_at(Place(**place), Lines().message) as crew:
        yield crew


def seed_list(text: str) -> tuple[int, ...]:
    """Seeds as a user writes them.

    Examples
    --------
    >>> seed_list("0-3,7")
    (0, 1, 2, 3, 7)
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,10})(?:-(\d{1,10}))?\s*", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last < first + _MOST_SEEDS:
            raise ConfigError(
                f"--seeds {text!r} is no list of numbers: write for example 0,1,2 or 0-9, at most {_MOST_SEEDS} of them"
            )
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return tuple(seeds)
