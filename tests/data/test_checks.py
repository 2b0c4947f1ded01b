"""Checks of images and labels."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from lava_ed.data import check_images, check_labels, checks
from lava_ed.errors import DataError, ShapeError


def test_doctests():
    result = doctest.testmod(checks)
    assert (result.failed, result.attempted > 0) == (0, True)


class TestCheckImages:
    def test_bytes_pass_without_a_copy(self):
        images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
        checked = check_images(images)
        assert checked.shape == (3, 4)
        assert np.shares_memory(checked, images)

    @pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.int64, np.uint64])
    def test_integers_are_pixels(self, dtype):
        top = min(255, np.iinfo(dtype).max)
        assert check_images(np.array([[0, 1, top]], dtype)).tolist() == [[0, 1, top]]

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_floats_round_to_the_byte_they_came_from(self, dtype):
        # 1100 rows: more than one chunk
        pixels = np.tile(np.arange(256, dtype=np.uint8), (1100, 1))
        np.testing.assert_array_equal(check_images((pixels / 255).astype(dtype)), pixels)

    def test_rounding_by_hand(self):
        # 0.001·255 = 0.255, 0.002·255 = 0.51, 0.997·255 = 254.235
        assert check_images([[0.001, 0.002, 0.997]]).tolist() == [[0, 1, 254]]

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            ([[0.0, np.nan]], "pixel 1 of image 0 is nan: float pixels are 0 to 1"),
            ([[0.0], [np.inf]], "pixel 0 of image 1 is inf"),
            ([[0.0], [-np.inf]], "pixel 0 of image 1 is -inf"),
            ([[-0.25]], "is -0.25"),
            ([[127.5]], "is 127.5: float pixels are 0 to 1: divide .* or cast 0 to 255 to uint8"),
            ([[3.0]], "is 3.0"),
            ([[0, 1], [2, 256]], "pixel 1 of image 1 is 256: integer pixels are 0 to 255"),
            ([[-1, 1]], "pixel 0 of image 0 is -1"),
            ([[True, False]], "dtype bool"),
            ([["a", "b"]], "dtype <U1, expected integers 0 to 255 or floats 0 to 1"),
            ([[1j]], "dtype complex128"),
            ([[None]], "dtype object"),
        ],
    )
    def test_bad_values(self, images, message):
        with pytest.raises(DataError, match=message):
            check_images(images)

    @pytest.mark.parametrize("images", [3, [1, 2], np.zeros((0, 4), np.uint8), np.zeros((4, 0), np.uint8)])
    def test_bad_rank(self, images):
        with pytest.raises(ShapeError, match=r"expected \(N, n\)"):
            check_images(images)

    def test_ragged(self):
        with pytest.raises(ShapeError, match="same length"):
            check_images([[1, 2], [3]])

    @pytest.mark.parametrize("shape", [(5, 64), (5, 8, 8)])
    def test_known_image_shape(self, shape):
        assert check_images(np.zeros(shape, np.uint8), (8, 8)).shape == (5, 64)

    @pytest.mark.parametrize("shape", [(5, 63), (5, 4, 16), (5, 8, 8, 1)])
    def test_other_image_shape(self, shape):
        with pytest.raises(ShapeError, match=r"expected \(N, 8, 8\) or \(N, 64\)"):
            check_images(np.zeros(shape, np.uint8), (8, 8))


class TestCheckLabels:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
    def test_become_int64(self, dtype):
        labels = check_labels(np.array([0, 9], dtype), 10)
        assert labels.dtype == np.int64
        assert labels.tolist() == [0, 9]

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([0, 3], r"label 3 at index 1, expected 0 to 2: .* n_classes \(now 3\)"),
            ([0, -1], "label -1 at index 1"),
            (np.array([2**64 - 1], np.uint64), "label 18446744073709551615"),
            ([0.0, 1.0], "dtype float64, expected integers"),
            ([True], "dtype bool"),
            (["1"], "dtype <U1"),
        ],
    )
    def test_bad_values(self, labels, message):
        with pytest.raises(DataError, match=message):
            check_labels(labels, 3)

    @pytest.mark.parametrize("labels", [1, [], [[0, 1]]])
    def test_bad_shape(self, labels):
        with pytest.raises(ShapeError, match=r"expected \(N,\)"):
            check_labels(labels, 3)
