"""The graph of a net: the layout by hand, and that what is drawn by hand from it is the same net."""

from __future__ import annotations

import pytest

from lava_ed.engine.build import build_program
from lava_ed.errors import ConfigError, ShapeError, WeightError
from lava_ed.learning_rules import MPDED, SGBPTT, SSGD, STDED, RelPSPFixed, Renner
from lava_ed.network.graph import graph_of, stored_weights
from lava_ed.network.kinds import KINDS
from lava_ed.network.spec import NetworkSpec


def test_nodes_by_hand():
    graph = graph_of(NetworkSpec((6, 5, 4, 3), MPDED(), steps=8, feedback="random", dv=100, readout="first-spike"))
    assert [(node.name, node.kind, node.shape) for node in graph.nodes] == [
        ("encoder", "Encoder", (6,)),
        ("labels", "Labels", (1,)),
        ("dense1", "PlasticDense", (5, 6)),
        ("dense2", "PlasticDense", (4, 5)),
        ("dense3", "PlasticDense", (3, 4)),
        ("hidden1", "AFTLIF", (5,)),
        ("feedback1", "FeedbackDense", (3, 5)),
        ("hidden2", "AFTLIF", (4,)),
        ("feedback2", "FeedbackDense", (3, 4)),
        ("readout", "FirstSpikeReadout", (3,)),
        ("error", "SoftmaxError", (3,)),
    ]
    assert graph.nodes[5].parameters["dv_post"] == 0  # random feedback comes from a readout, which does not leak
    assert {name for edge in graph.connections for name in edge[::2]} == {node.name for node in graph.nodes}
    assert {name: matrix.shape for name, matrix in graph.weights().items()} == {
        "dense1": (6, 5),
        "dense2": (5, 4),
        "dense3": (4, 3),
        "feedback1": (5, 3),
        "feedback2": (4, 3),
    }


def test_parameters_follow_the_spec():
    spec = NetworkSpec((6, 5, 3), STDED(2.0**-12), steps=16, weight_exponents=(1, -2), weight_rounding="carry")
    graph = graph_of(spec)
    assert [node.parameters["weight_exp"] for node in graph.of_kind("PlasticDense")] == [1, -2]
    assert all(node.parameters["carry"] for node in graph.of_kind("PlasticDense"))
    (hidden,) = graph.of_kind("AFTIF", "AFTLIF")
    assert (hidden.kind, hidden.parameters["port_shift"]) == ("AFTIF", 2)
    assert graph.common == {"schedule": spec.schedule, "overflow": "raise", "seed": 0}


@pytest.mark.parametrize(
    ("rule", "neuron"),
    [(RelPSPFixed, "RelPSP"), (SSGD, "SurrogateLIF"), (SGBPTT, "SurrogateLIF"), (Renner, "BinaryNeuron")],
)
def test_a_baseline_has_a_graph_but_no_processes(rule, neuron):
    spec = NetworkSpec((4, 3, 2), rule(), steps=1 if rule is Renner else 8, dv=0 if rule is Renner else 7)
    graph = graph_of(spec)
    assert [(node.name, node.kind, node.shape) for node in graph.nodes] == [
        ("encoder", "Encoder", (4,)),
        ("labels", "Labels", (1,)),
        ("dense1", "PlasticDense", (3, 4)),
        ("dense2", "PlasticDense", (2, 3)),
        ("hidden1", neuron, (3,)),
        ("readout", "MembraneReadout", (2,)),
        ("error", "SoftmaxError", (2,)),
    ]
    assert neuron not in KINDS
    assert [node.parameters["dv"] for node in graph.hidden] == [spec.dv]
    assert ("error", "e_out", "dense2", "e_in") in graph.connections
    with pytest.raises(ConfigError, match=f"{spec.rule.name} is a baseline without Lava processes"):
        graph.check_processes()
    with pytest.raises(
        ConfigError, match=r"baseline without Lava processes.*train std-ed or mpd-ed for.* golden vectors"
    ):
        build_program(spec)


def test_weights_that_do_not_fit_are_refused():
    spec = NetworkSpec((4, 3, 2), STDED(), steps=8)
    good = stored_weights(spec)
    for bad, error, text in (
        (good[:1], ShapeError, "1 weight matrices were given, the net has 2"),
        ([good[0], good[1].T], ShapeError, r"connection 2 have shape \(2, 3\), the net needs \(3, 2\)"),
        ([good[0], good[1].astype(int)], WeightError, "connection 2 are int64"),
    ):
        with pytest.raises(error, match=text):
            stored_weights(spec, bad)
