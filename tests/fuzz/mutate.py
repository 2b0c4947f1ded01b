"""Mutators: each takes a generator and the bytes of a valid file, and returns other bytes."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

Mutator = Callable[[Random, bytes], bytes]

SIZES = (0, 1, 2, 7, 127, 128, 255, 256, 32767, 32768, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1,
         2**63, 2**64 - 1)  # fmt: skip
"""What a field of a length, a shape or a count may be said to be."""


# Bytes, of any format.


def flip_bit(random: Random, content: bytes) -> bytes:
    """One bit, or a few."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def set_byte(random: Random, content: bytes) -> bytes:
    """One byte, or a few, to another value."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        if changed:
            changed[random.randrange(len(changed))] = random.choice((0, 1, 127, 128, 255, random.randrange(256)))
    return bytes(changed)


def set_field(random: Random, content: bytes) -> bytes:
    """Two, four or eight bytes in a row to an integer of either order, as a length field would be wrong."""
    width, order = random.choice((2, 4, 8)), random.choice(("little", "big"))
    if len(content) < width:
        return content + b"\0"
    start = random.choice(
        (random.randrange(len(content) - width + 1), min(len(content) - width, 4 * random.randrange(8)))
    )
    value = random.choice(SIZES) % (1 << 8 * width)
    return content[:start] + value.to_bytes(width, order) + content[start + width :]  # type: ignore[arg-type]


def nudge_field(random: Random, content: bytes) -> bytes:
    """Four or eight bytes in a row, read as an integer, a little more or less."""
    width, order = random.choice((1, 2, 4, 8)), random.choice(("little", "big"))
    if len(content) < width:
        return content + b"\0"
    start = random.randrange(len(content) - width + 1)
    old = int.from_bytes(content[start : start + width], order)  # type: ignore[arg-type]
    value = (old + random.choice((-2, -1, 1, 2, 16, -16))) % (1 << 8 * width)
    return content[:start] + value.to_bytes(width, order) + content[start + width :]  # type: ignore[arg-type]


def truncate(random: Random, content: bytes) -> bytes:
    """The beginning alone."""
    return content[: random.choice((0, 1, len(content) // 2, len(content) - 1, random.randrange(len(content) + 1)))]


def extend(random: Random, content: bytes) -> bytes:
    """Something at the end that does not belong there."""
    return content + random.choice(
        (b"\0", b"\n", b" ", b"}", b"\0" * 4096, random.randbytes(random.randrange(1, 64)), content)
    )


def splice(random: Random, content: bytes) -> bytes:
    """A stretch of the file deleted, doubled, or put in another place."""
    if len(content) < 2:
        return content + b"\0"
    length = random.choice((1, 2, 4, 8, random.randrange(1, len(content))))
    start, to = random.randrange(len(content)), random.randrange(len(content))
    piece = content[start : start + length]
    kind = random.randrange(4)
    if kind == 0:
        return content[:start] + content[start + length :]
    if kind == 1:
        return content[:start] + piece + content[start:]
    if kind == 2:
        return content[:to] + piece + content[to:]
    return content[:to] + piece + content[to + len(piece) :]


BYTES: tuple[Mutator, ...] = (flip_bit, set_byte, set_field, nudge_field, truncate, extend, splice)


# Trees, of JSON and TOML.

SURPRISES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        [],
        {},
        [[]],
        [{}],
        [0],
        [None],
        ["x"],
        [1, 2, 3],
        [10**9],
        [-1],
        {"": 0},
        {"a": {}},
        [0] * 1000,
    ),
    *(0, 1, -1, 2, 7, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32, 2**53 + 1),
    *(2**63 - 1, 2**63, -(2**63), 2**64, 10**19, 10**30, 10**400),
    *(0.0, -0.0, 0.5, 1.0, 1.5, -1.5, 1e-320, 1e16, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
    *("", " ", "0", "x", "nan", "None", "../../etc/passwd", "a\nb", "\0", "\ud800", "\u202e", "[/x]", "$\\frac$"),
    *("x" * 300, "é" * 70_000),
)
"""What may stand where another value is expected."""

Path = tuple[Any, ...]


def _paths(value: Any, path: Path = ()) -> list[Path]:
    """The place of every value in a tree, its root first."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += _paths(item, (*path, key))
    return found


