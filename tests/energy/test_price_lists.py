"""Price lists: the figures of the sources, and a message for each way in which a list can be wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lava_ed.energy import KINDS, Price, StaticPower, built_in_price_lists, load_price_list
from lava_ed.errors import LavaEDError, PriceListError
from lava_ed.kernels.counting import COUNTERS

SYNOPS = ("synops", "graded_synops")

# entry → (pJ, counters, alternative to), copied by hand from the sources
EXPECTED = {
    "loihi1-davies2018": {
        "synaptic_operation": (23.6, SYNOPS, None),
        "synaptic_update": (120.0, ("synaptic_updates",), None),
        "effective_update": (120.0, ("effective_updates",), "synaptic_update"),
        "neuron_update_active": (81.0, ("neuron_updates_active",), None),
        "neuron_update_idle": (52.0, ("neuron_updates_idle",), None),
        "spike_within_tile": (1.7, ("spike_messages",), None),
        "hop_north_south": (4.0, ("hops",), None),
        "hop_east_west": (3.0, ("hops",), "hop_north_south"),
    },
    "loihi1-silicon-fit": {
        "synapse_dense": (35.5, SYNOPS, None),
        "synapse_sparse": (33.6, SYNOPS, "synapse_dense"),
        "soma_access": (51.2, ("neuron_updates_active", "neuron_updates_idle"), None),
        "soma_update": (21.6, ("neuron_updates_active",), None),
        "spike_out": (69.3, ("spikes",), None),
        "message_out": (111.0, ("spike_messages",), None),
        "hop_north_south": (4.2, ("hops",), None),
        "hop_east_west": (3.0, ("hops",), "hop_north_south"),
    },
    "cmos45-int8": {
        "int8_add": (0.03, ("synops", "trace_updates"), None),
        "int8_mac": (0.23, ("graded_synops", "synaptic_updates"), None),
        "int32_add": (0.1, ("neuron_updates_active",), None),
        "sram_access": (
            5.0,
            (*SYNOPS, "synaptic_updates", "weight_writes", "trace_updates", "neuron_updates_active"),
            None,
        ),
    },
    "anp-i": {"synaptic_operation": (1.5, SYNOPS, None)},
}

GOOD = {
    "name": '"mine"',
    "title": '"My chip"',
    "kind": '"assumption"',
    "source": '"a guess"',
    "caveat": '"guessed, not measured"',
}
ENTRY = '[entries.op]\npj = 2\ncounters = ["synops"]\nsource = "here"\n'


def toml(tables: str = ENTRY, **changes: str | None) -> str:
    """Text of a list: GOOD with `changes` (None leaves a key out), then the tables."""
    heads = {**GOOD, **changes}
    return "".join(f"{key} = {value}\n" for key, value in heads.items() if value is not None) + tables


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "prices.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


class TestBuiltIn:
    def test_names(self):
        assert built_in_price_lists() == ("anp-i", "cmos45-int8", "loihi1-davies2018", "loihi1-silicon-fit")

    @pytest.mark.parametrize("name", EXPECTED)
    def test_figures_that_only_third_parties_confirm_say_so(self, name):
        """SANA-FE's file is public, and the paper on ANP-I has its price in the title; the others are quoted."""
        prices = load_price_list(name)
        priced = [*prices.entries, *prices.times]
        marked = [entry.name for entry in priced if entry.source.endswith("; confirmed by third parties only")]
        assert marked == ([] if name in ("anp-i", "loihi1-silicon-fit") else [entry.name for entry in priced])
        assert prices.static is None or prices.static.source.endswith("; confirmed by third parties only")

    @pytest.mark.parametrize("name", EXPECTED)
    def test_entries_are_those_of_the_source(self, name):
        entries = load_price_list(name).entries
        assert {e.name: (e.picojoules, e.counters, e.alternative_to) for e in entries} == EXPECTED[name]
        assert all(entry.source for entry in entries)

    @pytest.mark.parametrize("name", EXPECTED)
    def test_says_what_it_is_not(self, name):
        prices = load_price_list(name)
        assert prices.name == name
        assert prices.kind in KINDS
        assert prices.title
        assert prices.source
        assert "Loihi 2" not in prices.title
        assert "never a Loihi 2" in prices.caveat

    def test_kinds(self):
        kinds = [load_price_list(name).kind for name in EXPECTED]
        assert kinds == ["pre-silicon", "silicon-fit", "circuit", "silicon"]

    @pytest.mark.parametrize(
        ("name", "milliwatts"),
        [("loihi1-davies2018", 104.4), ("loihi1-silicon-fit", 104.4), ("cmos45-int8", None), ("anp-i", None)],
    )
    def test_static_power_is_apart(self, name, milliwatts):
        static = load_price_list(name).static
        assert (static and static.milliwatts) == milliwatts

    @pytest.mark.parametrize("name", EXPECTED)
    def test_every_counter_is_priced_or_named_as_unpriced_or_apart(self, name):
        prices = load_price_list(name)
        priced = {counter for entry in prices.dynamic for counter in entry.counters}
        assert sorted([*priced, *prices.unpriced, "host_ops"]) == sorted(COUNTERS)

    def test_unpriced_by_hand(self):
        assert load_price_list("loihi1-davies2018").unpriced == (
            "spikes",
            "effective_updates",
            "weight_writes",
            "trace_updates",
            "barrier_steps",
        )

    @pytest.mark.parametrize(
        ("name", "nanoseconds"),
        [
            ("loihi1-davies2018", [3.5, 6.1, 8.4, 5.3, 465.0]),
            ("loihi1-silicon-fit", [3.8, 6.0, 3.7, 30.0, 5.1, 1800.0]),
            ("cmos45-int8", []),
            ("anp-i", []),
        ],
    )
    def test_times_are_apart(self, name, nanoseconds):
        times = load_price_list(name).times
        assert [time.nanoseconds for time in times] == nanoseconds
        assert all(time.source for time in times)

    def test_is_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            load_price_list("anp-i").name = "other"


