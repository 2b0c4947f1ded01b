"""Settings of a net: declared once, and what follows from that."""

from __future__ import annotations

from dataclasses import fields

import pytest

from lava_ed.errors import ConfigError
from lava_ed.kernels.fixed_point import DECAY_UNITY, TRACE_MAX
from lava_ed.network.encoding import DROP_MAX
from lava_ed.network.settings import NetSettings, declared, is_list, options
from lava_ed.network.spec import NetworkSpec


def test_ranges_are_those_of_the_number_formats():
    """They are written out, so that the declaration needs no compiled code."""
    highest = {name: setting.high for name, (_, setting) in declared(NetSettings).items()}
    assert (highest["dead_zone"], NetSettings().error_limit) == (TRACE_MAX, TRACE_MAX)
    assert (highest["dv"], highest["input_drop"]) == (DECAY_UNITY - 1, DROP_MAX)


def test_a_net_has_layers_and_a_rule_before_its_settings():
    assert [f.name for f in fields(NetworkSpec)] == ["sizes", "rule", *declared(NetSettings)]


def test_options_name_their_choices():
    assert list(options()) == [
        *("steps", "encoder", "readout", "feedback", "init_limits", "weight_exponents", "error_shift"),
        *("softmax_shift", "dead_zone"),
        *(
            "learning",
            "count_shift",
            "dependency",
            "sharing",
            "pooling",
            "threshold_steps",
            "hidden_dead_zones",
            "error_grains",
        ),
    ]
    assert options()["steps"][0] is int
    assert options()["feedback"] == (str, "symmetric or random.")
    assert [name for name in options() if is_list(name)] == [
        *("init_limits", "weight_exponents", "threshold_steps", "hidden_dead_zones", "error_grains")
    ]


def test_only_a_default_may_be_none():
    assert NetSettings(encoder=None).encoder is None
    with pytest.raises(ConfigError, match="feedback None is unknown"):
        NetSettings(feedback=None)
