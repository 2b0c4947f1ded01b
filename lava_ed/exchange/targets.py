"""Files that an export may write: new ones, and such as lava-ed wrote itself, told by what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lava_ed.errors import ExchangeError, LavaEDError
from lava_ed.files.reading import shown
from lava_ed.files.writing import check_target


def check_free(path: str | os.PathLike[str], is_ours: Callable[[Path], bool], what: str) -> None:
    """Refuse to write over what lava-ed did not write, before anything is computed.

    Parameters
    ----------
    path : path-like
        File to be written.
    is_ours : callable
        Whether an existing file is as lava-ed wrote it; an error of ours means no.
    what : str
        What would be written, "a netx file".

    Raises
    ------
    RunFolderError
        If the name is that of a folder or a device, or its folder does not exist.
    ExchangeError
        If there is another file.
    """
    check_target(path)
    target = Path(path)
    if not os.path.lexists(target):
        return
    try:
        ours = is_ours(target)
    except LavaEDError:
        ours = False
    if not ours:
        raise ExchangeError(
            f"{shown(target)} exists and is not {what} as lava-ed wrote it, so it is left alone: choose another file "
            "with --out, or move it away"
        )
