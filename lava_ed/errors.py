"""Exceptions of lava-ed: each message gives the value, the limit and the way out."""

from __future__ import annotations

__all__ = [
    "BackendError",
    "CheckpointError",
    "ChipLimitError",
    "ClusterError",
    "ConfigError",
    "DataError",
    "DataNotFoundError",
    "ExchangeError",
    "ExchangeWarning",
    "FixedPointCutWarning",
    "FixedPointOverflowError",
    "FixedPointOverflowWarning",
    "HostedModelWarning",
    "LavaEDError",
    "LavaNotInstalledError",
    "PriceListError",
    "RunFolderError",
    "ShapeError",
    "UncachedKernelWarning",
    "UnrepresentableRateError",
    "UnsupportedProcessError",
    "WeightError",
]


class LavaEDError(Exception):
    """Base class of every error that lava-ed raises on purpose."""


class ConfigError(LavaEDError, ValueError):
    """A setting is outside what the library, or the chip, can do."""


class ChipLimitError(ConfigError):
    """A net or rule does not fit the number formats or tables of the chip."""


class UnrepresentableRateError(ConfigError):
    """A learning rate is not a 4-bit mantissa times a power of two in range."""


class WeightError(ConfigError):
    """Weights are out of range, odd in mixed-sign mode, or not integers."""


class ShapeError(ConfigError):
    """Two shapes that must agree do not."""


class DataError(LavaEDError, ValueError):
    """A data set is malformed: wrong magic, size, label range or pixel value."""


class DataNotFoundError(DataError, FileNotFoundError):
    """A data file is not where it was looked for."""


class ExchangeError(LavaEDError, ValueError):
    """A file of another format cannot be read, or a net cannot be expressed in it."""


class RunFolderError(LavaEDError):
    """A run folder cannot be written, is not a run, or already holds one."""


class CheckpointError(LavaEDError):
    """A checkpoint is unreadable, or was written by another version or for another net."""


class PriceListError(LavaEDError, ValueError):
    """A price list is malformed or names counters that do not exist."""


class ClusterError(LavaEDError):
    """Workers of a long command cannot be had, or cannot do their jobs."""


class BackendError(LavaEDError):
    """A back end cannot do what was asked of it."""


class LavaNotInstalledError(LavaEDError, ImportError):
    """Something needs lava-nc, which only runs on Python 3.10."""


class UnsupportedProcessError(BackendError, NotImplementedError):
    """The engine has no lowering for a process of the graph."""


class NotCompiledError(BackendError):
    """The engine cannot compile a node as it is connected; whoever can do without runs it in another way."""

    def __init__(self, message: str, node: str) -> None:
        super().__init__(message)
        self.node = node


class FixedPointOverflowError(LavaEDError, ArithmeticError):
    """A state left its 24-bit register under the overflow policy "raise"."""


class EnergyEstimateWarning(UserWarning):
    """Figures that read like a chip's measurements are estimates at the prices of a list."""


class FixedPointOverflowWarning(UserWarning):
    """A state left its 24-bit register under the overflow policy "warn"."""


class HostedModelWarning(UserWarning):
    """Some processes of a Lava graph run by their own Python models, step by step, beside the compiled engine."""


class UncachedKernelWarning(UserWarning):
    """Compiled code cannot be kept on disk, so that every process compiles it anew."""


class ExchangeWarning(UserWarning):
    """A file of another format was read otherwise than it says, as the tool that it belongs to reads it."""


class FixedPointCutWarning(UserWarning):
    """A value was cut to what fixed point can hold: a fraction is gone, or it was outside its range."""
