"""Lava's runtime and the engine behind the interface of the training loop: the same numbers from both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.runtime.runtime import Runtime
from nets import INPUTS, samples, small_spec

from lava_ed.backends.backend import EngineBackend, make_backend
from lava_ed.errors import CheckpointError, ShapeError
from lava_ed.lava_graphs.backend import LavaBackend
from lava_ed.lava_graphs.lava_runtime import child_processes, ended_at_once
from lava_ed.learning_rules import LearningRate
from lava_ed.network.wiring import initial_weights

IMAGES, LABELS = samples()


@pytest.fixture(params=["std-ed", "mpd-ed"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[EngineBackend, LavaBackend]]:
    """The two back ends for one net, with weights that are not those of the seed."""
    spec = small_spec(request.param, (8, 7))
    weights = [initial_weights(small_spec(request.param, (8, 7), seed=4), layer) for layer in spec.layers]
    with LavaBackend(spec, weights) as lava:
        engine = EngineBackend(spec, weights)
        for backend in (engine, lava):
            backend.bind(IMAGES)
        yield engine, lava


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two states agree in every Var."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def present(both: tuple[EngineBackend, LavaBackend], *rows: int) -> None:
    """Present rows to both and compare decisions, states and counters."""
    index = np.array(rows)
    decided = [backend.present(index, LABELS[index]) for backend in both]
    np.testing.assert_array_equal(*decided)
    assert decided[1].dtype == np.int32
    assert_same(both[0].state(), both[1].state())
    assert both[0].counters() == both[1].counters()


def test_both_do_the_same_all_along(both: tuple[EngineBackend, LavaBackend]) -> None:
    engine, lava = both
    assert_same(engine.state(), lava.state())
    start = engine.state()["dense1.weights"]
    present(both, 0, 3, 1, 7, 7, 2)
    assert np.any(engine.state()["dense1.weights"] != start)
    for backend in both:
        backend.set_rate(LearningRate(3, -4, 2))
    present(both, 4, 5, 6, 0)
    frozen = engine.state()["dense1.weights"]
    for backend in both:
        backend.set_learning(False)
    present(both, 1, 2, 3)
    np.testing.assert_array_equal(engine.state()["dense1.weights"], frozen)
    saved = lava.state()
    for backend in both:
        backend.set_learning(True)
    present(both, 6, 5, 4)
    for backend in both:
        backend.load_state(saved)
    assert_same(saved, engine.state())
    assert_same(saved, lava.state())
    for backend in both:
        backend.set_learning(True)
    present(both, 0, 1, 2, 3)
    assert np.any(engine.state()["dense1.weights"] != frozen)


def test_a_state_moves_from_one_to_the_other(both: tuple[EngineBackend, LavaBackend]) -> None:
    engine, lava = both
    rows = np.arange(5)
    engine.present(rows, LABELS[rows])
    lava.load_state(engine.state())
    present(both, 5, 6, 7)


def test_what_does_not_fit_changes_nothing(both: tuple[EngineBackend, LavaBackend]) -> None:
    lava = both[1]
    before = lava.state()
    spoiled = dict(before)
    del spoiled["dense1.weights"]
    with pytest.raises(CheckpointError, match=r"dense1\.weights"):
        lava.load_state(spoiled)
    with pytest.raises(CheckpointError, match=r"more\.v"):
        lava.load_state({**before, "more.v": np.zeros(3, np.int64)})
    with pytest.raises(
        CheckpointError, match=r"hidden1\.v is int64 of shape \(3,\), this net has int64 of shape \(8,\)"
    ):
        lava.load_state({**before, "hidden1.v": np.zeros(3, np.int64)})
    assert_same(before, lava.state())
    for images in (np.zeros((4, INPUTS + 1), np.uint8), np.zeros(INPUTS, np.uint8)):
        with pytest.raises(ShapeError, match="images"):
            lava.bind(images)
    present(both, 0)


def test_without_images_there_is_nothing_to_present() -> None:
    with LavaBackend(small_spec()) as lava, pytest.raises(ShapeError, match=r"bind\(images\)"):
        lava.present(np.zeros(1, int), np.zeros(1, int))


def test_it_is_found_by_name() -> None:
    backend = make_backend("lava", small_spec())
    try:
        assert isinstance(backend, LavaBackend)
        assert backend.name == "lava"
        np.testing.assert_array_equal(
            backend.state()["dense1.weights"], EngineBackend(small_spec()).state()["dense1.weights"]
        )
    finally:
        backend.close()


class TestABrokenRunLeavesNothing:
    """Lava's own `stop` waits for answers that a broken run no longer gives, and leaves processes and shared memory."""

    @pytest.fixture(autouse=True)
    def _no_process_is_left(self) -> Iterator[None]:
        before = child_processes()
        yield
        assert child_processes() <= before

    def test_in_the_middle_of_a_sample(self) -> None:
        with LavaBackend(small_spec()) as lava:
            segments = shared_memory(lava.net.runtime)
            # One step is run, and its answer is not waited for.
            lava.net.run(RunSteps(num_steps=1, blocking=False))
            with pytest.raises(KeyboardInterrupt), ended_at_once(lava.net, lava._others):
                raise KeyboardInterrupt
            assert not any(segment.exists() for segment in segments)
            lava.close()  # a second time does nothing

    def test_while_the_processes_are_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        segments: list[Path] = []

        def interrupted(self: Runtime) -> None:
            segments.extend(shared_memory(self))
            raise KeyboardInterrupt

        monkeypatch.setattr(Runtime, "_build_runtime_services", interrupted)
        with pytest.raises(KeyboardInterrupt):
            LavaBackend(small_spec())
        assert not any(segment.exists() for segment in segments)


def shared_memory(runtime: Any) -> list[Path]:
    """The segments of a runtime, which are there."""
    handles = runtime._messaging_infrastructure.smm._shared_memory_handles
    segments = [Path("/dev/shm") / handle.name for handle in handles]
    assert segments
    assert all(segment.exists() for segment in segments)
    return segments


def test_a_sample_may_have_several_bytes_an_input() -> None:
    spec = small_spec("mpd-ed", (8,), encoder="bins", steps=9, error_shift=9)
    images, labels = samples(4, 0, spec.sample_bytes)
    engine = EngineBackend(spec)
    with LavaBackend(spec) as lava:
        for backend in (engine, lava):
            backend.bind(images)
            backend.present(np.arange(4), labels)
        assert_same(engine.state(), lava.state())
