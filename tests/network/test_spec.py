"""NetworkSpec: defaults, every named error, and its dictionary form."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from strategies import edged

from lava_ed.errors import ChipLimitError, ConfigError, UnrepresentableRateError
from lava_ed.learning_rules import MPDED, STDED, AggregatedMPDED, RelPSPFixed, Renner, halvings
from lava_ed.network import Adaptation, NetworkSpec, Schedule

DEEP = (20, 12, 8, 5)


def test_defaults():
    spec = NetworkSpec((784, 256, 10))
    assert spec.rule == STDED()
    assert (spec.encoder, spec.init_limits, spec.weight_exponents) == ("ttfs", (32, 32), (0, 0))
    assert spec.schedule == Schedule(16, 2, "std-ed", "membrane")
    assert (list(spec.layers), list(spec.hidden)) == ([1, 2], [1])
    assert NetworkSpec((4, 2), MPDED()).encoder == "rate"
    assert hash(spec) == hash(NetworkSpec([784, 256, 10]))


BAD = [
    ({"sizes": (10,)}, "at least an input and an output layer"),
    ({"sizes": ()}, "at least an input and an output layer"),
    ({"sizes": (10, 0, 2)}, "each with neurons"),
    ({"init_limits": (32,)}, "init_limits .*2 integers 1 … 127"),
    ({"init_limits": (32, 0)}, "init_limits"),
    ({"init_limits": (32, 128)}, "init_limits"),
    ({"weight_exponents": (0, 0, 0)}, "weight_exponents .*2 integers -8 … 7"),
    ({"weight_exponents": (0, -9)}, "weight_exponents"),
    ({"weight_exponents": (8, 0)}, "weight_exponents"),
    ({"encoder": "poisson"}, "encoder 'poisson' is unknown: use one of ttfs, rate, current"),
    ({"feedback": "direct"}, "feedback 'direct' is unknown: use one of symmetric, random"),
    ({"weight_rounding": "up"}, "weight_rounding 'up' is unknown: use one of stochastic, carry"),
    (
        {"sizes": (4, 3, 3, 2), "rule": MPDED(2.0**-7), "weight_rounding": "carry"},
        "'carry' needs the tag, in which the updates of mpd-ed with several hidden layers",
    ),
    (
        {"rule": RelPSPFixed(), "weight_rounding": "carry"},
        "relpsp-fixed rounds its weights stochastically: weight_rounding 'carry' is not for it",
    ),
    ({"softmax_rounding": "up"}, "softmax_rounding 'up' is unknown: use one of floor, nearest, carry"),
    ({"overflow": "ignore"}, "overflow 'ignore' is unknown: use one of raise, warn, wrap"),
    ({"readout": "vote"}, "readout 'vote' is unknown"),
    ({"encoder": "rate"}, "STD-ED reads one spike time.*use encoder='ttfs'"),
    ({"encoder": "current"}, "STD-ED reads one spike time"),
    ({"steps": 128}, "T = 2 … 127.*choose a shorter window"),
    ({"steps": 1}, "T = 2 … 127"),
    ({"rule": MPDED(), "steps": 65}, "T = 2 … 64"),
    ({"error_shift": 32}, "error_shift is 32, allowed is 0 … 31"),
    ({"error_shift": -1}, "error_shift"),
    ({"error_limit": 0}, "error_limit is 0, allowed is 1 … 8388607"),
    ({"error_limit": 2**23}, "error_limit"),
    ({"softmax_shift": 24}, "softmax_shift is 24, allowed is 0 … 23"),
    ({"dead_zone": 128}, "dead_zone is 128, allowed is 0 … 127"),
    ({"dv": 4096}, "dv is 4096, allowed is 0 … 4095"),
    ({"dv": -1}, "dv"),
    ({"half_width": 0}, "half_width is 0, allowed is 1 … 1024"),
    ({"seed": 2**32}, "seed is 4294967296"),
    ({"seed": -1}, "seed"),
    ({"dv": math.nan}, "dv is nan"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        NetworkSpec(**{"sizes": (12, 6, 3), "steps": 8, **changes})


@given(
    error_shift=edged(0, 31), error_limit=edged(1, 2**23 - 1), softmax_shift=edged(0, 23), dead_zone=edged(0, 127),
    dv=edged(0, 4095), half_width=edged(1, 1024), seed=edged(0, 2**32 - 1), init=edged(1, 127), exponent=edged(-8, 7),
)  # fmt: skip
def test_edges_are_accepted(init, exponent, **settings):
    """And every setting survives the dictionary form."""
    spec = NetworkSpec((4, 3, 2), init_limits=(init, 1), weight_exponents=(exponent, 0), **settings)
    assert {name: getattr(spec, name) for name in settings} == settings
    assert NetworkSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_description_from_before_rounding_could_be_chosen_rounds_down():
    data = NetworkSpec((4, 3, 2), softmax_rounding="nearest").to_dict()
    assert NetworkSpec.from_dict(data).softmax_rounding == "nearest"
    del data["softmax_rounding"], data["weight_rounding"]
    assert NetworkSpec.from_dict(data).softmax_rounding == "floor"
    assert NetworkSpec.from_dict(data).weight_rounding == "stochastic"


def test_a_layer_too_wide_for_the_learning_kernel_is_refused():
    assert NetworkSpec((4, 32_767)).sizes[1] == 32_767
    with pytest.raises(
        ChipLimitError, match=r"connection 1: post-synaptic neurons: 32,768 of 32,767.*divide the layer"
    ):
        NetworkSpec((4, 32_768))


def test_membrane_limit_gives_a_readable_report():
    """784·256·42 passes 2^23 − 1, 784·256·41 does not; the report names every layer and the way out."""
    assert NetworkSpec((784, 256, 10), steps=41).steps == 41
    with pytest.raises(ChipLimitError) as caught:
        NetworkSpec((784, 256, 10), steps=42)
    assert str(caught.value).splitlines() == [
        "the net does not fit the chip:",
        "layer 1: membrane, fan-in 784 × |weight| 256 × T 42: 8,429,568 of 8,388,607"
        "  ← too large: take fewer time steps or a smaller fan-in",
        "layer 2: membrane, fan-in 256 × |weight| 256 × T 42: 2,752,512 of 8,388,607",
    ]


@pytest.mark.parametrize(("exponents", "fits"), [((0, 0), True), ((1, 0), False), ((-8, 3), True), ((-8, 4), False)])
def test_weight_exponents_widen_the_membrane(exponents, fits):
    """At T = 32: 784·256·32 doubled once passes 24 bits; 100·256·32 = 819,200 may double three times."""
    if fits:
        NetworkSpec((784, 100, 10), steps=32, weight_exponents=exponents)
    else:
        with pytest.raises(ChipLimitError):
            NetworkSpec((784, 100, 10), steps=32, weight_exponents=exponents)


def test_mpd_ed_leaves_overflow_to_its_policy():
    assert NetworkSpec((40000, 10), MPDED(), 32).sizes == (40000, 10)


def test_gathering_by_hand():
    """Only connections between two hidden layers carry errors while they learn."""
    for spec, expected in (
        (NetworkSpec(DEEP, MPDED()), [False, True, False]),
        (NetworkSpec(DEEP, MPDED(), feedback="random"), [False] * 3),
        (NetworkSpec(DEEP, STDED()), [False] * 3),
        (NetworkSpec(DEEP[:3], MPDED()), [False] * 2),
    ):
        assert [spec.gathers(layer) for layer in spec.layers] == expected


def test_gathered_updates_limit_the_rate():
    """dt = 2^-2·y takes two of the scale's eight exponents."""
    assert NetworkSpec(DEEP, MPDED(64.0)).rule.rate.exponent == 6
    with pytest.raises(ChipLimitError, match="up to 6, got 7: lower the learning rate"):
        NetworkSpec(DEEP, MPDED(128.0))
    assert NetworkSpec(DEEP[:3], MPDED(128.0)).rule.rate.exponent == 7


