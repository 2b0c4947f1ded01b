"""Price lists: what one count costs in picojoules, and who says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar
from unicodedata import category

from lava_ed.errors import PriceListError
from lava_ed.files.reading import MOST_TOML, brief, parse_toml, read_plain, shown
from lava_ed.kernels.counting import COUNTERS

KINDS: Final = ("pre-silicon", "silicon-fit", "silicon", "circuit", "assumption")
"""Origins of prices: a maker's simulation, a model fitted to a chip, a chip, bare circuits, a guess."""

HOST: Final = "host_ops"
"""The counter that is priced apart and is never part of the dynamic sum."""

LARGEST_AMOUNT: Final = 1e12
"""Largest price in pJ, one joule, or static power in mW: what is above it is a slip of the unit."""
LONGEST_TEXT, LONGEST_NAME = 4000, 80
"""Characters of a text that pages and messages repeat, and of what heads a column."""

Check = Callable[[Any, str], Any]
"""Takes a value and where it stands, and gives it checked."""
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Price:
    """One entry of a price list: what each count of its counters is charged.

    Entries that share a counter add up.  `alternative_to` names the entry that this one can stand in for: an
    alternative is never part of a sum, and the report says what the sum would be with it.
    """

    name: str
    picojoules: float
    counters: tuple[str, ...]
    source: str
    alternative_to: str | None = None


@dataclass(frozen=True)
class StaticPower:
    """Leakage of one chip in milliwatts: a line of its own, never mixed into the dynamic sum."""

    milliwatts: float
    source: str


@dataclass(frozen=True)
class Time:
    """How long one count of some counters keeps a core busy, in nanoseconds: apart from every energy.

    A barrier, which keeps the whole mesh waiting, is the entry of ``barrier_steps``.
    """

    name: str
    nanoseconds: float
    counters: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class PriceList:
    """A checked price list; `load_price_list` makes it.

    Every figure in joules carries its name.  `source` and `caveat` say where the prices come from, and what a figure
    made with them is not; `times` is empty where the source says nothing of time.  `lacking` holds prices, from other
    sources, of what this one has none for: an upper end, never part of the dynamic sum.
    """

    name: str
    title: str
    kind: str
    source: str
    caveat: str
    entries: tuple[Price, ...]
    static: StaticPower | None = None
    times: tuple[Time, ...] = ()
    lacking: tuple[Price, ...] = ()

    @property
    def dynamic(self) -> tuple[Price, ...]:
        """Entries that make the dynamic sum."""
        return tuple(e for e in self.entries if e.alternative_to is None and HOST not in e.counters)

    @property
    def alternatives(self) -> tuple[Price, ...]:
        """Entries that can stand in for another."""
        return tuple(e for e in self.entries if e.alternative_to is not None)

    @property
    def host(self) -> tuple[Price, ...]:
        """Entries for operations off the neurocores."""
        return tuple(e for e in self.entries if e.alternative_to is None and HOST in e.counters)

    @property
    def upper_end(self) -> tuple[Price, ...]:
        """What the dynamic sum lacks: `lacking`, and static power while the chip waits for each count (mW · ns = pJ).

        As if one core did all work, one count after the other, while the rest of the chip waits.
        """
        power = self.static
        idle = () if power is None else (
            Price(f"static_{t.name}", power.milliwatts * t.nanoseconds, t.counters, f"{t.source}; at [static] power")
            for t in self.times
        )  # fmt: skip
        return (*self.lacking, *idle)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Counters that no entry of the sum prices, without ``host_ops``, which has its own line."""
        priced = {counter for entry in self.dynamic for counter in entry.counters}
        return tuple(name for name in COUNTERS if name not in priced and name != HOST)


def built_in_price_lists() -> tuple[str, ...]:
    """Names of the price lists that come with the library, sorted.

    Examples
    --------
    >>> built_in_price_lists()
    ('anp-i', 'cmos45-int8', 'loihi1-davies2018', 'loihi1-silicon-fit')
    """
    folder = resources.files("lava_ed.energy") / "price_lists"
    return tuple(sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml")))


def load_price_list(name_or_path: PriceList | str | os.PathLike[str]) -> PriceList:
    """Load a price list of the library by name, or your own TOML file by path; a list that is loaded is given back.

    A string is a path where it ends in ``.toml`` or holds a path separator.  The file has the
    texts ``name``, ``title``, ``kind``, ``source`` and ``caveat``, one table ``[entries.<category>]``
    per price with ``pj``, ``counters``, ``source`` and perhaps ``alternative_to``, perhaps a table
    ``[static]`` with ``milliwatts`` and ``source``, perhaps tables ``[times.<category>]`` with ``ns``,
    ``counters`` and ``source``, and perhaps tables ``[lacking.<category>]`` like those of entries.

    Raises
    ------
    PriceListError
        If there is no such list, or the file is unreadable or malformed.

    Examples
    --------
    >>> load_price_list("anp-i").entries[0].picojoules
    1.5
    """
    if isinstance(name_or_path, PriceList):
        return name_or_path
    built_in = built_in_price_lists()
    names = ", ".join(built_in)
    if isinstance(name_or_path, str) and name_or_path in built_in:
        file = resources.files("lava_ed.energy") / "price_lists" / f"{name_or_path}.toml"
        return _parse(file.read_bytes(), f"built-in price list {name_or_path}")
    if not isinstance(name_or_path, str | os.PathLike):
        raise PriceListError(f"{name_or_path!r} is no price list: give one of {names}, or the path of a TOML file")
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and path.suffix != ".toml" and len(path.parts) < 2:
        raise PriceListError(
            f"no price list {name_or_path!r}: the built-in ones are {names}; "
            "your own is given by its path, ending in .toml"
        )
    way_out = f"check the path, or use a built-in list: {names}"
    prices = _parse(read_plain(path, most=MOST_TOML, error=PriceListError, hint=way_out), shown(path))
    if prices.name in built_in:
        raise PriceListError(
            f"{path}: name is {prices.name!r}, which is a built-in list's: every figure carries the name, "
            f"so choose one that is not {names}"
        )
    return prices


def _parse(content: bytes, where: str) -> PriceList:
    """Checked price list from the bytes of a TOML file; `where` names it in messages."""
    table = parse_toml(content, where, error=PriceListError, hint="correct it there")
    prices = PriceList(**_record(table, where, _LIST))
    if not prices.entries:
        raise PriceListError(f"{where}: entries is empty: give at least one table [entries.<category>]")
    _check_alternatives(prices, where)
    return prices


def _record(value: Any, where: str, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The checked values of a table, in the order of its checks."""
    for key, found in _table(value, where).items():
        if key not in checks:
            raise PriceListError(
                f"{where}: {brief(key)[1:-1]} = {brief(found)} is an unknown key: use {', '.join(checks)}"
            )
    required = [key for key in checks if key not in _OPTIONAL]
    if missing := [key for key in required if key not in value]:
        raise PriceListError(f"{where} has no {', '.join(missing)}: required are {', '.join(required)}")
    return {key: check(value[key], f"{where}: {key}") for key, check in checks.items() if key in value}


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PriceListError(f"{where} is {brief(value)}: it must be a table, [entries.<category>] or [static]")
    return value


