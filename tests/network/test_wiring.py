"""The edges of a net, written out, and the weights it starts with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network import NetworkSpec
from lava_ed.network.wiring import connections_of, feedback_weights, initial_weights

FORWARD = """
    encoder.s_out → dense1.s_in      dense1.a_out → hidden1.a_in
    hidden1.s_out → dense2.s_in      dense2.a_out → readout.a_in
    hidden1.s_out_y1 → dense1.s_in_y1    hidden1.s_out_y2 → dense1.s_in_y2
    hidden1.s_out_bap → dense1.s_in_bap
    error.s_out_y1 → dense2.s_in_y1      error.s_out_y2 → dense2.s_in_y2
    readout.v_out → error.v_in       labels.label_out → error.label_in
"""
SYMMETRIC = "error.e_out → dense2.e_in   dense2.e_out → hidden1.e_in"
RANDOM = "error.e_out → feedback1.e_in   feedback1.e_out → hidden1.e_in"
GATES = "error.gate_out → encoder.gate_in   error.gate_out → hidden1.gate_in"
TABLES = [
    (STDED(), "symmetric", FORWARD + SYMMETRIC),
    (STDED(), "random", FORWARD + RANDOM),
    (MPDED(), "symmetric", FORWARD + SYMMETRIC + "   " + GATES),
    (MPDED(), "random", FORWARD + RANDOM + "   " + GATES),
]


def parsed(table: str) -> set[tuple[str, ...]]:
    words = table.replace("→", " ").replace(".", " ").split()
    return {tuple(words[k : k + 4]) for k in range(0, len(words), 4)}


@pytest.mark.parametrize(("rule", "feedback", "table"), TABLES)
def test_two_weight_layers_by_hand(rule, feedback, table):
    edges = list(connections_of(NetworkSpec((6, 5, 4), rule, 4, feedback=feedback)))
    assert len(edges) == len(set(edges))
    assert set(edges) == parsed(table)


def test_one_weight_layer_by_hand():
    expected = """
        encoder.s_out → dense1.s_in   dense1.a_out → readout.a_in
        error.s_out_y1 → dense1.s_in_y1   error.s_out_y2 → dense1.s_in_y2
        readout.v_out → error.v_in   labels.label_out → error.label_in
    """
    assert set(connections_of(NetworkSpec((6, 4), STDED(), 4))) == parsed(expected)


@st.composite
def specs(draw):
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=6))
    rule = draw(st.sampled_from([STDED(), MPDED()]))
    feedback = draw(st.sampled_from(["symmetric", "random"]))
    return NetworkSpec(tuple(sizes), rule, 4, feedback=feedback, seed=draw(st.integers(0, 2**32 - 1)))


@given(spec=specs())
def test_every_port_is_fed_once(spec):
    edges = list(connections_of(spec))
    targets = [(process, port) for _, _, process, port in edges]
    assert len(targets) == len(set(targets))


@given(spec=specs())
def test_errors_reach_every_hidden_layer(spec):
    """Following e ports back from a hidden layer ends at the error process, over symmetric or random synapses."""
    source_of = {(process, port): source for source, _, process, port in connections_of(spec)}
    for layer in spec.hidden:
        process, hops = f"hidden{layer}", 0
        while process != "error":
            process, hops = source_of[process, "e_in"], hops + 1
        layers_above = len(spec.sizes) - 1 - layer
        assert hops == (2 if spec.feedback == "random" else 2 * layers_above)


@given(spec=specs())
def test_initial_weights(spec):
    for layer in spec.layers:
        weights = initial_weights(spec, layer)
        assert (weights.shape, weights.dtype) == (spec.sizes[layer - 1 : layer + 1], np.int8)
        assert np.abs(weights.astype(int)).max() <= spec.init_limits[layer - 1]
        np.testing.assert_array_equal(weights, initial_weights(spec, layer))
    for layer in spec.hidden:
        feedback = feedback_weights(spec, layer)
        assert feedback.shape == (spec.sizes[layer], spec.sizes[-1])
        assert np.abs(feedback.astype(int)).max() <= 64


def test_limits_are_those_of_the_connection():
    spec = NetworkSpec((60, 60, 60), init_limits=(3, 127))
    assert [int(np.abs(initial_weights(spec, layer).astype(int)).max()) for layer in (1, 2)] == [3, 127]


def test_layers_seeds_and_feedback_have_streams_of_their_own():
    first, second = (NetworkSpec((30, 30, 30), init_limits=(64, 64), seed=seed) for seed in (1, 2))
    drawn = [
        initial_weights(first, 1),
        initial_weights(first, 2),
        feedback_weights(first, 1),
        initial_weights(second, 1),
    ]
    for k, one in enumerate(drawn):
        for other in drawn[k + 1 :]:
            assert np.mean(one == other) < 0.05
