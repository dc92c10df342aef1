"""Matrices cut into tiles and codes into digits, by hand."""

import numpy as np
import pytest

from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.engine.tiles import blocks, digits, filled, nowhere, padded


def test_blocks_repeat_the_last_one():
    assert blocks(5, 3).tolist() == [[0, 1, 2], [3, 4, 4]]
    assert filled(5, 3).tolist() == [[False] * 3, [False, False, True]]
    assert blocks(4, 2).tolist() == [[0, 1], [2, 3]]
    assert not filled(4, 2).any()
    assert nowhere(blocks(3, 2), filled(3, 2)).tolist() == [[0, 1], [2, NOWHERE]]


def test_the_last_axis_is_filled_up():
    matrix = np.arange(1, 7).reshape(2, 3)
    assert padded(matrix, 2).tolist() == [[1, 2, 3, 0], [4, 5, 6, 0]]
    assert padded(matrix, 4, -1).tolist() == [[1, 2, 3, -1], [4, 5, 6, -1]]
    assert padded(matrix, 3).tolist() == matrix.tolist()
    assert padded(matrix[np.newaxis], 2).shape == (1, 2, 4)


@pytest.mark.parametrize(("values", "count", "base", "due"), [
    ([0, 15, -16], 1, 4, [[0, 15, -16]]),
    ([0x5a, -1, -86], 2, 4, [[5, -1, -6], [10, 15, 10]]),
    ([0x1234, -2], 3, 4, [[0x12, -1], [3, 15], [4, 14]]),
    ([37, -37], 2, 3, [[4, -5], [5, 3]]),
])
def test_digits_the_upper_one_first_and_signed(values, count, base, due):
    found = digits(np.array(values), count, base)
    assert found.tolist() == due
    weights = [1 << base * n for n in reversed(range(count))]
    assert (np.array(weights) @ found).tolist() == values
