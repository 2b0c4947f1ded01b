"""Baselines in nets with convolutions against slow dense nets of the same synapses."""

from __future__ import annotations

import numpy as np
import pytest
from baselines.conftest import samples
from reference import baselines as slow
from reference import mpd_ed
from reference.convolution import matrix_of

from lava_ed.backends.backend import make_backend
from lava_ed.baselines.map_kernels import MapKernels
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import RULES
from lava_ed.network import Adaptation, NetworkSpec
from lava_ed.train import TrainConfig, train

POOLED, STRIDED = "4c3p1-p2-5c2-3", "4c3s2p1-5c2-3"
IMAGE = (2, 7, 6)
RULE_NAMES = ("relpsp-fixed", "ssgd", "sg-bptt")
_SINGLE = {"steps": 12, "encoder": "ttfs", "error_shift": 4}
_SURROGATE = {"steps": 4, "encoder": "current", "error_shift": 5}


def map_spec(name, arch=POOLED, **changes):
    """A net of a baseline whose layers spike and learn within a few samples."""
    steps = (36, 32 if arch == POOLED else 24) if name == "relpsp-fixed" else (38, 28 if arch == POOLED else 24)
    settings = {
        **(_SINGLE if name == "relpsp-fixed" else _SURROGATE),
        "adaptation": Adaptation(interval=0), "threshold_steps": steps, "softmax_shift": 11, "dead_zone": 0,
        "init_limits": (90,) * 3, "weight_rounding": "carry", "rate_shifts": (4, 4, 4), **changes,
    }  # fmt: skip
    return NetworkSpec((), RULES[name](2.0**-4), arch=arch, image=IMAGE, **settings)


def shown(spec, n=12):
    """A back end with images, and the labels."""
    images, labels = samples(n, inputs=spec.sizes[0])
    backend = make_backend("engine", spec)
    backend.bind(images)
    return backend, images, labels


def synapses(spec, stored, layer):
    """All synapses of a connection as a matrix (n_post, n_pre), of numbers as their kernels hold them, doubled."""
    geometry = spec.connections[layer - 1]
    if not geometry.is_conv:
        return 2 * np.asarray(stored, np.int64).reshape(geometry.source.size, -1).T
    matrix = matrix_of(stored, geometry)
    if layer > 1:
        return matrix
    channels, height, width = geometry.source
    return matrix.reshape(-1, height, width, channels).transpose(0, 3, 1, 2).reshape(len(matrix), -1)


def matrices(backend):
    """Weights of every connection, synapse by synapse."""
    return [synapses(backend.spec, backend.weights(layer), layer) for layer in backend.spec.layers]


def tap_sums(spec, layer, products):
    """The products of each tap, summed, in the order in which weights are stored."""
    size = int(np.prod(spec.weights_shape(layer)))
    which = synapses(spec, np.arange(1, size + 1).reshape(spec.weights_shape(layer)), layer) // 2
    sums = np.zeros(size + 1, np.int64)
    np.add.at(sums, which.ravel(), np.asarray(products, np.int64).ravel())
    return sums[1:]


def gathered(kernels):
    """The sums of a connection in the order in which weights are stored."""
    return kernels.sums[kernels.order]


def learning_samples(spec, least=3):
    """A back end after each sample that goes back with errors in all layers, its weights as they were."""
    backend, images, labels = shown(spec, 40)
    backend.fixed, found = True, 0
    for k in range(len(labels)):
        backend.present(np.array([k]), labels[k : k + 1])
        if backend.learned and all(np.any(backend.errors[layer]) for layer in spec.hidden):
            yield backend, images[k]
            found += 1
        if found == least:
            return
    pytest.fail("too few samples learn: the test shows nothing")


