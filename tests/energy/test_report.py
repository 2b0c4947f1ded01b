"""Energy reports: figures worked out by hand, and what must hold for any counts."""

from __future__ import annotations

import json
import math
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.energy import built_in_price_lists, energy_range, energy_report, load_price_list
from lava_ed.errors import ConfigError, PriceListError
from lava_ed.kernels.counting import COUNTERS, PHASES

DAVIES = "loihi1-davies2018"

# 784-400-10, 150 input and 120 hidden spikes, 32 steps
SYNOPS = 150 * 400 + 120 * 10  # 61,200
NEURON_STEPS = (400 + 10) * 32  # 13,120
EFFECTIVE = 150 * 120 + 120 * 10  # 19,200: both neurons of a synapse of layer 1 spiked; all of layer 2
VISITED = {
    "x0": 150 * 400 + 120 * 10,  # 61,200: synapses of a pre neuron that spiked
    "y0": 784 * 120 + 400 * 10,  # 98,080: of a post neuron that spiked
    "u0": 784 * 400 + 400 * 10,  # 317,600: all
}


def net(visited: int, active: int = 0) -> dict:
    """Counters of the net above, one sample, `active` of the neuron updates with input."""
    first = round(visited * 0.9)  # any split between the two layers: the sum counts
    return {
        "encoder": {"spikes": {"forward": 150}, "spike_messages": {"forward": 150}},
        "dense1": {
            "synops": {"forward": 150 * 400},
            "synaptic_updates": {"update": first},
            "effective_updates": {"update": 150 * 120},
        },
        "hidden1": {
            "spikes": {"forward": 120},
            "spike_messages": {"forward": 120},
            "neuron_updates_active": {"forward": active},
            "neuron_updates_idle": {"forward": NEURON_STEPS - active},
        },
        "dense2": {
            "synops": {"forward": 120 * 10},
            "synaptic_updates": {"update": visited - first},
            "effective_updates": {"update": 120 * 10},
        },
    }


class TestSanityFigure:
    def test_categories(self):
        report = energy_report(net(EFFECTIVE), 1, DAVIES)
        categories = report["picojoules"]["categories"]
        assert categories["synaptic_operation"] == pytest.approx({"forward": 1_444_320, "backward": 0, "update": 0})
        assert categories["neuron_update_idle"] == {"forward": 682_240, "backward": 0, "update": 0}
        assert categories["neuron_update_active"] == {"forward": 0, "backward": 0, "update": 0}
        assert categories["spike_within_tile"] == pytest.approx({"forward": 459, "backward": 0, "update": 0})
        assert categories["synaptic_update"] == {"forward": 0, "backward": 0, "update": 2_304_000}
        assert categories["hop_north_south"] == {"forward": 0, "backward": 0, "update": 0}
        assert len(categories) == 6

    @pytest.mark.parametrize(("active", "microjoules"), [(0, 4.431019), (NEURON_STEPS, 4.811499)])
    def test_effective_updates_only(self, active, microjoules):
        energy = energy_report(net(EFFECTIVE, active), 1, DAVIES)["microjoules_per_sample"]
        assert energy["dynamic"] == pytest.approx(microjoules, rel=1e-12)
        assert energy["learning"] == energy["update"] == pytest.approx(2.304, rel=1e-12)
        assert energy["forward"] == pytest.approx(microjoules - 2.304, rel=1e-12)

    @pytest.mark.parametrize(("dependency", "microjoules"), [("x0", 7.344), ("y0", 11.7696), ("u0", 38.112)])
    def test_visited_synapses_are_what_is_priced_and_both_are_printed(self, dependency, microjoules):
        report = energy_report(net(VISITED[dependency]), 1, DAVIES)
        assert report["microjoules_per_sample"]["learning"] == pytest.approx(microjoules, rel=1e-12)
        assert report["microjoules_per_sample"]["dynamic"] == pytest.approx(2.127019 + microjoules, rel=1e-12)
        effective = report["alternatives"]["effective_update"]
        assert effective["in_place_of"] == "synaptic_update"
        assert effective["picojoules"] == {"forward": 0, "backward": 0, "update": 2_304_000}
        assert effective["microjoules_per_sample"]["learning"] == pytest.approx(2.304, rel=1e-12)
        assert effective["microjoules_per_sample"]["dynamic"] == pytest.approx(4.431019, rel=1e-12)


