"""A group of a netx file, whose fields are read as they are declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import Field
from lava_ed.files.hdf5 import Hdf5Group


@dataclass(frozen=True)
class Group:
    """The members of a group, where it stands, and remarks on whatever is read otherwise than the file says."""

    members: dict[str, Hdf5Group | npt.NDArray[Any]]
    where: str
    remarks: list[str]

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def _member(self, name: str, kind: type[Any], what: str) -> Any:
        found = self.members.get(name)
        if not isinstance(found, kind):
            raise ExchangeError(
                f"{self.where}/{name} is {'missing' if found is None else f'no {what}'}: the file is damaged"
            )
        return found

    def inner(self, name: str) -> Group:
        """A group inside this one."""
        return Group(self._member(name, Hdf5Group, "group").members, f"{self.where}/{name}", self.remarks)

    def text(self, name: str) -> str:
        """A single text, a scalar or an array of one."""
        found = self._member(name, np.ndarray, "dataset")
        if found.dtype.kind != "S" or found.size != 1:
            raise ExchangeError(f"{self.where}/{name} is no text: the file is damaged")
        value = bytes(found.reshape(-1)[0])
        if not (value.isascii() and value.decode("ascii").isprintable() and len(value) <= 64):
            raise ExchangeError(f"{self.where}/{name} is {value[:64]!r}, which is no name: the file is damaged")
        return value.decode("ascii")

    def integers(self, field: Field) -> npt.NDArray[np.int64]:
        """All values of a field, in its range."""
        found, where = self._member(field.name, np.ndarray, "dataset"), f"{self.where}/{field.name}"
        if found.dtype.kind not in "iuf" or not np.all(np.isfinite(found)):
            raise ExchangeError(f"{where} holds {found.dtype} values: numbers are needed")
        fractions = found.dtype.kind == "f" and not np.all(found == np.trunc(found))
        if fractions and field.fractions == "refused":
            raise ExchangeError(f"{where} holds numbers with fractions: integers are needed")
        if not field.holds(found):
            raise ExchangeError(
                f"{where} spans {found.min()} … {found.max()}, the chip holds {field.low} … {field.high}: scale it"
            )
        if fractions and field.fractions == "told":
            self.remarks.append(f"{where} holds fractions, which are cut off, as lava-dl cuts them")
        values: npt.NDArray[np.int64] = found.astype(np.int64)
        return values

    def integer(self, field: Field) -> int:
        """The single value of a field, which may stand there several times."""
        if field.default is not None and field.name not in self:
            return field.default
        found = self.integers(Field(field.name, fractions=field.fractions))
        if len(distinct := np.unique(found)) != 1:
            raise ExchangeError(f"{self.where}/{field.name} has shape {found.shape}: one number is needed")
        if not field.holds(distinct):
            raise ExchangeError(
                f"{self.where}/{field.name} is {distinct[0]}, the chip holds {field.low} … {field.high}: scale it"
            )
        return int(distinct[0])

    def pair(self, field: Field) -> tuple[int, int]:
        """One integer for both axes, or two, in the order of the file (y, x)."""
        if field.name not in self:
            return (field.default or 0,) * 2
        found = self.integers(Field(field.name))
        if found.size not in (1, 2) or found.ndim > 1:
            raise ExchangeError(f"{self.where}/{field.name} has shape {found.shape}: one number or two are needed")
        return int(found.flat[0]), int(found.flat[-1])
