"""What the processes of a net share: a schedule, a presentation number, counters, an overflow policy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_ed.errors import ConfigError, FixedPointOverflowWarning, ShapeError
from lava_ed.kernels.counting import BACKWARD, FORWARD, NEURON_ACTIVE, NEURON_IDLE, SPIKE_MESSAGES, SPIKES
from lava_ed.kernels.loihi.neuron import adapt_threshold, fire_falling_threshold, threshold_from_step
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.kinds import NodeKind
from lava_ed.network.schedule import Schedule
from lava_ed.network.settings import OVERFLOWS
from lava_ed.network.values import count_of
from lava_ed.proc.destinations import Destinations
from lava_ed.proc.overflow import ChecksOverflow

Array: TypeAlias = npt.NDArray[Any]
PROCESSES: Final[dict[str, type[PhasedProcess]]] = {}
"""The process of each kind of node; every one registers itself."""
Model = TypeVar("Model", bound="type[PhasedModel]")


class PhasedProcess(ChecksOverflow):
    """Base of all processes that derive their phase from the time step: its ports and Vars are those of its kind.

    Parameters
    ----------
    schedule : Schedule
        Phases of a sample.
    shape : tuple of int
        (n,) neurons, or (n_post, n_pre) synapses.
    inits : mapping, optional
        Initial values of Vars, as numbers or arrays, or Vars; default: those of the kind.
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
        If the overflow policy is unknown, or the schedule, layer, shape or a setting is none that the process can have.
    """

    # A process that refuses its arguments has no runtime, which Lava's finaliser would ask it for.
    _runtime: Any = None
    overflows_seen: int = 0
    declares: ClassVar[NodeKind]

    def __init_subclass__(cls) -> None:
        # Lava's compiler runs the file of a process once more, under another name: the first class is the one.
        if "declares" in vars(cls):
            PROCESSES.setdefault(cls.declares.name, cls)

    def __init__(
        self,
        *,
        schedule: Schedule,
        shape: tuple[int, ...],
        overflow: str = "raise",
        seed: int = 0,
        inits: Mapping[str, Any] | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
        **params: Any,
    ) -> None:
        if overflow not in OVERFLOWS:
            raise ConfigError(f"overflow policy {overflow!r} is unknown: use one of {', '.join(OVERFLOWS)}")
        inits = inits or {}
        self._check(schedule, shape, {**inits, **params})
        super().__init__(
            schedule=schedule, overflow=overflow, seed=seed, destinations=Destinations(self), name=name,
            log_config=log_config, shape=shape, **params,
        )  # fmt: skip
        for make, ports in ((InPort, self.declares.inputs), (OutPort, self.declares.outputs)):
            for port, carried in ports.items():
                setattr(self, port, make(shape=carried.shape_in(shape)))
        for var, quantity in self.declares.vars.items():
            init = inits.get(var, quantity.init)
            if not isinstance(init, Var):
                init = Var(shape=np.shape(init) or quantity.shape_in(shape, schedule.steps), init=init)
            setattr(self, var, init)

    def _check(self, schedule: Schedule, shape: Any, params: Mapping[str, Any]) -> None:
        """Refuse wrong parameters here, as neither back end looks at them again before it computes with them."""
        what, kind = type(self).__name__, self.declares
        if not isinstance(schedule, Schedule):
            raise ConfigError(f"schedule of {what} is {schedule!r}: a Schedule is needed")
        for name, wanted, found in (
            ("kind", kind.schedules, schedule.kind),
            ("readout", (kind.readout,) if kind.readout else (), schedule.readout),
        ):
            if wanted and found not in wanted:
                raise ConfigError(f"{what} needs a schedule of {name} {' or '.join(map(repr, wanted))}, got {found!r}")
        if not 1 <= params.get("layer", 1) <= schedule.layers:
            raise ConfigError(f"layer {params['layer']} of {what} is outside 1 … {schedule.layers} of its schedule")
        self.check_settings(params)
        if not isinstance(shape, tuple) or len(shape) != kind.dimensions or min(shape) < 1:
            raise ShapeError(f"shape {shape} of {what}: {kind.dimensions} number(s) of at least 1 are needed")

    @classmethod
    def check_settings(cls, params: Mapping[str, Any]) -> None:
        """Refuse settings outside the ranges of the kind."""
        for name, (low, high) in cls.declares.parameters.items():
            if name in params and not low <= count_of(params[name], f"{name} of {cls.__name__}", least=None) <= high:
                raise ConfigError(f"{cls.__name__} has {name} {params[name]}, allowed is {low} … {high}")


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

    def __init__(
        self, *, adaptation: Adaptation | None = None, inits: Mapping[str, Any] | None = None, **params: Any
    ) -> None:
        adaptation = adaptation or Adaptation()
        first = {"threshold_step": adaptation.initial_step, **(inits or {})}
        super().__init__(adaptation=adaptation, inits=first, **params)


def fixed_point(process: type[PhasedProcess]) -> Callable[[Model], Model]:
    """Make a class the model of a process in the number formats of Loihi 2, with its ports and Vars."""

    def of(model: Model) -> Model:
        kind = model.declares = process.declares
        for port_type, ports in ((PyInPort, kind.inputs), (PyOutPort, kind.outputs)):
            for name, carried in ports.items():
                setattr(model, name, LavaPyType(port_type.VEC_DENSE, np.int32, precision=carried.bits))
        for name, var in kind.vars.items():
            setattr(model, name, LavaPyType(np.ndarray, np.dtype(var.dtype).type, precision=var.bits))
        decorated: Model = implements(proc=process, protocol=LoihiProtocol)(requires(CPU)(tag("fixed_pt")(model)))
        return decorated

    return of


class PhasedModel(PyLoihiProcessModel):
    """Base of the ProcessModels: phase, counting, overflow policy."""

    declares: ClassVar[NodeKind]
    _gate: bool = False

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.schedule: Schedule = proc_params["schedule"]
        self.layer: int = proc_params.get("layer", 0)
        self._shape: tuple[int, ...] = proc_params["shape"]
        self.seed: int = proc_params["seed"]
        self._policy: str = proc_params["overflow"]
        self._destinations = proc_params["destinations"].counts()

    @property
    def sample_phase(self) -> int:
        """Phase of the current time step."""
        return int((self.time_step - 1) % self.schedule.period)

    def begin(self, *states: Array) -> None:
        """Begin the next presentation in a sample's first phase, with these states at 0."""
        if self.sample_phase == 0:
            self.presentation += 1
            for state in states:
                state[:] = 0

    def opens(self, gate_in: Array) -> bool:
        """Whether errors are replayed: a sample begins with a closed gate, which its error phase may open."""
        if self.sample_phase == 0:
            self._gate = False
        if self.sample_phase == self.schedule.error_phase:
            self._gate = bool(gate_in[0])
        return self._gate

    def send(self, **messages: Array) -> None:
        """Send on all OutPorts; where nothing is given zeros."""
        for name, sent in self.declares.outputs.items():
            getattr(self, name).send(messages.get(name, np.zeros(sent.shape_in(self._shape), np.int32)))

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

    def fire_falling(self, a_in: Array, step: int, spikes: Array) -> int:
        """Spikes of one step under a threshold that falls; returns the neurons that were idle but for their spike."""
        events = np.zeros_like(self.v)
        kappa, remaining = threshold_from_step(int(self.threshold_step[0])), self.schedule.steps - step
        n, newly_active = fire_falling_threshold(a_in, self.u, self.v, kappa, remaining, self.x, events)
        if step == 0:
            self.u[:] = 0
        spikes[events[:n]] = 1
        self.count_spikes(FORWARD, n, "s_out")
        return int(newly_active)

    def adapt(self, counts: tuple[int, int], neurons: int) -> None:
        """Add (fired, saturated) at a sample's end; every N samples the threshold may move."""
        a: Adaptation = self.proc_params["adaptation"]
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
