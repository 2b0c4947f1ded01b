"""Tasks out of a data set, against what the words say."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.continual import make_scenario
from lava_ed.data import Dataset
from lava_ed.errors import ConfigError


def data(classes: int = 6) -> Dataset:
    labels = np.arange(12) % classes
    images = np.arange(12 * 9, dtype=np.uint8).reshape(12, 9)
    return Dataset("own", images, labels, images, labels, classes, (3, 3), "made here")


def test_classes_are_split_in_order_and_each_way_of_asking_has_its_outputs():
    tasks = {way: make_scenario("split-own", data(), 3, way) for way in ("task", "domain", "class")}
    assert [task.classes for task in tasks["class"].tasks] == [(0, 1), (2, 3), (4, 5)]
    assert [task.outputs for task in tasks["domain"].tasks] == [(0, 1)] * 3
    assert {way: scenario.n_outputs for way, scenario in tasks.items()} == {"task": 6, "domain": 2, "class": 6}
    assert make_scenario("split-own", data(), 3).incremental == "class"
    second, labels = tasks["domain"].tasks[1], data().train_labels
    assert second.rows(labels).tolist() == [2, 3, 8, 9]
    assert second.targets(labels)[second.rows(labels)].tolist() == [0, 1, 0, 1]
    assert tasks["task"].tasks[1].targets(labels)[[2, 3]].tolist() == [2, 3]


def test_permuted_pixels_are_the_same_pixels_in_another_order_for_each_task():
    scenario = make_scenario("permuted-own", data(), 3, seed=1)
    images = data().train_images
    shown = [task.seen(images) for task in scenario.tasks]
    assert scenario.incremental == "domain"
    assert all(task.classes == tuple(range(6)) for task in scenario.tasks)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (shown[one] != shown[other]).any()
    for picture in shown:
        np.testing.assert_array_equal(np.sort(picture, axis=1), np.sort(images, axis=1))
    again = make_scenario("permuted-own", data(), 3, seed=1)
    np.testing.assert_array_equal(again.tasks[2].seen(images), shown[2])


@pytest.mark.parametrize(
    ("name", "tasks", "incremental", "complaint"),
    [
        ("rotated-own", 3, None, "permuted-DATASET"),
        ("split-", 3, None, "permuted-DATASET"),
        ("split-own", 4, None, "cannot be split into 4 tasks"),
        ("split-own", 6, None, "two or more each"),
        ("split-own", 1, None, "at least two"),
        ("split-own", 3, "time", "use one of task, domain, class"),
        ("permuted-own", 3, "class", "domain-incremental"),
    ],
)
def test_what_is_no_scenario(name, tasks, incremental, complaint):
    with pytest.raises(ConfigError, match=complaint):
        make_scenario(name, data(), tasks, incremental)
