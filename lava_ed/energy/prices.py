"""Price lists: what one count costs in picojoules, and who says so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final
from unicodedata import category

from lava_ed.errors import PriceListError
from lava_ed.files.reading import MOST_TOML, brief, parse_toml, read_plain, shown
from lava_ed.kernels.counting import COUNTERS

__all__ = ["KINDS", "Price", "PriceList", "StaticPower", "Time", "built_in_price_lists", "load_price_list"]

KINDS: Final = ("pre-silicon", "silicon-fit", "silicon", "circuit", "assumption")
"""Where prices come from: a maker's simulation, a model fitted to a chip, a chip, bare circuits, a guess."""

HOST: Final = "host_ops"
"""The counter that is priced apart and is never part of the dynamic sum."""

LARGEST_AMOUNT: Final = 1e12
"""Largest price in pJ, one joule, or static power in mW: what is above it is a slip of the unit."""

LONGEST_TEXT: Final = 4000
"""Characters: pages and messages repeat the texts of a list beside its figures."""

LONGEST_NAME: Final = 80
"""Characters of what heads a column."""

_TEXTS: Final = ("name", "title", "kind", "source", "caveat")
_LIST_KEYS: Final = (*_TEXTS, "entries", "static", "times")
_PRICE_KEYS: Final = ("pj", "counters", "source", "alternative_to")
_TIME_KEYS: Final = ("ns", "counters", "source")
_STATIC_KEYS: Final = ("milliwatts", "source")


@dataclass(frozen=True)
class Price:
    """One entry of a price list.

    Parameters
    ----------
    name : str
        Category under which the report shows it.
    picojoules : float
        Price of one count, not negative.
    counters : tuple of str
        Counters of which each count is charged.  Entries that share a counter add up.
    source : str
    alternative_to : str, optional
        Entry that this one can stand in for.  An alternative is never part of a sum; the report
        says what the sum would be with it.
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

    Parameters
    ----------
    name, title : str
        Every figure in joules carries the name.
    kind : str
        One of `KINDS`.
    source, caveat : str
        Where the prices come from, and what a figure made with them is not.
    entries : tuple of Price
    static : StaticPower, optional
    times : tuple of Time
        Empty where the source says nothing of time.
    """

    name: str
    title: str
    kind: str
    source: str
    caveat: str
    entries: tuple[Price, ...]
    static: StaticPower | None = None
    times: tuple[Time, ...] = ()

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


def load_price_list(name_or_path: str | os.PathLike[str]) -> PriceList:
    """Load a price list of the library by name, or your own TOML file by path.

    A string is a path where it ends in ``.toml`` or holds a path separator.  The file has the
    texts ``name``, ``title``, ``kind``, ``source`` and ``caveat``, one table ``[entries.<category>]``
    per price with ``pj``, ``counters``, ``source`` and perhaps ``alternative_to``, perhaps a table
    ``[static]`` with ``milliwatts`` and ``source``, and perhaps tables ``[times.<category>]`` with ``ns``,
    ``counters`` and ``source``.

    Raises
    ------
    PriceListError
        If there is no such list, or the file is unreadable or malformed.

    Examples
    --------
    >>> load_price_list("anp-i").entries[0].picojoules
    1.5
    """
    built_in = built_in_price_lists()
    if isinstance(name_or_path, str) and name_or_path in built_in:
        file = resources.files("lava_ed.energy") / "price_lists" / f"{name_or_path}.toml"
        return _parse(file.read_bytes(), f"built-in price list {name_or_path}")
    if not isinstance(name_or_path, str | os.PathLike):
        raise PriceListError(
            f"{name_or_path!r} is no price list: give one of {', '.join(built_in)}, or the path of a TOML file"
        )
    path = Path(name_or_path)
    is_path = not isinstance(name_or_path, str) or path.suffix == ".toml" or len(path.parts) > 1
    if not is_path:
        raise PriceListError(
            f"no price list {name_or_path!r}: the built-in ones are {', '.join(built_in)}; "
            "your own is given by its path, ending in .toml"
        )
    way_out = f"check the path, or use a built-in list: {', '.join(built_in)}"
    prices = _parse(read_plain(path, most=MOST_TOML, error=PriceListError, hint=way_out), shown(path))
    if prices.name in built_in:
        raise PriceListError(
            f"{path}: name is {prices.name!r}, which is a built-in list's: every figure carries the name, "
            f"so choose one that is not {', '.join(built_in)}"
        )
    return prices


