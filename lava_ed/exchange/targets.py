"""Files that an export may write: new ones, and such as lava-ed wrote itself, told by what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lava_ed.errors import ExchangeError, LavaEDError
from lava_ed.files.reading import shown
from lava_ed.files.writing import check_target


def check_free(path: str | os.PathLike[str], is_ours: Callable[[Path], bool], what: str) -> None:
    """Refuse to write over what lava-ed did not write, before anything is computed.

    ``is_ours`` tells whether an existing file is as lava-ed wrote ``what``, "a netx file"; an error of ours means no.
    Raises a RunFolderError where the name is that of a folder or a device, or its folder does not exist; an
    ExchangeError where there is another file.
    """
    check_target(path)
    target = Path(path)
    if not os.path.lexists(target):
        return
    with suppress(LavaEDError):
        if is_ours(target):
            return
    raise ExchangeError(
        f"{shown(target)} exists and is not {what} as lava-ed wrote it, so it is left alone: choose another file "
        "with --out, or move it away"
    )


def root_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Texts and numbers at the root of an HDF5 file; none of a file that is none."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return dict(file.attrs)
    except Exception:  # libhdf5 raises what it meets in a file that is none
        return {}
