"""Mapping: cores worked out by hand, and what must hold for any net on any chip."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import edged

from lava_ed.energy import LOIHI1, LOIHI2, ChipLimits, energy_report, map_network, mesh_hops
from lava_ed.engine.build import build_program
from lava_ed.errors import ChipLimitError, ConfigError, ShapeError
from lava_ed.kernels.counting import PHASES
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network.spec import NetworkSpec

TINY = ChipLimits("tiny", "Tiny", cores=8, neurons=3, synaptic_bits=2000, routers=(2, 2), cores_per_router=2, source="")
KEYS = ("neurons", "synaptic_bits", "axons_in", "axons_out")


@st.composite
def specs(draw, sizes=None):
    """Small nets of both rules and both feedbacks."""
    rule = draw(st.sampled_from([STDED(), MPDED()]))
    sizes = sizes or draw(st.lists(st.integers(1, 12), min_size=2, max_size=5))
    return NetworkSpec(tuple(sizes), rule, steps=4, feedback=draw(st.sampled_from(["symmetric", "random"])))


@st.composite
def weights_of(draw, spec):
    """Sparse weights of a net."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    shapes = itertools.pairwise(spec.sizes)
    return [(generator.random(s) < density).astype(np.int8) * generator.choice([-3, 1, 127], s) for s in shapes]


@st.composite
def chips(draw):
    """Chips small enough to split even small nets."""
    return ChipLimits(
        "drawn",
        "Drawn",
        cores=draw(st.integers(1, 12)),
        neurons=draw(edged(1, 12)),
        synaptic_bits=draw(st.integers(500, 3000)),
        routers=(draw(st.integers(2, 3)), 2),
        cores_per_router=3,
        source="",
        axons_in=draw(st.one_of(st.none(), st.integers(12, 40))),
        axons_out=draw(st.one_of(st.none(), st.integers(12, 40))),
    )


def mapped(spec, chip, weights=None):
    """The mapping, where there is one."""
    try:
        return map_network(spec, chip, weights)
    except ChipLimitError:
        assume(False)


def counters_of(spec, numbers):
    """Counts as a program has them: one message for each spike and connection."""
    take = iter(numbers)
    last, mpd, symmetric = len(spec.sizes) - 1, spec.rule.kind == "mpd-ed", spec.feedback == "symmetric"

    def node(forward, backward, messages):
        return {
            "spikes": {"forward": forward, "backward": backward, "update": 0},
            "spike_messages": {"forward": forward, "backward": messages, "update": 0},
        }

    n = next(take) if mpd else 0
    result = {"encoder": node(next(take), n, n)}
    for layer in range(1, last):
        replayed = next(take) if mpd else 0
        errors = min(next(take), replayed) if mpd else next(take)
        listened = symmetric and layer > 1
        result[f"hidden{layer}"] = node(next(take), replayed + errors, replayed + errors * listened)
        # No weight is 0, so that every replayed spike is read by all synapses.
        result[f"dense{layer + 1}"] = {"synops": {"backward": replayed * spec.sizes[layer + 1]}}
    errors, opened = next(take), next(take) if mpd else 0
    listeners = 0 if last == 1 else 1 if symmetric else last - 1
    result["error"] = node(0, errors, errors * listeners + opened * last)
    result["readout"] = {"spikes": {"forward": 5}}
    return result, opened


