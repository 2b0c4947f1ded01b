"""Layers of a net written as a text, 24c5-p2-48c3-p2-10: convolutions, pooling and dense layers, with their shapes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError
from lava_ed.kernels.loihi.conv_tables import conv_tables, tap_order

EXAMPLE: Final = "24c5-p2-48c3-p2-10"
_PART: Final = re.compile(
    r"(?:(?P<channels>\d+)c(?P<kernel>\d+)(?P<options>(?:[spg]\d+)*)|p(?P<pool>\d+)|(?P<neurons>\d+))"
)
_OPTION: Final = re.compile(r"([spg])(\d+)")
LONGEST: Final = 400
"""Characters of a text."""
SIDE_MAX: Final = 1023
"""Largest height, width or number of channels: three of them are packed into one word of a table."""
KERNEL_MAX: Final = 31
RATE_SHIFTS: Final = (-15, 30)
"""Bits by which the sums of a connection's taps, times the rate's mantissa, are shifted to the right."""


class MapShape(NamedTuple):
    """Shape of a map of neurons; neuron (y, x, c) has number (y·width + x)·channels + c."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        return f"{self.channels}×{self.height}×{self.width}"


@dataclass(frozen=True)
class Layer:
    """A connection and the neurons that it leads into; a dense layer is n×1×1 and has kernel 0."""

    text: str
    """Its part of the text."""
    source: MapShape
    """What it reads, pooled already."""
    shape: MapShape
    """Its neurons."""
    kernel: int = 0
    stride: int = 1
    padding: int = 0
    groups: int = 1
    pool: int = 1
    """Side of the squares of neurons that are pooled, 1: none."""

    @property
    def is_conv(self) -> bool:
        """Whether it is a convolution."""
        return self.kernel > 0

    @property
    def pooled(self) -> MapShape:
        """Shape of what leaves the layer; rows and columns that fill no square are left out."""
        channels, height, width = self.shape
        return MapShape(channels, height // self.pool, width // self.pool)

    @property
    def fan_in(self) -> int:
        """Most synapses of a neuron."""
        return self.kernel**2 * self.source.channels // self.groups if self.is_conv else self.source.size

    @property
    def corners(self) -> npt.NDArray[np.int64]:
        """Of a convolution: where each neuron's window begins in its padded source, whose channels are side by side."""
        y, x = np.divmod(np.arange(self.shape.height * self.shape.width), self.shape.width)
        row = self.source.width + 2 * self.padding
        return np.asarray((y * row + x) * self.stride * self.source.channels)

    @property
    def squares(self) -> npt.NDArray[np.int64]:
        """The square of each neuron, which is its own number where none are pooled, −1 where it fills none."""
        (channels, height, width), pooled = self.shape, self.pooled
        y, x, c = np.indices((height, width, channels), dtype=np.int64)
        y, x = y // self.pool, x // self.pool
        square = (y * pooled.width + x) * channels + c
        return np.where((y < pooled.height) & (x < pooled.width), square, -1).reshape(-1)

    @property
    def fan_out(self) -> int:
        """Most synapses that an input of a convolution leads to."""
        return self.kernel**2 * self.shape.channels // self.groups

    def weights_shape(self, shared: bool) -> tuple[int, int]:
        """Rows and columns of the stored weights.

        Of a convolution a row is a tap that a spike reads, (channel, tap row, tap column), or, where no weights are
        shared, (neuron, tap row, tap column); columns are the output channels of a group.
        """
        if not self.is_conv:
            return self.source.size, self.shape.size
        rows = self.source.channels if shared else self.source.size
        return rows * self.kernel**2, self.shape.channels // self.groups

    def turned_size(self, shared: bool) -> int:
        """Number of weights in the order in which errors read them: k² for each input channel and output channel.

        Without shared weights: for each input channel and output neuron.
        """
        neurons = self.shape.channels if shared else self.shape.size
        return neurons * self.kernel**2 * self.source.channels // self.groups


def layers_of(text: str, image: tuple[int, int, int]) -> tuple[Layer, ...]:
    """The layers that a text names, behind an image of (channels, height, width).

    N`c`K is a convolution of N channels and a kernel of K×K, with `s`S stride, `p`P padding and `g`G groups behind it;
    `p`K pools squares of K×K neurons of the convolution before it; a number is a dense layer.

    Raises
    ------
    ConfigError
        If a part is none of these, or does not fit what comes before it; the message says which part, and where.

    Examples
    --------
    >>> [str(layer.pooled) for layer in layers_of("24c5-p2-48c3-p2-10", (1, 28, 28))]
    ['24×12×12', '48×5×5', '10×1×1']
    """
    if not text or len(text) > LONGEST:
        raise ConfigError(f"the layers are a text of {len(text)} characters: write 1 … {LONGEST}, such as {EXAMPLE}")
    found: list[Layer] = []
    source, place = MapShape(*image), 1
    for part in text.split("-"):
        try:
            if pool := _pool_of(part, found):
                found[-1] = replace(found[-1], pool=pool)
            else:
                found.append(_layer_of(part, source, found))
            source = found[-1].pooled
        except ConfigError as error:
            raise ConfigError(f"layers {text!r}, character {place}, {part!r}: {error}") from None
        place += len(part) + 1
    if found[-1].is_conv:
        raise ConfigError(
            f"layers {text!r}: the last layer has a neuron for each class: end with a number, as {EXAMPLE}"
        )
    return tuple(found)


def check_text(text: str) -> None:
    """Refuse a text whose parts are no layers, whatever the image."""
    check_recurrent(text)
    place = 1
    for part in text.split("-"):
        if len(text) > LONGEST or not _PART.fullmatch(part):
            raise ConfigError(f"layers {text[:LONGEST]!r}, character {place}: {part[:40]!r} is no layer: {_HOW}")
        place += len(part) + 1


def check_recurrent(text: str) -> None:
    """Refuse the recurrent layers that a text of layers names, such as r128, and say why there are none."""
    if found := re.search(r"(?<![a-z0-9])r\d+", text):
        raise ConfigError(
            f"layer {found[0][:40]} is recurrent, which neither rule learns here: under STD-ED a neuron spikes once, "
            "after all of its inputs, so that no spike can come back to its layer; under MPD-ED the replay has no "
            "errors of a layer from its own later steps, without which the gradient is another. Take a dense layer and "
            "windows that decide together (docs/recordings.md)"
        )


def connections_in(text: str) -> int:
    """How many connections a text names, 0 for none."""
    return sum(not part.startswith("p") for part in text.split("-")) if text else 0


_HOW: Final = (
    "write N channels and a kernel of K as NcK (behind it s stride, p padding, g groups), pooling of K as pK, a dense "
    f"layer as a number: {EXAMPLE}"
)


def _pool_of(part: str, found: list[Layer]) -> int:
    """Side of the squares of a pooling layer, 0 where the part is none."""
    match = _PART.fullmatch(part)
    if match is None or match["pool"] is None:
        return 0
    pool = int(match["pool"])
    if not found or not found[-1].is_conv:
        raise ConfigError("pooling stands behind a convolution")
    if found[-1].pool > 1:
        raise ConfigError("the convolution is pooled already")
    height, width = found[-1].shape[1:]
    if not 2 <= pool <= min(height, width):
        raise ConfigError(f"a map of {height}×{width} is pooled by 2 … {min(height, width)}")
    return pool


def _layer_of(part: str, source: MapShape, before: list[Layer]) -> Layer:
    """A convolution or a dense layer."""
    match = _PART.fullmatch(part)
    if match is None:
        raise ConfigError(f"is no layer: {_HOW}")
    if match["neurons"] is not None:
        neurons = int(match["neurons"])
        if neurons < 1:
            raise ConfigError("a layer has at least 1 neuron")
        return Layer(part, source, MapShape(neurons, 1, 1))
    if before and not before[-1].is_conv:
        raise ConfigError("a convolution reads a map, behind a dense layer there is none")
    return _convolution(part, source, int(match["channels"]), int(match["kernel"]), match["options"])


def _convolution(part: str, source: MapShape, channels: int, kernel: int, options: str) -> Layer:
    """A convolution, if its numbers fit what it reads."""
    given = _OPTION.findall(options)
    if len({name for name, _ in given}) < len(given):
        raise ConfigError("s, p and g are given once each")
    values = {"s": 1, "p": 0, "g": 1} | {name: int(value) for name, value in given}
    stride, padding, groups = values["s"], values["p"], values["g"]
    if not 1 <= kernel <= KERNEL_MAX or padding >= kernel:
        raise ConfigError(f"a kernel is 1 … {KERNEL_MAX}, its padding smaller than it")
    if not 1 <= stride <= kernel:
        raise ConfigError(f"the stride is 1 … {kernel}, the kernel's side, or inputs would be skipped")
    if groups < 1 or source.channels % groups or channels % groups:
        raise ConfigError(f"{groups} groups do not divide {source.channels} channels into {channels}")
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in source[1:])
    if channels < 1 or min(height, width) < 1:
        raise ConfigError(f"a kernel of {kernel}×{kernel} does not fit into {source}")
    if max(*source, channels, height, width) > SIDE_MAX:
        raise ConfigError(f"a map has at most {SIDE_MAX} channels, rows and columns, this one {source}")
    return Layer(part, source, MapShape(channels, height, width), kernel, stride, padding, groups)


def tables_of(layer: Layer, shared: bool, planar: bool) -> npt.NDArray[np.int32]:
    """The tables of a convolution, as its kernels read them; images are planar, maps are not."""
    numbers = layer.kernel, layer.stride, layer.padding, layer.groups
    return conv_tables(layer.source, layer.shape, *numbers, shared, planar)


def window_order(layer: Layer) -> npt.NDArray[np.int64]:
    """Place of each stored weight of a shared kernel in rows of an output channel: (tap row, tap column, channel)."""
    k, channels = layer.kernel, layer.source.channels
    sides = channels, k, k, layer.shape.channels
    c, row, tap, o = np.meshgrid(*(np.arange(side) for side in sides), indexing="ij", sparse=True)
    return np.ravel(((o * k + row) * k + np.array(tap_order(k, layer.stride))[tap]) * channels + c)
