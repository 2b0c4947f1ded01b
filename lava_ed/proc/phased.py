"""What the processes of a net share: a schedule, a presentation number, counters, an overflow policy."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var

from lava_ed.errors import ConfigError, FixedPointOverflowWarning, ShapeError
from lava_ed.kernels.counting import (
    BACKWARD,
    FORWARD,
    N_COUNTERS,
    N_PHASES,
    NEURON_ACTIVE,
    NEURON_IDLE,
    SPIKE_MESSAGES,
    SPIKES,
)
from lava_ed.kernels.fixed_point import DECAY_UNITY, PORT_SHIFT_MAX, STATE_BITS, STATE_MAX, TRACE_MAX
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.schedule import Schedule
from lava_ed.network.settings import OVERFLOWS
from lava_ed.network.values import count_of
from lava_ed.proc.destinations import Destinations
from lava_ed.proc.overflow import ChecksOverflow

Array: TypeAlias = npt.NDArray[Any]
SETTINGS: Final = {
    "shift": (0, STATE_BITS - 1),
    "dead_zone": (0, TRACE_MAX),
    "dv": (0, DECAY_UNITY - 1),
    "dv_post": (0, DECAY_UNITY - 1),
    "half_width": (1, 1024),
    "error_limit": (1, STATE_MAX),
}
"""Range of what compiled code takes as a shift or a factor, where a process has it."""


def check_port_shift(value: Any, most: int = PORT_SHIFT_MAX) -> int:
    """The initial port_shift of a process.

    Raises
    ------
    ConfigError
        If it is no integer, or more bits than the rounding has.
    """
    if not 0 <= count_of(value, "port_shift", least=None) <= most:
        raise ConfigError(f"port_shift is {value}, allowed is 0 … {most}")
    return int(value)


class PhasedProcess(ChecksOverflow):
    """Base of all processes that derive their phase from the time step.

    Parameters
    ----------
    schedule : Schedule
        Phases of a sample.
    overflow : {"raise", "warn", "wrap"}
        What happens when a state leaves its 24-bit register; all three wrap it.
    seed : int
        Key of the process's random streams.
    name, log_config
        As for every Lava process.

    Attributes
    ----------
    presentation : Var (1,)
        Number of the current sample, −1 before the first; keys the random streams.
    counters : Var (N_COUNTERS, N_PHASES)
        Operation counts, in the order of `lava_ed.kernels.counting.COUNTERS` and `PHASES`.
    overflows : Var (1,)
        States that left their register.

    Raises
    ------
    ConfigError, ShapeError
        If the overflow policy is unknown, or the schedule, layer or shape is none that the process can have.
    """

    # A process that refuses its arguments has no runtime, which Lava's finaliser would ask it for.
    _runtime: Any = None
    overflows_seen: int = 0
    _kind: ClassVar[str | None] = None
    """Schedule that the process is for; None: any."""
    _readout: ClassVar[str | None] = None
    _dimensions: ClassVar[int] = 1
    """Of the shape: neurons (n,), synapses (n_post, n_pre)."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        overflow: str = "raise",
        seed: int = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
        **params: Any,
    ) -> None:
        if overflow not in OVERFLOWS:
            raise ConfigError(f"overflow policy {overflow!r} is unknown: use one of {', '.join(OVERFLOWS)}")
        self._check(schedule, params)
        super().__init__(
            schedule=schedule, overflow=overflow, seed=seed, destinations=Destinations(self), name=name,
            log_config=log_config, **params,
        )  # fmt: skip
        self.presentation = Var(shape=(1,), init=-1)
        self.counters = Var(shape=(N_COUNTERS, N_PHASES), init=0)
        self.overflows = Var(shape=(1,), init=0)

    def _check(self, schedule: Schedule, params: dict[str, Any]) -> None:
        """Neither back end looks at these again: a wrong one would give numbers, and wrong ones."""
        what = type(self).__name__
        if not isinstance(schedule, Schedule):
            raise ConfigError(f"schedule of {what} is {schedule!r}: a Schedule is needed")
        for name, wanted, found in (
            ("kind", self._kind, schedule.kind),
            ("readout", self._readout, schedule.readout),
        ):
            if wanted is not None and found != wanted:
                raise ConfigError(f"{what} needs a schedule of {name} {wanted!r}, got {found!r}")
        if not 1 <= params.get("layer", 1) <= schedule.layers:
            raise ConfigError(f"layer {params['layer']} of {what} is outside 1 … {schedule.layers} of its schedule")
        for name, (low, high) in SETTINGS.items():
            if name in params and not low <= count_of(params[name], f"{name} of {what}", least=None) <= high:
                raise ConfigError(f"{name} of {what} is {params[name]}, allowed is {low} … {high}")
        shape = params.get("shape", (1,) * self._dimensions)
        if not isinstance(shape, tuple) or len(shape) != self._dimensions or min(shape) < 1:
            raise ShapeError(f"shape {shape} of {what}: {self._dimensions} number(s) of at least 1 are needed")