def test_decay_of_the_layer_above():
    """The error's source leaks with its own dv; a readout, and random feedback from it, do not."""
    spec = NetworkSpec(DEEP, MPDED(), dv=300)
    assert [spec.dv_post(layer) for layer in spec.hidden] == [300, 0]
    spec = NetworkSpec(DEEP, MPDED(), dv=300, feedback="random")
    assert [spec.dv_post(layer) for layer in spec.hidden] == [0, 0]


def test_graded_input():
    assert NetworkSpec((4, 2), MPDED(), encoder="current").graded_input
    assert not NetworkSpec((4, 2), MPDED()).graded_input


@pytest.mark.parametrize(
    "spec",
    [
        NetworkSpec((5, 4), STDED(0.003, halvings(0.2, 0.4))),
        NetworkSpec(DEEP, MPDED(decay=()), encoder="current", readout="first-spike", feedback="random"),
        NetworkSpec((5, 4), adaptation=Adaptation(3, 0), readout_adaptation=Adaptation(4, 5, 6, 7, 8), overflow="wrap"),
    ],
)
def test_description_round_trip(spec):
    """Through JSON, as a run's config.json has it."""
    text = json.dumps(spec.to_dict())
    assert NetworkSpec.from_dict(json.loads(text)) == spec
    assert json.dumps(NetworkSpec.from_dict(json.loads(text)).to_dict()) == text


