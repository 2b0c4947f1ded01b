"""A value from a file is held against its schema, and what does not fit becomes one sentence."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lava_ed.errors import LavaEDError
from lava_ed.files.reading import brief

Schema = TypeVar("Schema")

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of things, as the counters hold it."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A number that is not negative."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
_SHOWN: Final = 60
"""Characters of a wrong value that a message repeats."""


class Exact(BaseModel):
    """Base of schemas that know every entry: a number is no text, a truth value no number, nothing is left over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AtLeast(BaseModel):
    """Base of schemas of what is read, where later versions may have written more."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


@cache
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


def checked(schema: type[Schema], value: Any, where: str, *, error: type[LavaEDError], hint: str) -> Schema:
    """The value as its schema describes it.

    Parameters
    ----------
    schema : type
        A model of this module's bases, or another type that pydantic understands.
    value : Any
        Lists, dictionaries, numbers and texts.
    where : str
        What holds the value, with which a message begins.
    error : type of LavaEDError
        What to raise where the value does not fit.
    hint : str
        The way out, with which the message ends.
    """
    try:
        result: Schema = _adapter(cast(Any, schema)).validate_python(value)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_context=False)[0]
        path = ".".join(str(part) for part in first["loc"])[: _SHOWN * 2]
        others = f", and {failure.error_count() - 1} more" if failure.error_count() > 1 else ""
        if first["type"] == "missing":
            raise error(f"{where} lacks {path}{others}: {hint}") from failure
        found = brief(first["input"], _SHOWN)
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise error(f"{where}: {path or 'it'} is {found} ({reason}){others}: {hint}") from failure
    return result