class TestByHand:
    # Hidden neuron: 784 + 10 (mirrored) synapses of 8 bits; y1, y2 and x0, x1: 22.  Core: 784 axons with x0, x1, 10
    # with y1, y2: 6,412.  Output neuron: 400 synapses, y1, y2; core: 400 axons with x0, x1.
    HIDDEN, HIDDEN_CORE = 784 * 8 + 10 * 8 + 22, 784 * 8 + 10 * 14

    @pytest.mark.parametrize("chip", [LOIHI1, LOIHI2])
    def test_784_400_10(self, chip):
        mapping = map_network(NetworkSpec((784, 400, 10)), chip)
        assert mapping.cores == ((0,), (1, 2, 3), (4,))
        source, hidden, output = mapping.utilisation()
        assert (128 * 1024 * 8 - self.HIDDEN_CORE) // self.HIDDEN == 163
        assert [int((mapping.core_of[1] == core).sum()) for core in (1, 2, 3)] == [163, 163, 74]
        assert hidden.neurons == (163, chip.neurons)
        assert hidden.synaptic_bits == (163 * self.HIDDEN + self.HIDDEN_CORE, 2**20)
        assert hidden.axons_in == (794, chip.axons_in)
        assert hidden.axons_out == (163, chip.axons_out)
        assert hidden.binding == "synaptic_bits"
        assert output.synaptic_bits.used == 10 * (400 * 8 + 14) + 400 * 8
        assert source.axons_out == (3 * 784, chip.axons_out)
        assert (source.cores, source.synaptic_bits.used, source.binding) == (1, 0, "neurons")

    @pytest.mark.parametrize(("chip", "cores"), [(LOIHI2, [1, 26, 1]), (LOIHI1, [5, 26, 1])])
    def test_784_4096_10(self, chip, cores):
        # 4,096 / 163 → 26 cores.  On Loihi 1 each input takes 26 axons out: 4,096 // 26 = 157 inputs a core.
        mapping = map_network(NetworkSpec((784, 4096, 10), steps=7), chip)
        rows = mapping.utilisation()
        assert [row.cores for row in rows] == cores
        assert rows[1].neurons.used == 163
        assert rows[1].binding == "synaptic_bits"
        if chip is LOIHI1:
            assert rows[0].axons_out == (157 * 26, 4096)
            assert rows[0].binding == "axons_out"
            assert rows[2].axons_in == (4096, 4096)
            assert rows[2].binding == "axons_in"

    # v, B, D and Δ of 24 bits, y1 and y2 of 7, and a word of 32 for spikes and for support, two beyond T = 32.
    @pytest.mark.parametrize(("steps", "bits"), [(32, 4 * 24 + 2 * 7 + 2 * 32), (33, 4 * 24 + 2 * 7 + 4 * 32)])
    def test_state_of_neurons(self, steps, bits):
        spec = NetworkSpec((5, 4, 2), MPDED(), steps=steps)
        for net in (spec, build_program(spec)):
            _, hidden, output = map_network(net, LOIHI2).utilisation()
            assert (hidden.state_bits, output.state_bits) == ((4 * bits, None), None)

    def test_tags_and_their_mirrored_copy(self):
        # Only dense2 of a-b-c-d gathers; its copy is on the cores of layer 1.
        mapping = map_network(NetworkSpec((5, 4, 3, 2), MPDED(), steps=4), LOIHI2)
        assert mapping.synaptic_bits(1) == {
            "weights": 5 * 4 * 8, "mirrored": 4 * 3 * 8, "feedback": 0, "tags": 4 * 3 * 9,
            "traces": 5 * 1 + 4 * 14 + 3 * 14 + 4 * 1,
        }  # fmt: skip
        assert mapping.synaptic_bits(2)["tags"] == 4 * 3 * 9
        assert mapping.synaptic_bits(3)["tags"] == 0

    @pytest.mark.parametrize("feedback", ["symmetric", "random"])
    def test_tags_that_carry(self, feedback):
        spec = NetworkSpec((5, 4, 2), steps=4, feedback=feedback, weight_rounding="carry")
        mapping = map_network(spec, LOIHI2)
        mirrored = 4 * 2 * 9 if feedback == "symmetric" else 0  # the copy learns as well
        assert [mapping.synaptic_bits(layer)["tags"] for layer in (1, 2)] == [5 * 4 * 9 + mirrored, 4 * 2 * 9]
        of_program = map_network(build_program(spec), LOIHI2)
        assert [of_program.synaptic_bits(layer) for layer in (1, 2)] == [mapping.synaptic_bits(n) for n in (1, 2)]

    def test_random_feedback(self):
        mapping = map_network(NetworkSpec((5, 4, 3, 2), feedback="random"), LOIHI2)
        assert [mapping.synaptic_bits(layer)["feedback"] for layer in range(4)] == [0, 4 * 2 * 8, 3 * 2 * 8, 0]
        assert all(mapping.synaptic_bits(layer)["mirrored"] == 0 for layer in range(4))
        assert mapping.target_layer(3, "feedback1") == 1

    def test_messages_and_hops(self):
        # Cores 0 to 3 share a router, core 4 is one hop to the east.
        spec = NetworkSpec((784, 400, 10))
        counters = {
            "encoder": {"spikes": {"forward": 150}, "spike_messages": {"forward": 150}},
            "hidden1": {"spikes": {"forward": 120, "backward": 100}, "spike_messages": {"forward": 120}},
            "error": {"spikes": {"backward": 7}, "spike_messages": {"backward": 7}},
        }
        counts = map_network(spec, LOIHI2).message_counts(counters)
        assert counts["encoder"]["spike_messages"] == {"forward": 450, "backward": 0, "update": 0}
        assert counts["encoder"]["hops"]["forward"] == 0
        assert counts["hidden1"]["spike_messages"] == {"forward": 120, "backward": 0, "update": 0}
        assert counts["hidden1"]["hops"]["forward"] == 120
        assert counts["error"]["spike_messages"]["backward"] == 21
        assert counts["error"]["hops"]["backward"] == 21

    def test_hops_are_a_mean_over_the_source_cores(self):
        # Neurons of 3 a core: 4 inputs on cores 0, 1 at (0, 0); 6 hidden on cores 2, 3 at (1, 0); 4 outputs on cores
        # 4, 5, which the snake puts at (1, 1).
        spec = NetworkSpec((4, 6, 4), steps=4)
        mapping = map_network(spec, TINY)
        assert mapping.cores == ((0, 1), (2, 3), (4, 5))
        assert [mapping.chip.position(core) for core in range(8)] == [
            *[(0, 0)] * 2, *[(1, 0)] * 2, *[(1, 1)] * 2, *[(0, 1)] * 2,
        ]  # fmt: skip
        counters = {"encoder": {"spikes": {"forward": 3}, "spike_messages": {"forward": 3}}}
        (row,) = (row for row in mapping.traffic(counters) if row.spikes)
        assert (row.messages, row.hops, row.exact) == (6, (6.0, 0.0), True)

    def test_a_net_over_two_chips(self):
        mapping = map_network(NetworkSpec((12, 12, 6), steps=4), TINY)
        assert mapping.cores == ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9))
        assert mapping.chips == 2
        assert mapping.chip.position(8) == (2, 0)
        assert mapping.hops(7, 8) == (2, 1)