class TestOwnList:
    @pytest.mark.parametrize("as_type", [str, Path])
    def test_by_path(self, tmp_path, as_type):
        host = '[entries.cpu]\npj = 9.5\ncounters = ["host_ops"]\nsource = "there"\n'
        static = '[static]\nmilliwatts = 3\nsource = "meter"\n'
        prices = load_price_list(as_type(write(tmp_path, toml(ENTRY + host + static))))
        op, cpu = Price("op", 2.0, ("synops",), "here"), Price("cpu", 9.5, ("host_ops",), "there")
        assert (prices.name, prices.kind, prices.caveat) == ("mine", "assumption", "guessed, not measured")
        assert prices.entries == (op, cpu)
        assert prices.dynamic == (op,)
        assert prices.host == (cpu,)
        assert prices.static == StaticPower(3.0, "meter")

    def test_a_relative_path_in_this_folder(self, tmp_path, monkeypatch):
        write(tmp_path, toml())
        monkeypatch.chdir(tmp_path)
        assert load_price_list("prices.toml").name == "mine"

    def test_a_built_in_name_is_never_a_file(self, tmp_path, monkeypatch):
        (tmp_path / "anp-i").write_text(toml())
        monkeypatch.chdir(tmp_path)
        assert load_price_list("anp-i").name == "anp-i"
        assert load_price_list(Path("anp-i")).name == "mine"

    def test_a_price_of_nothing_is_a_price(self, tmp_path):
        assert load_price_list(write(tmp_path, toml(ENTRY.replace("2", "0")))).entries[0].picojoules == 0


def entry(**changes: str | None) -> str:
    """One table of a list, with `changes` (None leaves a key out)."""
    keys = {"pj": "2", "counters": '["synops"]', "source": '"here"', **changes}
    return "[entries.op]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None)


