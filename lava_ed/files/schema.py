"""A value from a file is held against its schema, and what does not fit becomes one sentence."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeVar, cast

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
Text = Annotated[str, Field(max_length=4096)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Exact(BaseModel):
    """Base of schemas that know every entry: a number is no text, a truth value no number, nothing is left over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AtLeast(BaseModel):
    """Base of schemas of what is read, where later versions may have written more."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


_adapter = cache(TypeAdapter[Any])


def checked(schema: type[Schema], value: Any, where: str, *, error: type[LavaEDError], hint: str) -> Schema:
    """Lists, dictionaries, numbers and texts as the schema describes them.

    What does not fit is raised as an ``error``, whose message begins with ``where``, the value's holder, and ends with
    ``hint``, the way out.
    """
    try:
        result: Schema = _adapter(cast(Any, schema)).validate_python(value)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_context=False)[0]
        path = ".".join(map(str, first["loc"]))[:120]
        others = f", and {failure.error_count() - 1} more" if failure.error_count() > 1 else ""
        problem = f" lacks {path}"
        if first["type"] != "missing":
            reason = first["msg"][:1].lower() + first["msg"][1:]
            problem = f": {path or 'it'} is {brief(first['input'], 60)} ({reason})"
        raise error(f"{where}{problem}{others}: {hint}") from failure
    return result