class TestProperties:
    @given(st.data())
    def test_every_neuron_on_one_core_and_no_core_over_a_limit(self, data):
        spec, chip = data.draw(specs()), data.draw(chips())
        mapping = mapped(spec, chip, data.draw(st.one_of(st.none(), weights_of(spec))))
        owners = Counter(core for cores in mapping.cores for core in cores)
        assert list(owners) == list(range(len(owners)))
        assert set(owners.values()) == {1}
        for n, cores, core_of in zip(spec.sizes, mapping.cores, mapping.core_of, strict=True):
            assert core_of.shape == (n,)
            assert set(core_of.tolist()) == set(cores)
            assert np.bincount(core_of).max() <= chip.neurons
        for row in mapping.utilisation():
            assert all(use.limit is None or use.used <= use.limit for use in (getattr(row, key) for key in KEYS))
        json.dumps(mapping.to_dict())

    @given(st.data())
    def test_dense_layers_take_as_few_cores_as_the_limits_allow(self, data):
        spec, chip = data.draw(specs()), replace(data.draw(chips()), axons_out=None)
        mapping = mapped(spec, chip)
        for layer, (n, row) in enumerate(zip(spec.sizes, mapping.utilisation(), strict=True)):
            fullest = row.neurons.used
            assert row.cores == -(-n // fullest)
            bits = mapping.synaptic_bits(layer)
            if row.cores > 1 and fullest < chip.neurons:  # one neuron more would not fit
                assert row.synaptic_bits.used * (fullest + 1) / fullest > chip.synaptic_bits
            assert row.cores == 1 or sum(bits.values()) > chip.synaptic_bits or n > chip.neurons

    @given(st.data())
    def test_permuting_neurons_changes_no_count(self, data):
        spec, chip = data.draw(specs()), data.draw(chips())
        weights = data.draw(weights_of(spec))
        orders = [data.draw(st.permutations(range(n))) for n in spec.sizes]
        moved = [w[np.ix_(a, b)] for w, (a, b) in zip(weights, itertools.pairwise(orders), strict=True)]
        first, second = mapped(spec, chip, weights), mapped(spec, chip, moved)
        assert first.to_dict() == second.to_dict()
        counters, _ = counters_of(spec, itertools.count(1))
        assert first.message_counts(counters) == second.message_counts(counters)

    @given(st.data())
    def test_pruning_a_weight_frees_its_bits(self, data):
        sizes = data.draw(st.lists(st.integers(1, 12), min_size=2, max_size=5))
        spec = data.draw(specs(sizes))
        weights = [np.ones(shape, np.int8) for shape in itertools.pairwise(sizes)]
        layer = data.draw(st.sampled_from(spec.layers))
        i, j = (data.draw(st.integers(0, n - 1)) for n in weights[layer - 1].shape)
        before = map_network(spec, LOIHI2, weights)
        weights[layer - 1][i, j] = 0
        after = map_network(spec, LOIHI2, weights)
        bits = 8 + 9 * spec.gathers(layer)
        mirrored = spec.feedback == "symmetric" and layer > 1
        for at in range(len(sizes)):
            freed = sum(before.synaptic_bits(at).values()) - sum(after.synaptic_bits(at).values())
            assert freed == bits * ((at == layer) + (mirrored and at == layer - 1))

    def test_weights_without_zeros_are_dense(self):
        spec = NetworkSpec((9, 7, 5), steps=4)
        weights = [np.ones(shape, np.int8) for shape in itertools.pairwise(spec.sizes)]
        assert map_network(spec, TINY, weights).to_dict() == map_network(spec, TINY).to_dict()

    @given(st.data())
    def test_messages_are_spikes_times_destination_cores(self, data):
        spec = data.draw(specs())
        mapping = mapped(spec, data.draw(chips()))
        counters, opened = counters_of(spec, data.draw(st.lists(st.integers(0, 999), min_size=20, max_size=20)))
        counts = mapping.message_counts(counters)
        last, mpd = len(spec.sizes) - 1, spec.rule.kind == "mpd-ed"
        cores = [len(c) for c in mapping.cores]
        expected = {(node, phase): 0 for node in counters for phase in PHASES}
        for layer, node in enumerate(["encoder", *(f"hidden{k}" for k in range(1, last))]):
            spikes = counters[node]["spikes"]
            expected[node, "forward"] = spikes["forward"] * cores[layer + 1]
            synops = counters.get(f"dense{layer + 1}", {}).get("synops", {}).get("backward", 0)
            replayed = spikes["backward"] if layer == 0 else synops // spec.sizes[layer + 1]
            expected[node, "backward"] = replayed * cores[layer + 1] * mpd
            if layer > 1 and spec.feedback == "symmetric":
                errors = spikes["backward"] - replayed * mpd
                expected[node, "backward"] += errors * mapping.destination_cores(layer, f"dense{layer}")
        targets = [] if last == 1 else [last - 1] if spec.feedback == "symmetric" else range(1, last)
        errors = counters["error"]["spikes"]["backward"]
        expected["error", "backward"] = sum(errors * cores[k] for k in targets) + opened * sum(cores[:last])
        assert {(n, p): counts[n]["spike_messages"][p] for n in counters for p in PHASES} == expected

    @given(st.data())
    def test_hops_by_walking_all_pairs(self, data):
        spec = data.draw(specs())
        mapping = mapped(spec, data.draw(chips()))
        counters, _ = counters_of(spec, itertools.count(1))
        for row in mapping.traffic(counters):
            pairs = itertools.product(mapping.cores[row.source_layer], mapping.cores[row.target_layer])
            walked = sum(mapping.hops(*pair).total for pair in pairs) * row.spikes / row.source_cores
            assert row.hops.total == pytest.approx(walked)

    @given(chips(), *[st.integers(0, 60)] * 3)
    def test_hops_are_a_metric_between_routers(self, chip, a, b, c):
        assert mesh_hops(chip, a, b) == mesh_hops(chip, b, a)
        assert mesh_hops(chip, a, c).total <= mesh_hops(chip, a, b).total + mesh_hops(chip, b, c).total
        assert (mesh_hops(chip, a, b).total == 0) == (chip.position(a) == chip.position(b))

    @given(chips())
    def test_neighbours_in_order_are_neighbours_on_the_mesh(self, chip):
        for core in range(chip.cores - 1):
            assert mesh_hops(chip, core, core + 1).total <= 1


@pytest.mark.parametrize("feedback", ["symmetric", "random"])
@pytest.mark.parametrize("rule", [STDED(), MPDED()])
@pytest.mark.parametrize("sizes", [(12, 3), (12, 16, 3), (12, 16, 14, 3)])
class TestCountsOfAProgram:
    def counters(self, spec):
        program = build_program(spec)
        program.bind(np.random.default_rng(1).integers(0, 256, (20, spec.sizes[0]), np.uint8))
        program.present(np.arange(20), np.arange(20) % spec.sizes[-1])
        return program.counters()

    def spec(self, sizes, rule, feedback):
        return NetworkSpec(sizes, rule, steps=8, feedback=feedback, init_limits=(127,) * (len(sizes) - 1), dead_zone=0)

    def test_one_core_a_layer_gives_the_programs_own_messages(self, sizes, rule, feedback):
        spec = self.spec(sizes, rule, feedback)
        counters = self.counters(spec)
        counts = map_network(spec, LOIHI2).message_counts(counters)
        assert {n: c["spike_messages"] for n, c in counts.items()} == {
            n: c["spike_messages"] for n, c in counters.items()
        }
        assert sum(counters["error"]["spike_messages"].values()) > 0 or (len(sizes) == 2 and rule.kind == "std-ed")

    def test_counts_can_be_priced(self, sizes, rule, feedback):
        spec = self.spec(sizes, rule, feedback)
        counters = self.counters(spec)
        mapping = map_network(spec, replace(LOIHI2, neurons=2, routers=(16, 8), cores_per_router=1))
        counts = mapping.message_counts(counters)
        merged = {node: {**counters[node], **counts[node]} for node in counters}
        report = energy_report(merged, 20, "loihi1-davies2018")
        assert report["counts"]["hops"]["forward"] > 0
        assert report["counts"]["spike_messages"]["forward"] > sum(
            c["spike_messages"]["forward"] for c in counters.values()
        )


class TestAmbiguousCounts:
    """Backward spikes of hidden2 of an MPD-ED net are replays to layer 3 and errors to layer 1."""

    def traffic(self, spikes, synops):
        spec = NetworkSpec((4, 3, 3, 2), MPDED(), steps=4)
        counts = {"spikes": {"backward": spikes}, "spike_messages": {"backward": spikes}}
        counters = {"hidden2": counts, "dense3": {"synops": {"backward": synops}}}
        rows = map_network(spec, LOIHI2).traffic(counters)
        return [(row.spikes, row.exact) for row in rows if (row.node, row.phase) == ("hidden2", "backward")]

    @pytest.mark.parametrize(
        ("spikes", "synops", "expected"),
        [
            (10, 14, [(7, False), (3, False)]),
            (10, 13, [(7, False), (3, False)]),
            (10, 0, [(5, False), (5, False)]),  # an error is only sent with a replayed spike
            (10, 20, [(10, True), (0, True)]),
            (0, 0, [(0, True), (0, True)]),
        ],
    )
    def test_split(self, spikes, synops, expected):
        assert self.traffic(spikes, synops) == expected


class TestDoesNotFit:
    # Hidden neuron of 4-4-n: 4 + n mirrored synapses of 8 bits, 22 bits of traces; core: 4·8 + n·14.
    def test_one_neuron_passes_a_core(self):
        chip = replace(LOIHI2, synaptic_bits=4 * 8 + 22 + 4 * 8 + 100 * 22)
        assert len(map_network(NetworkSpec((4, 4, 100)), chip).cores[1]) == 4
        with pytest.raises(ChipLimitError) as error:
            map_network(NetworkSpec((4, 4, 103)), chip)
        message = str(error.value)
        assert "neuron 0 of hidden1" in message
        assert "2,352 bits" in message
        assert "66 too many" in message
        assert "at least 3 neurons from layer 2" in message
        assert "prune at least 9 of its 103 mirrored synapses" in message
        assert 'feedback="random"' in message

    @settings(max_examples=50)
    @given(st.data())
    def test_the_way_out_is_one(self, data):
        sizes = (data.draw(st.integers(1, 20)), 3, data.draw(st.integers(1, 20)))
        spec = data.draw(specs(sizes))
        chip = replace(LOIHI2, synaptic_bits=data.draw(st.integers(60, 700)))
        try:
            map_network(spec, chip)
        except ChipLimitError as error:
            message = str(error)
        else:
            assume(False)
        if "neurons from layer 0" in message or "neurons from layer 2" in message:
            fewer, layer = message.split("take at least ")[1].split(" neurons from layer ")
            smaller = list(sizes)
            smaller[int(layer[0])] -= int(fewer)
            assert self.message(replace(spec, sizes=tuple(smaller)), chip) != "hidden1" or "hidden1" not in message
        if 'feedback="random"' in message:
            assert self.message(replace(spec, feedback="random"), chip) != "hidden1"

    def message(self, spec, chip):
        """Name of the layer that does not fit, or nothing."""
        try:
            map_network(spec, chip)
        except ChipLimitError as error:
            return str(error).split(" of ")[1].split(" ")[0]
        return ""

    def test_no_way_out_that_does_not_help(self):
        # The traces of the hidden neurons alone pass the core.
        with pytest.raises(ChipLimitError, match="make the layers that send to it smaller") as error:
            map_network(NetworkSpec((4, 4, 4)), replace(LOIHI2, synaptic_bits=20))
        assert "random" not in str(error.value)

    def test_axons_in(self):
        with pytest.raises(ChipLimitError, match=r"every core of hidden1 needs 4,106 axons in .*: 10 too many"):
            map_network(NetworkSpec((4096, 16, 10), steps=4), LOIHI1)
        map_network(NetworkSpec((4096, 16, 10), steps=4), LOIHI2)
        map_network(NetworkSpec((4086, 16, 10), steps=4), LOIHI1)

    def test_axons_out(self):
        chip = replace(TINY, axons_out=3)
        with pytest.raises(ChipLimitError, match=r"neuron of input needs 4 axons out.*: 1 too many"):
            map_network(NetworkSpec((2, 12), steps=4), chip)
        assert len(map_network(NetworkSpec((2, 9), steps=4), chip).cores[0]) == 2

    def test_max_chips(self):
        spec = NetworkSpec((12, 12, 6), steps=4)
        with pytest.raises(ChipLimitError, match=r"needs 10 cores of Tiny .*max_chips=1 gives 8: 2 too many.*=2"):
            map_network(spec, TINY, max_chips=1)
        assert map_network(spec, TINY, max_chips=2).chips == 2
        with pytest.raises(ConfigError, match="max_chips is 0"):
            map_network(spec, TINY, max_chips=0)


class TestBadArguments:
    SPEC = NetworkSpec((4, 3, 2), steps=4)

    @pytest.mark.parametrize("shapes", [[(4, 3)], [(3, 4), (3, 2)], [(4, 3), (3, 2), (2, 2)]])
    def test_weights_of_another_net(self, shapes):
        with pytest.raises(ShapeError, match="n_pre, n_post"):
            map_network(self.SPEC, LOIHI2, [np.ones(shape, np.int8) for shape in shapes])

    def test_connections_and_cores_that_are_not_there(self):
        mapping = map_network(self.SPEC, LOIHI2)
        assert (mapping.destination_cores(1, "dense2"), mapping.target_layer(2, "dense2")) == (1, 1)
        with pytest.raises(ConfigError, match="layer 0 sends nothing over 'dense2': it sends over dense1"):
            mapping.destination_cores(0, "dense2")
        with pytest.raises(ConfigError, match=r"cores 0 … 127"):
            mapping.hops(0, 128)
        with pytest.raises(ConfigError, match=r"core is -1"):
            LOIHI2.position(-1)

    @pytest.mark.parametrize(
        ("rule", "counters"),
        [
            (STDED(), {"encoder": {"spikes": {"forward": 3}, "spike_messages": {"forward": 4}}}),
            (STDED(), {"other": {"spikes": {"forward": 3}, "spike_messages": {"forward": 3}}}),
            (STDED(), {"error": {"spike_messages": {"backward": 2}}}),
            (MPDED(), {"error": {"spike_messages": {"backward": 3}}}),  # a gate opens for both layers
        ],
    )
    def test_counts_of_another_program(self, rule, counters):
        mapping = map_network(replace(self.SPEC, rule=rule, encoder=None), LOIHI2)
        with pytest.raises(ConfigError, match="give the counters of a program of the net that was mapped"):
            mapping.message_counts(counters)

    def test_malformed_counts(self):
        with pytest.raises(ConfigError, match="is unknown"):
            map_network(self.SPEC, LOIHI2).message_counts({"encoder": {"spokes": {}}})

    @pytest.mark.parametrize("change", [{"neurons": 0}, {"cores": 129}, {"axons_in": 0}])
    def test_chips_that_cannot_be(self, change):
        with pytest.raises(ConfigError, match="chip loihi2"):
            replace(LOIHI2, **change)