def test_backward_is_learning_energy():
    # 10 errors read 400 · 10 synapses backwards, and 410 neurons take one more step
    backward = {"graded_synops": {"backward": 4000}, "neuron_updates_active": {"backward": 410}}
    energy = energy_report({**net(EFFECTIVE), "error": backward}, 1, DAVIES)["microjoules_per_sample"]
    assert energy["backward"] == pytest.approx(0.0944 + 0.03321, rel=1e-12)
    assert energy["learning"] == pytest.approx(0.0944 + 0.03321 + 2.304, rel=1e-12)
    assert energy["dynamic"] == pytest.approx(4.431019 + 0.0944 + 0.03321, rel=1e-12)


def test_counts_are_reported_as_totals_and_per_sample():
    report = energy_report(net(VISITED["x0"]), 8, DAVIES)
    assert report["samples"] == 8
    assert report["counts"]["spikes"] == {"forward": 270, "backward": 0, "update": 0}
    assert report["counts_per_sample"]["spikes"] == {"forward": 33.75, "backward": 0.0, "update": 0.0}
    assert report["counts"]["synaptic_updates"]["update"] == 61_200
    assert report["counts"]["effective_updates"]["update"] == 19_200
    assert list(report["counts"]) == list(report["counts_per_sample"]) == list(COUNTERS)


def test_entries_that_share_a_counter_add_up():
    counters = {"hidden1": {"neuron_updates_active": {"forward": 10}, "neuron_updates_idle": {"forward": 100}}}
    report = energy_report(counters, 1, "loihi1-silicon-fit")
    assert report["priced_by"]["neuron_updates_active"] == ["soma_access", "soma_update"]
    assert report["microjoules_per_sample"]["dynamic"] == pytest.approx((110 * 51.2 + 10 * 21.6) / 1e6)


class TestAlternatives:
    def test_hops_are_charged_once_and_the_other_direction_is_said(self):
        report = energy_report({"a": {"hops": {"forward": 1000}}}, 1, DAVIES)
        assert report["priced_by"]["hops"] == ["hop_north_south"]
        assert report["microjoules_per_sample"]["dynamic"] == pytest.approx(0.004)
        assert report["alternatives"]["hop_east_west"]["microjoules_per_sample"]["dynamic"] == pytest.approx(0.003)
        assert any("hop_east_west, at 3 pJ" in note for note in report["notes"])
        assert not any("hops are 0" in note for note in report["notes"])

    def test_no_mapping_no_hops(self):
        assert any("hops are 0" in note for note in energy_report({}, 1, DAVIES)["notes"])
        assert not any("hops are 0" in note for note in energy_report({}, 1, "anp-i")["notes"])

    def test_sparse_synapses(self):
        counters = {"a": {"synops": {"forward": 10}, "graded_synops": {"backward": 10}, "spikes": {"forward": 1}}}
        report = energy_report(counters, 1, "loihi1-silicon-fit")
        sparse = report["alternatives"]["synapse_sparse"]["microjoules_per_sample"]
        assert report["microjoules_per_sample"]["dynamic"] == pytest.approx((20 * 35.5 + 69.3) / 1e6)
        assert sparse["dynamic"] == pytest.approx((20 * 33.6 + 69.3) / 1e6)
        assert sparse["learning"] == pytest.approx(336e-6)


class TestBackwardWithoutErrors:
    """In inference the steps that a schedule keeps for errors pass, and neurons rest in them."""

    INFERENCE: ClassVar = {
        "hidden1": {"neuron_updates_idle": {"forward": 50, "backward": 9}, "synops": {"forward": 3}},
        "encoder": {"barrier_steps": {"forward": 5, "backward": 1}},
    }

    @staticmethod
    def explained(counters, prices):
        return [note for note in energy_report(counters, 1, prices)["notes"] if note.startswith("no error was sent")]

    @pytest.mark.parametrize("prices", [DAVIES, "loihi1-silicon-fit"])
    def test_is_explained(self, prices):
        (note,) = self.explained(self.INFERENCE, prices)
        assert "9 idle neuron updates" in note
        assert energy_report(self.INFERENCE, 1, prices)["microjoules_per_sample"]["backward"] > 0

    @pytest.mark.parametrize("prices", ["anp-i", "cmos45-int8"])
    def test_is_not_there_where_idle_neurons_cost_nothing(self, prices):
        assert not self.explained(self.INFERENCE, prices)
        assert energy_report(self.INFERENCE, 1, prices)["microjoules_per_sample"]["backward"] == 0

    def test_is_not_said_of_training(self):
        errors = {"hidden1": {"neuron_updates_idle": {"backward": 9}, "spikes": {"backward": 1}}}
        assert not self.explained(errors, DAVIES)
        assert not self.explained({}, DAVIES)


