"""Files that an export may write: new ones, and such as lava-ed wrote itself, told by what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lava_ed.errors import ExchangeError, LavaEDError
from lava_ed.files.reading import shown
from lava_ed.files.writing import check_target


def check_free(path: str | os.PathLike[str], is_ours: Callable[[Path], bool], what: str) -> None:
    """Refuse to write over what lava-ed did not write, before anything is computed.

    ``is_ours`` tells whether an existing file is as lava-ed wrote ``what``, "a netx file"; an error of ours means no.

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
    with suppress(LavaEDError):
        if is_ours(target):
            return
    raise ExchangeError(
        f"{shown(target)} exists and is not {what} as lava-ed wrote it, so it is left alone: choose another file "
        "with --out, or move it away"
    )
