"""Unknown names are an error that gives the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from lava_ed.errors import ConfigError
from lava_ed.files.reading import brief


def check_names(given: Iterable[object], known: Collection[str], what: str) -> None:
    """Raise where a name is not among the known ones.

    Parameters
    ----------
    given : iterable of str
    known : collection of str
    what : str
        What a known name is, for the message.

    Raises
    ------
    ConfigError

    Examples
    --------
    >>> try:
    ...     check_names(["epoch"], {"epochs", "seed"}, "setting of a training run")
    ... except ConfigError as error:
    ...     print(error)
    'epoch' is no setting of a training run: did you mean 'epochs'? There are epochs, seed
    """
    for name in given:
        if name in known:
            continue
        near = difflib.get_close_matches(str(name)[:60], known, n=1)
        hint = f"did you mean {near[0]!r}? There are " if near else "there are "
        raise ConfigError(f"{brief(name, 60)} is no {what}: {hint}{', '.join(sorted(known))}")
