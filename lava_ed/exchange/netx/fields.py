"""Fields of a group of a netx file, each with its type, shape and range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.files.hdf5 import Hdf5Group

INT32: Final = (-(2**31), 2**31 - 1)
Range = tuple[int, int]


@dataclass(frozen=True)
class Fields:
    """A group, and where it stands in the file.

    Parameters
    ----------
    group : Hdf5Group
    where : str
    """

    group: Hdf5Group
    where: str

    def __contains__(self, name: str) -> bool:
        return name in self.group.members

    def inner(self, name: str) -> Fields:
        """A group inside."""
        found, where = self.group.members.get(name), f"{self.where}/{name}"
        if not isinstance(found, Hdf5Group):
            raise ExchangeError(f"{where} is {'missing' if found is None else 'no group'}: the file is damaged")
        return Fields(found, where)

    def array(self, name: str) -> npt.NDArray[Any]:
        """A dataset."""
        found, where = self.group.members.get(name), f"{self.where}/{name}"
        if not isinstance(found, np.ndarray):
            raise ExchangeError(f"{where} is {'missing' if found is None else 'no dataset'}: the file is damaged")
        return found

    def text(self, name: str) -> str:
        """A single text, a scalar or an array of one."""
        found = self.array(name)
        if found.dtype.kind != "S" or found.size != 1:
            raise ExchangeError(f"{self.where}/{name} is no text: the file is damaged")
        value = bytes(found.reshape(-1)[0])
        if not (value.isascii() and value.decode("ascii").isprintable() and len(value) <= 64):
            raise ExchangeError(f"{self.where}/{name} is {value[:64]!r}, which is no name: the file is damaged")
        return value.decode("ascii")

    def integers(self, name: str, allowed: Range = INT32, *, cut: bool = False) -> tuple[npt.NDArray[np.int64], bool]:
        """Integers in a range, and whether fractions were cut off.

        Parameters
        ----------
        name : str
        allowed : (int, int)
            Lowest and highest value.
        cut : bool
            Whether fractions are cut, towards zero; otherwise they are an error.
        """
        found, where = self.array(name), f"{self.where}/{name}"
        if found.dtype.kind not in "iuf" or not np.all(np.isfinite(found)):
            raise ExchangeError(f"{where} holds {found.dtype} values: numbers are needed")
        fractions = found.dtype.kind == "f" and not bool(np.all(found == np.trunc(found)))
        if fractions and not cut:
            raise ExchangeError(f"{where} holds numbers with fractions: integers are needed")
        low, high = allowed
        if found.size and not (found.min() >= low and found.max() <= high):
            raise ExchangeError(f"{where} spans {found.min()} … {found.max()}, the chip holds {low} … {high}: scale it")
        return found.astype(np.int64), fractions

    def integer(self, name: str, allowed: Range, default: int | None = None) -> int:
        """A single integer in a range; `default` where there is none."""
        if default is not None and name not in self:
            return default
        found, _ = self.integers(name)
        if found.size != 1 and not (found.size and np.all(found == found.reshape(-1)[0])):
            raise ExchangeError(f"{self.where}/{name} has shape {found.shape}: one number is needed")
        value, (low, high) = int(found.reshape(-1)[0]), allowed
        if not low <= value <= high:
            raise ExchangeError(f"{self.where}/{name} is {value}, the chip holds {low} … {high}: scale it")
        return value

    def pair(self, name: str, default: int) -> tuple[int, int]:
        """One integer for both axes, or two, in the order of the file (y, x)."""
        if name not in self:
            return (default, default)
        found, _ = self.integers(name)
        if found.size not in (1, 2) or found.ndim > 1:
            raise ExchangeError(f"{self.where}/{name} has shape {found.shape}: one number or two are needed")
        values = found.reshape(-1)
        return int(values[0]), int(values[-1])
