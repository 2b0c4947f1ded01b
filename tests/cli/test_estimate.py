"""`lava-ed estimate`: the sanity figure of 784-400-10 from the command line."""

from __future__ import annotations

import pytest


def test_figures_of_784_400_10(lava_ed):
    value = lava_ed("estimate", "784-400-10", "--spikes", "150,120", "--json").value
    assert value["price_list"] == "loihi1-davies2018"
    cost = value["microjoules"]
    assert [round(cost["effective"][key], 1) for key in ("low", "high")] == [4.4, 4.8]
    assert [round(cost[name]["updates"], 1) for name in ("x0", "y0", "u0")] == [7.3, 11.8, 38.1]
    shown = lava_ed("estimate", "784-400-10", "--spikes", "150,120").out
    assert "4.431" in shown
    assert "never a Loihi 2 figure" in shown


def test_convolutions_by_way_of_sharing(lava_ed):
    arguments = ("estimate", "8c3-200c12-p8-10", "--image", "1,28,28", "--spikes", "150,900,80", "--steps", "24")
    value = lava_ed(*arguments, "--json").value
    assert "230,400 weights of conv2's kernels" in value["sharing"]["accumulated"]["chip"]["refused"]
    shown = lava_ed(*arguments).out
    assert "accumulated does not fit loihi2" in " ".join(shown.split())
    smaller = ("estimate", "4c3-p2-10", "--image", "1,8,8", "--spikes", "30,20", "--steps", "24", "--json")
    assert lava_ed(*smaller).value["sharing"]["none"]["chip"]["cores"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("784-x", "--spikes", "1"),
        ("784-10", "--spikes", "one"),
        ("784-10", "--spikes", "1", "--price-list", "none"),
        ("4c3-10", "--spikes", "1,1"),
        ("4c3-10", "--spikes", "1,1", "--image", "8,8"),
        ("784-10", "--spikes", "1", "--image", "1,28,28"),
        ("4c3-10", "--spikes", "1,1", "--image", "1,8,8", "--rule", "ssgd"),
    ],
)
def test_bad_arguments_of_the_command(lava_ed, arguments):
    outcome = lava_ed("estimate", *arguments, "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] in ("ConfigError", "PriceListError")
