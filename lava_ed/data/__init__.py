"""Data sets as unsigned bytes, checked on the way in."""

from __future__ import annotations

from lava_ed.data.augment import check_flip, check_shift, flipped, shifted
from lava_ed.data.checks import check_images, check_labels
from lava_ed.data.datasets import DATASETS, data_folder, load_dataset
from lava_ed.data.idx import read_idx
from lava_ed.data.record import Dataset, split_validation

__all__ = [
    "DATASETS",
    "Dataset",
    "check_flip",
    "check_images",
    "check_labels",
    "check_shift",
    "data_folder",
    "flipped",
    "load_dataset",
    "read_idx",
    "shifted",
    "split_validation",
]
