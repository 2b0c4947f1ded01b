"""Small data sets as IDX files, for what reads MNIST's file names."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

PER_CLASS = 6


def write_idx_set(folder: Path, seed: int, per_class: int = PER_CLASS) -> Path:
    """Four IDX files of random images in `folder`: so many training images of each class, a third for the test."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    for part, count in (("train", per_class), ("t10k", max(1, per_class // 3))):
        labels = np.tile(np.arange(10, dtype=np.uint8), count)
        images = generator.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        head = b"\0\0\x08\x03" + struct.pack(">3I", *images.shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = b"\0\0\x08\x01" + struct.pack(">I", len(labels))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    return folder
