"""What is measured before convolutions are trained."""

from __future__ import annotations

import numpy as np

from lava_ed import STDED, NetworkSpec
from lava_ed.train.calibration import calibrated


def test_errors_of_a_deep_net_may_leave_their_register_while_one_layer_is_measured():
    """Unclipped errors of the last layer grow through four more: the measured shifts bring all of them back."""
    rng = np.random.default_rng(0)
    spec = NetworkSpec(
        (),
        STDED(learning_rate=2**-9),
        weight_rounding="carry",
        steps=15,
        arch="32c5p2-32c5p2-32c5p2-32c5p2-10",
        image=(1, 8, 8),
    )
    images, labels = rng.integers(0, 256, (20, 64), dtype=np.uint8), rng.integers(0, 10, 20)
    spec = calibrated(spec, images, labels, np.arange(20))
    assert len(spec.error_shifts) == 5
