"""What a spike is a message to: neurons and synapses, not learning ports, sinks or monitors."""

from __future__ import annotations

import pickle

import pytest

pytest.importorskip("lava")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer
from lava.proc.monitor.process import Monitor
from nets import samples, small_spec

from lava_ed import attach
from lava_ed.energy import LOIHI2, map_network
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import initial_weights
from lava_ed.proc import AFTIF, Encoder, Labels, MembraneReadout, PlasticDense, SoftmaxError
from lava_ed.proc.destinations import Destinations

pytestmark = pytest.mark.lava
SPEC = small_spec("std-ed", (8,))
STEPS = 2 * SPEC.schedule.period
NAMES = ("source", "hidden", "error")


def graph(watched: bool) -> dict[str, object]:
    """A net by hand; with `watched`, sinks and a monitor on its spikes, and one connection to a learning port."""
    images, labels = samples(4)
    common = {"schedule": SPEC.schedule, "seed": SPEC.seed}
    source, target = Encoder(samples=images, name="source", **common), Labels(labels=labels, **common)
    into, out = (
        PlasticDense(weights=unpack_weights(initial_weights(SPEC, k)), rule=SPEC.rule, layer=k, error_shift=3, **common)
        for k in (1, 2)
    )
    hidden = AFTIF(shape=(8,), layer=1, adaptation=SPEC.adaptation, name="hidden", **common)
    outputs = MembraneReadout(shape=(3,), layer=2, **common)
    error = SoftmaxError(shape=(3,), shift=7, dead_zone=0, name="error", **common)
    for one, other in (
        (source.s_out, into.s_in),
        (into.a_out, hidden.a_in),
        (hidden.s_out, out.s_in),
        (out.a_out, outputs.a_in),
        (outputs.v_out, error.v_in),
        (target.label_out, error.label_in),
        (error.e_out, out.e_in),
        (out.e_out, hidden.e_in),
        (hidden.s_out_y1, into.s_in_y1),
        (hidden.s_out_y2, into.s_in_y2),
        (error.s_out_y1, out.s_in_y1),
        (error.s_out_y2, out.s_in_y2),
    ):
        one.connect(other)
    if watched:
        for port in (source.s_out, hidden.s_out):
            port.connect(RingBuffer(shape=port.shape, buffer=STEPS).a_in)
        Monitor().probe(hidden.s_out, STEPS)
        hidden.s_out.connect(into.s_in_bap)
    return {"source": source, "hidden": hidden, "error": error}


def counts(processes: dict[str, object], stock: bool) -> dict[str, list[list[int]]]:
    """Counters of the senders after two samples."""
    error = processes["error"]
    if not stock:
        attach(error)
    try:
        error.run(RunSteps(num_steps=STEPS), Loihi2SimCfg(select_tag="fixed_pt"))
        return {name: process.counters.get().tolist() for name, process in processes.items()}
    finally:
        error.stop()


def test_sinks_monitors_and_learning_ports_get_no_messages():
    alone, watched = counts(graph(False), False), counts(graph(True), False)
    assert watched == alone
    assert counts(graph(True), True) == alone, "Lava's runtime counts otherwise"
    assert all(any(alone[name][1]) for name in NAMES), "nobody sent anything"


def test_a_watched_net_can_be_mapped():
    """Its messages are those of its connections between cores."""
    processes = graph(True)
    runtime = attach(processes["error"])
    processes["error"].run(RunSteps(num_steps=STEPS))
    traffic = map_network(runtime, LOIHI2).traffic(runtime.counters())
    assert sum(row.spikes for row in traffic) > 0
    processes["error"].stop()


def test_counts_travel_without_the_graph():
    processes = graph(True)
    destinations = Destinations(processes["hidden"])
    expected = {name: int(name == "s_out") for name in destinations.counts()}
    assert destinations.counts() == expected
    assert pickle.loads(pickle.dumps(destinations)).counts() == expected
