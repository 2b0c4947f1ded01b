"""Makes lava_ed/engine/loops/ from the ops that the families declare; `make loops` runs it after one has changed."""

from __future__ import annotations

import inspect
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from textwrap import fill
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from lava_ed.engine import families
from lava_ed.engine.jump import AT_START, MAPS_AT_START
from lava_ed.engine.loops import LOOPS
from lava_ed.engine.op import GROUPS

FOLDER = Path(__file__).parents[1] / "lava_ed" / "engine" / "loops"
TEMPLATE = Path(__file__).with_name("loops.jinja")
ORDER = ("a", "i8", "i16", "i32", "i64", "u8", "f64", "now", "row", "phase", "predictions", "progress")
"""What a loop can hand to an op, by the names of its body's parameters."""
DOCS = {
    "ours": "The loop of nets of lava_ed.proc.",
    "stock": "The loops of graphs with Lava's own processes.",
    "floating": "The loop of graphs with floating-point processes.",
    "maps": "The loop of nets with convolutions.",
}


JUMPS = {
    "ours": ("window", "jump_windows", "quiet", AT_START),
    "maps": ("map_window", "jump_maps", "quiet_maps", (*AT_START, *MAPS_AT_START)),
}
"""Modules of loops that jump over windows: what does, what tells whether nothing is under way, and what runs before."""


class Body(NamedTuple):
    """The compiled body of an op."""

    name: str
    group: str
    module: str
    parameters: tuple[str, ...]
    counts: bool
    """Whether it returns how many states left their register."""

    @property
    def constant(self) -> str:
        """Name of its number."""
        return self.name.upper()

    @property
    def call(self) -> str:
        """The statement that runs it."""
        call = f"{self.module.rpartition('.')[2]}.{self.name}({', '.join(self.parameters)})"
        return f"progress[OVERFLOWS] += {call}" if self.counts else call


def bodies() -> list[Body]:
    """All ops in the order of their numbers: group by group, as the modules and their declarations follow."""
    found = []
    for info in iter_modules(families.__path__, f"{families.__name__}."):
        module = import_module(info.name)
        for value in vars(module).values():
            declared = getattr(value, "op", None)
            body: Any = getattr(module, declared.name, None) if getattr(declared, "group", "") else None
            if body is not None and body.py_func.__module__ == info.name:
                signature = inspect.signature(body.py_func)
                counts = signature.return_annotation is not signature.empty
                found.append(Body(declared.name, declared.group, info.name, tuple(signature.parameters), counts))
    return sorted(dict.fromkeys(found), key=lambda body: GROUPS.index(body.group))


class Part(NamedTuple):
    """A function that runs any of some ops."""

    groups: tuple[str, ...]
    ops: list[Body]
    text: str

    @property
    def name(self) -> str:
        """What its names begin with."""
        return "_and_".join(self.groups)

    @property
    def parameters(self) -> str:
        """What its ops are handed."""
        used = {name for op in self.ops for name in (*op.parameters, *(("progress",) if op.counts else ()))}
        return ", ".join(name for name in ORDER if name in used)


def _part(groups: tuple[str, ...], ops: list[Body]) -> Part:
    """What runs any op of some groups."""
    text = f"an op of the group{'s' if len(groups) > 1 else ''} {' and '.join(groups)}"
    return Part(groups, [op for op in ops if op.group in groups], text)


def _imports(names: dict[str, set[str]]) -> str:
    """The import statements, as ruff sorts and wraps them."""
    lines = []
    for module in sorted(names):
        imported = sorted(names[module], key=lambda name: (not name.isupper(), name))
        line = f"from {module} import {', '.join(imported)}"
        if len(line) > 120:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in imported) + ")"
        lines.append(line)
    return "\n".join(lines)


def _module(name: str, ops: list[Body], homes: dict[str, str]) -> str:
    """The text of one module; `homes` remembers which module has made a part first."""
    package = "lava_ed.engine.loops"
    imports: defaultdict[str, set[str]] = defaultdict(set)
    imports |= {package: {"codes"}, "lava_ed.kernels._jit": {"kernel"}, "lava_ed.engine.op": {"CLOCK", "CODE"}}
    parts: dict[str, Part] = {}
    compiled: dict[str, tuple[str, str]] = {}

    def call(part: Part, inlined: bool) -> dict[str, str]:
        """The call of a part, which the module makes or imports, and its last op; a module inlines its own parts."""
        function, result = f"{part.name}_ops", f"{part.name}_{'part' if inlined else 'op'}"
        if not inlined and homes.setdefault(function, name) != name:
            imports[f"{package}.{homes[function]}"].add(result)
        else:
            parts[function] = part
            homes.setdefault(function, name)
            compiled[result] = ("inlined_source" if inlined else "kernel", function)
            if inlined and any(part.groups in loop.called for loop in LOOPS):
                call(part, False)
        return {"text": f"{result}({part.parameters})", "last": part.ops[-1].constant}

    shown = []
    for loop in (loop for loop in LOOPS if loop.module == name):
        wanted = [(_part((group,), ops), True) for group in loop.inlined]
        wanted += [(_part(groups, ops), False) for groups in loop.called]
        calls = [call(*each) for each in sorted(wanted, key=lambda each: ops.index(each[0].ops[0]))]
        shown.append({**loop._asdict(), "calls": calls, "start": "", "quiet": "", "jump": ""})
        if name in JUMPS:
            module, jump, quiet, first = JUMPS[name]
            imports[families.__name__].add(module)
            starting = [op for op in ops if op.name in {declared.op.name for declared in first}]
            start = call(Part(("start",), starting, "an op with which a sample starts"), True)
            shown[-1] |= {"start": start["text"], "jump": f"{module}.{jump}", "quiet": f"{module}.{quiet}"}
    used = [op for part in parts.values() for op in part.ops]
    imports[families.__name__] |= {op.module.rpartition(".")[2] for op in used}
    imports["lava_ed.kernels._jit"] |= {decorator for decorator, _ in compiled.values()}
    if any(op.counts for op in used) or any(loop["phases"] for loop in shown):
        imports["lava_ed.engine.op"].add("OVERFLOWS")
    template = Environment(undefined=StrictUndefined).from_string(TEMPLATE.read_text())
    return template.render(doc=DOCS[name], imports=_imports(imports), parts=parts, compiled=compiled, loops=shown)


def _codes(ops: list[Body]) -> str:
    """The text of the module with the numbers of the ops, group by group."""
    doc = '"""Numbers of the ops, which the loops dispatch on. Made by tools/make_loops.py: do not edit."""'
    text, first = [doc, "", "from __future__ import annotations", ""], 1
    for group in dict.fromkeys(op.group for op in ops):
        names = [op.constant for op in ops if op.group == group]
        listed = fill(", ".join(names), 116, initial_indent="    ", subsequent_indent="    ")
        text += [f"# The group {group}.", f"(\n{listed},\n) = range({first}, {first + len(names)})  # fmt: skip"]
        first += len(names)
    return "\n".join([*text, ""])


def texts() -> dict[str, str]:
    """Name and content of every file that is made."""
    ops = bodies()
    homes: dict[str, str] = {}
    return {"codes.py": _codes(ops)} | {f"{name}.py": _module(name, ops, homes) for name in DOCS}


if __name__ == "__main__":
    for file, text in texts().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