ALTERNATIVE = '[entries.alt]\npj = 1\ncounters = ["hops"]\nsource = "x"\nalternative_to = "{}"\n'
HOST_ENTRY = '[entries.cpu]\npj = 1\ncounters = ["host_ops"]\nsource = "x"\n'
ALL_COUNTERS = ", ".join(COUNTERS)

# what is wrong → (file, what the message has to say)
MALFORMED = {
    "not TOML": ("name = red", ["not valid TOML", "line 1"]),
    "not UTF-8": (b'name = "\xff"', ["not valid TOML in UTF-8"]),
    "a control character": (toml(caveat='"a\\u0000b"'), ["holds a NUL"]),
    "an escape sequence": (toml(source='"a\\u001b[2Jb"'), ["source is", "control character"]),
    "a name of two lines": (toml(name='"a\\nb"'), ["name is 'a\\nb'", "one line"]),
    "a long name": (toml(name=f'"{"a" * 81}"'), ["of at most 80 characters"]),
    "hexadecimal digits without end": (toml(entry(pj="0x" + "f" * 5000)), ["too long to be shown", "1e+12"]),
    "a dotted key without end": ("a." * 20_000 + "a = 1", ["not valid TOML", "32 levels"]),
    "a large file": ("#" * 70_000, ["70,000 bytes", "at most 65,536"]),
    "a number without end": (toml(entry(pj="1" * 5000)), ["not valid TOML"]),
    "a bottomless table": (f"x = {'[' * 5000}", ["not valid TOML"]),
    "the same key twice": (toml(entry() + "pj = 3\n"), ["not valid TOML"]),
    "empty": ("", ["has no name, title, kind, source, caveat, entries"]),
    "no name": (toml(name=None), ["has no name", "required are"]),
    "no source of the list": (toml(source=None), ["has no source"]),
    "no caveat": (toml(caveat=None), ["has no caveat"]),
    "blank caveat": (toml(caveat='"  "'), ["caveat is '  '", "not empty"]),
    "title of another type": (toml(title="5"), ["title is 5", "text"]),
    "unknown kind": (toml(kind='"measured"'), ["kind is 'measured'", *KINDS]),
    "unknown key of the list": (
        toml(color='"red"'),
        ["color = 'red'", "unknown key", "caveat, entries, static"],
    ),
    "a built-in list's name": (toml(name='"anp-i"'), ["name is 'anp-i'", "built-in", "choose"]),
    "no entries": (toml(""), ["has no entries"]),
    "empty entries": (toml("[entries]\n"), ["entries is empty", "[entries.<category>]"]),
    "entries no table": (toml("", entries="3"), ["entries is 3", "table"]),
    "an entry no table": (toml("[entries]\nop = 3\n"), ["entries.op is 3", "table"]),
    "a category without name": (toml(entry().replace("entries.op", 'entries.""')), ["the category is ''"]),
    "no price": (toml(entry(pj=None)), ["entries.op has no pj"]),
    "no source": (
        toml(entry(source=None)),
        ["entries.op has no source", "required are pj, counters, source"],
    ),
    "blank source": (toml(entry(source='""')), ["entries.op: source is ''"]),
    "unknown key of an entry": (toml(entry(price="3")), ["entries.op: price = 3", "pj, counters, source"]),
    "negative": (toml(entry(pj="-0.5")), ["entries.op: pj is -0.5", "from 0 to 1e+12"]),
    "NaN": (toml(entry(pj="nan")), ["entries.op: pj is nan"]),
    "infinite": (toml(entry(pj="inf")), ["entries.op: pj is inf"]),
    "huge": (toml(entry(pj="1" + "0" * 400)), ["entries.op: pj is 1000", "1e+12"]),
    "bool": (toml(entry(pj="true")), ["entries.op: pj is True", "number of picojoules"]),
    "text as price": (toml(entry(pj='"2"')), ["entries.op: pj is '2'", "not in quotes"]),
    "no counters": (toml(entry(counters=None)), ["entries.op has no counters"]),
    "empty counters": (toml(entry(counters="[]")), ["counters is []", ALL_COUNTERS]),
    "counters as text": (toml(entry(counters='"synops"')), ["counters is 'synops'", "list"]),
    "unknown counter": (
        toml(entry(counters='["synops", "flops"]')),
        ["counters names 'flops'", ALL_COUNTERS],
    ),
    "counter of another type": (toml(entry(counters="[[1]]")), ["counters names [1]"]),
    "counter twice": (toml(entry(counters='["hops", "hops"]')), ["charged twice"]),
    "host among others": (toml(entry(counters='["synops", "host_ops"]')), ["host_ops", "entry of its own"]),
    "alternative to nothing": (toml(ENTRY + ALTERNATIVE.format("opp")), ["alternative_to is 'opp'", "(op)"]),
    "alternative to itself": (toml(ENTRY + ALTERNATIVE.format("alt")), ["alternative_to is 'alt'", "(op)"]),
    "alternative to host": (toml(HOST_ENTRY + ALTERNATIVE.format("cpu")), ["'cpu'", "none here"]),
    "alternative of host": (toml(ENTRY + HOST_ENTRY + 'alternative_to = "op"\n'), ["entries.cpu", "leave"]),
    "alternative of another type": (toml(entry(alternative_to="1")), ["entries.op: alternative_to is 1"]),
    "static no table": (toml(ENTRY, static="3"), ["static is 3", "table"]),
    "static without source": (toml(ENTRY + "[static]\nmilliwatts = 3\n"), ["static has no source"]),
    "negative static": (toml(ENTRY + '[static]\nmilliwatts = -3\nsource = "x"\n'), ["milliwatts is -3"]),
    "unknown static key": (toml(ENTRY + '[static]\nwatts = 3\nsource = "x"\n'), ["static: watts = 3"]),
}


