"""The meter counts from arrays alone what the engine counts while it learns."""

from __future__ import annotations

import numpy as np
import pytest
from nets import samples, small_spec

from lava_ed.energy import LearningCostMeter, learning_cost
from lava_ed.engine import build_program
from lava_ed.errors import ConfigError, ShapeError


@pytest.mark.parametrize("dependency", ["x0", "y0"])
def test_a_stranger_counts_what_the_engine_counts(dependency):
    images, labels = samples(8)
    spec = small_spec("std-ed", (8,), dependency=dependency)
    program, meter, shown = build_program(spec), LearningCostMeter(dependency), 0
    program.bind(images)
    weights = [program.get(f"dense{layer}", "weights").T.astype(int) for layer in (1, 2)]
    for k in range(8):
        program.present(np.array([k]), labels[k : k + 1])
        shown += 1
        error = program.get("error", "e")
        if error.any():
            meter.sends(error, weights[1])
        for layer in (1, 2):
            node = f"dense{layer}"
            x1, y = program.get(node, "x1"), program.get(node, "y1") - program.get(node, "y2")
            after = program.get(node, "weights").T.astype(int)
            if y.any():
                size = np.abs(np.outer(x1, y)) * spec.rule.rate.mantissa >> spec.rule.excess
                meter.learns(x1, y, size, weights[layer - 1], after)
            weights[layer - 1] = after
    found, expected = meter.compute(shown), learning_cost(program.counters(), shown)
    traces = found.pop("trace_writes"), expected.pop("trace_writes")
    assert traces[0] == 0 < traces[1]  # it was told of none
    assert found == expected
    assert all(found.values())
    meter.reset()
    assert not any(meter.compute(1).values())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="dependency 'z0' is unknown"):
        LearningCostMeter("z0")
    with pytest.raises(ShapeError, match=r"shape \(2, 3\) beside 3 inputs and 2 neurons"):
        LearningCostMeter().learns([1, 0, 1], [1, 1], np.ones((2, 3)), np.ones((3, 2)), np.ones((3, 2)))
    meter = LearningCostMeter()
    for errors, weights in (([1, 0, 1], np.ones((3, 2))), ([1, 0], np.ones(2)), ([[1, 0]], np.ones((3, 2)))):
        with pytest.raises(ShapeError, match="beside errors of shape"):
            meter.sends(errors, weights)
    with pytest.raises(ConfigError, match="traces is -1"):
        meter.learns([1], [1], [[1]], [[1]], [[2]], traces=-1)
    assert not any(meter.counts.values())
    with pytest.raises(ConfigError, match="samples is 0"):
        LearningCostMeter().compute(0)