@pytest.mark.parametrize("found", [0, 2, None, "1"])
def test_other_formats_are_refused(found):
    description = NetworkSpec((5, 4)).to_dict()
    description["format"] = found
    with pytest.raises(ConfigError, match=f"has format {found!r}, this version reads 1: retrain"):
        NetworkSpec.from_dict(description)


def test_a_format_that_is_as_long_as_a_file_is_not_repeated() -> None:
    from lava_ed.config import TrainConfig

    for reader, data in ((NetworkSpec, NetworkSpec((5, 4)).to_dict()), (TrainConfig, {"rule": "std-ed"})):
        with pytest.raises(ConfigError, match="has format") as caught:
            reader.from_dict({**data, "format": [0] * 1000})
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("rule"),
        lambda d: d.pop("adaptation"),
        lambda d: d.pop("sizes"),
        lambda d: d["rule"].pop("name"),
        lambda d: d["rule"].update(name="backprop"),
        lambda d: d["rule"].update(momentum=0.9),
        lambda d: d["adaptation"].update(speed=2),
        lambda d: d.update(dropout=0.5),
        lambda d: d.update(sizes=None),
        lambda d: d.update(rule=None),
    ],
)
def test_incomplete_or_unknown_entries_are_refused(change):
    description = NetworkSpec((5, 4)).to_dict()
    change(description)
    with pytest.raises(ConfigError, match="not complete or has unknown entries"):
        NetworkSpec.from_dict(description)


def test_a_description_is_checked_like_a_spec():
    """And reading it leaves it as it was."""
    description = NetworkSpec((5, 4)).to_dict() | {"steps": 128}
    before = json.dumps(description)
    with pytest.raises(ConfigError, match="T = 2 … 127"):
        NetworkSpec.from_dict(description)
    assert json.dumps(description) == before


@pytest.mark.parametrize("name", ["steps", "seed", "dv", "encoder"])
def test_missing_settings_are_refused(name):
    description = NetworkSpec((5, 4)).to_dict()
    del description[name]
    with pytest.raises(ConfigError):
        NetworkSpec.from_dict(description)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(rule="std-ed"),
        lambda d: d.update(sizes="ab"),
        lambda d: d["rule"].update(decay=[["half", 0.5]]),
    ],
)
def test_malformed_entries_are_refused(change):
    description = NetworkSpec((5, 4)).to_dict()
    change(description)
    with pytest.raises(ConfigError):
        NetworkSpec.from_dict(description)


@pytest.mark.parametrize("changes", [{"sizes": (4.7, 2)}, {"seed": 1.5}, {"dv": 0.5}, {"init_limits": (3.5,)}])
def test_settings_are_whole_numbers(changes):
    with pytest.raises(ConfigError):
        NetworkSpec(**{"sizes": (4, 2), **changes})


