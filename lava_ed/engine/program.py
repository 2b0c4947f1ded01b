"""A program: its state, its op table, and how it runs; the same for a net from a spec and for a Lava graph."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.assembly import assemble
from lava_ed.engine.hosts import Conductor, HostTask
from lava_ed.engine.jump import plan_jump
from lava_ed.engine.loops import loop_of
from lava_ed.engine.op import DECIDED, OVERFLOWS
from lava_ed.engine.state import State
from lava_ed.errors import BackendError, ConfigError, FixedPointOverflowError, FixedPointOverflowWarning, ShapeError
from lava_ed.network.schedule import Schedule
from lava_ed.network.values import check_presented, count_of, numbers_of

OVERFLOW_POLICIES: Final = ("raise", "warn", "wrap")
_STEPS_PER_CALL: Final = 1 << 13
"""About the longest stretch inside compiled code, so that Ctrl-C is heard; cut to whole samples, which jumps need."""


class Program(State):
    """A net laid out for the compiled loop.

    Parameters
    ----------
    nodes, connections : sequences
        The graph.
    schedule : Schedule or None
        None for a graph without phases: its period is 1.
    overflow : {"raise", "warn", "wrap"}
        What happens when a state leaves its 24-bit register.  All three wrap it; "raise" then stops.
    counting : bool
        False: Lava's own processes count nothing, to measure what counting costs.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        connections: Sequence[Connection],
        schedule: Schedule | None,
        overflow: str = "raise",
        counting: bool = True,
    ) -> None:
        if overflow not in OVERFLOW_POLICIES:
            raise ConfigError(f"overflow policy {overflow!r} is unknown: use one of {', '.join(OVERFLOW_POLICIES)}")
        self.overflow = overflow
        self.nodes = tuple(nodes)
        self.node_names = tuple(node.name for node in nodes)
        self.kinds = {node.name: (type(node).__name__.removesuffix("Node"), node.delayed) for node in nodes}
        self.connections = tuple(connections)
        asm = assemble(nodes, connections, schedule, counting)
        super().__init__(asm, schedule)
        self._ops, self._ptr, self._order = asm.table()
        self._plan = plan_jump(self.rows, schedule)
        self._groups = {row.op.group for row in self.rows if row.op.group}
        if {"ours", "floating"} <= self._groups:
            raise BackendError(
                "the graph has floating-point ProcessModels and processes of lava_ed.proc, which are fixed-point: "
                'take the latter out; or attach it with Loihi2SimCfg(select_tag="fixed_pt"), by which all of it '
                "computes in fixed point, where fractions are cut"
            )
        self._loop: Any = None
        self.conductor: Conductor | None = None
        """Runs the steps, if other code acts in the middle of them."""
        self._named = asm.named
        self._bound = ("own", "samples") in self._named or ("order", "samples") not in self._named
        self._prologue = asm.prologue
        self._followers = asm.followers
        self._feeders = asm.feeders
        self._hosts = asm.hosts
        self._settled = [0] * len(asm.hosts)
        self._cancelled = threading.Event()
        self._step_limits = asm.step_limits
        whole = max(_STEPS_PER_CALL // self.period, 1) * self.period
        self._stretch = min([whole, *(feeder.capacity for feeder in asm.feeders)])

    def become(self, other: Program) -> None:
        """Replace the state of this program by that of another, which nobody may use any more."""
        watching = [host for host in self._hosts if host.only_looks]
        vars(self).clear()
        vars(self).update(vars(other))
        for host in watching:
            self.watch(host)

    def run(
        self,
        steps: int,
        predictions: npt.NDArray[np.int32] | None = None,
        until: threading.Event | None = None,
    ) -> int:
        """Run time steps, fewer once `until` is set; returns how many samples were decided.

        Raises
        ------
        ConfigError
            If the number is no integer, or negative.
        BackendError
            If the images were not bound yet.
        FixedPointOverflowError
            Under "raise", after the first step in which a state left 24 bits; the state is readable.
        """
        steps = count_of(steps, "the number of steps")
        if steps and not self._bound:
            raise BackendError("no images bound: call bind(images) before the first step")
        if predictions is None:
            predictions = np.zeros(0, np.int32)
        progress = self._progress
        progress[DECIDED] = progress[OVERFLOWS] = 0
        allowed = self._within_limits(steps)
        stop = self.time_step + allowed
        if allowed:
            self._prepare()
        try:
            while self.time_step < stop and not (progress[OVERFLOWS] and self.overflow == "raise"):
                if until is not None and until.is_set():
                    break
                stretch = self._ready() if self._hosts else self._stretch
                if not stretch:
                    break
                self._run_stretch(min(stop - self.time_step, stretch), predictions, until)
            self._settle()
        finally:
            self._count_idle()
        self._report_overflow(int(progress[OVERFLOWS]))
        if allowed < steps:
            self._report_limit()
        return int(progress[DECIDED])

    def _ready(self) -> int:
        """Let the host tasks prepare the next steps; returns how many may run, 0 when a wait was cancelled."""
        if not self._settle():
            return 0
        for host in self._hosts:
            if not host.before(self._memory, self.time_step, self._cancelled):
                return 0
        ahead = [host.ahead(self._memory, self.time_step) for host in self._hosts]
        return min([self._stretch, *(steps for steps in ahead if steps is not None)])

    def _settle(self) -> bool:
        """Let the host tasks do what is due after the steps so far, once; False when a wait was cancelled."""
        for k, host in enumerate(self._hosts):
            if self._settled[k] != self.time_step:
                if not host.after(self._memory, self.time_step, self._cancelled):
                    return False
                self._settled[k] = self.time_step
        return True

    def watch(self, task: HostTask) -> None:
        """Call a task, which only reads, in all later runs, at the steps that its `ahead` names."""
        self._hosts.append(task)
        self._settled.append(self.time_step)

    def cancel_waits(self, cancelled: bool = True) -> None:
        """End a run that waits for data from outside before its next step; False lets later runs wait again."""
        if cancelled:
            self._cancelled.set()
        else:
            self._cancelled.clear()

    def _run_stretch(self, steps: int, predictions: npt.NDArray[np.int32], until: threading.Event | None) -> None:
        """Run a stretch in compiled code; the loop itself counts in `_progress`."""
        if self.conductor is not None:
            self.conductor.conduct(steps, until)
            return
        before = self.time_step
        for feeder in self._feeders:
            feeder.fill(self._memory, before, steps)
        arenas = (self._memory.arrays[name] for name in ("i8", "i16", "i32", "i64", "u8", "f64"))
        stops = int(self.overflow == "raise")
        table = (self._ops, self._ptr, self._order, self._plan)
        if self._loop is None:
            self._loop = loop_of(self._groups)
        self._loop(*table, *arenas, before, self.phase, steps, stops, predictions, self._progress)

    def _prepare(self) -> None:
        """What processes do once, in their first step: scale thresholds, cut weights to their bits."""
        while self._prologue:
            self._prologue[0](self._memory)
            self._prologue.pop(0)
        while self._followers:
            self._followers[0](self._memory)
            self._followers.pop(0)

    def _within_limits(self, steps: int) -> int:
        """How many of these steps there is room for."""
        return max(0, min([steps, *(limit - self.time_step for limit in self._step_limits.values())]))

    def _report_limit(self) -> None:
        full = ", ".join(f"{name} ({limit})" for name, limit in self._step_limits.items() if limit <= self.time_step)
        raise BackendError(
            f"stopped at time step {self.time_step}, where the room of {full} ends: probe with a larger num_steps"
        )

    def _report_overflow(self, overflows: int) -> None:
        """Raise or warn under the policy."""
        if not overflows or self.overflow == "wrap":
            return
        where = [
            name
            for (name, var), variable in self._variables.items()
            if var == "overflows" and self._memory.view(variable.slot)[0]
        ]
        message = (
            f"{overflows} state(s) left their 24-bit register by time step {self.time_step} in {', '.join(where)}: "
            "lower the weights, the fan-in, the weight exponent or the window, or raise the error shift "
            '(overflow="wrap" lets a run go on with states that have wrapped around)'
        )
        if self.overflow == "raise":
            raise FixedPointOverflowError(message)
        warnings.warn(message, FixedPointOverflowWarning, stacklevel=3)

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Let the encoder read `images` (N, n) uint8 in place, without a copy, and in turn until `present` says else.

        Raises
        ------
        BackendError
            If the program has samples of its own.
        ShapeError
            If the images are not a contiguous uint8 matrix with a column for each input.
        """
        if ("own", "samples") in self._named or ("order", "samples") not in self._named:
            raise BackendError("this program has no place for images: it takes its samples from the processes' Vars")
        size = self._named["row", "samples"].size
        if not isinstance(images, np.ndarray):
            raise ShapeError(f"images are a {type(images).__name__}: a C-contiguous uint8 matrix (N, pixels) is needed")
        if images.dtype != np.uint8 or images.ndim != 2 or not images.flags.c_contiguous:
            raise ShapeError(
                f"images are {images.dtype} of shape {images.shape}: a C-contiguous uint8 matrix (N, pixels) is needed"
            )
        if not len(images) or images.shape[1] != size:
            raise ShapeError(f"images have shape {images.shape}, the net takes (N, {size}) with N at least 1")
        self._memory.arrays["u8"] = images.reshape(-1)
        self._bound = True
        rows = np.arange(min(len(images), self._named["order", "samples"].size))
        self._order_samples(rows, np.zeros(len(rows), np.int32))

    def _order_samples(self, indices: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
        """Give the next presentations these rows and labels, in turn."""
        n, base = len(indices), self._presentations
        for kind, values in (("samples", indices), ("labels", labels)):
            self._memory.view(self._named["order", kind])[:n] = values
            self._memory.view(self._named["length", kind])[0] = n
            self._memory.view(self._named["base", kind])[0] = base

    def _check_samples(self, indices: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
        """Refuse rows and labels that do not exist: compiled code would read past the end of the images."""
        if ("order", "samples") not in self._named or ("order", "labels") not in self._named:
            raise BackendError("this program has no encoder and labels to present samples to: use run()")
        if not self._bound:
            raise BackendError("no images bound: call bind(images) first")
        rows = self._memory.arrays["u8"].size // self._named["row", "samples"].size
        outputs = self._named["outputs", "labels"].size
        check_presented(indices, labels, rows, outputs)

    def present(
        self, indices: npt.NDArray[np.integer[Any]], labels: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.int32]:
        """Run one sample after the other, from the images bound, and return the decisions.

        Parameters
        ----------
        indices : int (k,)
            Rows of the bound images.
        labels : int (k,)

        Returns
        -------
        int32 (k,)

        Raises
        ------
        BackendError
            In the middle of a sample, or if no images are bound.
        ShapeError, DataError
            If there is not one label for each row, or a row or label does not exist.
        """
        indices, labels = numbers_of(indices, "indices"), numbers_of(labels, "labels")
        self._check_samples(indices, labels)
        if self.phase:
            raise BackendError(
                f"the program stands at phase {self.phase} of {self.period}: run to the sample's end first"
            )
        capacity = self._named["order", "samples"].size
        predictions = np.zeros(len(indices), np.int32)
        for first in range(0, len(indices), capacity):
            chunk = slice(first, min(first + capacity, len(indices)))
            self._order_samples(indices[chunk], labels[chunk])
            self.run((chunk.stop - chunk.start) * self.period, predictions[chunk])
        return predictions

    @property
    def _presentations(self) -> int:
        """Number of the next presentation."""
        return 1 + max(
            int(self._memory.view(v.slot)[0]) for (_, name), v in self._variables.items() if name == "presentation"
        )
