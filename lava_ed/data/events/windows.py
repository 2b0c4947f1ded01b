"""Recordings of any length as windows one behind the other, of which one is in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lava_ed.data.events.code import Encoding, step_values
from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.recording import Recording
from lava_ed.data.events.sources import is_archive, members
from lava_ed.errors import ConfigError, DataError
from lava_ed.kernels.fixed_point import BIN_STEPS, planes_of

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class WindowStream:
    """The windows of some recordings, one recording after the other.

    Parameters
    ----------
    recordings : path-like, or a sequence of them
        Files; folders, whose recordings are sorted by the numbers in their names and come before those of archives in
        them; archives, in their own order.
    encoding : Encoding

    Raises
    ------
    ConfigError
        No recording is named.
    """

    recordings: PathLike | Sequence[PathLike]
    encoding: Encoding

    def __post_init__(self) -> None:
        if not self._given:
            raise ConfigError("recordings is empty: name a file, a folder or an archive of recordings")

    @property
    def _given(self) -> Sequence[PathLike]:
        return (self.recordings,) if isinstance(self.recordings, str | os.PathLike) else self.recordings

    def _files(self) -> Iterator[Path]:
        for path in map(Path, self._given):
            if path.is_dir() or is_archive(path):
                yield from (member.path for member in members(path, by_number=True))
            else:
                yield path

    def _opened(self) -> Iterator[tuple[Recording, tuple[int, int, int]]]:
        """Every recording, with the shape of its input."""
        for path in self._files():
            recording = open_recording(path, self.encoding.code.sensor_size())
            recording.check_sensor()
            yield recording, self.encoding.code.shape((recording.width, recording.height))

    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the first recording's input; raises as `rows` does."""
        for _, shape in self._opened():
            return shape
        raise DataError(f"{self.recordings} holds no recording: name a file, or a folder with recordings")

    def rows(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Every window as a sample, uint8 (planes·inputs,), in bounded memory.

        Raises
        ------
        DataError
            A recording is missing, empty or damaged, or encoded in another shape than the first one.
        ConfigError
            The code does not fit a sensor.
        """
        first = None
        for recording, shape in self._opened():
            first = first or shape
            if shape != first:
                raise DataError(
                    f"{recording.where} is encoded in the shape {shape}, the recordings before it in {first} "
                    "(channels, rows, columns): choose a region that all sensors have"
                )
            yield from self.encoding.windows(recording)

    def spikes(self) -> Iterator[Iterator[npt.NDArray[np.int32]]]:
        """Of every window the inputs that spike in each of its time steps, int32 (inputs,), as an Encoder sends them.

        bins: those whose byte t div 8 has bit t mod 8 set; ttfs: in step b + 1 those whose first event lies in part b.
        Raises as `rows` does.
        """
        for row in self.rows():
            yield spikes_of(row, self.encoding.encoder, self.encoding.steps)


def spikes_of(row: npt.NDArray[np.uint8], encoder: str, steps: int) -> Iterator[npt.NDArray[np.int32]]:
    """The inputs of a window that spike in each of its time steps, int32 (inputs,).

    Examples
    --------
    >>> [s.tolist() for s in spikes_of(np.array([0, 255, 128], np.uint8), "ttfs", 3)]
    [[0, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    values = step_values(encoder, steps)
    if encoder == "bins":
        planes = row.reshape(planes_of(encoder, steps), -1)
        return ((planes[t // BIN_STEPS] & value != 0).astype(np.int32) for t, value in enumerate(values))
    # No input has its first event in the step of value 0, which stands for none.
    return ((row == value).astype(np.int32) * (value > 0) for value in (0, *values))
