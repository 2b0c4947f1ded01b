"""Data sets as unsigned bytes, checked on the way in."""

from __future__ import annotations

from lava_ed.data.augment import check_shift, shifted
from lava_ed.data.datasets import (
    DATASETS,
    Dataset,
    check_images,
    check_labels,
    load_dataset,
    split_validation,
)
from lava_ed.data.idx import read_idx

__all__ = [
    "DATASETS",
    "Dataset",
    "check_images",
    "check_labels",
    "check_shift",
    "load_dataset",
    "read_idx",
    "shifted",
    "split_validation",
]
