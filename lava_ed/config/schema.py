"""What the configuration of a run holds in a file, in each of its formats."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import create_model

from lava_ed.data.events.code import EventCode
from lava_ed.errors import ConfigError
from lava_ed.files.schema import checked
from lava_ed.network.schema import ENTRIES, schema_of, typed
from lava_ed.network.settings import NetSettings

FORMAT: Final = 2
"""Version of the dictionary form."""
FLAT_FORMAT: Final = 1
"""The earlier one, which had the settings of the net beside the others; it is read, and shown to people."""
# Of runs that did not know them, as `EventCode` has them.
_LATER: Final[dict[str, Any]] = {"windows": 1, "transforms": ""}
_later: dict[str, Any] = {name: (ENTRIES[type(value)], value) for name, value in _LATER.items()}
ENTRIES[EventCode] = create_model("EventCode", __base__=schema_of(EventCode, but=_LATER), **_later)


@cache
def _formats(run: type) -> dict[int, Any]:
    """The schema of each format of a class of configurations."""
    entries, net = schema_of(run, but=("net",)), ENTRIES[NetSettings]
    return {
        FLAT_FORMAT: create_model("Format1", __base__=(entries, net)),
        FORMAT: create_model("Format2", __base__=entries, net=(net, ...)),
    }


def read_config(run: type, values: Mapping[str, Any], found: int) -> dict[str, Any]:
    """The fields of a configuration of this class out of its dictionary form of this format, the format aside.

    Raises a ConfigError where an entry is missing, unknown or of another type.
    """
    where = "the configuration is not complete or has unknown entries"
    return typed(checked(_formats(run)[found], values, where, error=ConfigError, hint="restore it, or train anew"))
