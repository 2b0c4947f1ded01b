"""Engine, Lava's runtime, and the program built straight from the spec: the same integers everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from nets import samples, small_spec
from stock_lava import WaitingGraph

from lava_ed import EDClassifier, NetworkSpec, attach
from lava_ed.engine import build_program
from lava_ed.learning_rules import MPDED
from lava_ed.network.graph import graph_of
from lava_ed.proc import AFTIF, Encoder, Labels, MembraneReadout, PlasticDense, SoftmaxError

ONCE = {"learning": "aggregated", "dependency": "y0-x0"}
KERNELS = {"learning": "aggregated", "dv": 0, "error_shift": 6}
LONG = {"encoder": "bins", "error_shift": 9}
THRIFTY = {"hidden_dead_zones": (2, 4), "error_grains": (3, 1)}
CASES = [
    pytest.param(kind, hidden, feedback, seed, {}, id=f"{kind}-{len(hidden)}-{feedback}-{seed}")
    for kind in ("std-ed", "mpd-ed")
    for hidden in ((8,), (8, 7))
    for feedback in ("symmetric", "random")
    for seed in (0, 1)
] + [
    pytest.param("std-ed", (), "symmetric", 2, {}, id="std-ed-no-hidden-layer"),
    pytest.param("mpd-ed", (), "symmetric", 2, {}, id="mpd-ed-no-hidden-layer"),
    pytest.param("std-ed", (8, 7, 6), "symmetric", 2, {"error_shift": 1}, id="std-ed-3"),
    pytest.param("mpd-ed", (8, 7, 6), "symmetric", 2, {}, id="mpd-ed-3"),
    pytest.param("std-ed", (8,), "symmetric", 3, {"readout": "first-spike"}, id="std-ed-first-spike"),
    pytest.param("mpd-ed", (8,), "symmetric", 3, {"readout": "first-spike"}, id="mpd-ed-first-spike"),
    pytest.param(
        "mpd-ed",
        (8,),
        "symmetric",
        4,
        {"encoder": "current", "weight_exponents": (-6, 0)},
        id="mpd-ed-current",
    ),
    pytest.param("mpd-ed", (8, 7), "symmetric", 4, {"encoder": "ttfs"}, id="mpd-ed-ttfs"),
    pytest.param("mpd-ed", (8, 7), "symmetric", 4, {"encoder": "bins", "steps": 8}, id="mpd-ed-bins"),
    pytest.param("mpd-ed", (8,), "symmetric", 4, LONG | {"steps": 16, "input_drop": 90}, id="mpd-ed-bins-16"),
    pytest.param("mpd-ed", (8,), "random", 4, LONG | ONCE | {"steps": 33}, id="mpd-ed-bins-33-aggregated"),
    pytest.param("mpd-ed", (8,), "symmetric", 4, {"steps": 64, "error_shift": 10, "input_drop": 90}, id="mpd-ed-64"),
    pytest.param("std-ed", (8,), "symmetric", 5, {"steps": 33}, id="std-ed-u0-dependency"),
    pytest.param(
        "mpd-ed", (8,), "symmetric", 5, {"rule": MPDED(2.0**-9), "steps": 32}, id="mpd-ed-32-steps-port-shift"
    ),
    pytest.param("std-ed", (8,), "symmetric", 6, {"dead_zone": 60, "dependency": "y0"}, id="std-ed-dead-zone"),
    pytest.param("std-ed", (8,), "symmetric", 7, {"input_drop": 90}, id="std-ed-input-drop"),
    pytest.param("mpd-ed", (8, 7), "symmetric", 7, {"input_drop": 90}, id="mpd-ed-input-drop"),
    pytest.param("mpd-ed", (8,), "symmetric", 6, {"dead_zone": 60}, id="mpd-ed-dead-zone"),
    pytest.param("std-ed", (8,), "symmetric", 8, {"softmax_rounding": "carry"}, id="std-ed-shares-carried"),
    pytest.param("mpd-ed", (8,), "symmetric", 8, {"softmax_rounding": "nearest"}, id="mpd-ed-nearest"),
    pytest.param("std-ed", (8, 7), "symmetric", 9, {"weight_rounding": "carry"}, id="std-ed-carry"),
    pytest.param("mpd-ed", (8,), "symmetric", 9, {"weight_rounding": "carry"}, id="mpd-ed-carry"),
    pytest.param("mpd-ed", (8, 7), "random", 9, {"weight_rounding": "carry"}, id="mpd-ed-random-carry"),
    pytest.param("mpd-ed", (8, 7), "symmetric", 9, ONCE | {"weight_rounding": "carry"}, id="mpd-ed-aggregated-carry"),
    pytest.param("mpd-ed", (8, 7), "random", 10, ONCE | {"dead_zone": 40}, id="mpd-ed-aggregated-random"),
    *(
        pytest.param(kind, (8, 7), "symmetric", 12, THRIFTY | changes, id=f"{kind}-thrifty-{len(changes)}")
        for kind, changes in (("std-ed", {"error_shift": 7}), ("mpd-ed", {}), ("mpd-ed", ONCE))
    ),
    pytest.param(
        "mpd-ed",
        (8,),
        "symmetric",
        11,
        ONCE | {"encoder": "current", "steps": 4, "weight_exponents": (-4, 0)},
        id="mpd-ed-aggregated-current",
    ),
]
CASES += [
    pytest.param("std-ed", (), "symmetric", seed, {"arch": arch, **changes}, id=f"std-ed-{arch}-{seed}")
    for seed, (arch, changes) in enumerate(
        (
            ("4c2p1-p2-5c2-3", {"error_shift": 1, "rate_shifts": (2, 1, 1), "hidden_dead_zones": (3, 9)}),
            ("4c2p1g2-p2-6c1g2-5-3", {"image": (2, 2, 3), "error_shift": 1}),
            ("4c2p1-p2-5c2-3", {"error_shift": 1, "rate_shifts": (2, 1, 1), "freeze": (2,)}),
            ("4c3s2p2-5c2-3", {"sharing": "none", "error_shift": 1, "threshold_steps": (20, 21)}),
        )
    )
]
CASES += [
    pytest.param("mpd-ed", (), "symmetric", seed, {"arch": arch, **KERNELS, **changes}, id=f"mpd-ed-{arch}-{seed}")
    for seed, (arch, changes) in enumerate(
        (
            (
                "4c2p1-p2-5c2-3",
                {"encoder": "current", "rate_shifts": (2, 1, 1), "hidden_dead_zones": (1, 2), "count_shift": 3},
            ),
            ("4c2p1g2-p2-6c1g2-5-3", {"image": (2, 2, 3), "pooling": "or", "freeze": (2,)}),
            ("4c2p1-p3-5c1-3", {"sharing": "none", "encoder": "ttfs", "pooling": "or"}),
            ("4c3s2p2-5c2-3", {"sharing": "none", "encoder": "current", "threshold_steps": (20, 21)}),
            ("4c2p1-p2-5c2-3", {"steps": 33, "pooling": "or", "error_shift": 9, "count_shift": 2}),
        )
    )
]
SAMPLES, SAMPLES_ON_RUNTIME = 24, 8
EXTRA_STEPS = 5
SETTINGS = ("kind", "hidden", "feedback", "seed", "changes")
CONFIG = Loihi2SimCfg(select_tag="fixed_pt")


def spec_of(kind: str, hidden: tuple[int, ...], feedback: str, seed: int, changes: dict[str, Any]) -> NetworkSpec:
    return small_spec(kind, hidden, feedback=feedback, seed=seed, **changes)


def wirings() -> list[Any]:
    """The first case of every wiring, kinds of processes connected by certain ports, and two of long windows."""
    first: dict[Any, Any] = {}
    for case in CASES:
        graph = graph_of(spec_of(*case.values))
        kind = {node.name: node.kind for node in graph.nodes}
        edges = frozenset((kind[source], out, kind[target], into) for source, out, target, into in graph.connections)
        first.setdefault(edges, case)
    long = [case for case in CASES if case.id in ("mpd-ed-64", "mpd-ed-32-steps-port-shift")]
    return list({case.id: case for case in (*first.values(), *long)}.values())


def run_in_parts(net: EDClassifier, steps: int) -> None:
    """On the engine; where a run is cut must not matter."""
    for part in (1, 17, steps - 18):
        net.run(RunSteps(num_steps=part), CONFIG)


def assert_same_vars(read: Callable[[Any], Any], stock: EDClassifier, fused: EDClassifier) -> None:
    """Every Var of every process agrees: weights, states, traces, thresholds, outputs and counters."""
    for name, process in stock.processes.items():
        for var in process.vars:
            found = getattr(fused.processes[name], var.name).get()
            np.testing.assert_array_equal(found, read(var), err_msg=f"{name}.{var.name}")


@pytest.mark.parametrize(SETTINGS, CASES)
def test_engine_and_lava_give_identical_integers(
    kind: str, hidden: tuple[int, ...], feedback: str, seed: int, changes: dict[str, Any]
) -> None:
    """Learning samples and a few steps more of the ProcessModels, which Lava's builder makes."""
    spec = spec_of(kind, hidden, feedback, seed, changes)
    images, labels = samples(8, seed, spec.sample_bytes)
    steps = SAMPLES * spec.schedule.period + EXTRA_STEPS
    stock, fused = EDClassifier(spec, images, labels), EDClassifier(spec, images, labels)
    attach(fused)
    models = WaitingGraph(list(stock.processes.values()), "fixed_pt")
    for _ in range(steps):
        models.step()
    run_in_parts(fused, steps)
    assert_same_vars(models.get, stock, fused)
    first = stock.processes[spec.synapses(1)].weights
    assert np.any(models.get(first) != first.init), "nothing was learned, the comparison is empty"
    assert models.get(stock.error.seen)[0] == SAMPLES
    if spec.dead_zone == 0:
        assert models.get(stock.error.triggered)[0] >= 20, "fewer than 20 learning samples"


