"""The one door to a net's data: whoever judges a net gets the data that it was trained for, or is told.

A run notes the digest of its data set in config.json, an exported netx file in its notes.  The same data in another
folder have the same digest; other data are refused, unless the caller asks for other data, and then the outcome has
another name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from typing import Any, Final

from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, load_dataset
from lava_ed.data.events.code import Encoding
from lava_ed.errors import DataError, DataNotFoundError
from lava_ed.runs.folder import CONFIG, RunFolder

SHOWN: Final = 12
"""Digits of a digest that a message shows."""


@dataclass(frozen=True, eq=False)
class TrainedFor:
    """What is known of the data that a net was trained for."""

    who: str
    """The run or file, as a message names it."""
    name: str
    """Name of the data set."""
    digest: str | None
    """None where nothing was noted, as in a file of another tool."""
    source: str = ""
    """Where the data came from, as the run noted it; empty where it did not."""


@dataclass(frozen=True, eq=False)
class FoundData:
    """A data set, and whether the net was trained for it."""

    data: Dataset
    digest: str
    own: bool
    """False only where other data were asked for."""

    @property
    def accuracy_key(self) -> str:
        """Name of the accuracy on the test part in files."""
        return "test_accuracy" if self.own else "accuracy_on_other_data"

    def note(self) -> dict[str, str]:
        """Entries of a command's outcome that say which data they are about."""
        return {"data_sha256": self.digest} | ({} if self.own else {"other_data": self.data.source})


def of_run(folder: RunFolder, config: TrainConfig) -> TrainedFor:
    """What a run noted of its data.  Raises a RunFolderError where its config.json lacks it."""
    saved = folder.read_json(CONFIG)
    sha256, source = (str(folder.entry(saved, CONFIG, "facts", "data", key)) for key in ("sha256", "source"))
    return TrainedFor(str(folder.path), config.dataset, sha256, source)


def data_of_run(
    folder: RunFolder,
    config: TrainConfig,
    *,
    data_dir: str | PathLike[str] | None = None,
    dataset: Dataset | None = None,
    other_data: bool = False,
    flag: bool = True,
) -> FoundData:
    """The data set that a run was trained on.

    It lies in the folder `data_dir`, by default the run's, or is handed over as `dataset`, where the run was trained on
    data of one's own.  With `other_data` others are taken too, and `FoundData.own` tells; `flag` says whether the
    command has the flag --other-data, for the message.  Raises a DataError where the data are others than those that
    the run was trained on; a DataNotFoundError where a data file is missing.
    """
    trained_for = of_run(folder, config)
    if dataset is None:
        dataset = _load(trained_for, data_dir, config)
    return checked(dataset, trained_for, other_data=other_data, flag=flag)


def _load(trained_for: TrainedFor, data_dir: str | PathLike[str] | None, config: TrainConfig) -> Dataset:
    """The data files; where they are missing, the message says where the run had found them."""
    try:
        return config.load(data_dir)
    except DataNotFoundError as error:
        if data_dir is not None:
            raise
        noted = config.data_dir
        where = "" if noted is None else f", data_dir {noted!r} being relative to where it was trained"
        raise DataNotFoundError(
            f"{error}. {trained_for.who} was trained from: {trained_for.source}{where}; name their folder with "
            "--data-dir"
        ) from error


def checked(data: Dataset, trained_for: TrainedFor, *, other_data: bool = False, flag: bool = True) -> FoundData:
    """The data set, if it is the one that a net was trained for, or other data were asked for.

    Where a file of another tool noted no digest, its data set goes by its name.  Raises a DataError where it is another
    one.
    """
    found = data.digest
    own = trained_for.name == data.name if trained_for.digest is None else trained_for.digest == found
    if own or other_data:
        return FoundData(data, found, own)
    if trained_for.digest is None:
        way = "leave --dataset out"
    else:
        way = "restore the files, name their folder with --data-dir, or hand data of your own over in Python"
    meant = "; where these data are meant, give --other-data" if flag else ""
    raise DataError(f"{difference(trained_for, data, found)}: {way}{meant}")


def difference(trained_for: TrainedFor, data: Dataset, found: str) -> str:
    """What a net was trained for, beside what was found, in one sentence."""
    if trained_for.digest is None:
        return f"{trained_for.who} was trained on other data ({trained_for.name}) than {data.name}"
    noted = f"{trained_for.source}, " if trained_for.source else ""
    return (
        f"{trained_for.who} was trained on other data: those of {data.source} (digest {found[:SHOWN]}…) are not those "
        f"noted there ({noted}digest {trained_for.digest[:SHOWN]}…)"
    )


def with_data(job: Callable[..., Any], config: TrainConfig, data_dir: str, digest: str, *arguments: Any) -> Any:
    """Let a worker do ``job(config, data, *arguments)`` with the data of the configuration, which it reads itself."""
    return job(config, data_on_worker(config.dataset, data_dir, digest, config.encoding), *arguments)


@lru_cache(maxsize=1)
def data_on_worker(name: str, data_dir: str, digest: str, encoding: Encoding | None = None) -> Dataset:
    """The data set of a command, as the worker that does its jobs finds it; read once for all jobs.

    Raises a DataError where they are others than the command found, or a file is missing.
    """
    data = load_dataset(name, data_dir, encoding=encoding)
    checked(data, TrainedFor("the command", name, digest), flag=False)
    return data