@pytest.mark.parametrize("wrong", MALFORMED)
def test_malformed_list_names_file_key_value_and_way_out(tmp_path, wrong):
    text, says = MALFORMED[wrong]
    path = write(tmp_path, text)
    with pytest.raises(PriceListError) as caught:
        load_price_list(path)
    message = str(caught.value)
    assert str(path) in message
    for part in says:
        assert part in message


@pytest.mark.parametrize("name", ["nowhere/prices.toml", "prices.toml", "zero\0.toml"])
def test_missing_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PriceListError, match=r"cannot be read .*loihi1-davies2018"):
        load_price_list(name)


def test_a_folder_is_no_list(tmp_path):
    with pytest.raises(PriceListError, match="cannot be read"):
        load_price_list(tmp_path)


@pytest.mark.parametrize("name", ["loihi2", "", "Loihi1-Davies2018"])
def test_unknown_name_lists_the_known_ones(name):
    with pytest.raises(PriceListError) as caught:
        load_price_list(name)
    assert repr(name) in str(caught.value)
    assert "anp-i, cmos45-int8, loihi1-davies2018, loihi1-silicon-fit" in str(caught.value)
    assert isinstance(caught.value, LavaEDError)


@pytest.mark.parametrize("value", [None, 3, b"anp-i"])
def test_what_is_no_name_and_no_path(value):
    with pytest.raises(PriceListError, match="is no price list"):
        load_price_list(value)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ('[times.op]\nns = "1"\ncounters = ["synops"]\nsource = "s"\n', "times.op: ns is '1'"),
        ('[times.op]\nns = -1\ncounters = ["synops"]\nsource = "s"\n', "times.op: ns is -1"),
        ('[times.op]\nns = 1\ncounters = ["joules"]\nsource = "s"\n', "times.op: counters names 'joules'"),
        ('[times.op]\nns = 1\ncounters = ["synops"]\n', "times.op has no source"),
        ("times = 3\n", "times is 3"),
    ],
)
def test_malformed_times(tmp_path, table, match):
    text = table + toml(ENTRY) if table.startswith("times") else toml(ENTRY + table)
    with pytest.raises(PriceListError, match=match):
        load_price_list(write(tmp_path, text))
