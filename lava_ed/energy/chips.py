"""Chips by their limits, and where a core lies on the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lava_ed.errors import ConfigError
from lava_ed.integers import settle_integers


class Hops(NamedTuple):
    """Mesh hops of one message, by direction; a mean over cores may be fractional."""

    east_west: float
    north_south: float

    @property
    def total(self) -> float:
        """Hops in both directions."""
        return self.east_west + self.north_south


@dataclass(frozen=True)
class ChipLimits:
    """What one chip, and one of its neurocores, holds.

    Parameters
    ----------
    name, title, source : str
        `source` says where the limits come from.
    cores : int
        Neurocores of a chip.
    neurons, synaptic_bits : int
        Neurons and synaptic memory of a core.
    routers : (int, int)
        Columns (east-west) and rows (north-south) of the router mesh.
    cores_per_router : int
    axons_in, axons_out : int, optional
        Axons of a core; None: not known to bind.
    shared_kernels : bool
        Whether a core stores the kernel of a convolution once, and not each of its synapses.

    Raises
    ------
    ConfigError
        If a limit is below 1, or the mesh has room for fewer cores than the chip has.

    Examples
    --------
    >>> LOIHI1.neurons, LOIHI2.neurons, LOIHI2.synaptic_bits
    (1024, 8192, 1048576)
    """

    name: str
    title: str
    cores: int
    neurons: int
    synaptic_bits: int
    routers: tuple[int, int]
    cores_per_router: int
    source: str
    axons_in: int | None = None
    axons_out: int | None = None
    shared_kernels: bool = False

    def __post_init__(self) -> None:
        settle_integers(self)
        columns, rows = self.routers
        numbers = (self.cores, self.neurons, self.synaptic_bits, columns, rows, self.cores_per_router)
        least = min(n for n in (*numbers, self.axons_in, self.axons_out) if n is not None)
        if least < 1:
            raise ConfigError(f"chip {self.name}: every limit is at least 1, got {least}")
        room = columns * rows * self.cores_per_router
        if self.cores > room:
            raise ConfigError(
                f"chip {self.name}: {columns} × {rows} routers of {self.cores_per_router} cores have room for {room}, "
                f"not for {self.cores} cores: enlarge the mesh"
            )

    def chip_of(self, core: int) -> int:
        """Number of the chip that global core number `core` is on."""
        return core // self.cores

    def position(self, core: int) -> tuple[int, int]:
        """(column, row) of a core's router: a row-major snake over each chip, the chips in a row from west to east.

        Raises
        ------
        ConfigError
            If the number is negative.
        """
        if core < 0:
            raise ConfigError(f"core is {core}: cores are numbered from 0")
        columns, _ = self.routers
        chip, on_chip = divmod(core, self.cores)
        row, column = divmod(on_chip // self.cores_per_router, columns)
        return chip * columns + (columns - 1 - column if row % 2 else column), row

    def to_dict(self) -> dict[str, Any]:
        """The limits, ready for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "cores": self.cores,
            "neurons_per_core": self.neurons,
            "synaptic_bits_per_core": self.synaptic_bits,
            "axons_in_per_core": self.axons_in,
            "axons_out_per_core": self.axons_out,
            "shared_kernels": self.shared_kernels,
            "routers": list(self.routers),
            "cores_per_router": self.cores_per_router,
            "source": self.source,
        }


def mesh_hops(chip: ChipLimits, source: int, target: int) -> Hops:
    """Hops of a message under XY routing: |Δcolumn| east-west, then |Δrow| north-south.

    Cores of one router are 0 hops apart.

    Examples
    --------
    >>> mesh_hops(LOIHI2, 0, 3), mesh_hops(LOIHI2, 0, 36)
    (Hops(east_west=0, north_south=0), Hops(east_west=6, north_south=1))
    """
    (x0, y0), (x1, y1) = chip.position(source), chip.position(target)
    return Hops(abs(x1 - x0), abs(y1 - y0))


LOIHI1: Final = ChipLimits(
    name="loihi1",
    title="Loihi 1",
    cores=128,
    neurons=1024,
    synaptic_bits=128 * 1024 * 8,
    routers=(8, 4),
    cores_per_router=4,
    axons_in=4096,
    axons_out=4096,
    source="M. Davies et al., Loihi: A Neuromorphic Manycore Processor with On-Chip Learning, IEEE Micro 38(1), 2018 "
    "(128 cores of 1,024 neurons); nengo/nengo-loihi: nengo_loihi/block.py (MAX_SYNAPSE_BITS, MAX_IN_AXONS, "
    "MAX_OUT_AXONS); mesh: SANA-FE arch/loihi.yaml (8 × 4 tiles of 4 cores)",
)
"""Loihi 1, of 2018."""

LOIHI2: Final = ChipLimits(
    name="loihi2",
    title="Loihi 2",
    cores=128,
    neurons=8192,
    synaptic_bits=128 * 1024 * 8,
    routers=(8, 4),
    cores_per_router=4,
    shared_kernels=True,
    source="Intel Labs, Taking Neuromorphic Computing to the Next Level with Loihi 2, Technology Brief, 2021 "
    "(128 cores, 1 million neurons: 8,192 a core; 128 KB is the most of a core's memory that synapses can take); "
    "connections may share weights, as those of a convolution do; the mesh is taken to be Loihi 1's, 8 × 4 routers of "
    "4 cores; no public limit on axons",
)
"""Loihi 2, of 2021."""

CHIPS: Final = {chip.name: chip for chip in (LOIHI1, LOIHI2)}
"""The chips by name."""