def _categories(kind: Callable[..., Entry], checks: Mapping[str, Check]) -> Callable[[Any, str], tuple[Entry, ...]]:
    """Function that reads a table of categories, each of which is a table of its own."""

    def entry(name: str, value: Any, where: str) -> Entry:
        row = _record(value, where, checks)
        return kind(_name(name, f"{where}: the category"), *row.values())

    return lambda value, where: tuple(entry(name, row, f"{where}.{name}") for name, row in _table(value, where).items())


def _counters(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise PriceListError(f"{where} is {brief(value)}: give a list of one or more of {', '.join(COUNTERS)}")
    for name in value:
        if name not in COUNTERS:
            raise PriceListError(
                f"{where} names {brief(name)}, which is not counted: use one or more of {', '.join(COUNTERS)}"
            )
    if len(set(value)) < len(value):
        raise PriceListError(f"{where} is {brief(value)}: name each counter once, or it would be charged twice")
    if HOST in value and len(value) > 1:
        raise PriceListError(
            f"{where} is {brief(value)}: {HOST} is priced apart from the dynamic sum, so give it an entry of its own"
        )
    return tuple(value)


def _check_alternatives(prices: PriceList, where: str) -> None:
    """Refuse an alternative that stands in for no entry of the sum."""
    targets = [entry.name for entry in prices.dynamic]
    for entry in prices.alternatives:
        key = f"{where}: entries.{entry.name}: alternative_to is {brief(entry.alternative_to)}"
        if HOST in entry.counters:
            raise PriceListError(f"{key}: {HOST} is not in the dynamic sum and has no alternatives; leave the key out")
        if entry.alternative_to not in targets:
            allowed = ", ".join(targets) or "none here"
            raise PriceListError(
                f"{key}: it must name an entry that is itself no alternative ({allowed}); "
                "correct it, or leave the key out"
            )


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PriceListError(f"{where} is {brief(value)}: it must be a text that is not empty")
    if len(value) > LONGEST_TEXT or any(category(c) == "Cc" and c not in "\n\t" for c in value):
        raise PriceListError(
            f"{where} is {brief(value)}: it must be a text of at most {LONGEST_TEXT:,} characters, none of them a "
            "control character"
        )
    return value


def _name(value: Any, where: str) -> str:
    """A text that heads a column or a row."""
    name = _text(value, where)
    if len(name) > LONGEST_NAME or len(name.splitlines()) > 1:
        raise PriceListError(f"{where} is {brief(name)}: it must be one line of at most {LONGEST_NAME} characters")
    return name


def _kind(value: Any, where: str) -> str:
    if _text(value, where) not in KINDS:
        raise PriceListError(f"{where} is {value!r}: use one of {', '.join(KINDS)}")
    return str(value)


def _amount(unit: str) -> Check:
    """Function that reads a number of `unit` in [0, LARGEST_AMOUNT]; NaN is in no range."""

    def read(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_AMOUNT:
            raise PriceListError(
                f"{where} is {brief(value)}: it must be a number of {unit} from 0 to {LARGEST_AMOUNT:g}, not in quotes"
            )
        return float(value)

    return read


# The keys of each table in the order of the fields that they fill.
_PRICE: Final = {"pj": _amount("picojoules"), "counters": _counters, "source": _text, "alternative_to": _text}
_TIME: Final = {"ns": _amount("nanoseconds"), "counters": _counters, "source": _text}
_STATIC: Final = {"milliwatts": _amount("milliwatts"), "source": _text}
_LACKING: Final = {key: check for key, check in _PRICE.items() if key != "alternative_to"}
_LIST: Final[dict[str, Check]] = {
    "name": _name,
    "title": _text,
    "kind": _kind,
    "source": _text,
    "caveat": _text,
    "entries": _categories(Price, _PRICE),
    "static": lambda value, where: StaticPower(*_record(value, where, _STATIC).values()),
    "times": _categories(Time, _TIME),
    "lacking": _categories(Price, _LACKING),
}
_OPTIONAL: Final = ("alternative_to", "static", "times", "lacking")