@pytest.mark.parametrize("arch", [POOLED, STRIDED])
def test_squares_fire_first_and_errors_are_the_exact_gradient(arch):
    """relpsp-fixed: the net of those neurons that spoke for their squares is a dense one."""
    spec = map_spec("relpsp-fixed", arch, error_limit=2**23 - 1)
    for backend, pixels in learning_samples(spec):
        w, values = matrices(backend), [(2 * pixels.astype(int) * (spec.steps - 1) + 255) // 510]
        speaking = []
        for layer in spec.hidden:
            matrix, square = w[layer - 1], spec.connections[layer - 1].squares
            each = slow.relpsp_forward([matrix, matrix], values[-1], [backend.theta(layer)], spec.steps)[1]
            first = np.zeros(square.max() + 1, int)
            np.maximum.at(first, square[square >= 0], each[square >= 0])
            np.testing.assert_array_equal(backend.x[layer], first)
            winners = backend.winner[layer]
            assert np.all(each[winners[first > 0]] == first[first > 0])
            assert np.all(square[winners[first > 0]] == np.flatnonzero(first))
            speaking.append(matrix[winners])
            values.append(first)
        np.testing.assert_array_equal(backend.v, w[-1] @ values[-1])
        delta, _ = slow.relpsp_gradient([*speaking, w[-1]], values, backend.error.astype(float))
        for layer in spec.hidden:
            ours = backend.errors[layer] / 2.0 ** (4 * (len(spec.layers) - layer))
            np.testing.assert_allclose(ours, delta[layer - 1], atol=0.03 * np.abs(delta[layer - 1]).max() + 0.1)


@pytest.mark.parametrize("arch", [POOLED, STRIDED])
def test_taps_gather_the_causal_products(arch):
    spec = map_spec("relpsp-fixed", arch)
    for backend, _ in learning_samples(spec):
        for layer in spec.layers:
            x, delta = backend.x[layer - 1], np.zeros(spec.sizes[layer], np.int64)
            own = np.zeros_like(delta)
            if layer == len(spec.layers):
                delta[:] = backend.error
            else:
                live = np.flatnonzero(backend.errors[layer])
                delta[backend.winner[layer][live]] = backend.errors[layer][live]
                own[backend.winner[layer][live]] = backend.x[layer][live]
            products = np.maximum(x[None] - own[:, None], 0) * delta[:, None]
            np.testing.assert_array_equal(gathered(backend.kernels[layer - 1]), tap_sums(spec, layer, products))


@pytest.mark.parametrize("arch", [POOLED, STRIDED])
@pytest.mark.parametrize("name", ["ssgd", "sg-bptt"])
def test_surrogate_errors_are_the_exact_adjoint(name, arch):
    """Synapses of an axon are those of each of its neurons; what differs is rounding."""
    spec = map_spec(name, arch, error_limit=2**14, error_shift=6, overflow="wrap")
    for backend, pixels in learning_samples(spec):
        w, spikes, h, inputs = [], [], [None], np.tile((2 * pixels.astype(int) * 15 + 255) // 510, (spec.steps, 1))
        before = np.arange(spec.sizes[0])
        for layer in spec.layers:
            matrix = matrices(backend)[layer - 1]
            w.append(np.where(before >= 0, matrix[:, before], 0).astype(float))
            spikes.append(inputs)
            if layer not in spec.hidden:
                continue
            v, theta = np.zeros(spec.sizes[layer]), backend.theta(layer)
            for t in range(spec.steps):
                v += w[-1] @ inputs[t]
                np.testing.assert_array_equal(backend.spikes[layer][t], v >= theta)
                v[v >= theta] = 0
            inputs, level = backend.spikes[layer].astype(int), backend.level[layer].astype(float)
            assert 0 < inputs.sum() < inputs.size
            h.append(np.where(level > 0, 2.0 ** (1 - level), 0.0))
            before = spec.connections[layer - 1].squares
        np.testing.assert_array_equal(backend.v, sum(w[-1] @ inputs[t] for t in range(spec.steps)))
        exact = mpd_ed.adjoint(w, spikes, h, backend.error.astype(float), [1.0] * len(spec.hidden))
        for layer in spec.hidden:
            wanted = exact.voltage[layer - 1] / 2.0 ** (6 * (len(spec.layers) - layer))
            np.testing.assert_allclose(backend.errors[layer], wanted, atol=0.01 * np.abs(wanted).max() + 1)


@pytest.mark.parametrize("name", ["ssgd", "sg-bptt"])
def test_taps_gather_the_products_of_all_steps(name):
    spec = map_spec(name)
    for backend, _ in learning_samples(spec, 1):
        for layer in spec.layers:
            y = np.tile(backend.error, (spec.steps, 1)) if layer == len(spec.layers) else backend.errors[layer]
            products = sum(np.outer(y[t], backend.x[layer - 1][t]) for t in range(spec.steps))
            np.testing.assert_array_equal(gathered(backend.kernels[layer - 1]), tap_sums(spec, layer, products))


@pytest.mark.parametrize("name", RULE_NAMES)
def test_counters_by_hand_and_the_update(name):
    """A sample's counters from its spikes and errors, and its weights from the sums of their taps."""
    spec = map_spec(name)
    for copy, _ in learning_samples(spec, 1):
        at = int(copy.state()["encoder.presentation"][0])
    backend, _, labels = shown(spec, 40)
    w, stored = matrices(backend), [backend.weights(layer).copy() for layer in spec.layers]
    backend.present(np.array([at]), labels[at : at + 1])
    counts, last, single = backend.counters(), len(spec.layers), name == "relpsp-fixed"
    m, shift = spec.rule.rate.mantissa, [spec.rate_shift(layer) for layer in spec.layers]
    for layer in spec.layers:
        node, neurons = counts[spec.synapses(layer)], counts["readout" if layer == last else f"hidden{layer}"]
        x = backend.x[layer - 1]
        spikes = (x > 0).astype(int)[None] if single else x if layer > 1 else (x > 0).astype(int)
        kind = "graded_synops" if layer == 1 and not single else "synops"
        assert node[kind]["forward"] == (spikes @ np.count_nonzero(w[layer - 1], axis=0)).sum()
        sums = copy.kernels[layer - 1].sums[copy.kernels[layer - 1].order].astype(np.int64)
        word = stored[layer - 1].ravel().astype(np.int64) * 256
        word = word + np.sign(sums) * ((abs(sums) * m + (1 << shift[layer - 1] >> 1)) >> shift[layer - 1])
        after = np.clip(word, -(2**15), 2**15 - 1) >> 8
        np.testing.assert_array_equal(backend.weights(layer).ravel(), after)
        assert node["weight_writes"]["update"] == np.count_nonzero(after != stored[layer - 1].ravel())
        exists = synapses(spec, np.ones_like(stored[layer - 1]), layer) != 0
        if layer < last:
            assert neurons["spikes"]["forward"] == (np.count_nonzero if single else np.sum)(backend.x[layer])
            assert neurons["spike_messages"]["backward"] == neurons["spikes"]["backward"] > 0
            y = np.atleast_2d(copy.learned[layer - 1][1])
            if not single:
                inputs = np.atleast_2d(copy.learned[layer - 1][0])
                products = sum(np.count_nonzero(exists[b != 0][:, a != 0]) for a, b in zip(inputs, y, strict=True))
                assert node["host_ops"]["update"] == products + stored[layer - 1].size
                assert node["trace_updates"]["update"] - node["trace_updates"]["forward"] >= np.count_nonzero(y)
            else:
                live = np.flatnonzero(copy.errors[layer])
                rows = exists[copy.winner[layer][live]]
                products = np.count_nonzero(rows & (x[None] > backend.x[layer][live][:, None]))
                assert node["host_ops"]["update"] == products + stored[layer - 1].size
                assert neurons["host_ops"]["backward"] == np.count_nonzero(backend.x[layer])
                assert neurons["spikes"]["backward"] == live.size
        if single and layer > 1:
            who = copy.winner[layer][np.flatnonzero(copy.errors[layer])] if layer < last else backend.error != 0
            assert node["graded_synops"]["backward"] == np.count_nonzero(w[layer - 1][who])
        elif layer > 1 and name == "sg-bptt":
            assert node["graded_synops"]["backward"] == spec.steps * np.count_nonzero(w[layer - 1])
    assert counts["encoder"]["barrier_steps"]["forward"] == spec.schedule.error_phase + 1


def test_counters_of_ssgd_in_every_step_by_hand():
    """Active neurons, and the errors that were sent and what they read, from spikes and recorded messages."""
    spec = map_spec("ssgd")
    for copy, _ in learning_samples(spec, 1):
        at = int(copy.state()["encoder.presentation"][0])
    backend, _, labels = shown(spec, 40)
    w, replay, sent = matrices(backend), backend._replayed, {}

    def recorded(layer, above):
        message, y = replay(layer, above)
        sent[layer + 1], sent[layer] = above.astype(np.int64), message.astype(np.int64)
        return message, y

    backend._replayed = recorded
    backend.present(np.array([at]), labels[at : at + 1])
    counts, last = backend.counters(), len(spec.layers)
    assert counts["error"]["spikes"]["backward"] == np.count_nonzero(backend.error)
    assert counts["error"]["spike_messages"]["backward"] == np.count_nonzero(backend.error) + last  # and a gate to each
    for layer in spec.layers:
        node, neurons = counts[spec.synapses(layer)], counts["readout" if layer == last else f"hidden{layer}"]
        current = backend.x[layer - 1].astype(np.int64) @ w[layer - 1].T
        fires = backend.spikes[layer] > 0 if layer < last else np.zeros(current.shape, bool)
        assert neurons["neuron_updates_active"]["forward"] == np.count_nonzero((current != 0) | fires)
        spikes = np.count_nonzero(backend.x[layer - 1]) if layer == 1 else backend.x[layer - 1].sum()
        assert node["trace_updates"]["update"] == (spikes // spec.steps if layer == 1 else spikes) + np.count_nonzero(
            np.atleast_2d(backend.learned[layer - 1][1])
        )
        if layer > 1:
            read = np.count_nonzero(w[layer - 1], axis=1)
            assert node["graded_synops"]["backward"] == ((sent[layer] != 0) @ read).sum() > 0
        if layer == last:
            continue
        back, half = sent[layer + 1] @ w[layer], 1 << spec.error_shift >> 1
        square = spec.connections[layer - 1].squares
        e = np.where(square >= 0, (abs(back) + half >> spec.error_shift)[:, square], 0)
        events = fires | (backend.level[layer] > 0)
        assert neurons["spikes"]["backward"] == np.count_nonzero(sent[layer]) > 0
        assert not np.any(sent[layer][~events & (e == 0)])
        assert neurons["neuron_updates_active"]["backward"] == np.count_nonzero((e != 0) | events)


@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_loaded_state_goes_on_as_the_saved_one(name):
    spec = map_spec(name)
    (one, _, labels), (twin, *_) = shown(spec, 20), shown(spec, 20)
    start = one.state()
    one.present(np.arange(12), labels[:12])
    twin.load_state(one.state())
    for backend in (one, twin):
        backend.present(np.arange(12, 20), labels[12:])
    ours, theirs = one.state(), twin.state()
    for var, value in ours.items():
        np.testing.assert_array_equal(value, theirs[var], err_msg=var)
    assert all(np.any(ours[f"{spec.synapses(k)}.weights"] != start[f"{spec.synapses(k)}.weights"]) for k in spec.layers)


@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_net_with_convolutions_learns_the_digits(name, digits, tmp_path):
    config = TrainConfig.create(name, "digits", arch="8c3p1-p2-10", epochs=3, limit=600)
    assert train(config, tmp_path / "run", dataset=digits)["test_accuracy"] > 0.7


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("ssgd", {"encoder": "rate"}, "encoder 'current'"),
        ("relpsp-fixed", {"pooling": "or"}, "lets a square's first spike through"),
        ("sg-bptt", {"pooling": "or"}, "sums the spikes"),
        ("ssgd", {"sharing": "none"}, "sharing 'accumulated'"),
        ("ssgd", {"arch": "4c3p1g2-p2-5c2-3"}, "groups 1"),
        ("ssgd", {"input_drop": 3}, "input_drop 0"),
        ("ssgd", {"adaptation": Adaptation(interval=2)}, "interval 0"),
    ],
)
def test_what_the_loops_do_not_run_is_refused(name, changes, message):
    with pytest.raises(ConfigError, match=message):
        map_spec(name, **changes)


def test_a_dense_layer_with_too_many_inputs_is_refused():
    spec = NetworkSpec((), RULES["ssgd"](), arch="3", image=(3, 27, 27), steps=4, encoder="current",
                       weight_rounding="carry", adaptation=Adaptation(interval=0))  # fmt: skip
    with pytest.raises(ConfigError, match="at most 2047"):
        MapKernels(spec.connections[0], planar=True)
