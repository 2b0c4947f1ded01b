"""The spiking phase: a model runs until it waits for a message, compiled neurons as soon as theirs were all sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lava_ed.engine.assembler import RUN, SYNAPSES
from lava_ed.engine.segments import Segments
from lava_ed.lava_graphs.hosting.messages import Cluster, Inlet, Outlet
from lava_ed.lava_graphs.hosting.model import HostedModel

Done = tuple[int, int]
"""How many clusters, and how many stages, have run."""


class Order(NamedTuple):
    """In which order models acted in a step in which none of them had to wait once it had begun.

    Parameters
    ----------
    models : list of HostedModel
    compiled_before : int
        The model before which all compiled code up to the synapses ran; −1 where none needed that.
    """

    models: list[HostedModel]
    compiled_before: int


@dataclass
class SpikingPhase:
    """Runs the spiking phases of a graph's steps.

    Parameters
    ----------
    models : sequence of HostedModel
        Those that run step by step.
    outlets, clusters : sequence
        A cluster comes after those that it needs.
    first : sequence of Inlet
        What is delivered before anything runs.
    segments : Segments
    run_until : callable (Done, stage) → Done
        Runs compiled code up to a stage.
    advance : callable → bool, optional
        Lets asynchronous models run, if there are any; whether one did.
    refuse : callable
        Raises, as nothing moves.
    """

    models: Sequence[HostedModel]
    outlets: Sequence[Outlet]
    clusters: Sequence[Cluster]
    first: Sequence[Inlet]
    segments: Segments
    run_until: Callable[[Done, int], Done]
    advance: Callable[[], bool] | None
    refuse: Callable[[], None]
    _usual: Order | None = None
    """The order of the last step, which is tried first: most graphs keep it."""

    def run(self) -> Done:
        """Run a spiking phase; clusters that nobody waits for are left for later."""
        for outlet in self.outlets:
            outlet.arrived = False
        for inlet in self.first:
            inlet.deliver()
        return self._begin(self.models) if self._usual is None else self._repeat(self._usual)

    def _repeat(self, usual: Order) -> Done:
        """Let all act in the usual order, as long as none has to wait."""
        done = (0, RUN)
        for k, model in enumerate(usual.models):
            if k == usual.compiled_before:
                if not self._all_arrived():
                    return self._begin(usual.models[k:], done)
                done = self.run_until(done, SYNAPSES)
                self._deliver(self.clusters)
            if not model.run_step():
                return self._begin(usual.models[k + 1 :], done, [model])
        return done if self._all_arrived() else self._begin((), done)

    def _begin(self, models: Iterable[HostedModel], done: Done = (0, RUN), begun: Sequence[HostedModel] = ()) -> Done:
        """Let models that have not acted act in an order that is yet to be found, beside those that have begun."""
        self._usual, waiting = None, list(begun)
        for model in models:
            model.start_spiking()
            waiting.append(model)
        return self._find_order(waiting, *done)

    def _find_order(self, waiting: list[HostedModel], next_cluster: int, stage: int) -> Done:
        """Run models and clusters as their messages come."""
        received, order, whole = False, Order([], -1), len(waiting) == len(self.models)
        while True:
            moved = False
            for model in tuple(waiting):
                ready = model.call.ready  # type: ignore[union-attr]
                if ready is None or ready():
                    moved = True
                    if model.resume():
                        waiting.remove(model)
                        order.models.append(model)
                    else:
                        whole = False
            if self.advance is not None:
                moved |= self.advance()
            arrived = len(self.clusters) if received else self._arrived(next_cluster)
            received = received or (arrived == len(self.clusters) and self._all_arrived())
            if received and not waiting and not any(cluster.inlets for cluster in self.clusters[next_cluster:]):
                self._keep(order if whole and self.advance is None else None)
                return next_cluster, stage
            if next_cluster < arrived:
                if received:
                    # No model can act before the synapses do, so that one call runs all of it.
                    whole = whole and next_cluster == 0
                    order = order._replace(compiled_before=len(order.models))
                    _, stage = self.run_until((next_cluster, stage), SYNAPSES)
                else:
                    whole = False
                    for cluster in self.clusters[next_cluster:arrived]:
                        self.segments.run(cluster.segment)
                self._deliver(self.clusters[next_cluster:arrived])
                moved = True
            next_cluster = arrived
            if not moved and not self._begin_anyway(waiting):
                self.refuse()

    def _keep(self, order: Order | None) -> None:
        if order is not None and order.compiled_before < len(order.models):
            self._usual = order

    def _deliver(self, clusters: Iterable[Cluster]) -> None:
        for cluster in clusters:
            for inlet in cluster.inlets:
                inlet.deliver()

    @staticmethod
    def _begin_anyway(models: Iterable[HostedModel]) -> bool:
        """Begin what was held back for what it waited for in a step before; whether there was any."""
        held = [model for model in models if model.call is not None and model.call.held]
        for model in held:
            model.begin_anyway()
        return bool(held)

    def _arrived(self, first: int) -> int:
        """The first cluster, from one on, that misses a message."""
        for k in range(first, len(self.clusters)):
            for outlet in self.clusters[k].needs:
                if not outlet.arrived and not outlet.fetch():
                    return k
        return len(self.clusters)

    def _all_arrived(self) -> bool:
        """Whether all messages that compiled code needs are there, those of synapses and records, too."""
        arrived = True
        for outlet in self.outlets:
            arrived &= outlet.arrived or outlet.fetch()
        return arrived