@pytest.mark.parametrize(SETTINGS, wirings())
def test_lavas_runtime_gives_the_same(
    kind: str, hidden: tuple[int, ...], feedback: str, seed: int, changes: dict[str, Any]
) -> None:
    """Every wiring through Lava's compiler, channels and OS processes: the driver above leaves nothing out."""
    spec = spec_of(kind, hidden, feedback, seed, changes)
    images, labels = samples(8, seed, spec.sample_bytes)
    steps = SAMPLES_ON_RUNTIME * spec.schedule.period + EXTRA_STEPS
    stock, fused = EDClassifier(spec, images, labels), EDClassifier(spec, images, labels)
    attach(fused)
    try:
        stock.run(RunSteps(num_steps=steps), CONFIG)
        run_in_parts(fused, steps)
        assert_same_vars(lambda var: var.get(), stock, fused)
        first = stock.processes[spec.synapses(1)].weights
        assert np.any(first.get() != first.init), "nothing was learned, the comparison is empty"
        assert stock.error.seen.get()[0] == SAMPLES_ON_RUNTIME
    finally:
        stock.stop()


@pytest.mark.parametrize(SETTINGS, CASES)
def test_program_from_spec_equals_program_from_graph(
    kind: str, hidden: tuple[int, ...], feedback: str, seed: int, changes: dict[str, Any]
) -> None:
    """Spec → program and spec → Lava graph → attach → program are one and the same."""
    spec = spec_of(kind, hidden, feedback, seed, changes)
    images, labels = samples(8, seed, spec.sample_bytes)
    net = EDClassifier(spec, images, labels)
    runtime = attach(net)
    net.run(RunSteps(num_steps=SAMPLES * spec.schedule.period))
    program = build_program(spec)
    program.bind(images)
    order = np.arange(SAMPLES) % len(images)
    predictions = program.present(order, labels[order])
    assert (predictions == labels[order]).sum() == net.error.correct.get()[0]
    for node, var in program.variables:
        if (node, var) != ("labels", "labels"):
            np.testing.assert_array_equal(
                program.get(node, var), runtime.program.get(node, var), err_msg=f"{node}.{var}"
            )


