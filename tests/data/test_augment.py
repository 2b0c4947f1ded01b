"""Shifted images, beside a frame of zeros around each and a window cut out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.data import check_flip, check_shift, flipped, shifted
from lava_ed.errors import ConfigError


def test_by_hand() -> None:
    """Down by one, and right by one and up by two."""
    images = np.arange(1, 10, dtype=np.uint8).reshape(1, 9).repeat(2, axis=0)
    moved = shifted(images, (3, 3), np.array([[1, 0], [-2, 1]]))
    assert moved.reshape(2, 3, 3).tolist() == [
        [[0, 0, 0], [1, 2, 3], [4, 5, 6]],
        [[0, 7, 8], [0, 0, 0], [0, 0, 0]],
    ]
    assert images[0].tolist() == list(range(1, 10))


@given(st.data(), st.integers(1, 6), st.integers(1, 6), st.integers(0, 5))
def test_is_a_window_of_the_padded_image(data: st.DataObject, height: int, width: int, n: int) -> None:
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    images = generator.integers(0, 256, (n, height * width)).astype(np.uint8)
    offsets = np.stack([generator.integers(1 - side, side, n) for side in (height, width)], axis=1)
    moved = shifted(images, (height, width), offsets).reshape(n, height, width)
    for image, result, (down, right) in zip(images.reshape(n, height, width), moved, offsets, strict=True):
        padded = np.pad(image, ((height, height), (width, width)))
        window = padded[height - down : 2 * height - down, width - right : 2 * width - right]
        np.testing.assert_array_equal(result, window)


def test_channels_move_together() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3 * 4 * 6)).astype(np.uint8)
    offsets = np.array([[0, 0], [1, -2], [-1, 0], [3, 5], [1, -2]])
    moved = shifted(images, (3, 4, 6), offsets).reshape(5, 3, 24)
    for channel in range(3):
        alone = shifted(images.reshape(5, 3, 24)[:, channel], (4, 6), offsets)
        np.testing.assert_array_equal(moved[:, channel], alone)


@pytest.mark.parametrize("shape", [(4, 6), (3, 4, 6)])
def test_mirrors(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, int(np.prod(shape)))).astype(np.uint8)
    before = images.copy()
    result = flipped(images, shape, np.array([True, False, True, False])).reshape(4, *shape)
    np.testing.assert_array_equal(images, before)
    for k in (1, 3):
        np.testing.assert_array_equal(result[k], images[k].reshape(shape))
    for k in (0, 2):
        np.testing.assert_array_equal(result[k], np.flip(images[k].reshape(shape), axis=-1))


def test_what_cannot_be_mirrored() -> None:
    check_flip(False, (64,))
    check_flip(True, (3, 8, 8))
    with pytest.raises(ConfigError, match=r"flip: samples of shape .64,. have no rows"):
        check_flip(True, (64,))


@pytest.mark.parametrize(
    ("shift", "shape", "text"),
    [
        (1, (64,), "no rows and columns"),
        (8, (8, 9), "at most 7"),
        (3, (3, 8), "at most 2"),
        (3, (9, 3, 8), "at most 2"),
    ],
)
def test_what_images_do_not_allow(shift: int, shape: tuple[int, ...], text: str) -> None:
    with pytest.raises(ConfigError, match=f"shift {shift}.*{text}"):
        check_shift(shift, shape)


def test_what_images_allow() -> None:
    check_shift(0, (64,))
    check_shift(7, (8, 9))
    check_shift(7, (1, 8, 9))
