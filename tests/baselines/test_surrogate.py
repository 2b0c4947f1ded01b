"""The surrogate baselines: MPD-ED's mask gives the engine's numbers, other masks the exact adjoint."""

from __future__ import annotations

import numpy as np
import pytest
from baselines.conftest import baseline_spec, mpd_spec
from reference import mpd_ed

from lava_ed.backends.backend import EngineBackend
from lava_ed.baselines import BaselineBackend
from lava_ed.engine import build_program
from lava_ed.kernels.baselines.surrogate import EVERYWHERE, NEAR_THRESHOLD, back_through_window, surrogate_level
from lava_ed.kernels.baselines.surrogate_samples import LEARNING
from lava_ed.learning_rules import MPDED
from lava_ed.network import Adaptation

UNIT = 2**8


@pytest.mark.parametrize("encoder", ["rate", "current", "ttfs"])
@pytest.mark.parametrize("changes", [{}, {"dead_zone": 40, "half_width": 3, "input_drop": 90}], ids=["plain", "narrow"])
def test_mpd_eds_mask_gives_the_engines_weights_and_counters(some_samples, encoder, changes):
    """The loop, its counters and its random streams are those of the engine; only the mask differs."""
    images, labels = some_samples
    exponents = {"weight_exponents": (-3, 0)} if encoder == "current" else {}
    spec = mpd_spec(encoder=encoder, **changes, **exponents)
    ours, engine = BaselineBackend(spec), EngineBackend(spec)
    for backend in (ours, engine):
        backend.bind(images)
    for first in (0, 17):
        rows = np.arange(first, first + 13)
        np.testing.assert_array_equal(ours.present(rows, labels[rows]), engine.present(rows, labels[rows]))
    mine, theirs = ours.state(), engine.state()
    for name in ("dense1.weights", "dense2.weights", "hidden1.threshold_step", "error.triggered"):
        np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)
    initial = build_program(spec).get("dense1", "weights")
    assert np.any(mine["dense1.weights"] != initial)
    assert ours.counters() == engine.counters()


def recorded(spec, images, labels, n=4):
    """Window after a sample that did not learn, with random errors; nets whose layers all spike."""
    backend = BaselineBackend(spec)
    backend.bind(images)
    backend.work.state[LEARNING] = 0
    backend.present(np.array([n]), labels[n : n + 1])
    return backend


def parts(backend, array):
    """A (T, neurons) array, layer by layer."""
    return np.split(array, backend.net.first[1:-1], axis=1)


def float_masks(backend):
    """h of every hidden layer: 2^-k for level k + 1, else 0."""
    level = parts(backend, backend.window.level.astype(float))
    return [np.where(part > 0, 2.0 ** (1 - part), 0.0) for part in level]


@pytest.mark.parametrize(("hidden", "shift"), [((8,), 0), ((9, 7), 2), ((9, 8, 7), 4)])
@pytest.mark.parametrize("name", ["ssgd", "sg-bptt"])
def test_errors_are_the_exact_adjoint(name, hidden, shift, some_samples):
    """λ = 1; integers, but for the surrogate's own right shifts and those of the deep net's sums."""
    if name == "ssgd" and len(hidden) < 3:
        shift = 0
    small = {"init_limits": (8,) * (len(hidden) + 1), "adaptation": Adaptation(initial_step=14, interval=0)}
    spec = baseline_spec(name, hidden, dv=0, error_shift=shift, half_width=8, **small)
    backend = recorded(spec, *some_samples)
    spikes, masks = parts(backend, backend.window.spikes.astype(bool)), float_masks(backend)
    error = np.array([5, -3, 2], np.int32)
    work, s = backend.work, backend.settings
    assert not back_through_window(
        backend.net, backend.window, error, s.mask, 0, shift, s.hidden_dead_zones, work.b, work.d, work.a, work.tally
    )
    w = [backend.state()[f"dense{layer}.weights"].astype(float) for layer in spec.layers]
    hidden_layers = len(spec.sizes) - 2
    s = spikes[: hidden_layers + 1]
    h = [None, *masks[1 : hidden_layers + 1]]
    exact = mpd_ed.adjoint(w, s, h, error.astype(float), [1.0] * hidden_layers)
    ours = parts(backend, backend.window.d / UNIT)
    for layer in range(1, hidden_layers + 2):
        wanted = exact.voltage[layer - 1] / 2.0 ** (shift * (hidden_layers + 1 - layer))
        scale = np.abs(wanted).max()
        assert scale > 0
        # A right shift drops less than one unit; sums of fan-in × weights carry it on.
        tolerance = 1e-12 if name == "ssgd" and not shift else 0.02
        np.testing.assert_allclose(ours[layer], wanted, atol=tolerance * scale)
    outside = [np.count_nonzero(mask[~spike]) for mask, spike in zip(masks[1:-1], spikes[1:-1], strict=True)]
    assert min(outside) > 0, "no surrogate outside spikes: the test shows nothing"