def _parse(content: bytes, where: str) -> PriceList:
    """Checked price list from the bytes of a TOML file; `where` names it in messages."""
    data = parse_toml(content, where, error=PriceListError, hint="correct it there")
    _check_keys(data, _LIST_KEYS, where, required=(*_TEXTS, "entries"))
    texts = {key: (_name if key == "name" else _text)(data[key], f"{where}: {key}") for key in _TEXTS}
    if texts["kind"] not in KINDS:
        raise PriceListError(f"{where}: kind is {texts['kind']!r}: use one of {', '.join(KINDS)}")
    tables = _table(data["entries"], f"{where}: entries")
    if not tables:
        raise PriceListError(f"{where}: entries is empty: give at least one table [entries.<category>]")
    entries = tuple(_price(name, table, f"{where}: entries.{name}") for name, table in tables.items())
    _check_alternatives(entries, where)
    static = _static(data["static"], f"{where}: static") if "static" in data else None
    times = _table(data.get("times", {}), f"{where}: times")
    return PriceList(
        **texts,
        entries=entries,
        static=static,
        times=tuple(_time(name, table, f"{where}: times.{name}") for name, table in times.items()),
    )


def _price(name: str, value: Any, where: str) -> Price:
    table = _table(value, where)
    _check_keys(table, _PRICE_KEYS, where, required=("pj", "counters", "source"))
    alternative = table.get("alternative_to")
    return Price(
        name=_name(name, f"{where}: the category"),
        picojoules=_amount(table["pj"], f"{where}: pj", "picojoules"),
        counters=_counters(table["counters"], f"{where}: counters"),
        source=_text(table["source"], f"{where}: source"),
        alternative_to=None if alternative is None else _text(alternative, f"{where}: alternative_to"),
    )


def _time(name: str, value: Any, where: str) -> Time:
    table = _table(value, where)
    _check_keys(table, _TIME_KEYS, where, required=_TIME_KEYS)
    return Time(
        _name(name, f"{where}: the category"),
        _amount(table["ns"], f"{where}: ns", "nanoseconds"),
        _counters(table["counters"], f"{where}: counters"),
        _text(table["source"], f"{where}: source"),
    )


def _static(value: Any, where: str) -> StaticPower:
    table = _table(value, where)
    _check_keys(table, _STATIC_KEYS, where, required=_STATIC_KEYS)
    return StaticPower(
        _amount(table["milliwatts"], f"{where}: milliwatts", "milliwatts"),
        _text(table["source"], f"{where}: source"),
    )


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


def _check_alternatives(entries: tuple[Price, ...], where: str) -> None:
    """An alternative stands in for an entry of the sum."""
    targets = [e.name for e in entries if e.alternative_to is None and HOST not in e.counters]
    for entry in entries:
        if entry.alternative_to is None:
            continue
        key = f"{where}: entries.{entry.name}: alternative_to is {brief(entry.alternative_to)}"
        if HOST in entry.counters:
            raise PriceListError(f"{key}: {HOST} is not in the dynamic sum and has no alternatives; leave the key out")
        if entry.alternative_to not in targets:
            allowed = ", ".join(targets) or "none here"
            raise PriceListError(
                f"{key}: it must name an entry that is itself no alternative ({allowed}); "
                "correct it, or leave the key out"
            )


def _check_keys(table: Mapping[str, Any], allowed: tuple[str, ...], where: str, required: tuple[str, ...]) -> None:
    for key, value in table.items():
        if key not in allowed:
            raise PriceListError(
                f"{where}: {brief(key)[1:-1]} = {brief(value)} is an unknown key: use {', '.join(allowed)}"
            )
    missing = [key for key in required if key not in table]
    if missing:
        raise PriceListError(f"{where} has no {', '.join(missing)}: required are {', '.join(required)}")


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PriceListError(f"{where} is {brief(value)}: it must be a table, [entries.<category>] or [static]")
    return value


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


def _amount(value: Any, where: str, unit: str) -> float:
    """A number of `unit` in [0, LARGEST_AMOUNT]; NaN is in no range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_AMOUNT:
        raise PriceListError(
            f"{where} is {brief(value)}: it must be a number of {unit} from 0 to {LARGEST_AMOUNT:g}, not in quotes"
        )
    return float(value)