def test_unpriced_counters_are_named():
    report = energy_report(net(VISITED["x0"]), 1, "anp-i")
    assert set(report["unpriced"]) == set(COUNTERS) - {"synops", "graded_synops", "host_ops"}
    assert "synaptic_updates" not in report["priced_by"]
    assert report["microjoules_per_sample"]["learning"] == 0
    (note,) = (note for note in report["notes"] if "no entry of the sum" in note)
    assert "synaptic_updates (61,200)" in note
    assert "hops" not in note


class TestLacking:
    """Memory and idle time: never in the sum, beside it entry by entry, and the sum with all of it."""

    def test_by_hand(self):
        counters = {
            "fc": {"synops": {"forward": 10}, "synaptic_updates": {"update": 4}, "weight_writes": {"update": 3}},
            "encoder": {"barrier_steps": {"forward": 2, "backward": 1}},
        }
        report = energy_report(counters, 2, DAVIES)
        lacking = report["lacking"]
        learning = {name: e["microjoules_per_sample"]["learning"] * 2e6 for name, e in lacking["entries"].items()}
        assert learning.pop("weight_fetch") == pytest.approx(4 * 160)  # DRAM: 8 bits at 20 pJ
        assert learning.pop("weight_write") == pytest.approx(3 * 160)
        assert learning.pop("static_synaptic_update") == pytest.approx(4 * 6.1 * 104.4)  # ns · mW
        assert learning.pop("static_barrier") == pytest.approx(465 * 104.4)
        assert not any(learning.values())
        forward = 10 * (160 + 3.5 * 104.4) + 2 * 465 * 104.4
        beside = forward + 4 * (160 + 6.1 * 104.4) + 3 * 160 + 465 * 104.4
        bare = report["microjoules_per_sample"]["dynamic"]
        assert bare == pytest.approx((10 * 23.6 + 4 * 120) / 2e6)  # as before
        assert lacking["microjoules_per_sample"]["dynamic"] == pytest.approx(bare + beside / 2e6)

    @pytest.mark.parametrize("name", built_in_price_lists())
    def test_every_added_number_is_cited(self, name):
        for entry in load_price_list(name).upper_end:
            assert any(who in entry.source for who in ("Davies", "SANA-FE", "Horowitz", "latency_", "Table", "a fetch"))
            assert entry.alternative_to is None

    def test_a_range_has_the_list_that_is_dearest_with_it(self):
        found = energy_range({"encoder": {"barrier_steps": {"forward": 1}}, "fc": {"synops": {"forward": 1}}}, 1)
        assert found["highest"] == ["loihi1-silicon-fit", pytest.approx((35.5 + 160 + 104.4 * 1803.8) / 1e6)]


WITH_HOST = {"error": {"host_ops": {"backward": 30}, "synops": {"forward": 1}}}


class TestApart:
    def test_host_operations_without_price_are_not_free(self):
        report = energy_report(WITH_HOST, 3, DAVIES)
        assert report["host"] == {
            "price_list": DAVIES,
            "counter": "host_ops",
            "count": 30,
            "entries": [],
            "microjoules_per_sample": None,
        }
        assert "host_ops" not in report["unpriced"]
        assert report["microjoules_per_sample"]["backward"] == 0
        assert any("host_ops (30)" in note for note in report["notes"])

    def test_priced_host_operations_are_never_in_the_dynamic_sum(self, tmp_path):
        path = tmp_path / "mine.toml"
        path.write_text(
            'name = "mine"\ntitle = "t"\nkind = "assumption"\nsource = "s"\ncaveat = "c"\n'
            '[entries.cpu]\npj = 100\ncounters = ["host_ops"]\nsource = "s"\n'
            '[entries.op]\npj = 2\ncounters = ["synops"]\nsource = "s"\n'
        )
        report = energy_report(WITH_HOST, 3, path)
        assert report["host"]["microjoules_per_sample"] == pytest.approx(30 * 100 / 3 / 1e6)
        assert report["host"]["entries"] == ["cpu"]
        assert list(report["picojoules"]["categories"]) == ["op"]
        assert report["microjoules_per_sample"]["dynamic"] == pytest.approx(2 / 3 / 1e6)

    def test_static_power_is_a_line_of_its_own(self):
        static = energy_report({}, 1, DAVIES)["static"]
        assert static["milliwatts_per_chip"] == 104.4
        assert "Frady" in static["source"]
        assert energy_report({}, 1, "anp-i")["static"] is None
        assert energy_report({}, 1, DAVIES)["microjoules_per_sample"]["dynamic"] == 0


