"""A mapping as a grid of cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, INK, LINE, ON_COLOUR, PALETTE, PAPER, TEXT, above, figure, name_in_figure

if TYPE_CHECKING:
    from lava_ed.energy.mapping import Mapping

CHIPS_SHOWN = 4
"""More chips than this are counted in words."""


def core_plot(mapping: Mapping) -> Plot:
    """The cores of a mapping on the router mesh, coloured and numbered by layer."""
    from matplotlib.patches import Rectangle

    chip = mapping.chip
    columns, rows = chip.routers
    chips = min(mapping.chips, CHIPS_SHOWN)
    side = int(np.ceil(np.sqrt(chip.cores_per_router)))
    layer_of = {core: layer for layer, cores in enumerate(mapping.cores) for core in cores}
    result, _ = figure(COLUMN, 0.9 + chips * (COLUMN * rows / columns + 0.1), 0)
    axes = result.subplots(chips, 1, squeeze=False)[:, 0]
    hints = {}
    for c, ax in enumerate(axes):
        for core in range(c * chip.cores, (c + 1) * chip.cores):
            column, row = chip.position(core)
            down, right = divmod(core % chip.cores_per_router, side)
            x, y = column - c * columns + right / side + 0.06, row + down / side + 0.06
            gid, face, edge = f"core-{core}", "none", LINE
            hints[gid] = f"core {core}: free"
            if core in layer_of:
                layer = layer_of[core]
                face, edge = PALETTE[layer % len(PALETTE)], INK
                here = int(np.count_nonzero(mapping.core_of[layer] == core))
                hints[gid] = f"core {core}: {mapping.layer_names[layer]}, {here:,} neurons"
                colour = PAPER if layer % len(PALETTE) == 0 else ON_COLOUR
                middle = x + 0.44 / side, y + 0.44 / side
                ax.text(*middle, f"{layer}", ha="center", va="center", fontsize=TEXT, color=colour)
            box = Rectangle((x, y), 0.88 / side, 0.88 / side, facecolor=face, edgecolor=edge, linewidth=0.5, gid=gid)
            ax.add_patch(box)
        ax.set_xlim(0, columns)
        ax.set_ylim(rows, 0)
        ax.set_aspect("equal")
        ax.set_xticks(np.arange(columns) + 0.5, [str(k) for k in range(columns)])
        ax.set_yticks(np.arange(rows) + 0.5, [str(k) for k in range(rows)])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_ylabel("router row")
        if mapping.chips > 1:
            ax.set_title(f"chip {c + 1} of {mapping.chips}", loc="left")
    axes[-1].set_xlabel("router column; each router has four cores" if side == 2 else "router column")
    for layer, name in enumerate(mapping.layer_names):
        axes[0].plot([], [], "s", color=PALETTE[layer % len(PALETTE)], label=f"{layer} {name_in_figure(name, 16)}")
    above(axes[0])
    placed = ", ".join(f"{name} on {len(c)}" for name, c in zip(mapping.layer_names, mapping.cores, strict=True))
    alt = f"Grid of the {chip.cores} cores of {mapping.chips} {chip.title}: {placed} core(s); the others are free."
    return Plot(f"cores-{chip.name}", f"Cores of {chip.title}", result, alt, hints)
