"""EngineRuntime: stands where Lava's Runtime stands."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import AbstractRunCondition
from lava.magma.core.run_configs import RunConfig
from lava.proc.monitor.process import Monitor

from lava_ed.engine.batch import run_batch
from lava_ed.engine.cuts import WHOLE, cut_of_fractions, warn_of
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError
from lava_ed.lava_graphs.arguments import aliased, check_batch, record_of, steps_of, whole
from lava_ed.lava_graphs.graph import LoweredGraph, lower_grown
from lava_ed.lava_graphs.selection.record import refuse_changes
from lava_ed.lava_graphs.selection.refusals import check_selection
from lava_ed.lava_graphs.turn import Turn
from lava_ed.proc.walk import collect

_BACKGROUND_STEPS: Final = 4096
"""Steps between two looks at a pause request."""
_STOPPED: Final = "this runtime was stopped: call attach() again for a fresh one"
_FOR_VARS: Final = "before reading or writing a Var"


class EngineRuntime:
    """Runs a lowered graph behind Lava's own interface.

    ``process.run``, ``wait``, ``pause``, ``stop``, ``Var.get`` and ``Var.set`` reach it through
    ``process.runtime``.  A RunConfig given to ``run`` must select the ProcessModels that were attached; Lava ignores
    it for a graph that is compiled.

    Parameters
    ----------
    graph : LoweredGraph

    Notes
    -----
    It differs from Lava's runtime where that one loses data or cannot go on.  Vars are readable before the first
    run and after `stop`; during a run Lava answers with None, here it is a `BackendError`.  With an index Lava
    writes ``value[idx]`` to the *first* entries of a Var, and a value that is too short likewise fills its head;
    here ``Var.set(value, idx)`` writes the entries that `idx` names, and a shape that does not fit is a
    `ShapeError`.  ``Var.get(idx)`` is the same for tuples; arrays and 0 work as in numpy.
    What a process computes anew in every step or sample (a_buff, e_buff, delta, gate, x0, x1) is for reading: on
    Lava a value written there in the middle of a sample lasts one step, here it lasts until its process's next
    window.  Every other Var can be written at any step.
    """

    def __init__(self, graph: LoweredGraph) -> None:
        self._graph = graph
        self._turn = Turn()
        self._thread: threading.Thread | None = None
        self._pause = threading.Event()
        self._failure: BaseException | None = None
        self._stopped = False
        self._written: dict[int, None] = {}
        """Vars written before the first step, in order."""
        self._take_processes()

    def _take_processes(self) -> None:
        """Become the runtime of every process, and put the pipes where Lava's runtime puts its channels."""
        for process in self._graph.processes:
            process.runtime = self
        for (process, port, name), pipe in self._graph.pipes.items():
            setattr(getattr(process, port), name, pipe)

    def _keep_up(self) -> None:
        """Lower the graph again if it was changed before the first step; refuse one that was changed after it.

        Raises
        ------
        BackendError
            After the first step, or if the graph was joined to one with a runtime; it names what was added.
        UnsupportedProcessError
            If what was added has no lowering; the graph stays as it was lowered before.
        """
        record = self._graph.record
        if self._stopped or (self.num_steps and not record.grown()):
            return
        processes = collect(self._graph.start)
        changes = record.changes(processes)
        if not changes and (self.num_steps or record.same_content()):
            return
        refuse_changes(changes, bool(self.num_steps), bool({process.runtime for process in processes} - {None, self}))
        self._lower_again()

    def _lower_again(self) -> None:
        """Lower the graph as it is now; values written since `attach` stay."""
        old = self._graph
        new = lower_grown(old)
        kept = {var_id: old.variables[var_id] for var_id in self._written if var_id in new.variables}
        for var_id, name in kept.items():
            new.write(new.variables[var_id], old.read(name))
        # Profilers and users hold the program itself.
        old.program.become(new.program)
        self._graph = replace(new, program=old.program)
        self._take_processes()
        self._graph.warn_of_cuts(known=old.cuts.keys() | self._written.keys(), stacklevel=5)
        self._graph.warn_of_hosted(() if old.conductor is None else old.conductor.hosted, stacklevel=5)

    def adopt(self, process: AbstractProcess) -> None:
        """Become the runtime of a process that was connected to the graph after `attach`.

        Raises
        ------
        BackendError
            If steps were run already, a run is going on, or the runtime was stopped.
        """
        self._check_alive()
        with self._turn.quiet("before connecting other processes"):
            self._keep_up()
        if process.runtime is not self:
            raise BackendError(
                f"{process.name} leads to a graph that is attached to the engine, but not back: call attach() again"
            )

    def check_run_cfg(self, run_cfg: RunConfig | None) -> None:
        """Refuse a RunConfig that selects other ProcessModels; one like that which was looked at last is known."""
        expansion = self._graph.expansion
        if run_cfg is not None and not expansion.has_verified(run_cfg):
            check_selection(expansion.models, run_cfg)
            expansion.note_verified(run_cfg)

    @property
    def program(self) -> Program:
        """The lowered program, with all that was connected before the first step."""
        if not self.num_steps and not self._turn.busy:
            self._keep_up()
        return self._graph.program

    @property
    def num_steps(self) -> int:
        """Time steps run so far."""
        return self._graph.program.time_step

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """Operations counted so far: process name → counter → phase → count.

        Every process that works on a neurocore has an entry, Lava's own too, though those have no Var of that name.

        Raises
        ------
        BackendError
            If a run is going on.
        """
        with self._turn.quiet("before reading the counters"):
            if not self.num_steps:
                self._keep_up()
            return self._graph.program.counters()

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """What ``create_runtime`` does in a graph that is attached: take in what was connected since.

        Raises
        ------
        BackendError
            If steps were run already, or the runtime was stopped: Lava compiles a graph once.
        """
        if self._stopped or self.num_steps:
            state = "which was stopped" if self._stopped else f"at time step {self.num_steps}"
            raise BackendError(f"this graph has a runtime, {state}: call attach() again for a fresh one")
        with self._turn.quiet("first"):
            self._keep_up()

    def __enter__(self) -> EngineRuntime:
        """Enter a block that ends with `stop`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, as Lava's runtime does."""
        self.stop()

    def start(self, run_condition: AbstractRunCondition) -> None:
        """Run under a condition; returns at once where it is non-blocking.

        Raises
        ------
        BackendError
            If a run is going on, the runtime was stopped, the condition is unknown, or the graph was changed after
            its first step.
        ConfigError
            If the number of steps is no whole number.
        Exception
            What ended a non-blocking run that nobody has waited for.
        """
        self._check_alive()
        token, thread = object(), None
        try:
            self._turn.take(token)
            self._raise_failure()
            steps = steps_of(run_condition)
            self._keep_up()
            self._graph.program.cancel_waits(False)
            self._pause.clear()
            for pipe in self._graph.pipes.values():
                pipe.begin()
            if run_condition.blocking and steps is not None:
                with self._graph.conducted(steps, self._pause):
                    self._run(steps)
                return
            thread = threading.Thread(target=self._background, args=(steps, token), daemon=True, name="lava-ed-engine")
            self._thread = thread
            thread.start()
        finally:
            if thread is None or thread.ident is None:
                self._turn.leave(token)
                self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        """Stop for good if a hosted model has asked for it."""
        conductor = self._graph.conductor
        if conductor is not None and conductor.stop_asked and not self._stopped:
            self.stop()

    def _run(self, steps: int) -> None:
        """Run steps until `pause`; what goes wrong also reaches those who wait for a message or for room."""
        try:
            self._graph.program.run(steps, until=self._pause)
        except BaseException as failure:
            self._end_pipes(failure)
            raise

    def _background(self, steps: int | None, token: object) -> None:
        self._turn.inherit()
        remaining = steps
        try:
            with self._graph.conducted(steps, self._pause):
                while remaining != 0 and not self._pause.is_set():
                    chunk = _BACKGROUND_STEPS if remaining is None else min(remaining, _BACKGROUND_STEPS)
                    self._run(chunk)
                    if remaining is not None:
                        remaining -= chunk
        except Exception as failure:
            # Raised again in the caller's thread, by wait(), pause() or stop().
            self._failure = failure
        finally:
            self._turn.leave(token)
        self._stop_if_asked()

    def _end_pipes(self, reason: BaseException) -> None:
        for pipe in self._graph.pipes.values():
            pipe.end(reason)

    @property
    def _running(self) -> bool:
        return self._turn.busy

    def _check_alive(self) -> None:
        if self._stopped:
            raise BackendError(_STOPPED)

    def _raise_failure(self) -> None:
        """Raise, once, what ended a run in the background."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def wait(self) -> None:
        """Block until no run of finite length is going on, whichever thread began it."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._turn.wait()
        self._raise_failure()

    def pause(self) -> None:
        """End a run as soon as possible, after a whole step: one that does not block, or one of another thread."""
        self._pause.set()
        self._graph.program.cancel_waits()
        self.wait()

    def stop(self) -> None:
        """End the run for good; Vars stay readable."""
        if self._graph.conductor is not None:
            self._graph.conductor.stopping = True
        self._end(_STOPPED)

    def _end(self, reason: str) -> None:
        try:
            self.pause()
        finally:
            self._stopped = True
            self._end_pipes(BackendError(reason))

    def detach(self) -> None:
        """Give the processes back: the next ``run`` compiles them for Lava's own runtime, from their initial values.

        Lava compiles a process once in its life: a graph that ran there before cannot go back.
        """
        try:
            self._end("the graph was detached from the engine")
        finally:
            for process in self._graph.processes:
                if process.runtime is self:
                    process.runtime = None
            for (process, port, name), pipe in self._graph.pipes.items():
                if vars(getattr(process, port)).get(name) is pipe:
                    delattr(getattr(process, port), name)
            self._graph.expansion.undo()

    def _locate(self, var_id: int) -> tuple[str, str]:
        """Node and name of a Var, while no run is going on."""
        if not self.num_steps and not self._graph.record.same_init(var_id):
            self._keep_up()
        if var_id not in self._graph.variables:
            raise BackendError(f"the Var with id {var_id} is not part of this graph, or holds nothing in it")
        return self._graph.variables[var_id]

    def get_var(self, var_id: int, idx: npt.NDArray[Any] | None = None) -> npt.NDArray[np.float64]:
        """Value of a Var as float64, which is what Lava's runtime returns."""
        with self._turn.quiet(_FOR_VARS):
            return self._graph.read_var(var_id, self._locate(var_id), idx).astype(np.float64)

    def set_var(self, var_id: int, value: npt.ArrayLike, idx: npt.NDArray[Any] | None = None) -> None:
        """Write a Var, or where `idx` is given those entries of it; a bad value changes nothing.

        Fractions that are written to a Var of integers are cut, as on Lava's runtime, and a warning says so.
        """
        with self._turn.quiet(_FOR_VARS):
            node, var = self._locate(var_id)
            graph, given = self._graph, np.asarray(value)
            graph.write((node, var), value, idx)
            if given.dtype.kind == "f" and not graph.hosts(node):
                program = graph.program
                warn_of([cut_of_fractions(f"{node}.{var}", given, program.get(node, var).dtype)], WHOLE, 3)
            if not self.num_steps:
                self._written.pop(var_id, None)
                self._written[var_id] = None

    def run_batch(
        self, inputs: Mapping[Var, npt.ArrayLike], steps: int, read: Sequence[Var | Monitor], threads: int | None = None
    ) -> dict[Var | Monitor, npt.NDArray[np.float64]]:
        """Run samples that know nothing of each other over all cores, each from the state at this call.

        Sample k sees all Vars, the clock and the random streams as they are now, and ``inputs[var][k]`` in the Vars
        that are named; it runs `steps` time steps, and its Vars in `read` are kept.  Order and number of threads do
        not matter, learned weights stay within their sample, and the graph itself does not change.

        Parameters
        ----------
        inputs : mapping of Var to array (N, *shape of the Var)
            Such as ``{source.data: spikes}``, spikes of shape (N, neurons, steps).
        steps : int
            Time steps of a sample.
        read : sequence of Var or Monitor
            Such as ``[lif.v, sink.data]``; a Monitor stands for what it has recorded.
        threads : int, optional
            Default: one for each core that this process may use.  Each holds a copy of the state.

        Returns
        -------
        dict of Var or Monitor to float64 (N, *shape of the Var)

        Raises
        ------
        BackendError
            If a run is going on, the runtime was stopped, a Var is not part of this graph, or is an input that is
            only read in the first step, which was not run yet.
        ShapeError, ConfigError
            If an input does not fit, or an argument is of another kind.
        FixedPointOverflowError
            Under "raise", for the first sample in which a state leaves its register.

        Warns
        -----
        FixedPointCutWarning
            If an input has fractions, and its Var holds integers.

        Examples
        --------
        >>> runtime = attach(source)  # doctest: +SKIP
        >>> runtime.run_batch({source.data: spikes}, steps=32, read=[lif.v])[lif.v].shape  # doctest: +SKIP
        (1000, 10)
        """
        self._check_alive()
        check_batch(inputs, read)
        count, workers = whole(steps, "steps"), None if threads is None else whole(threads, "threads")
        token = object()
        try:
            self._turn.take(token)
            self._keep_up()
            named = {self._locate(aliased(var).id): values for var, values in inputs.items()}
            wanted = {item: self._locate(aliased(record_of(item)).id) for item in read}
            found = run_batch(self._graph.program, named, count, list(wanted.values()), workers)
        finally:
            self._turn.leave(token)
        return {item: found[name] for item, name in wanted.items()}
