"""A time step: hosted models and compiled code take turns, phase by phase as Lava's runtime service orders them.

Synapses follow the spiking phase, then learning, then management, in which RefPorts reach Vars.  What Lava does at the
same time in several OS processes has an order here: compiled code records before hosted models write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy.typing as npt
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND

from lava_ed.engine.assembler import LEARN, RUN, SYNAPSES, WRITE
from lava_ed.engine.op import OVERFLOWS
from lava_ed.engine.program import Program
from lava_ed.engine.segments import Segment, Segments
from lava_ed.errors import BackendError
from lava_ed.lava_graphs.hosting.joined_images import JoinedImages
from lava_ed.lava_graphs.hosting.kept_memory import KeptMemory
from lava_ed.lava_graphs.hosting.messages import Cluster, Inlet, Outlet
from lava_ed.lava_graphs.hosting.model import LEARNING, PAUSE, POST_MGMT, PRE_MGMT, STOP, HostedModel
from lava_ed.lava_graphs.hosting.node import Target
from lava_ed.lava_graphs.hosting.recorder import Recorder, find_recorders
from lava_ed.lava_graphs.hosting.references import CompiledVar, HostedVar
from lava_ed.lava_graphs.hosting.spiking import Done, SpikingPhase
from lava_ed.lava_graphs.hosting.streams import OwnStream
from lava_ed.lava_graphs.hosting.wiring import Wiring

Port = tuple[str, str]
_NOTHING: Final[set[int]] = set()
_NO_RECORDERS: Final[tuple[Recorder, ...]] = ()
_PHASES = PyLoihiProcessModel.Phase


class Conductor:
    """Runs the steps of a graph with hosted models.

    Parameters
    ----------
    program : Program
    hosted : mapping of str to HostedModel
        By node.
    wiring : Wiring
    names : mapping of process to str
        Nodes of all leaf processes.
    """

    def __init__(
        self,
        program: Program,
        hosted: Mapping[str, HostedModel],
        wiring: Wiring,
        names: Mapping[AbstractProcess, str],
    ) -> None:
        self.hosted = dict(hosted)
        self.by_process = {model.process.id: model for model in hosted.values()}
        self._program, self._segments = program, Segments(program)
        self._recorders = find_recorders(wiring.references, self.by_process)
        recording = [recorder.monitor for recorder in self._recorders]
        self._loihi = [model for model in hosted.values() if not (model.is_async or model in recording)]
        self._acting = {}
        for method in ("_pre_mgmt", "_post_mgmt"):
            acting = [model for model in self._loihi if model.overrides("pre_guard", "post_guard", method)]
            self._acting[method] = acting, [model for model in self._loihi if model not in acting]
        self._asynchronous = [model for model in hosted.values() if model.is_async]
        self._outlets = {
            (names[process], port): Outlet(
                channel, Target(program._memory, program._signals[names[process], port], channel.source)
            )
            for (process, port), channel in wiring.outlets.items()
        }
        inlets = {
            (names[process], port): Inlet(program._signals[names[process], port], channels, program._memory)
            for (process, port), channels in wiring.inlets.items()
        }
        self._clusters, first = self._make_clusters(inlets)
        self._spiking = SpikingPhase(
            self._loihi, list(self._outlets.values()), self._clusters, first, self._segments,
            run_until=self._until, advance=self._advance_asynchronous if self._asynchronous else None,
            refuse=self._refuse_waiting,
        )  # fmt: skip
        self._rest = {stage: [k for k, row in enumerate(program.rows) if row.stage == stage] for stage in range(1, 5)}
        self._parts: dict[tuple[int, int, int], Segment | None] = {}
        self._vars = [
            HostedVar(reference, self.by_process[reference.target.id])
            if reference.target.id in self.by_process
            else CompiledVar(reference, program, names[reference.target], self)
            for reference in wiring.references
            if self.by_process[reference.source.id] not in recording
        ]
        self.managing = False
        """Whether RefPorts reach the Vars of compiled processes now."""
        self.stopping = self.stop_asked = False
        self._ending: threading.Event | None = None
        self._broken = ""
        self.inside = False
        """Whether a step is going on."""
        self._asked: set[int] = set()
        for model in self.hosted.values():
            model.answers.asked = self._asked

    def _make_clusters(self, inlets: dict[Port, Inlet]) -> tuple[list[Cluster], list[Inlet]]:
        """Clusters in an order in which each comes after those that it needs, and the inlets that are filled first."""
        program = self._program
        delayed = {node.name for node in program.nodes if node.delayed}
        needs: dict[str, frozenset[Port]] = {}
        for node in program.nodes:
            self._find_needs(node.name, delayed, needs)
        rows: dict[frozenset[Port], list[int]] = {}
        for k, row in enumerate(program.rows):
            if row.stage == RUN:
                rows.setdefault(needs[row.owner], []).append(k)
        running = {program.rows[k].owner for group in rows.values() for k in group} - delayed
        clusters = [
            Cluster(
                group,
                [self._outlets[port] for port in sorted(key)],
                [inlet for (name, _), inlet in inlets.items() if name in running and needs[name] == key],
                self._segments.segment(group),
            )
            for key, group in sorted(rows.items(), key=lambda item: len(item[0]))
        ]
        return clusters, [inlet for (name, _), inlet in inlets.items() if name not in running]

    def _find_needs(self, name: str, delayed: set[str], known: dict[str, frozenset[Port]]) -> frozenset[Port]:
        if name not in known:
            found: set[Port] = set()
            for edge in self._program.connections:
                if edge.target != name or name in self.hosted:
                    continue
                if edge.source in self.hosted:
                    found.add((edge.source, edge.out_port))
                elif edge.source not in delayed:
                    found |= self._find_needs(edge.source, delayed, known)
            known[name] = frozenset(found)
        return known[name]

    @property
    def acts(self) -> bool:
        """Whether a model does anything in a step."""
        methods = ("run_spk", "pre_guard", "lrn_guard", "post_guard", "_spike")
        return bool(self._asynchronous or self._recorders) or any(model.overrides(*methods) for model in self._loihi)

    # A run

    def begin(self, steps: int, ending: threading.Event) -> None:
        """Begin a run of so many steps, which ends when `ending` is set.

        Raises
        ------
        BackendError
            If an earlier run has ended in the middle of a step.
        """
        if self._broken:
            raise BackendError(
                f"call attach() again: the last run ended in the middle of a time step ({self._broken}), from where no "
                "run can go on; Vars can be read"
            )
        self._ending, self.stopping = ending, False
        if not self._program.time_step:
            for model in self.hosted.values():
                model.prepare()
        for model in self._asynchronous:
            model.commands.steps, model.commands.ending = steps, self._command
            model.start("_run_async")

    def _command(self) -> npt.NDArray[Any] | None:
        """What asynchronous models are told."""
        if self._ending is None or not self._ending.is_set():
            return None
        command: npt.NDArray[Any] = MGMT_COMMAND.STOP if self.stopping else MGMT_COMMAND.PAUSE
        return command

    def end(self) -> None:
        """End a run: asynchronous models return, and writes that came in no management phase are done."""
        if self._broken:
            return
        with _WholeStep(self), OwnStream():
            self.inside = True
            while any(model.call is not None for model in self._asynchronous):
                if not self._advance_asynchronous():
                    self._refuse_waiting()
            for model in self._loihi:
                model.host()
                model.serves = True
            self._serve(managing=True)
            self._end_phase()
            self.inside = False

    def abandon(self, reason: BaseException) -> None:
        """Give up what waits in the middle of a step."""
        self._broken = self._broken or f"{type(reason).__name__}: {reason}"
        for model in self.hosted.values():
            model.give_up()

    def conduct(self, steps: int, until: threading.Event | None) -> None:
        """Run steps, fewer once `until` is set or a state has left its register."""
        program, ending = self._program, until or self._ending
        stops = program.overflow == "raise"
        self._segments.begin_run()
        with _WholeStep(self), OwnStream(), KeptMemory(), JoinedImages():
            try:
                for _ in range(steps):
                    self._step()
                    if (ending is not None and ending.is_set()) or (stops and program._progress[OVERFLOWS]):
                        return
            finally:
                for model in self._loihi:
                    model.end_stretch()

    # A step

    def _step(self) -> None:
        segments = self._segments
        self.inside = True
        segments.begin()
        done = self._spiking.run()
        if self._recorders:
            self._asked.add(POST_MGMT)
        asked = self._answers() if self._asked else _NOTHING
        if asked:
            done = self._run_phases(done, asked)
        self._until(done, WRITE)
        segments.end()
        self.inside = False
        if asked & {PAUSE, STOP} and self._ending is not None:
            self.stop_asked = self.stopping = STOP in asked
            self._ending.set()

    def _run_phases(self, done: Done, asked: set[int]) -> Done:
        """Run the phases that models have asked for, each after the compiled code before it; adds to what is asked."""
        if PRE_MGMT in asked:
            done = self._until(done, SYNAPSES)
            self._manage("_pre_mgmt", _PHASES.PRE_MGMT, _NO_RECORDERS)
            asked |= self._answers()
        if LEARNING in asked:
            done = self._until(done, LEARN)
            self._run_all("_lrn", self._loihi, _NO_RECORDERS)
            asked |= self._answers()
        if POST_MGMT in asked:
            done = self._until(done, WRITE - 1)
            self._manage("_post_mgmt", _PHASES.POST_MGMT, self._recorders)
            asked |= self._answers()
        return done

    def _until(self, done: Done, stage: int) -> Done:
        """Run compiled code up to a stage, which something hosted follows, or the end of the step.

        `done` is (clusters, stages) that have run.
        """
        key = (*done, stage)
        if key not in self._parts:
            rows = [k for cluster in self._clusters[done[0] :] for k in cluster.rows]
            rows += [k for s in range(done[1] + 1, stage + 1) for k in self._rest[s]]
            self._parts[key] = self._segments.segment(rows)
        self._segments.run(self._parts[key])
        return len(self._clusters), stage

    def _advance_asynchronous(self) -> bool:
        """Let asynchronous models run until they wait; whether one did."""
        moved = False
        for model in self._asynchronous:
            if model.call is not None and not model.waits:
                moved = True
                if model.resume():
                    model.call = None
        return moved

    def _answers(self) -> set[int]:
        """The phases, or the end, that models have asked for since the last look."""
        asked = self._asked.copy()
        self._asked.clear()
        return asked

    def _manage(self, method: str, phase: npt.NDArray[Any], recorders: Sequence[Recorder]) -> None:
        """Run a management phase, in which Vars are recorded, then read and written through RefPorts."""
        acting, idle = self._acting[method]
        for model in acting:
            model.serves = False
        for model in idle:
            model.model.__dict__["phase"], model.serves = phase, True
            self._record(model, recorders)
        self._serve(managing=True)
        self._run_all(method, acting, recorders)
        self._serve(managing=True)
        self._end_phase()

    def _record(self, target: HostedModel, recorders: Sequence[Recorder]) -> None:
        """Record the Vars of a model that has done its part of the phase."""
        for recorder in recorders:
            if recorder.target is target:
                recorder.record(self._program.time_step + 1)

    def _run_all(self, method: str, models: Iterable[HostedModel], recorders: Sequence[Recorder]) -> None:
        """Run a phase of models, in which one may wait for another."""
        waiting = list(models)
        for model in waiting:
            model.start(method)
        while waiting:
            moved = False
            for model in tuple(waiting):
                if not model.waits:
                    moved = True
                    if model.resume():
                        waiting.remove(model)
                        model.serves = self.managing
                        self._record(model, recorders)
                        self._serve(self.managing)
            moved |= self._advance_asynchronous()
            if not moved:
                self._refuse_waiting()

    def _serve(self, managing: bool) -> None:
        """Do the reads and writes that have come to Vars that can be reached."""
        self.managing = managing
        for var in self._vars:
            var.serve()

    def _end_phase(self) -> None:
        self.managing = False
        for model in self._loihi:
            model.serves = False

    def _refuse_waiting(self) -> None:
        """Name who waits for what will not come.

        Raises
        ------
        BackendError
        """
        calls = [model.call for model in self.hosted.values() if model.call is not None]
        reasons = [call.reason for call in calls if call.ready is not None and not (call.ended or call.dead)]
        reasons += [
            f"{outlet.channel.target} waits for a message of {outlet.channel.source}"
            for outlet in self._outlets.values()
            if not outlet.arrived
        ]
        raise BackendError(
            f"nothing moves in time step {self._program.time_step + 1}, and on Lava's runtime it would not for ever: "
            + "; ".join(dict.fromkeys(reasons))
        )


class _WholeStep:
    """Notes what breaks off in the middle of a step."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is not None and self._conductor.inside:
            self._conductor.abandon(error)