def test_graph_wired_by_hand_equals_the_classifier() -> None:
    """The same processes, connected by hand in another order and with other names."""
    spec = small_spec("std-ed", (8,))
    images, labels = samples(8)
    common = {"schedule": spec.schedule, "seed": spec.seed}
    reference = EDClassifier(spec, images, labels)
    hidden = AFTIF(shape=(8,), layer=1, adaptation=spec.adaptation, name="first", **common)
    outputs = MembraneReadout(shape=(3,), layer=2, **common)
    error = SoftmaxError(shape=(3,), shift=7, dead_zone=0, **common)
    into = PlasticDense(weights=reference.dense1.weights.init, rule=spec.rule, layer=1, **common)
    out = PlasticDense(weights=reference.dense2.weights.init, rule=spec.rule, layer=2, error_shift=3, **common)
    source, target = Encoder(samples=images, **common), Labels(labels=labels, **common)
    target.label_out.connect(error.label_in)
    outputs.v_out.connect(error.v_in)
    out.a_out.connect(outputs.a_in)
    error.e_out.connect(out.e_in)
    out.e_out.connect(hidden.e_in)
    for post, synapses in ((error, out), (hidden, into)):
        post.s_out_y1.connect(synapses.s_in_y1)
        post.s_out_y2.connect(synapses.s_in_y2)
    source.s_out.connect(into.s_in)
    into.a_out.connect(hidden.a_in)
    hidden.s_out.connect(out.s_in)
    steps = RunSteps(num_steps=SAMPLES * spec.schedule.period)
    attach(error)
    attach(reference)
    error.run(steps)
    reference.run(steps)
    for mine, theirs in (
        (into, "dense1"),
        (out, "dense2"),
        (hidden, "hidden1"),
        (outputs, "readout"),
        (error, "error"),
    ):
        for var in mine.vars:
            expected = getattr(reference.processes[theirs], var.name).get()
            np.testing.assert_array_equal(var.get(), expected, err_msg=f"{theirs}.{var.name}")
