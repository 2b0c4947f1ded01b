"""Which synapses learning visits is a count: the weights are the same, whichever dependency the rule has."""

from __future__ import annotations

import numpy as np
import pytest
from nets import samples, small_spec

from lava_ed.backends.backend import loop_backend, make_backend
from lava_ed.engine import build_program
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import SGBPTT, SSGD, RelPSPFixed
from lava_ed.network import NetworkSpec

RULES = [
    ("std-ed", {}),
    ("mpd-ed", {"learning": "aggregated"}),
    ("mpd-ed", {"learning": "aggregated", "encoder": "current", "weight_exponents": (-4, 0)}),
]


def visited(program, layer):
    """Synapses that the learning engine visited."""
    return program.counters()[f"dense{layer}"]["synaptic_updates"]["update"]


@pytest.mark.parametrize(("kind", "changes"), RULES)
@pytest.mark.parametrize(("dependency", "names"), [("x0", "xx"), ("y0", "yy"), ("y0-x0", "yx"), ("x0-y0", "xy")])
def test_visits_of_one_sample_by_hand(kind, changes, dependency, names):
    """x0: inputs that spiked × neurons behind them; y0: neurons with an error × neurons before them."""
    program = build_program(small_spec(kind, (8,), dependency=dependency, **changes))
    images, labels = samples(4)
    program.bind(images)
    program.present(np.array([1]), labels[1:2])
    for layer, (name, n_pre, n_post) in enumerate(zip(names, (12, 8), (8, 3), strict=True), 1):
        dense = f"dense{layer}"
        spiked = np.count_nonzero(program.get(dense, "x0"))
        taught = np.count_nonzero(program.get(dense, "y1") + program.get(dense, "y2"))
        assert spiked > 0
        assert taught > 0
        by_hand = {"x": spiked * n_post, "y": taught * n_pre}
        assert visited(program, layer) == by_hand[name]
        found = {key: int(program.get(dense, f"visits_{key}0")[0]) for key in "xy"}
        assert found == by_hand


@pytest.mark.parametrize(("kind", "changes"), RULES)
def test_weights_do_not_depend_on_it(kind, changes):
    images, labels = samples(8)
    weights = []
    for dependency in ("x0", "y0"):
        program = build_program(small_spec(kind, (8,), dependency=dependency, **changes))
        program.bind(images)
        program.present(np.arange(24) % 8, labels[np.arange(24) % 8])
        weights.append(program.get("dense1", "weights"))
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("rule", [SSGD(2.0**-4), SGBPTT(2.0**-4)])
def test_baselines_have_the_same_choice(rule):
    """Under y0 a step visits the columns of neurons with an error, at most all of them."""
    images, labels = samples(8)
    found = {}
    for dependency in ("x0", "y0"):
        spec = small_spec("mpd-ed", (8,), rule=rule, dependency=dependency)
        backend = loop_backend(spec)
        backend.bind(images)
        backend.present(np.arange(8), labels)
        found[dependency] = backend.counters(), backend.weights(1).copy()
    np.testing.assert_array_equal(found["x0"][1], found["y0"][1])
    for layer, n_pre in ((1, 12), (2, 8)):
        updates = {name: counters[f"dense{layer}"] for name, (counters, _) in found.items()}
        assert updates["x0"]["effective_updates"] == updates["y0"]["effective_updates"]
        by_post = updates["y0"]["synaptic_updates"]["update"]
        assert 0 < by_post != updates["x0"]["synaptic_updates"]["update"]
        traces = updates["y0"]["trace_updates"]["update"]
        assert by_post == n_pre * traces if rule.name == "ssgd" else by_post <= n_pre * traces


THRIFTY = ({"hidden_dead_zones": (20,)}, {"error_grains": (4,)})


@pytest.mark.parametrize("thrift", THRIFTY, ids=["dead zone", "grain"])
@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("std-ed", {"error_shift": 7}),
        ("mpd-ed", {}),
        ("mpd-ed", {"learning": "aggregated"}),
        ("mpd-ed", {"rule": SGBPTT(2.0**-4)}),
        ("mpd-ed", {"rule": SSGD(2.0**-4)}),
    ],
)
def test_small_errors_of_a_hidden_layer_cost_no_visit(kind, changes, thrift):
    """In the first sample the errors are the same: fewer of them are learned from, or in larger units."""
    images, labels = samples(8)
    visits = []
    for extra in ({}, thrift):
        backend = make_backend("engine", small_spec(kind, (8,), dependency="y0", **changes, **extra))
        backend.bind(images)
        backend.present(np.array([3]), labels[3:4])
        visits.append(backend.counters()["dense1"]["synaptic_updates"]["update"])
    assert 0 < visits[1] < visits[0]
    learned = backend.state().get("hidden1.y1", np.zeros(1))
    assert not np.any(learned % 2 ** thrift.get("error_grains", (0,))[0])


def test_a_dead_zone_lets_sg_bptt_rest():
    images, labels = samples(8)
    backend = make_backend("engine", small_spec("mpd-ed", (8,), rule=SGBPTT(2.0**-4), dead_zone=127))
    backend.bind(images)
    backend.present(np.arange(8), labels)
    assert backend.counters()["dense1"]["synaptic_updates"]["update"] == 0


def test_what_has_no_choice_is_refused():
    for changes in THRIFTY:
        with pytest.raises(ConfigError, match="relpsp-fixed sends every error"):
            NetworkSpec((4, 3, 2), RelPSPFixed(), **changes)
    with pytest.raises(ConfigError, match=r"error_grains .* 1 integers 0 … 6 are needed, one a hidden layer"):
        NetworkSpec((4, 3, 2), error_grains=(7,))
    with pytest.raises(ConfigError, match=r"arch\) takes error_grains \(\) only"):
        small_spec("std-ed", (), arch="4c2-3", error_grains=(1,))
    with pytest.raises(ConfigError, match="dependency 'u0' is unknown"):
        NetworkSpec((4, 3, 2), dependency="u0")
    with pytest.raises(ConfigError, match="learning 'aggregated' is a way of mpd-ed"):
        NetworkSpec((4, 3, 2), learning="aggregated")
