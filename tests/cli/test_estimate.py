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


@pytest.mark.parametrize(
    "arguments",
    [("784-x", "--spikes", "1"), ("784-10", "--spikes", "one"), ("784-10", "--spikes", "1", "--price-list", "none")],
)
def test_bad_arguments_of_the_command(lava_ed, arguments):
    outcome = lava_ed("estimate", *arguments, "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] in ("ConfigError", "PriceListError")
