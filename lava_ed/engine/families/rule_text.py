"""The text of a learning rule as a Var, and its tables, which follow what is written there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.errors import ConfigError
from lava_ed.kernels.stock.rule_table import ParseRule, RuleTable

TEXT_SIZE: Final = 256
"""Characters that Lava's Vars dw, dd and dt hold."""
TARGETS: Final = ("dw", "dd", "dt")
MOST_PRODUCTS: Final = len(TARGETS) * TEXT_SIZE // 3
"""A product takes three characters at least, such as "+x0"."""
MOST_FACTORS: Final = len(TARGETS) * TEXT_SIZE // 2
PRODUCT: Final = 6
FACTOR: Final = 4
"""Columns of the tables of products and of factors."""
COUNTS: Final = ("n_products", "n_factors", "exponent")
"""What the counts of a rule hold."""


class RuleText:
    """Vars dw, dd, dt and the tables that the op of the rule reads.

    Parameters
    ----------
    node : str
    parse : callable
        Texts → RuleTable.
    """

    def __init__(self, node: str, parse: ParseRule) -> None:
        self._node, self._parse = node, parse
        self._texts: dict[str, Slot] = {}
        self._tables: dict[str, Slot] = {}

    def declare(self, asm: Assembler, texts: Mapping[str, str], table: RuleTable) -> dict[str, int]:
        """Reserve Vars of the targets that have a rule, and tables; returns the offsets of tables and counts (i64)."""
        rows = {"products": MOST_PRODUCTS, "factors": MOST_FACTORS}
        for name, values in self._contents(table).items():
            initial = np.zeros((max(rows.get(name, 0), len(values)), *values.shape[1:]), np.int64)
            initial[: len(values)] = values
            self._tables[name] = asm.memory.allocate("i64", initial.shape, initial)
        for name, text in texts.items():
            codes = np.zeros(max(TEXT_SIZE, len(text)), np.int32)
            codes[: len(text)] = np.frombuffer(text.encode("ascii"), np.uint8)
            self._texts[name] = asm.memory.allocate("i32", codes.shape, codes)
            asm.variables[self._node, name] = Variable(self._texts[name], text=self._writer(name))
        counts = {name: self._tables["counts"].offset + k for k, name in enumerate(COUNTS)}
        return counts | {name: slot.offset for name, slot in self._tables.items()}

    @staticmethod
    def _contents(table: RuleTable) -> dict[str, npt.NDArray[np.int64]]:
        counts = np.array([len(table.products), len(table.factors), table.decimate_exponent], np.int64)
        return {"products": table.products, "factors": table.factors, "ranges": table.ranges, "counts": counts}

    def _writer(self, name: str) -> Any:
        """What writes this text: it parses all of the rule before it changes anything."""

        def write(memory: Memory, text: str) -> None:
            """Take the new text over."""
            texts = {k: memory.view(slot).astype(np.uint8).tobytes() for k, slot in self._texts.items()}
            whole = {k: codes.rstrip(b"\0").decode("ascii") for k, codes in texts.items()} | {name: text}
            try:
                table = self._parse(whole)
            except Exception as error:
                # Lava's parser raises whatever the text makes it stumble over.
                raise ConfigError(
                    f"{self._node}.{name} cannot become {text!r}: {error or type(error).__name__}; it stays as it was"
                ) from error
            contents = self._contents(table)
            for key, values in contents.items():
                if len(values) > len(memory.view(self._tables[key])):
                    raise ConfigError(
                        f"{self._node}.{name} cannot become {text!r}: the rule has {len(values)} {key} then, and there "
                        f"is room for {len(memory.view(self._tables[key]))}; it stays as it was"
                    )
            for key, values in contents.items():
                memory.view(self._tables[key])[: len(values)] = values
            codes = np.frombuffer(text.encode("ascii"), np.uint8)
            view = memory.view(self._texts[name])
            view[: codes.size], view[codes.size :] = codes, 0

        return write
