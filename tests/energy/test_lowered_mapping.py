"""Programs on the cores of a chip: as their specs, and graphs of Lava's own processes by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import small_spec

from lava_ed.energy import LOIHI1, LOIHI2, ChipLimits, ChipNet, Inlet, map_network
from lava_ed.energy.chip_net import Stream
from lava_ed.engine import build_program
from lava_ed.errors import BackendError, ChipLimitError, ConfigError


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


def chain(*talks: tuple[int, int, int], layers: int = 4) -> ChipNet:
    """Layers of 4 neurons, each on a core and a router of its own, that send so many spikes: (from, to, spikes)."""
    names = tuple(f"layer{k}" for k in range(layers))
    inlets = tuple(
        tuple(Inlet(f"{s}to{t}", "weights", s, 4, np.full(4, 4, np.int64)) for s, t, _ in talks if t == layer)
        for layer in range(layers)
    )
    streams = tuple(Stream(names[s], "forward", f"{s}to{t}", s, t, spikes) for s, t, spikes in talks)
    return ChipNet(names, (4,) * layers, inlets, lambda counters: streams)


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

    def test_mixed_graph_is_refused(self):
        from lava_ed.engine.families.ring_buffer import RingSourceNode

        program = build_program(small_spec())
        program.nodes = (*program.nodes, RingSourceNode("mine"))
        with pytest.raises(BackendError, match="mine are Lava's own processes"):
            map_network(program, LOIHI2)
