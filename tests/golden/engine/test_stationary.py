"""Weights as digits with zero points: by hand, and that they are the fewest that can be."""

import numpy as np
import pytest

from vit2rtl.golden.engine.stationary import digits_of


def check(weight, base):
    """Digits of a matrix that stand for it, or None where two cannot."""
    found = digits_of(weight, base)
    # As few as hold every column less its least, and zero points up to a whole digit more.
    zero_points = [max(0, -min(column)) for column in weight.tolist()]
    spans = [max(column) + z for column, z in zip(weight.tolist(), zero_points, strict=True)]
    fewest = next((count for count in (1, 2) if max(zero_points) <= 2**(base * count)
                   and max(spans) < 2**(base * count)), None)
    if found is None:
        assert fewest is None
        return None
    digits, zero_points = found
    assert len(digits) == len(zero_points) == fewest
    places = [1 << base * n for n in reversed(range(len(digits)))]
    assert digits.min() >= 0 and digits.max() < 1 << base
    assert zero_points.min() >= 0 and zero_points.max() <= 1 << base
    centered = digits - zero_points[:, :, np.newaxis]
    assert np.array_equal(np.tensordot(places, centered, 1), weight)
    return len(digits)


@pytest.mark.parametrize(("column", "count"), [
    ([0, 15], 1), ([0, 16], 2), ([-8, 7], 1), ([-8, 8], 2), ([-8, 100], 2),
    # A zero point of 16 is one digit's last; one of 17 has two though the codes would fit one.
    ([-16, -1], 1), ([-17, -2], 2), ([-17, -17], 2), ([-256, -1], 2), ([-257, -2], None),
    ([0, 255], 2), ([0, 256], None), ([-128, 127], 2), ([-128, 128], None),
])
def test_columns_at_their_limits(column, count):
    assert check(np.array([column]), 4) == count
    # The widest column decides for all.
    assert check(np.array([column, [0, 1]]), 4) == count


def test_the_docstring_s_column():
    digits, zero_points = digits_of(np.array([[-8, 100]]), 4)
    assert digits.tolist() == [[[0, 6]], [[0, 12]]]
    assert zero_points.tolist() == [[0], [8]]


def test_any_weights():
    rng = np.random.default_rng(1)
    for base in (2, 3, 4):
        for _ in range(50):
            low = -int(rng.integers(0, 2 << 2 * base))
            high = low + int(rng.integers(1, 2 << 2 * base))
            check(rng.integers(low, high, (3, 5)), base)
