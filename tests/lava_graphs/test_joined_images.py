"""The images of Lava's MnistDataset while models run: those of its own property, without a copy of them all."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.utils.dataloader.mnist import MnistDataset
from user_graphs.hosted import Noise, NoiseModel

from lava_ed import attach
from lava_ed.errors import HostedModelWarning
from lava_ed.lava_graphs.hosting import joined_images
from lava_ed.lava_graphs.hosting.joined_images import JoinedImages

pytestmark = [
    pytest.mark.lava,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files in memory without a name"),
]
LAVAS = vars(MnistDataset)["images"]


def mnist(cls: type[MnistDataset] = MnistDataset) -> MnistDataset:
    """A data set as Lava reads it from its file, black but for one pixel in each of its two arrays."""
    train, test = np.zeros((60_000, 28, 28), np.uint8), np.zeros((10_000, 28, 28), np.uint8)
    train[2, 0, 5], test[1, 27, 27] = 9, 8
    dataset = cls.__new__(cls)
    dataset.data = np.array([[train, np.zeros(60_000)], [test, np.zeros(10_000)]], dtype=object)
    return dataset


@pytest.fixture
def joined() -> Iterator[None]:
    with JoinedImages():
        yield


@pytest.fixture
def joins(monkeypatch: pytest.MonkeyPatch, joined: None) -> list[int]:
    """Counts the joins that are made by copying."""
    made, vstack = [], np.vstack
    monkeypatch.setattr(np, "vstack", lambda arrays: made.append(1) or vstack(arrays))
    return made


def test_images_are_those_of_lavas_property(joins: list[int]) -> None:
    dataset = mnist()
    for _ in range(2):
        images = dataset.images
        assert (images.shape, images.dtype, images.flags.writeable) == ((70_000, 784), np.uint8, True)
        assert np.flatnonzero(images).tolist() == [2 * 784 + 5, 60_001 * 784 + 783]
        assert (images[2, 5], images[60_001, 783]) == (9, 8)
    assert not joins


def test_each_access_gives_an_array_of_its_own(joins: list[int]) -> None:
    dataset = mnist()
    first, second = dataset.images, dataset.images
    first[2] = 77
    assert second[2].max() == dataset.images[2].max() == dataset.data[0][0][2].max() == 9
    assert not joins


def test_an_array_that_someone_else_holds_is_joined_anew_each_time(joins: list[int]) -> None:
    dataset = mnist()
    part = dataset.data[1][0][5:6]
    assert dataset.images[60_005].max() == 0
    part[:] = 33
    assert dataset.images[60_005].max() == 33
    assert len(joins) == 2


def test_a_joined_array_is_read_only_until_someone_says_otherwise(joined: None) -> None:
    dataset = mnist()
    assert dataset.images[3].max() == 0
    with pytest.raises(ValueError, match="read-only"):
        dataset.data[0][0][3] = 1
    dataset.data[0][0].flags.writeable = True
    dataset.data[0][0][3] = 44
    assert dataset.images[3].max() == 44


def test_other_arrays_of_a_data_set_are_joined_from_then_on(joined: None) -> None:
    dataset = mnist()
    assert dataset.images[:3].max() == 9
    dataset.data[0][0] = np.full((60_000, 28, 28), 3, np.uint8)
    assert dataset.images[:3].min() == 3


def test_what_lava_does_not_read_so_is_left_to_lava(joins: list[int]) -> None:
    dataset = mnist()
    dataset.data[0][0] = dataset.data[0][0].astype(np.int16) - 1
    images = dataset.images
    assert (images.dtype, images[0, 0], len(joins)) == (np.int16, -1, 1)
    dataset.data[0][0] = dataset.data[0][0][:5]
    with pytest.raises(ValueError, match="cannot reshape"):
        _ = dataset.images


def test_classes_of_the_users_own_have_lavas_property(joins: list[int]) -> None:
    dataset = mnist(type("Own", (MnistDataset,), {"__eq__": lambda self, other: True, "__hash__": None}))
    assert dataset.images[2, 5] == 9
    assert len(joins) == 1


def test_without_files_for_more_arrays_lava_joins_them(joins: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    dataset = mnist()
    assert dataset.images[2, 5] == 9
    monkeypatch.setattr(joined_images.mmap, "mmap", refuse)
    assert dataset.images[2, 5] == 9
    assert len(joins) == 1


def test_a_join_ends_with_its_data_set(joined: None) -> None:
    dataset = mnist()
    images = dataset.images
    join = weakref.ref(joined_images._JOINS[dataset])
    del dataset
    assert join() is None
    assert images[2, 5] == 9


def test_it_lasts_as_long_as_models_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def note_property(self: NoiseModel) -> None:
        seen.append(vars(MnistDataset)["images"])
        self.s_out.send(np.zeros(3, bool))

    monkeypatch.setattr(NoiseModel, "run_spk", note_property)
    noise, dense = Noise(size=3, rate=0.5), Dense(weights=np.eye(3))
    noise.s_out.connect(dense.s_in)
    with pytest.warns(HostedModelWarning):
        attach(dense, Loihi2SimCfg(select_tag="fixed_pt"))
    dense.run(RunSteps(2), Loihi2SimCfg(select_tag="fixed_pt"))
    dense.stop()
    assert len(seen) == 2
    assert seen[0] is not LAVAS
    assert vars(MnistDataset)["images"] is LAVAS


def test_a_property_of_the_users_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    own = property(lambda self: self.data[1][0])
    monkeypatch.setattr(MnistDataset, "images", own)
    with JoinedImages():
        assert vars(MnistDataset)["images"] is own
