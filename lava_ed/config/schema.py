"""What the configuration of a run holds in a file, in each of its formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import create_model

from lava_ed.config.training import FLAT_FORMAT, FORMAT, TrainConfig
from lava_ed.errors import ConfigError
from lava_ed.files.schema import checked
from lava_ed.network.schema import ENTRIES, schema_of, typed
from lava_ed.network.settings import NetSettings

_RUN = schema_of(TrainConfig, but=("net",))
_NET = ENTRIES[NetSettings]
_FORMATS: Final[dict[int, Any]] = {
    FLAT_FORMAT: create_model("Format1", __base__=(_RUN, _NET)),
    FORMAT: create_model("Format2", __base__=_RUN, net=(_NET, ...)),
}


def read_config(values: Mapping[str, Any], found: int) -> dict[str, Any]:
    """The fields of a configuration out of its dictionary form of this format, the format aside.

    Raises
    ------
    ConfigError
        If an entry is missing, unknown or of another type.
    """
    where = "the configuration is not complete or has unknown entries"
    return typed(checked(_FORMATS[found], values, where, error=ConfigError, hint="restore it, or train anew"))
