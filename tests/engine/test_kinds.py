"""The engine's nodes hold what the kinds of nodes declare: the same Vars and shapes, in ranges that contain theirs."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.engine.build import NODES, build_program
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network.graph import graph_of
from lava_ed.network.kinds import KINDS
from lava_ed.network.spec import NetworkSpec

MAPS = {"arch": "4c3-p2-3", "image": (1, 6, 6), "weight_rounding": "carry"}
"""A net with PlasticConv, and AFTIFMap or AFTLIFMap."""
TAGGED = ("gather", "carry")
SPECS = {
    "STD-ED": NetworkSpec((7, 5, 4, 3), STDED(), steps=8),
    "MPD-ED": NetworkSpec((7, 5, 4, 3), MPDED(), steps=8),
    "two words": NetworkSpec((7, 5, 3), MPDED(), steps=33),
    "random feedback": NetworkSpec((7, 5, 3), MPDED(), steps=8, feedback="random", readout="first-spike"),
    "carry": NetworkSpec((7, 5, 3), STDED(), steps=8, weight_rounding="carry"),
    "convolutions": NetworkSpec((), STDED(), steps=8, **MAPS),
    "MPD-ED convolutions": NetworkSpec((), MPDED(), steps=8, learning="aggregated", **MAPS),
}


def test_every_kind_has_a_node():
    assert set(NODES) == set(KINDS)
    assert {node.kind for spec in SPECS.values() for node in graph_of(spec).nodes} == set(KINDS)


@pytest.mark.parametrize("name", SPECS)
def test_vars_and_shapes(name):
    graph, program = graph_of(SPECS[name]), build_program(SPECS[name])
    for node in graph.nodes:
        kind = KINDS[node.kind]
        # The samples are bound later, and labels are queued.
        names = set(kind.vars) - {"samples"}
        assert {var for owner, var in program.variables if owner == node.name} == names
        for var in names - {"labels"}:
            shape = kind.vars[var].shape_in(node.shape, graph.schedule.steps)
            if var.endswith("_word"):
                assert shape == (-(-graph.schedule.steps // 32) * node.shape[0],)
            if var == "tag_1" and not any(node.parameters.get(of, "geometry" in node.parameters) for of in TAGGED):
                shape = (1, 1)
            assert program.get(node.name, var).shape == shape, (node.name, var)


@pytest.mark.parametrize("name", SPECS)
def test_the_engine_holds_every_value_that_is_declared(name):
    graph, program = graph_of(SPECS[name]), build_program(SPECS[name])
    for node in graph.nodes:
        for var, quantity in KINDS[node.kind].vars.items():
            gathers = var == "rate_exponent" and node.parameters["gather"]  # the tag takes two bits of it
            for value in () if quantity.limits is None or gathers else quantity.limits:
                program.set(node.name, var, np.full(quantity.shape_in(node.shape), value))
                assert np.all(program.get(node.name, var) == value), (node.name, var)


@pytest.mark.parametrize(
    ("node", "var"),
    [("dense1", "rate_exponent"), ("hidden1", "threshold_step"), ("encoder", "drop"), ("dense1", "scalar")],
)
def test_the_engine_refuses_what_compiled_code_would_take_as_an_index(node, var):
    program = build_program(SPECS["STD-ED"])
    kind = {item.name: KINDS[item.kind] for item in graph_of(SPECS["STD-ED"]).nodes}[node]
    low, high = kind.vars[var].limits
    for value in (low - 1, high + 1):
        with pytest.raises(ConfigError):
            program.set(node, var, value)


def test_what_a_process_is_made_with_lies_in_the_same_ranges_as_its_vars():
    for kind in KINDS.values():
        for name in set(kind.parameters) & set(kind.vars):
            low, high = kind.parameters[name]
            limits = kind.vars[name].limits
            assert limits is not None
            assert low <= limits[0]
            assert limits[1] <= high


def test_footprint_of_the_synapses():
    dense = KINDS["PlasticDense"]
    assert (dense.memory_bits("synapse"), dense.memory_bits("source"), dense.memory_bits("target")) == (17, 8, 14)
    assert (dense.memory_bits("synapse", {"tag_1"}), dense.memory_bits("source", {"x1"})) == (8, 1)
    assert KINDS["FeedbackDense"].memory_bits("synapse") == 8