def _get(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _put(tree: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    _get(tree, path[:-1])[path[-1]] = value
    return tree


def _near(random: Random, value: Any) -> Any:
    """A value of the same type, or nearly, close to this one."""
    if isinstance(value, bool):
        return random.choice((not value, int(value), str(value)))
    if isinstance(value, int):
        other = random.choice((value + 1, value - 1, -value, 10 * value, value + 10**9, float(value), value + 0.5))
        return random.choice((other, other, str(value), [value], bool(value)))
    if isinstance(value, float):
        return random.choice((-value, value * 2, value / 3, value * 1e300, value + 1, str(value), [value]))
    if isinstance(value, str):
        k = random.randrange(len(value) + 1)
        return random.choice((value[:k], value[:k] + random.choice("aZ0/\0 \n\\\"") + value[k:], value.upper(), [value],
                              value.encode(), 0))  # fmt: skip
    return random.choice(SURPRISES)


def change_tree(random: Random, tree: Any) -> Any:
    """A tree with one thing changed, now and then with several."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice((1, 1, 1, 1, 2, 4))):
        tree = _change(random, tree)
    return tree


def _change(random: Random, tree: Any) -> Any:
    path = random.choice(_paths(tree))
    value, kind = _get(tree, path), random.randrange(10)
    if kind < 3:
        return _put(tree, path, copy.deepcopy(random.choice(SURPRISES)))
    if kind < 5:
        near = _near(random, value)
        return _put(tree, path, near.decode(errors="replace") if isinstance(near, bytes) else near)
    if kind == 5:  # a value from elsewhere in the tree
        return _put(tree, path, copy.deepcopy(_get(tree, random.choice(_paths(tree)))))
    if kind == 6:  # nested
        for _ in range(random.choice((1, 2, 40, 900))):
            value = random.choice(([value], {"a": value}))
        return _put(tree, path, value)
    if not path:
        return tree if not isinstance(tree, dict) or not tree else {**tree, random.choice(list(tree)) + "x": 0}
    parent, key = _get(tree, path[:-1]), path[-1]
    if kind == 7:  # left out
        del parent[key]
    elif kind == 8:  # under another name, or a second time
        if isinstance(parent, list):
            parent.insert(random.randrange(len(parent) + 1), copy.deepcopy(value))
        else:
            name = random.choice((key + "x", key[:-1], key.upper(), "", "format", "__class__"))
            parent[name] = parent.pop(key) if random.random() < 0.5 else copy.deepcopy(value)
    elif isinstance(parent, list):
        random.shuffle(parent)
    else:
        other = random.choice(list(parent))
        parent[key], parent[other] = parent[other], parent[key]
    return tree


def json_text(tree: Any) -> str:
    """A tree as JSON, or as near to it as its values are."""
    try:
        return json.dumps(tree)
    except RecursionError:
        return "[" * 5000
    except ValueError:
        return repr(tree)


def change_json(random: Random, content: bytes) -> bytes:
    """A JSON file with another value in it."""
    return json_text(change_tree(random, json.loads(content))).encode(errors="surrogatepass")


def twist_json(random: Random, content: bytes) -> bytes:
    """A JSON file that is written in a way which a parser may not expect."""
    text = content.decode()
    kind = random.randrange(6)
    if kind == 0:
        key = random.choice([k for k in ("{", "[", ":") if k in text] or [""])
        at = text.find(key, random.randrange(len(text)))
        return (text[: at + 1] + random.choice(("[", '{"a":')) * random.choice((50, 2000, 200_000))).encode()
    if kind == 1:  # a key that occurs twice
        return text.replace("{", '{"format": 1, "format": 2, "epoch": 0, "epoch": -1, ', 1).encode()
    if kind == 2:
        return random.choice((text.encode("utf-16"), b"\xef\xbb\xbf" + content, text.encode().replace(b'"', b"'")))
    if kind == 3:  # a number with many digits
        digits = [k for k, c in enumerate(text) if c.isdigit()] or [0]
        at = random.choice(digits)
        return (text[:at] + random.choice("19") * random.choice((10, 30, 400, 5000, 400_000)) + text[at:]).encode()
    if kind == 4:
        return (" " * random.choice((1, 1000)) + text + "\n" * random.choice((1, 1000))).encode()
    return text.replace(
        random.choice(('"', ",", ":", "0", "1", "e")), random.choice(("", "NaN", "-", "\\u0000")), 1
    ).encode()


JSON: tuple[Mutator, ...] = (*[change_json] * 6, twist_json, *BYTES)


def change_lines(random: Random, content: bytes) -> bytes:
    """A file of JSON lines with another value in one of them, or with other lines."""
    lines = content.decode().splitlines()
    k, kind = random.randrange(len(lines)), random.randrange(8)
    if kind < 4:
        lines[k] = change_json(random, lines[k].encode()).decode(errors="surrogatepass")
    elif kind == 4:
        del lines[k]
    elif kind == 5:
        lines.insert(random.randrange(len(lines) + 1), lines[k])
    elif kind == 6:
        random.shuffle(lines)
    else:
        lines.insert(k, random.choice(("", "null", "{}", "[]", "0", '"x"', "\x0b", "\u2028")))
    return "\n".join(lines).encode(errors="surrogatepass") + random.choice((b"\n", b"\n", b"", b"\n\n"))


JSON_LINES: tuple[Mutator, ...] = (*[change_lines] * 8, *BYTES)


def toml_text(tree: dict[str, Any]) -> str:
    """A table as TOML, with every key quoted; values that TOML does not have come out as near to it as can be."""
    return "".join(f"{json.dumps(key)} = {_toml_value(value)}\n" for key, value in tree.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    if value is None:
        return "nil"
    return (
        json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
        if isinstance(value, float)
        else json.dumps(value)
    )


def change_toml(random: Random, content: bytes) -> bytes:
    """A TOML file with another value in it."""
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    tree = change_tree(random, tomllib.loads(content.decode()))
    try:
        return toml_text(tree if isinstance(tree, dict) else {"a": tree}).encode(errors="surrogatepass")
    except (RecursionError, ValueError):
        return b"a = " + b"[" * 20_000


def twist_toml(random: Random, content: bytes) -> bytes:
    """A TOML file that is written in a way which a parser may not expect."""
    lines = content.decode().splitlines()
    k = random.randrange(len(lines))
    lines.insert(k, random.choice(("a = " + "[" * 10_000, "a." * 20_000 + "a = 1", "[" + "a." * 900 + "a]", "a = 1e999",
                                   "a = 0x" + "f" * 5000, "a = 1979-05-27", "[[entries]]", "pj = nan", "pj = inf",
                                   '"" = 1', "a = '''", lines[k])))  # fmt: skip
    return "\n".join(lines).encode()


TOML: tuple[Mutator, ...] = (*[change_toml] * 6, twist_toml, *BYTES)


# safetensors: eight bytes of length, a JSON header, the tensors.


def split_tensors(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def join_tensors(header: Any, tensors: bytes, length: int | None = None) -> bytes:
    """A safetensors file; its header says to be of another length, if one is given."""
    text = json_text(header).encode(errors="surrogatepass")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", (len(text) if length is None else length) % 2**64) + text + tensors


TYPES = ("BOOL", "I8", "U8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "I64", "U64", "F64", "F8_E4M3", "X", 3)


def change_tensor_header(random: Random, content: bytes) -> bytes:
    """Another name, type, shape or place of a tensor."""
    header, tensors = split_tensors(content)
    names = [name for name in header if name != "__metadata__"]
    name, kind = random.choice(names), random.randrange(7)
    entry = header[name]
    if kind == 0:
        entry["dtype"] = random.choice(TYPES)
    elif kind == 1:
        old = entry["shape"]
        entry["shape"] = random.choice((old[::-1], [*old, 1], old[1:], [2**40, 2**40], [0], [-1], [2**63], []))
    elif kind == 2:
        other = header[random.choice(names)]
        entry["data_offsets"], other["data_offsets"] = other["data_offsets"], entry["data_offsets"]
    elif kind == 3:
        header[random.choice((name + "x", name.replace("1", "2"), name[:-1], ""))] = header.pop(name)
    elif kind == 4:
        other = random.choice(names)
        header[name], header[other] = header[other], header[name]
    elif kind == 5:
        return join_tensors(change_tree(random, header), tensors)
    else:
        return join_tensors(header, tensors, random.choice(SIZES))
    return join_tensors(header, tensors)


def change_tensor_notes(random: Random, content: bytes) -> bytes:
    """Another value in what the file notes beside its tensors, which is JSON in JSON."""
    header, tensors = split_tensors(content)
    notes = header["__metadata__"]
    name = random.choice(list(notes))
    notes[name] = json_text(change_tree(random, json.loads(notes[name])))
    return join_tensors(header, tensors)


def change_tensors(random: Random, content: bytes) -> bytes:
    """Other numbers in the tensors."""
    header, tensors = split_tensors(content)
    return join_tensors(header, random.choice(BYTES[:4])(random, tensors))


def drop_tensor(random: Random, content: bytes) -> bytes:
    """A file that is sound but lacks a tensor."""
    header, tensors = split_tensors(content)
    name = random.choice([name for name in header if name != "__metadata__"])
    start, stop = header.pop(name)["data_offsets"]
    for other, entry in header.items():
        if other != "__metadata__" and entry["data_offsets"][0] >= stop:
            entry["data_offsets"] = [at - (stop - start) for at in entry["data_offsets"]]
    return join_tensors(header, tensors[:start] + tensors[stop:])


TENSORS: tuple[Mutator, ...] = (
    *[change_tensor_header] * 3, *[change_tensor_notes] * 3, *[change_tensors] * 2, drop_tensor, *BYTES
)  # fmt: skip