def test_the_adjoint_of_ssgds_mask_is_a_gradient(some_samples):
    """Finite differences of the masked net, h outside spikes included."""
    spec = baseline_spec("ssgd", (9, 7), dv=0)
    backend = recorded(spec, *some_samples)
    spikes, masks = parts(backend, backend.window.spikes.astype(bool)), float_masks(backend)
    w = [backend.state()[f"dense{layer}.weights"].astype(float) for layer in spec.layers]
    run = mpd_ed.Forward(s=spikes[:3], v=[None] * 3, h=[None, *masks[1:3]], readout=np.zeros(3))
    error = np.array([5.0, -3.0, 2.0])
    exact = mpd_ed.adjoint(w, run.s, run.h, error, [1.0, 1.0])
    numeric = mpd_ed.finite_differences(w, run, error, [1.0, 1.0], step=1.0)
    for a, b in zip(exact.weight, numeric, strict=True):
        assert np.count_nonzero(a)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.abs(a).max())


def test_levels_by_hand():
    # θ = 100, half-width 40: SSGD takes |v − θ| < 40; BPTT halves at every 32, the power of two within 40.
    assert [surrogate_level(v, 100, 40, NEAR_THRESHOLD) for v in (60, 61, 100, 139, 140)] == [0, 1, 1, 1, 0]
    assert [surrogate_level(v, 100, 40, EVERYWHERE) for v in (100, 69, 68, 163, 164, -9000)] == [1, 1, 2, 2, 3, 32]


def slow_bptt_counts(spec, backend, sample):
    """Counts of one learning sample of sg-bptt from what they mean, one event at a time."""
    _, n_hidden, n_out = spec.sizes
    steps, period = spec.steps, spec.schedule.period
    spikes = parts(backend, backend.window.spikes)
    w1, w2 = (np.count_nonzero(backend.weights(layer), axis=1) for layer in (1, 2))
    visits = sum(int(spikes[0][t].sum()) * n_hidden + int(spikes[1][t].sum()) * n_out for t in range(steps))
    replayed = sum(int(w1 @ spikes[0][t]) for t in range(steps))
    return {
        ("dense1", "synops", "forward"): replayed,
        ("dense1", "synops", "backward"): replayed,
        ("dense2", "graded_synops", "backward"): steps * int(w2.sum()),
        ("error", "spike_messages", "backward"): steps * n_out,
        ("hidden1", "spikes", "backward"): steps * n_hidden + int(spikes[1].sum()),
        ("hidden1", "neuron_updates_active", "backward"): steps * n_hidden,
        ("encoder", "barrier_steps", "forward"): spec.schedule.error_phase + 1,
        ("encoder", "barrier_steps", "backward"): period - spec.schedule.error_phase - 1,
        ("error", "host_ops", "backward"): n_out,
        "visits": visits,
    }


def test_counters_of_sg_bptt_equal_a_slow_count(some_samples):
    images, labels = some_samples
    # So slow a rate that no weight becomes or leaves zero: the slow count reads the weights afterwards.
    spec = baseline_spec("sg-bptt", rate=2.0**-12)
    for sample in range(30):
        backend = BaselineBackend(spec)
        backend.bind(images)
        before = backend.weights(1).copy(), backend.weights(2).copy()
        backend.present(np.array([sample]), labels[sample : sample + 1])
        if any(np.any((a != 0) != (backend.weights(k) != 0)) for k, a in enumerate(before, 1)):
            continue
        counters = backend.counters()
        expected = slow_bptt_counts(spec, backend, sample)
        visits = expected.pop("visits")
        for (node, counter, phase), count in expected.items():
            assert counters[node][counter][phase] == count, (node, counter, phase)
        assert sum(counters[f"dense{k}"]["synaptic_updates"]["update"] for k in (1, 2)) == visits
        return
    pytest.fail("every sample moved a weight across zero")


def test_wider_masks_cost_more_messages(some_samples):
    images, labels = some_samples
    counts = {}
    for name in ("mpd-ed", "ssgd", "sg-bptt"):
        spec = mpd_spec() if name == "mpd-ed" else baseline_spec(name)
        backend = BaselineBackend(spec)
        backend.bind(images)
        backend.present(np.arange(30), labels)
        counts[name] = backend.counters()["hidden1"]["spikes"]["backward"]
    assert counts["mpd-ed"] < counts["ssgd"] < counts["sg-bptt"]


def test_another_rule_is_refused():
    from nets import small_spec

    from lava_ed.errors import ConfigError

    with pytest.raises(ConfigError, match="the engine runs it"):
        BaselineBackend(small_spec("std-ed"))
    assert MPDED.baseline is False
