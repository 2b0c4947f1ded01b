"""Programs on the cores of a chip: as their specs, and graphs of Lava's own processes by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import samples, small_spec

from lava_ed.energy import LOIHI1, LOIHI2, ChipLimits, ChipNet, Inlet, map_network
from lava_ed.energy.chip_net import Flow
from lava_ed.engine import build_program
from lava_ed.errors import ChipLimitError, ConfigError


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
@pytest.mark.parametrize("hidden", [(), (8,), (8, 7)])
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
@pytest.mark.parametrize("chip", [LOIHI1, LOIHI2])
def test_a_program_maps_as_its_spec(kind, hidden, feedback, chip):
    spec = small_spec(kind, hidden, feedback=feedback)
    program = build_program(spec)
    assert map_network(program, chip).to_dict() == map_network(spec, chip).to_dict()
    counters = program.counters()
    assert map_network(program, chip).message_counts(counters) == map_network(spec, chip).message_counts(counters)


@pytest.mark.parametrize("sharing", ["accumulated", "none"])
@pytest.mark.parametrize("chip", [LOIHI1, LOIHI2])
@pytest.mark.parametrize("freeze", [(), (1,)])
def test_convolutions_map_as_their_spec(sharing, chip, freeze):
    spec = small_spec(
        arch="4c3p1-p2-6c2s2g2-p2-5-3", image=(2, 8, 9), error_shift=1, rate_shifts=(2, 1, 1, 1),
        sharing=sharing, freeze=freeze,
    )  # fmt: skip
    program, (images, labels) = build_program(spec), samples(4, inputs=144)
    program.bind(images)
    program.present(np.arange(4), labels)
    counters = program.counters()
    ours, theirs = map_network(spec, chip), map_network(program, chip)
    assert ours.to_dict() == theirs.to_dict()
    assert ours.message_counts(counters) == theirs.message_counts(counters)
    assert sum(counts["spike_messages"]["backward"] for counts in ours.message_counts(counters).values()) > 0


def chain(*talks: tuple[int, int, int], layers: int = 4) -> ChipNet:
    """Layers of 4 neurons, each on a core and a router of its own, that send so many spikes: (from, to, spikes)."""
    names = tuple(f"layer{k}" for k in range(layers))
    inlets = tuple(
        tuple(Inlet(f"{s}to{t}", "weights", s, 4, np.full(4, 4, np.int64)) for s, t, _ in talks if t == layer)
        for layer in range(layers)
    )
    flows = tuple(Flow(names[s], "forward", f"{s}to{t}", s, t, spikes) for s, t, spikes in talks)
    return ChipNet(names, (4,) * layers, inlets, lambda counters: flows)


TALKS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 50)), max_size=8, unique_by=lambda talk: talk[:2]
)
LINE = ChipLimits("line", "Line", cores=8, neurons=4, synaptic_bits=4000, routers=(8, 1), cores_per_router=1, source="")


class TestNear:
    def test_chatty_layers_lie_side_by_side(self):
        # In order, 100 spikes go from core 0 to core 3; side by side they go one hop.
        net = chain((0, 3, 100), (1, 2, 1))
        assert map_network(net, LINE).cores == ((0,), (1,), (2,), (3,))
        near = map_network(net, LINE, counters={})
        hops = {row.connection: row.hops.total for row in near.traffic({})}
        assert hops == {"0to3": 100, "1to2": 1}

    @settings(max_examples=30, deadline=None)
    @given(TALKS)
    def test_never_farther_than_in_order(self, talks):
        net = chain(*talks, layers=8)
        total = [sum(row.hops.total for row in map_network(net, LINE, counters=c).traffic({})) for c in (None, {})]
        assert total[1] <= total[0]


def test_net_that_does_not_fit_says_by_how_much():
    net = ChipNet(("in", "out"), (600, 4), ((), (Inlet("fc", "weights", 0, 600, np.full(4, 600, np.int64)),)))
    with pytest.raises(ChipLimitError, match=r"4,800 bits .* 4,000: 800 too many; .*at least 100 neurons"):
        map_network(net, LINE)


def test_weights_of_a_program_are_its_own():
    with pytest.raises(ConfigError, match="weights of its own"):
        map_network(build_program(small_spec()), LOIHI2, [np.ones((12, 8))])


class TestStockGraphs:
    @pytest.fixture(autouse=True)
    def lava(self):
        pytest.importorskip("lava", reason="graphs of Lava processes need Python 3.10")

    def graph(self):
        """3 inputs → Dense with two zeros → 2 LIF → LearningDense → 4 LIF, which send back to nobody."""
        from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
        from lava.proc.dense.process import Dense, LearningDense
        from lava.proc.io.source import RingBuffer
        from lava.proc.lif.process import LIF

        source = RingBuffer(data=np.ones((3, 2), int))
        source.name = "source"
        dense = Dense(weights=np.array([[16, 8, 0], [0, 24, -8]]), num_weight_bits=6, name="dense")
        middle = LIF(shape=(2,), name="middle")
        rule = Loihi2FLearningRule(dw="x0*y1 - y0*x1", dt="x0*y2", x1_impulse=1, x1_tau=2, y1_impulse=1, y1_tau=2)
        learning = LearningDense(weights=np.zeros((4, 2), int), learning_rule=rule, name="learning")
        last = LIF(shape=(4,), name="last")
        source.s_out.connect(dense.s_in)
        dense.a_out.connect(middle.a_in)
        middle.s_out.connect(learning.s_in)
        learning.a_out.connect(last.a_in)
        last.s_out.connect(learning.s_in_bap)
        return source

    def test_by_hand(self):
        from lava_ed.engine import attach

        runtime = attach(self.graph())
        runtime.program.run(2)
        mapping = map_network(runtime, LOIHI1)
        assert mapping.layer_names == ("source", "middle", "last")
        rows = mapping.utilisation()
        assert [row.neurons.used for row in rows] == [3, 2, 4]
        assert [row.axons_in.used for row in rows] == [0, 3, 2]
        assert [row.axons_out.used for row in rows] == [3, 2, 0]
        # Four weights of 6 bits; then 8 plastic weights of 8 bits with a tag of 9, x0 and x1 for each of 2 axons,
        # y0, y1 and y2 for each of 4 neurons.
        assert mapping.synaptic_bits(1)["weights"] == 4 * 6
        assert mapping.synaptic_bits(2) == {
            "weights": 8 * 8, "mirrored": 0, "feedback": 0, "tags": 8 * 9, "traces": 2 * (1 + 7) + 4 * (1 + 14),
        }  # fmt: skip
        messages = mapping.message_counts(runtime.counters())
        assert messages["source"]["spike_messages"]["forward"] == 6

    def test_kernel_is_stored_once_where_the_chip_shares_it(self):
        from lava.proc.conv.process import Conv
        from lava.proc.io.source import RingBuffer
        from lava.proc.lif.process import LIF

        from lava_ed.engine import attach

        source = RingBuffer(data=np.ones((4, 4, 1, 1), int))
        conv = Conv(weight=np.ones((2, 3, 3, 1), int), input_shape=(4, 4, 1))
        lif = LIF(shape=conv.a_out.shape)
        source.s_out.connect(conv.s_in)
        conv.a_out.connect(lif.a_in)
        runtime = attach(lif)
        shared, single = (map_network(runtime, chip).synaptic_bits(1)["weights"] for chip in (LOIHI2, LOIHI1))
        assert shared == 18 * 8
        assert single == 2 * 2 * 2 * 9 * 8


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
@pytest.mark.parametrize("hidden", [(), (8,), (8, 7)])
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_what_real_samples_sent_goes_as_far_by_program_as_by_spec(kind, hidden, feedback):
    spec = small_spec(kind, hidden, feedback=feedback)
    program = build_program(spec)
    rng = np.random.default_rng(3)
    program.bind(rng.integers(0, 256, (6, 12), dtype=np.uint8))
    program.present(np.arange(6), rng.integers(0, 3, 6))
    by_spec, by_program = map_network(spec, TIGHT), map_network(program, TIGHT)
    assert by_program.layer_names == ("input", *(f"hidden{k + 1}" for k in range(len(hidden))), "output")
    assert by_program.to_dict() == by_spec.to_dict()
    counters = program.counters()
    assert by_program.message_counts(counters) == by_spec.message_counts(counters)
    assert by_program.layer_of_nodes() == by_spec.layer_of_nodes()


TIGHT = ChipLimits(
    "tight", "Tight", cores=32, neurons=4, synaptic_bits=2**20, routers=(32, 1), cores_per_router=1, source=""
)
"""12 inputs take 3 cores, 8 neurons 2, 3 outputs 1; every core is a router, so that a hop is one core further."""


@pytest.mark.lava
class TestMixedGraphs:
    """A net of ours whose second hidden layer also feeds Lava's Dense and LIF, and a sink that keeps its spikes."""

    @pytest.fixture(autouse=True)
    def lava(self):
        pytest.importorskip("lava", reason="graphs of Lava processes need Python 3.10")

    def graph(self, kind, samples=6):
        """encoder 12 → hidden1 8 → hidden2 7 → readout 3, and hidden2 → dense → lif 5; its sink and steps."""
        from lava.magma.core.run_conditions import RunSteps
        from lava.proc.dense.process import Dense
        from lava.proc.io.sink import RingBuffer
        from lava.proc.lif.process import LIF

        from lava_ed import EDClassifier
        from lava_ed.engine import attach

        spec = small_spec(kind, (8, 7))
        rng = np.random.default_rng(3)
        net = EDClassifier(spec, rng.integers(0, 256, (samples, 12), dtype=np.uint8), rng.integers(0, 3, samples))
        steps = samples * spec.schedule.period
        dense = Dense(weights=np.full((5, 7), 20), name="dense")
        lif, sink = LIF(shape=(5,), vth=2, name="lif"), RingBuffer(shape=(7,), buffer=steps)
        net.hidden2.s_out.connect([dense.s_in, sink.a_in])
        dense.a_out.connect(lif.a_in)
        runtime = attach(net)
        net.run(RunSteps(num_steps=steps))
        phase = np.arange(steps) % spec.schedule.period
        spikes = sink.data.get().sum(axis=0)
        net.stop()
        before = phase < spec.schedule.error_arrival(3)
        return runtime, net, {"forward": int(spikes[before].sum()), "backward": int(spikes[~before].sum())}

    @pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
    def test_by_hand(self, kind):
        runtime, net, spikes = self.graph(kind)
        mapping = map_network(runtime, TIGHT)
        names = {name: k for k, name in enumerate(mapping.layer_names)}
        order = [net.encoder.name, net.hidden1.name, net.hidden2.name, net.readout.name, "lif"]
        assert list(names) == order
        assert mapping.cores == ((0, 1, 2), (3, 4), (5, 6), (7,), (8, 9))
        assert mapping.synaptic_bits(4) == {"weights": 5 * 7 * 8, "mirrored": 0, "feedback": 0, "tags": 0, "traces": 0}
        assert mapping.synaptic_bits(2)["weights"] == 8 * 7 * 8
        assert mapping.synaptic_bits(2)["mirrored"] == 7 * 3 * 8, "dense3, read backwards"
        assert mapping.synaptic_bits(1)["mirrored"] == 8 * 7 * 8
        layers = mapping.layer_of_nodes()
        assert (layers["dense"], layers[net.dense3.name], layers[net.error.name]) == (4, 3, 3)
        counters = runtime.counters()
        traffic = {(t.node, t.phase, t.connection): t for t in mapping.traffic(counters)}
        second = net.hidden2.name
        for phase in ("forward", "backward"):
            for connection, target, cores in ((net.dense3.name, 3, 1), ("dense", 4, 2)):
                # Two cores send to core 7, and to cores 8 and 9: 2 and 1 hops; 3 and 4, and 2 and 3.
                hop_sum = 3 if target == 3 else 12
                if spikes[phase]:
                    row = traffic[second, phase, connection]
                    assert (row.spikes, row.exact, row.target_layer) == (spikes[phase], True, target)
                    assert (row.target_cores, row.hop_sum) == (cores, (hop_sum, 0))
                else:
                    assert (second, phase, connection) not in traffic
        errors = counters[second]["spikes"]["backward"] - spikes["backward"]
        assert errors > 0
        row = traffic[second, "backward", net.dense2.name]
        assert (row.spikes, row.target_layer, row.hop_sum) == (errors, 1, (2 + 1 + 3 + 2, 0))
        messages = mapping.message_counts(counters)[second]
        assert messages["spike_messages"]["forward"] == spikes["forward"] * (1 + 2), "the sink is on no core"
        assert messages["spike_messages"]["backward"] == spikes["backward"] * (1 + 2) + errors * 2
        assert (spikes["backward"] > 0) == (kind == "mpd-ed")

    def test_counters_of_another_graph(self):
        runtime, net, _ = self.graph("std-ed")
        counters = runtime.counters()
        counters[net.hidden2.name]["spike_messages"]["forward"] += 1
        with pytest.raises(ConfigError, match="which this graph cannot send"):
            map_network(runtime, TIGHT).traffic(counters)

    def test_does_not_fit(self):
        runtime, _, _ = self.graph("std-ed")
        small = replace(TIGHT, synaptic_bits=200)
        with pytest.raises(ChipLimitError, match=r"bits of synaptic memory .* too many"):
            map_network(runtime, small)
        with pytest.raises(ChipLimitError, match=r"needs 10 cores of Tight .*gives 9: 1 too many; allow max_chips=2"):
            map_network(runtime, replace(TIGHT, cores=9), max_chips=1)
