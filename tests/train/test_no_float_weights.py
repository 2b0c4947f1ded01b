"""No array of floats with the shape of a weight matrix exists while a net trains."""

from __future__ import annotations

import gc
import sys
import tracemalloc

import numpy as np
import pytest

from lava_ed.train import Reporter, train

HIDDEN = (23, 17)
SHAPES = {(a, b) for m, n in ((64, 23), (23, 17), (17, 10)) for a, b in ((m, n), (n, m))}
SIZES = {a * b for a, b in SHAPES}
LARGE = {64 * 23, 23 * 17}
"""Of these, the ones whose size in bytes nothing else has."""
NUMPY_DOMAIN = 389047
"""Under which NumPy reports its allocations to tracemalloc."""


def is_float_weight(value):
    """Whether an object is an array of floats that could hold a connection's weights."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size in SIZES


def float_weights():
    """Such arrays that any object holds; arrays are not tracked themselves, but their holders are."""
    arrays = [x for holder in gc.get_objects() for x in gc.get_referents(holder) if type(x) is np.ndarray]
    return [array.shape for array in arrays if is_float_weight(array)]


def float_sized_blocks():
    """Memory blocks of NumPy as large as weights in single or double precision, whoever holds them."""
    snapshot = tracemalloc.take_snapshot()
    return [
        trace.size
        for trace in snapshot.filter_traces([tracemalloc.DomainFilter(True, NUMPY_DOMAIN)]).traces
        if trace.size in {n * width for n in LARGE for width in (4, 8)}
    ]


class Watch(Reporter):
    """Looks at all objects between chunks, and at the locals of every function that returns."""

    def __init__(self, plant=False):
        self.found = []
        self.looks = 0
        self.returns = 0
        self.plant = plant

    def chunk(self, epoch, epochs, done, samples):
        profile = sys.getprofile()
        sys.setprofile(None)  # looking is slow enough without being watched
        held = [np.zeros((23, 17), np.float32)] if self.plant else []
        self.looks += 1
        self.found += float_weights() + float_sized_blocks()
        held.clear()
        sys.setprofile(profile)

    def on_return(self, frame, event, argument):
        if event == "return":
            self.returns += 1
            self.found += [x.shape for x in (*frame.f_locals.values(), argument) if is_float_weight(x)]


def watched_training(config, out, digits, watch):
    """Train under the eyes of `watch`; objects from before, of other tests, are left out of each look."""
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    sys.setprofile(watch.on_return)
    try:
        train(config, out, dataset=digits, reporter=watch)
    finally:
        sys.setprofile(None)
        tracemalloc.stop()
        gc.unfreeze()


@pytest.fixture
def config(small):
    """A configuration whose weights have sizes that nothing else has."""
    return small(hidden=HIDDEN, epochs=1, limit=256, checkpoint_interval=64)


def test_no_float_weights_while_training(config, digits, tmp_path):
    watch = Watch()
    watched_training(config, tmp_path / "run", digits, watch)
    assert watch.looks >= 4
    assert watch.returns > 1000
    assert watch.found == []


def test_the_watch_sees_a_float_array(config, digits, tmp_path):
    watch = Watch(plant=True)
    watched_training(config, tmp_path / "run", digits, watch)
    assert (23, 17) in watch.found
    assert 23 * 17 * 4 in watch.found
