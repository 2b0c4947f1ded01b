"""What the description of a net holds in a file: entries, types, and bounds that keep the checks behind them cheap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, Literal, get_origin

from pydantic import Field, create_model

from lava_ed.errors import ConfigError
from lava_ed.files.schema import Exact, Finite, Name, Text, checked
from lava_ed.learning_rules.limits import LAYERS_MAX
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.settings import NetSettings, declared

Word = Annotated[int, Field(ge=-(2**31), lt=2**32)]
"""A setting that is an integer; its own range stands with the net."""
Integers = Annotated[tuple[Word, ...], Field(strict=False, max_length=LAYERS_MAX)]
"""A list in a file, a tuple in memory."""
Pair = Annotated[tuple[Finite, Finite], Field(strict=False)]
Decay = Annotated[tuple[Pair, ...], Field(strict=False, max_length=64)]


class RuleEntry(Exact):
    """A learning rule by its name."""

    name: Name
    learning_rate: Finite
    decay: Decay


def schema_of(settings: Any, but: Collection[str] = ()) -> Any:
    """The schema of a class of settings: what stands in a file for each of its fields but some."""
    entries = {
        name: (Name if get_origin(kind) is Literal else ENTRIES[kind], note.earlier)
        for name, (kind, note) in declared(settings).items()
        if name not in but
    }
    return create_model(settings.__name__, __base__=Exact, **entries)  # type: ignore[call-overload]


ENTRIES: Final[dict[Any, Any]] = {
    bool: bool,
    float: float,
    int: Word,
    int | None: Word | None,
    str: Text,
    str | None: Text | None,
    tuple[int, ...]: Integers,
    tuple[tuple[float, float], ...]: Decay,
}
"""What stands in a file for a field of this type; for a choice it is a name."""
for _settings in (Adaptation, NetSettings):
    ENTRIES[_settings] = schema_of(_settings)
NetEntry = create_model("NetEntry", __base__=ENTRIES[NetSettings], sizes=(Integers, ...), rule=(RuleEntry, ...))


def typed(entries: Any) -> dict[str, Any]:
    """Entries of a file, as the fields of a class of settings take them."""
    made: dict[Any, Any] = {entry: settings for settings, entry in ENTRIES.items() if is_dataclass(settings)}
    return {name: made[type(value)](**typed(value)) if type(value) in made else value for name, value in entries}


def read_net(values: Mapping[str, Any]) -> dict[str, Any]:
    """A net out of its dictionary form, its format aside.

    Raises a ConfigError where an entry is missing, unknown or of another type.
    """
    where = "network description is not complete or has unknown entries"
    return typed(checked(NetEntry, values, where, error=ConfigError, hint="restore it, or train anew"))