def tables(value):
    """Every dictionary inside a report."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from tables(part)


@pytest.mark.parametrize("name", built_in_price_lists())
def test_every_joule_figure_carries_the_name_of_its_list(name):
    report = energy_report(net(VISITED["x0"]), 1, name)
    assert report["price_list"]["name"] == name
    assert name in report["notes"][0]
    assert load_price_list(name).caveat in report["notes"][0]
    figures = [t for t in tables(report) if t.keys() & {"dynamic", "categories", "in_place_of", "count"}]
    figures += [report["static"]] if report["static"] else []
    assert len(figures) >= 3
    assert all(figure["price_list"] == name for figure in figures)


@pytest.mark.parametrize("name", built_in_price_lists())
def test_is_ready_for_json(name):
    report = energy_report(net(VISITED["x0"]), 7, name)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_a_loaded_list_and_its_name_are_the_same():
    counters = net(VISITED["x0"])
    assert energy_report(counters, 2, load_price_list(DAVIES)) == energy_report(counters, 2, DAVIES)


@pytest.mark.parametrize("samples", [0, -2, 1.5, True])
def test_samples_have_to_be_a_positive_integer(samples):
    with pytest.raises(ConfigError, match="samples is"):
        energy_report({}, samples, DAVIES)


def test_errors_of_counts_and_lists_pass_through():
    with pytest.raises(ConfigError, match="'flops' is unknown"):
        energy_report({"a": {"flops": {}}}, 1, DAVIES)
    with pytest.raises(PriceListError, match="no price list 'loihi2'"):
        energy_report({}, 1, "loihi2")


phases = st.fixed_dictionaries({phase: st.integers(0, 2**40) for phase in PHASES})
nodes = st.dictionaries(st.sampled_from(COUNTERS), phases)
nets = st.dictionaries(st.sampled_from(["encoder", "dense1", "hidden1"]), nodes)
lists = st.sampled_from([load_price_list(name) for name in built_in_price_lists()])


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


@given(counters=nets, name=lists, samples=st.integers(1, 10**6))
def test_sums_conserve(counters, name, samples):
    report = energy_report(counters, samples, name)
    energy = report["microjoules_per_sample"]
    picojoules = math.fsum(p for cost in report["picojoules"]["categories"].values() for p in cost.values())
    assert close(energy["dynamic"], picojoules / samples / 1e6)
    assert close(energy["dynamic"], energy["forward"] + energy["learning"])
    assert close(energy["learning"], energy["backward"] + energy["update"])


@given(counters=nets, name=lists)
def test_sum_over_nodes_is_the_sum_of_the_nodes(counters, name):
    def dynamic(part):
        return energy_report(part, 1, name)["microjoules_per_sample"]["dynamic"]

    assert close(dynamic(counters), math.fsum(dynamic({node: counters[node]}) for node in counters))


@given(counters=nets, name=lists, factor=st.integers(0, 1000))
def test_energy_is_linear_in_the_counts(counters, name, factor):
    scaled = {
        node: {counter: {p: factor * n for p, n in by_phase.items()} for counter, by_phase in node_counts.items()}
        for node, node_counts in counters.items()
    }
    one, many = (energy_report(part, 1, name)["microjoules_per_sample"] for part in (counters, scaled))
    for key in (*PHASES, "learning", "dynamic"):
        assert close(many[key], factor * one[key])
    if factor:
        per_sample = energy_report(scaled, factor, name)["microjoules_per_sample"]
        assert close(per_sample["dynamic"], one["dynamic"])
