"""safetensors files: names, types and shapes are known, and can be refused, before a tensor is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import LavaEDError
from lava_ed.files.reading import open_plain, shown, words

MOST_BYTES: Final = 1 << 33
"""Of a file."""
MOST_HEADER: Final = 1 << 26
"""Of the text that describes the tensors: a checkpoint of ten thousand epochs of the deepest net takes two thirds."""
TYPES: Final = {
    "BOOL": np.bool_, "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64, "F32": np.float32, "F64": np.float64,
}  # fmt: skip
"""The format's names of the types that a file of ours can hold."""


@dataclass(frozen=True)
class TensorInfo:
    """Type and shape of a tensor, as a file states them and its length confirms."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class TensorFile:
    """A safetensors file that is open; nothing but its header has been read.

    Attributes
    ----------
    metadata : dict of str to str
    tensors : dict of str to TensorInfo
    """

    def __init__(self, file: Any, where: str, error: type[LavaEDError], hint: str) -> None:
        self._file, self._where, self._error, self._hint = file, where, error, hint
        self.metadata: dict[str, str] = dict(file.metadata() or {})
        self.tensors: dict[str, TensorInfo] = {}
        for name in file.keys():  # noqa: SIM118 (not a dict)
            part = file.get_slice(name)
            if part.get_dtype() not in TYPES:
                raise error(f"{where}: {name[:80]} is of type {part.get_dtype()}: {hint}")
            self.tensors[name] = TensorInfo(np.dtype(TYPES[part.get_dtype()]), tuple(part.get_shape()))

    def read(self, name: str) -> npt.NDArray[Any]:
        """One tensor, in memory of its own."""
        return np.asarray(self._file.get_tensor(name))

    def read_all(self, expected: Mapping[str, TensorInfo] | None = None) -> dict[str, npt.NDArray[Any]]:
        """All tensors, after a check that they are exactly the expected ones, if any are named."""
        if expected is not None:
            self._compare(expected)
        return {name: self.read(name) for name in self.tensors}

    def _compare(self, expected: Mapping[str, TensorInfo]) -> None:
        missing, extra = sorted(expected.keys() - self.tensors.keys()), sorted(self.tensors.keys() - expected.keys())
        if missing or extra:
            raise self._error(
                f"{self._where} lacks {_list(missing) or 'nothing'} and has the unknown tensors "
                f"{_list(extra) or 'none'}: {self._hint}"
            )
        for name, there in self.tensors.items():
            if there != expected[name]:
                raise self._error(
                    f"{self._where}: {name} is {there.dtype} of shape {there.shape}, expected is "
                    f"{expected[name].dtype} of shape {expected[name].shape}: {self._hint}"
                )


@contextmanager
def open_tensors(
    path: str | os.PathLike[str], *, error: type[LavaEDError], hint: str, most: int = MOST_BYTES
) -> Iterator[TensorFile]:
    """Open a safetensors file, in a with statement.

    Parameters
    ----------
    path : path-like
    error : type of LavaEDError
        What to raise where the file is damaged or too large.
    hint : str
        The way out, with which the message ends.
    most : int
        Largest size of the file in bytes.
    """
    from safetensors import SafetensorError, safe_open

    where = shown(path)
    _check_header(path, most, error, hint)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(safe_open(os.fspath(path), framework="numpy"))
            tensors = TensorFile(file, where, error, hint)
        except (SafetensorError, OSError, ValueError) as failure:
            if isinstance(failure, LavaEDError):
                raise
            # The library's words may repeat a text of the file.
            raise error(f"{where} is no safetensors file, or is damaged ({words(failure)}): {hint}") from failure
        yield tensors


def _check_header(path: str | os.PathLike[str], most: int, error: type[LavaEDError], hint: str) -> None:
    """Bound the file, and the header that the library will read whole."""
    with os.fdopen(open_plain(path, most=most, error=error, hint=hint), "rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MOST_HEADER:
        raise error(
            f"{shown(path)} states a header of {length:,} bytes, of at most {MOST_HEADER:,}: it is no safetensors "
            f"file, or is damaged; {hint}"
        )


def _list(names: list[str]) -> str:
    """Some of many names."""
    some = ", ".join(name[:80] for name in names[:5])
    return f"{some} and {len(names) - 5} more" if len(names) > 5 else some
