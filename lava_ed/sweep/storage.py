"""The trials of a sweep on the disk: optuna's study in an SQLite file, whose every fault is one sentence of ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from lava_ed.errors import LavaEDError, RunFolderError
from lava_ed.files.reading import open_plain, shown
from lava_ed.files.schema import Amount, AtLeast, Count, Share, checked
from lava_ed.sweep.space import Space, draw

_MOST_BYTES: Final = 1 << 28
"""Largest size of the file: a trial takes some kilobytes."""
_HEADER: Final = b"SQLite format 3\0"
_WAY: Final = "restore the file, or start the sweep anew in another folder"


class Told(AtLeast):
    """A trial that has ended: number 0 is the preset; where a net could not be trained, the error says why."""

    number: Count
    accuracy: Share
    settings: dict[str, Any]
    seconds: Amount
    error: str | None


class StudyFile:
    """A study that is open in a folder which this process has claimed.

    Raises
    ------
    RunFolderError
        From every method, if the file cannot be read or written, or holds what no sweep writes.
    """

    def __init__(self, path: Path) -> None:
        import optuna

        self._path, self._optuna = path, optuna
        with self._guarded():
            _check_file(path)
            self._study = optuna.create_study(
                study_name="sweep", storage=f"sqlite:///{path}", direction="maximize", load_if_exists=True
            )
            if [direction.name for direction in self._study.directions] != ["MAXIMIZE"]:
                raise ValueError("another direction of the search")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        # optuna takes the rows as they are, so that damage shows as an exception of any kind.
        try:
            yield
        except LavaEDError:
            raise
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise RunFolderError(f"{shown(self._path)} cannot be read or written ({reason}): {_WAY}") from error

    def note(self, name: str) -> Any:
        """An attribute of the study; None where it has none of this name."""
        with self._guarded():
            return self._study.user_attrs.get(name)

    def set_note(self, name: str, value: Any) -> None:
        """Keep an attribute of the study."""
        with self._guarded():
            self._study.set_user_attr(name, value)

    def told(self, parallel: int = 1) -> list[Told]:
        """The trials that have ended, in order of their numbers.

        Each was drawn from the outcomes of those that lie at least `parallel` before it, so these are there.
        """
        with self._guarded():
            notes = [{**trial.user_attrs, "accuracy": trial.value} for trial in self._ended()]
        where = f"in {shown(self._path)}"
        trials = [
            checked(Told, entry, f"trial {k} {where}", error=RunFolderError, hint=_WAY) for k, entry in enumerate(notes)
        ]
        trials.sort(key=lambda trial: trial.number)
        whole = next((k for k, trial in enumerate(trials) if trial.number != k), len(trials))
        late = [trial.number for trial in trials[whole:]]
        if len(set(late)) != len(late) or any(not whole < number < whole + parallel for number in late):
            numbers = ", ".join(str(trial.number) for trial in trials[:20])
            raise RunFolderError(f"{shown(self._path)} holds the trials {numbers}, some twice or not at all: {_WAY}")
        return trials

    def _ended(self) -> list[Any]:
        """The trials that have ended, as optuna holds them."""
        return [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]

    def ask(self, seed: int, earlier: int) -> Any:
        """A trial to be drawn by a sampler of this seed, which learns from the first `earlier` trials and no others."""
        with self._guarded():
            known = sorted(
                (trial for trial in self._ended() if trial.user_attrs["number"] < earlier),
                key=lambda trial: int(trial.user_attrs["number"]),
            )
            # A study in memory, so that what the file knows besides, and in which order, does not matter.
            sampler = self._optuna.samplers.TPESampler(seed=seed, multivariate=True)
            study = self._optuna.create_study(sampler=sampler, direction="maximize")
            study.add_trials(known)
            return study.ask()

    def tell(self, trial: Any, told: Told) -> None:
        """Record what became of a trial, whole or not at all."""
        attributes = {name: getattr(told, name) for name in ("settings", "number", "error", "seconds")}
        with self._guarded():
            self._study.add_trial(
                self._optuna.trial.create_trial(
                    params=trial.params, distributions=trial.distributions, value=told.accuracy, user_attrs=attributes
                )
            )

    def drawn(self, trial: Any, space: Space) -> dict[str, Any]:
        """Values of a trial; the sampler reads the earlier ones for them."""
        with self._guarded():
            return draw(trial, space)


def _check_file(path: Path) -> None:
    """Refuse a file that SQLite did not write or finds damaged; one that is not there, or empty, is a new one."""
    if not os.path.lexists(path):
        return
    with open_plain(path, most=_MOST_BYTES, error=RunFolderError, hint=_WAY) as file:
        head = file.read(len(_HEADER))
    if not head:
        return
    if head != _HEADER:
        raise ValueError("it is no SQLite file")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=10)) as database:
        found = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise ValueError(f"damaged: {found[0] if found else 'unreadable'}")
