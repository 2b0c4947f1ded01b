"""safetensors files: names, types and shapes are known, and can be refused, before a tensor is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.errors import LavaEDError
from lava_ed.files.reading import cut, open_plain, shown

MOST_BYTES: Final = 1 << 33
"""Largest size of a file."""
MOST_HEADER: Final = 1 << 26
"""Largest size of the header: a checkpoint of ten thousand epochs of the deepest net takes two thirds of it."""
TYPES: Final = {
    "BOOL": np.bool_, "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64, "F32": np.float32, "F64": np.float64,
}  # fmt: skip
"""The format's names of the types that a file of ours can hold."""


def tensor_bytes(tensors: Mapping[str, npt.NDArray[Any]], name: str, notes: Mapping[str, Any]) -> bytes:
    """Content of a safetensors file with notes as JSON under a name: one entry, since it keeps no order of several."""
    from safetensors.numpy import save

    whole = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    content: bytes = save(whole, metadata={name: json.dumps(notes, sort_keys=True, allow_nan=False)})
    return content


class TensorInfo(NamedTuple):
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

    def __init__(self, file: Any, refused: Callable[[str], LavaEDError]) -> None:
        self._file, self._refused = file, refused
        self.metadata: dict[str, str] = dict(file.metadata() or {})
        self.tensors: dict[str, TensorInfo] = {}
        for name in file.keys():  # noqa: SIM118 (not a dict)
            part = file.get_slice(name)
            if part.get_dtype() not in TYPES:
                raise refused(f": {name[:80]} is of type {part.get_dtype()}")
            self.tensors[name] = TensorInfo(np.dtype(TYPES[part.get_dtype()]), tuple(part.get_shape()))

    def read_all(self, expected: Mapping[str, TensorInfo] | None = None) -> dict[str, npt.NDArray[Any]]:
        """All tensors, after a check that they are exactly the expected ones, if any are named."""
        found = self.tensors
        expected = found if expected is None else expected
        missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
        if missing or extra:
            raise self._refused(
                f" lacks {_some(missing) or 'nothing'} and has the unknown tensors {_some(extra) or 'none'}"
            )
        for name, there in found.items():
            wanted = expected[name]
            if there != wanted:
                raise self._refused(
                    f": {name} is {there.dtype} of shape {there.shape}, expected is {wanted.dtype} of shape "
                    f"{wanted.shape}"
                )
        return {name: np.asarray(self._file.get_tensor(name)) for name in found}


@contextmanager
def open_tensors(
    path: str | os.PathLike[str], *, error: type[LavaEDError], hint: str, most: int = MOST_BYTES
) -> Iterator[TensorFile]:
    """Open a safetensors file of at most ``most`` bytes; a damaged one raises an ``error`` that ends in the hint."""
    from safetensors import SafetensorError, safe_open

    def refused(problem: str) -> LavaEDError:
        return error(f"{shown(path)}{problem}: {hint}")

    with open_plain(path, most=most, error=error, hint=hint) as start:
        length = int.from_bytes(start.read(8), "little")
    if length > MOST_HEADER:  # the library would read it whole
        raise error(
            f"{shown(path)} states a header of {length:,} bytes, of at most {MOST_HEADER:,}: it is no safetensors "
            f"file, or is damaged; {hint}"
        )
    with ExitStack() as stack:
        try:
            file = stack.enter_context(safe_open(os.fspath(path), framework="numpy"))
            tensors = TensorFile(file, refused)
        except LavaEDError:
            raise
        except (SafetensorError, OSError, ValueError) as failure:
            # The library's words may repeat a text of the file.
            raise refused(f" is no safetensors file, or is damaged ({cut(str(failure))})") from failure
        yield tensors


def _some(names: list[str]) -> str:
    """The first of many names."""
    some = ", ".join(name[:80] for name in names[:5])
    return f"{some} and {len(names) - 5} more" if len(names) > 5 else some
