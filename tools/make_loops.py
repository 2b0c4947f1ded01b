"""Makes lava_ed/engine/loops/ from the ops that the families declare; `make loops` runs it after one has changed."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from lava_ed.engine import families
from lava_ed.engine.jump import AT_START, MAPS_AT_START
from lava_ed.engine.loops import LOOPS, Loop
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


JUMPS = {"ours": ("window", ("jump_windows", "quiet")), "maps": ("map_window", ("jump_maps", "quiet_maps"))}
"""Modules of loops that jump over windows: what does, and what tells whether nothing is under way."""


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
        call = f"{self.name}({', '.join(self.parameters)})"
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


def _kernel(groups: tuple[str, ...], ops: list[Body]) -> dict[str, Any]:
    """A kernel that runs any op of some groups."""
    taken = [op for op in ops if op.group in groups]
    used = {name for op in taken for name in (*op.parameters, *(("progress",) if op.counts else ()))}
    parameters = ", ".join(name for name in ORDER if name in used)
    name = f"{groups[0]}_op"
    return {
        "name": name,
        "parameters": parameters,
        "groups": f"{'s ' if len(groups) > 1 else ' '}{' and '.join(groups)}",
        "ops": taken,
        "first": taken[0].constant,
        "last": taken[-1].constant,
        "text": f"{name}({parameters})",
    }


def _imports(ops: list[Body], others: dict[str, list[str]]) -> str:
    """The import statements, as ruff sorts and wraps them."""
    names: dict[str, list[str]] = {module: list(names) for module, names in others.items()}
    for op in ops:
        names.setdefault(op.module, []).append(op.name)
    lines = []
    for module in sorted(names):
        imported = sorted(set(names[module]), key=lambda name: (not name.isupper(), name))
        line = f"from {module} import {', '.join(imported)}"
        if len(line) > 120:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in imported) + ")"
        lines.append(line)
    return "\n".join(lines)


def _module(name: str, ops: list[Body], homes: dict[tuple[str, ...], str]) -> str:
    """The text of one module; `homes` remembers in which module a kernel for some groups is."""
    package = "lava_ed.engine.loops"
    loops = [loop for loop in LOOPS if loop.module == name]
    used: list[Body] = []
    others = {package: ["codes"], "lava_ed.kernels._jit": ["kernel"], "lava_ed.engine.op": ["CLOCK", "CODE"]}
    kernels = []
    for groups in dict.fromkeys(groups for loop in loops for groups in loop.called):
        if groups in homes:
            others.setdefault(f"{package}.{homes[groups]}", []).append(_kernel(groups, ops)["name"])
        else:
            homes[groups] = name
            kernels.append(_kernel(groups, ops))
            used += kernels[-1]["ops"]
    shown = [_loop(loop, ops) for loop in loops]
    if any(op.counts for op in used):
        others["lava_ed.engine.op"] = ["CLOCK", "CODE", "OVERFLOWS"]
    for loop in shown:
        used += [*loop["ops"], *loop["starting"]]
        if loop["phases"]:
            others["lava_ed.engine.op"] = ["CLOCK", "CODE", "OVERFLOWS"]
        if loop["starting"]:
            module, names = JUMPS[name]
            others[f"lava_ed.engine.families.{module}"] = list(names)
            for loop in shown:
                loop["jump"], loop["quiet"] = names
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=False)
    template = environment.from_string(TEMPLATE.read_text())
    return template.render(doc=DOCS[name], imports=_imports(used, others), kernels=kernels, loops=shown)


def _loop(loop: Loop, ops: list[Body]) -> dict[str, Any]:
    """What the template is told of a loop; a jump has ops of ours run at a sample's start."""
    first = {"ours": AT_START, "maps": (*AT_START, *MAPS_AT_START)}.get(loop.module, ())
    starting = {declared.op.name for declared in first}
    return {
        **loop._asdict(),
        "ops": [op for group in loop.inlined for op in ops if op.group == group],
        "calls": [_kernel(groups, ops) for groups in loop.called],
        "starting": [op for op in ops if op.name in starting],
    }


def _codes(ops: list[Body]) -> str:
    """The text of the module with the numbers of the ops."""
    lines = [f"{op.constant}: Final = {number}" for number, op in enumerate(ops, 1)]
    doc = '"""Numbers of the ops, which the loops dispatch on. Made by tools/make_loops.py: do not edit."""'
    return "\n".join([doc, "", "from __future__ import annotations", "", "from typing import Final", "", *lines, ""])


def texts() -> dict[str, str]:
    """Name and content of every file that is made."""
    ops = bodies()
    homes: dict[tuple[str, ...], str] = {}
    return {"codes.py": _codes(ops)} | {f"{name}.py": _module(name, ops, homes) for name in DOCS}


if __name__ == "__main__":
    for file, text in texts().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
