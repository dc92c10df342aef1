"""Weights as the engine's array takes them: unsigned digits with a zero point a column."""

from typing import NamedTuple

import numpy as np

from vit2rtl.golden.engine.configuration import DIGITS


class Digits(NamedTuple):
    """``weight = Σ (digit - zero point) << base * place``, the upper digit first.

    digits       int64[digits, columns, inputs], 0 .. 2**base - 1
    zero_points  int64[digits, columns], 0 .. 2**base
    """

    digits: np.ndarray
    zero_points: np.ndarray


def digits_of(weight: np.ndarray, base: int) -> Digits | None:
    """The fewest digits that hold all columns; None where two do not.

    weight   int64[columns, inputs]

    A column is moved up to begin at 0: ``z = max(0, -least)``. One digit, where ``w + z`` fits and
    ``w`` has ``base`` bits and a sign; else both ``w + z`` and ``z`` have two, each unsigned. For
    4 bits and a column of -8 .. 100: z = 8 = 0·16 + 8, and 100 + 8 = 6·16 + 12, so that 100 is
    (6 - 0)·16 + (12 - 8).
    """
    zero_point = np.maximum(-weight.min(axis=1), 0)
    moved = weight + zero_point[:, np.newaxis]
    for count in range(1, DIGITS + 1):
        size = 1 << base * count
        if zero_point.max() <= size and moved.max() < size:
            places = base * np.arange(count)[::-1]
            cut = (moved >> places[:, np.newaxis, np.newaxis]) % (1 << base)
            zero_points = zero_point >> places[:, np.newaxis]
            zero_points[1:] %= 1 << base
            return Digits(cut, zero_points)
    return None
