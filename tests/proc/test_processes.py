"""What a process refuses when it is made, by name: neither back end looks at it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from lava_ed.errors import ChipLimitError, ConfigError, DataError, ShapeError, WeightError
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network import Adaptation
from lava_ed.network.schedule import Schedule
from lava_ed.proc import (
    AFTIF,
    AFTLIF,
    Encoder,
    FeedbackDense,
    FirstSpikeReadout,
    Labels,
    MembraneReadout,
    PlasticDense,
    SoftmaxError,
)

STD = Schedule(steps=6, layers=2)
MPD = Schedule(steps=6, layers=2, kind="mpd-ed")
FIRST = Schedule(steps=6, layers=2, readout="first-spike")

Maker = Callable[..., Any]


def maker(process: type, **defaults: Any) -> Maker:
    """Makes a process of one class; what is not given is right."""
    return lambda **changes: process(**{**defaults, **changes})


MAKERS: dict[str, Maker] = {
    "AFTIF": maker(AFTIF, shape=(3,), layer=1, schedule=STD),
    "AFTLIF": maker(AFTLIF, shape=(3,), layer=1, schedule=MPD),
    "Encoder": maker(Encoder, samples=np.zeros((2, 4), np.uint8), schedule=STD),
    "FeedbackDense": maker(FeedbackDense, weights=[[2, 4]], layer=1, schedule=STD),
    "FirstSpikeReadout": maker(FirstSpikeReadout, shape=(3,), layer=2, schedule=FIRST),
    "Labels": maker(Labels, labels=[0, 1], schedule=STD),
    "MembraneReadout": maker(MembraneReadout, shape=(3,), layer=2, schedule=STD),
    "PlasticDense": maker(PlasticDense, weights=[[2, 4]], rule=STDED(), layer=1, schedule=STD),
    "SoftmaxError": maker(SoftmaxError, shape=(3,), schedule=STD),
}
NEURONS = ("AFTIF", "AFTLIF", "FirstSpikeReadout", "MembraneReadout", "SoftmaxError")
LAYERED = ("AFTIF", "AFTLIF", "FeedbackDense", "FirstSpikeReadout", "MembraneReadout", "PlasticDense")
SYNAPSES = ("FeedbackDense", "PlasticDense")


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_right_is_made(name: str) -> None:
    process = MAKERS[name](name="mine", overflow="wrap", seed=3)
    assert process.name == "mine"
    assert process.presentation.init == -1
    assert process.proc_params["overflow"] == "wrap"
    assert {"presentation", "counters", "overflows"} <= set(process.vars.member_names)


@pytest.mark.parametrize("name", MAKERS)
def test_unknown_overflow_policy(name: str) -> None:
    with pytest.raises(ConfigError, match="'clip' is unknown: use one of raise, warn, wrap"):
        MAKERS[name](overflow="clip")


@pytest.mark.parametrize("name", MAKERS)
def test_something_else_for_a_schedule(name: str) -> None:
    with pytest.raises(ConfigError, match="a Schedule is needed"):
        MAKERS[name](schedule=(6, 2))


@pytest.mark.parametrize(
    ("name", "schedule", "text"),
    [
        ("AFTIF", MPD, "needs a schedule of kind 'std-ed', got 'mpd-ed'"),
        ("AFTLIF", STD, "needs a schedule of kind 'mpd-ed' or 'mpd-ed-aggregated', got 'std-ed'"),
        ("MembraneReadout", FIRST, "needs a schedule of readout 'membrane'"),
        ("FirstSpikeReadout", STD, "needs a schedule of readout 'first-spike'"),
    ],
)
def test_a_schedule_for_another_process(name: str, schedule: Schedule, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        MAKERS[name](schedule=schedule)


@pytest.mark.parametrize("layer", [0, -1, 3])
@pytest.mark.parametrize("name", LAYERED)
def test_a_layer_that_the_schedule_lacks(name: str, layer: int) -> None:
    with pytest.raises(ConfigError, match=rf"layer {layer} of {name} is outside 1 … 2"):
        MAKERS[name](layer=layer)


@pytest.mark.parametrize("shape", [(), (0,), (-3,), (2, 3), 3, [3]])
@pytest.mark.parametrize("name", NEURONS)
def test_a_shape_that_is_no_row_of_neurons(name: str, shape: Any) -> None:
    with pytest.raises(ShapeError, match="shape"):
        MAKERS[name](shape=shape)


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ([[2, 3]], WeightError),
        ([[2, 256]], WeightError),
        ([[-258, 0]], WeightError),
        ([[2, 2.5]], WeightError),
        ([[2, np.nan]], WeightError),
        ([[2, np.inf]], WeightError),
        ([[2, 1j]], WeightError),
        ([["2", "4"]], WeightError),
        ([[True, False]], WeightError),
        ([2, 4], ShapeError),
        (2, ShapeError),
        ([[[2]]], ShapeError),
        (np.zeros((0, 3), int), ShapeError),
        (np.zeros((3, 0), int), ShapeError),
    ],
)
@pytest.mark.parametrize("name", SYNAPSES)
def test_weights_that_no_synapse_has(name: str, weights: Any, error: type) -> None:
    with pytest.raises(error):
        MAKERS[name](weights=weights)


@pytest.mark.parametrize("name", SYNAPSES)
def test_weights_at_their_limits(name: str) -> None:
    process = MAKERS[name](weights=[[-256, 254, 0], [2.0, -2.0, 4.0]])
    assert process.weights.shape == (2, 3)
    np.testing.assert_array_equal(process.weights.init, [[-256, 254, 0], [2, -2, 4]])


@pytest.mark.parametrize(
    ("setting", "values"),
    [("weight_exp", (-9, 8)), ("error_shift", (-1, 32)), ("scalar_rounding", (-2, 256))],
)
def test_settings_of_synapses_out_of_range(setting: str, values: tuple[int, int]) -> None:
    for value in values:
        with pytest.raises(ConfigError, match=rf"{setting} {value}"):
            MAKERS["PlasticDense"](**{setting: value})
    MAKERS["PlasticDense"](**{setting: values[0] + 1})
    MAKERS["PlasticDense"](**{setting: values[1] - 1})


@pytest.mark.parametrize("value", [-1, 32])
def test_error_shift_of_a_feedback_out_of_range(value: int) -> None:
    with pytest.raises(ConfigError, match=rf"error_shift {value}"):
        MAKERS["FeedbackDense"](error_shift=value)


def test_a_sum_that_passes_the_chip() -> None:
    with pytest.raises(ChipLimitError, match="fan-in"):
        MAKERS["PlasticDense"](weights=np.zeros((1, 70_000), int), weight_exp=7)


@pytest.mark.parametrize("rule", [MPDED(), "std-ed", None])
def test_a_rule_for_another_schedule(rule: Any) -> None:
    with pytest.raises(ConfigError, match="rule"):
        MAKERS["PlasticDense"](rule=rule)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([-1, 0], "≥ 0"),
        ([], "≥ 0"),
        ([0.0, 1.0], "float64"),
        ([[0, 1]], r"\(1, 2\)"),
        (1, r"\(\)"),
        (["a"], "integers"),
    ],
)
def test_labels_that_are_none(labels: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        MAKERS["Labels"](labels=labels)


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([[0.5, np.nan]], DataError),
        ([[0.5, np.inf]], DataError),
        ([[0.5, -0.1]], DataError),
        ([[0.5, 1.5]], DataError),
        ([[0, 256]], DataError),
        ([[0, -1]], DataError),
        ([["a", "b"]], DataError),
        ([[1j, 0]], DataError),
        (np.zeros((0, 4), np.uint8), ShapeError),
        (np.zeros((4, 0), np.uint8), ShapeError),
        (np.zeros(4, np.uint8), ShapeError),
        (np.uint8(1), ShapeError),
    ],
)
def test_samples_that_are_no_images(images: Any, error: type) -> None:
    with pytest.raises(error):
        MAKERS["Encoder"](samples=images)


def test_unknown_encoder() -> None:
    with pytest.raises(ConfigError, match="'burst' is unknown: use one of ttfs, rate, current"):
        MAKERS["Encoder"](kind="burst")


def test_samples_as_floats_and_as_bytes_are_the_same() -> None:
    grey = np.arange(256).reshape(2, 128)
    np.testing.assert_array_equal(MAKERS["Encoder"](samples=grey / 255).samples.init, grey)
    assert MAKERS["Encoder"](samples=grey).samples.init.dtype == np.uint8


@pytest.mark.parametrize("name", ["AFTIF", "AFTLIF", "FirstSpikeReadout"])
def test_the_threshold_starts_where_it_was_told_to(name: str) -> None:
    assert MAKERS[name](adaptation=Adaptation(initial_step=9)).threshold_step.init == 9


def test_a_tag_only_where_updates_gather_or_carry() -> None:
    assert MAKERS["PlasticDense"]().tag_1.shape == (1, 1)
    assert MAKERS["PlasticDense"](gather=True, weights=np.zeros((2, 3), int)).tag_1.shape == (2, 3)
    assert MAKERS["PlasticDense"](carry=True, weights=np.zeros((2, 3), int)).tag_1.shape == (2, 3)


@pytest.mark.parametrize("other", [{"gather": True}, {"scalar_rounding": 7}])
def test_a_carry_excludes_what_needs_the_tag_or_rounds(other: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="carry=True excludes"):
        MAKERS["PlasticDense"](carry=True, **other)


def test_ports_have_the_shapes_of_their_sides() -> None:
    dense = MAKERS["PlasticDense"](weights=np.zeros((2, 5), int))
    assert dense.s_in.shape == dense.e_out.shape == dense.x1.shape == (5,)
    assert dense.a_out.shape == dense.e_in.shape == dense.s_in_y1.shape == dense.y2.shape == (2,)
    feedback = MAKERS["FeedbackDense"](weights=np.zeros((2, 5), int))
    assert feedback.e_in.shape == (2,)
    assert feedback.e_out.shape == (5,)