class AdaptiveProcess(PhasedProcess):
    """Base of the processes with an adaptive threshold.

    Attributes
    ----------
    threshold_step : Var (1,)
        q of κ = (4 + q mod 4)·2^(q div 4).
    adapting : Var (1,)
        1 while the threshold may move; 0 in evaluation.
    fired, saturated, samples_counted : Var (1,)
        Counts since the threshold last moved.
    """

    def __init__(self, *, adaptation: Adaptation | None = None, **params: Any) -> None:
        adaptation = adaptation or Adaptation()
        super().__init__(adaptation=adaptation, **params)
        self.threshold_step = Var(shape=(1,), init=adaptation.initial_step)
        self.adapting = Var(shape=(1,), init=1)
        self.fired = Var(shape=(1,), init=0)
        self.saturated = Var(shape=(1,), init=0)
        self.samples_counted = Var(shape=(1,), init=0)


class PhasedModel(PyLoihiProcessModel):
    """Base of the ProcessModels: phase, counting, overflow policy."""

    presentation: Array = LavaPyType(np.ndarray, np.int64)
    counters: Array = LavaPyType(np.ndarray, np.int64)
    overflows: Array = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.schedule: Schedule = proc_params["schedule"]
        self.seed: int = proc_params["seed"]
        self._policy: str = proc_params["overflow"]
        self._destinations = proc_params["destinations"].counts()

    @property
    def sample_phase(self) -> int:
        """Phase of the current time step."""
        return int((self.time_step - 1) % self.schedule.period)

    def count(self, counter: int, phase: int, n: int) -> None:
        """Add to a counter."""
        self.counters[counter, phase] += n

    def count_spikes(self, phase: int, n: int, port: str) -> None:
        """Count spikes, and their messages."""
        self.count(SPIKES, phase, n)
        self.count_messages(phase, n, port)

    def count_messages(self, phase: int, n: int, port: str) -> None:
        """Count one message for each spike and InPort on a neurocore that an OutPort reaches."""
        self.count(SPIKE_MESSAGES, phase, n * self._destinations[port])

    def count_neurons(self, active: int, total: int) -> None:
        """Split a step's neuron updates into active and idle ones."""
        phase = FORWARD if self.sample_phase <= self.schedule.error_phase else BACKWARD
        self.count(NEURON_ACTIVE, phase, active)
        self.count(NEURON_IDLE, phase, total - active)

    def report_overflow(self, overflows: int) -> None:
        """Count states that left 24 bits, and warn under that policy; for "raise" see `ChecksOverflow`."""
        if not overflows:
            return
        self.overflows += overflows
        message = (
            f"{overflows} state(s) left their 24-bit register at time step {self.time_step}: lower the weights, "
            'the fan-in, the weight exponent or the window, raise the error shift, or choose overflow="wrap"'
        )
        if self._policy == "warn":
            warnings.warn(message, FixedPointOverflowWarning, stacklevel=2)


class AdaptiveModel(PhasedModel):
    """Base of the ProcessModels with an adaptive threshold."""

    threshold_step: Array = LavaPyType(np.ndarray, np.int32)
    adapting: Array = LavaPyType(np.ndarray, np.int32)
    fired: Array = LavaPyType(np.ndarray, np.int64)
    saturated: Array = LavaPyType(np.ndarray, np.int64)
    samples_counted: Array = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.adaptation: Adaptation = proc_params["adaptation"]

    def adapt(self, counts: tuple[int, int], neurons: int) -> None:
        """At a sample's end: add (fired, saturated); every N samples the threshold may move."""
        from lava_ed.kernels.neuron import adapt_threshold

        a = self.adaptation
        if not self.adapting[0] or a.interval == 0:
            return
        self.fired += counts[0]
        self.saturated += counts[1]
        self.samples_counted += 1
        if self.samples_counted[0] >= a.interval:
            total = neurons * int(self.samples_counted[0])
            self.threshold_step[0] = adapt_threshold(
                int(self.threshold_step[0]), a.highest_step, int(self.fired[0]), int(self.saturated[0]), total,
                a.low, a.high, a.ceiling,
            )  # fmt: skip
            for tally in (self.fired, self.saturated, self.samples_counted):
                tally[:] = 0