@pytest.mark.parametrize("data", [None, [], "net"])
def test_what_is_no_description(data):
    with pytest.raises(ConfigError, match="not a table of entries"):
        NetworkSpec.from_dict(data)


KERNELS = {"arch": "4c3-p2-8c3-10", "image": (1, 10, 10), "weight_rounding": "carry", "steps": 4}
ONCE = {"rule": MPDED(2.0**-9), "learning": "aggregated"}


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({**ONCE, "learning": "replayed"}, ConfigError, "learning 'aggregated' only"),
        ({**ONCE, "dv": 100}, ConfigError, "dv 0 only"),
        ({**ONCE, "feedback": "random"}, ConfigError, "feedback 'symmetric' only"),
        ({"rule": STDED(), "pooling": "or"}, ConfigError, "std-ed lets a square's first spike through"),
        ({"rule": STDED(), "count_shift": 3}, ConfigError, "std-ed counts no spikes"),
        ({**ONCE, "learning": "replayed", "count_shift": 3}, ConfigError, "learning 'aggregated' only"),
        ({**ONCE, "arch": "10", "encoder": "current", "count_shift": 3}, ConfigError, "no dense layer of 10 counts"),
        ({**ONCE, "rule": AggregatedMPDED(count_shift=3)}, ConfigError, "count_shift 3 is the rule's: give it to"),
        (
            {**ONCE, "rule": MPDED(2.0**-8, ((0.5, 2.0**-5),)), "rate_shifts": (4, 3, 2), "count_shift": 3},
            UnrepresentableRateError,
            r"connection 3 at rate 0.00390625, decay .*rate_shifts \(4, 3, 2\), count_shift 3: learning rate 3.05.*end",
        ),
        ({**ONCE, "arch": "", "image": (), "count_shift": 3, "sizes": (9, 4)}, ConfigError, "named layers"),
        (
            {"rule": Renner(), "arch": "4c3-10", "steps": 1},
            ConfigError,
            "by one of std-ed, mpd-ed, .*, got .renner.",
        ),
        ({**ONCE, "arch": "4c3-p2-300c3-10"}, ChipLimitError, "fan-out 2700"),
        ({**ONCE, "arch": "4c3-p2-10", "error_limit": 2**23 - 1}, ChipLimitError, "error_limit 8388607 over T 4"),
        ({**ONCE, "arch": "4c3-p8-10", "steps": 2}, ChipLimitError, "T 2 × 64 neurons"),
        ({**ONCE, "arch": "", "image": (), "pooling": "or", "sizes": (9, 4)}, ConfigError, "named layers"),
    ],
)
def test_what_convolutions_do_not_learn_by_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        NetworkSpec(**{"sizes": (), **KERNELS, **changes})


def test_the_rule_of_each_dense_layer_by_hand():
    """2^-5 with 3 bits cut off is 2^(-2 - 3); a spike that adds 8 lets 2^-5 be 2^-5 - 0, and 2 shifts make it 2^-7."""
    rule, once = "{0}*x0*x1*y1 - {0}*x0*x1*y2".format, {"learning": "aggregated", "sizes": ()}
    net = {**KERNELS, **once, "rule": MPDED(2.0**-5)}
    assert NetworkSpec((9, 4), MPDED(2.0**-5), learning="aggregated").dw("u0") == rule("2^-2").replace("x0", "u0")
    assert NetworkSpec(**net).dw("x0") == rule("2^-2")
    eight = NetworkSpec(**net, rate_shifts=(0, 0, 2), count_shift=3)
    assert eight.dw("x0") == rule("2^-7") + ", where a spike adds 8 to x1"
    two = NetworkSpec(**{**net, "arch": "4c3-p2-5-10"}, rate_shifts=(0, 1, 2))
    assert two.dw("x0") == f"{rule('2^-3')} (dense2); {rule('2^-4')} (dense3)"
