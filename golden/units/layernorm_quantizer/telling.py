"""Which rows show the table of the root: a change of one bit of it shows at few mantissas alone."""

from functools import cache
from math import isqrt

import numpy as np

# Bits of an entry: y, and y².
_SEED, _SQUARE = 10, 20


@cache
def differences(span: int, others: int) -> tuple[int, ...]:
    """Differences, up to ``span``, of one element from the others of its row, 1 or 16.

    A step of Newton leaves little of what its first value is off. With the lowest bit of an entry's
    y² inverted some 60 of its 16,384 mantissas have another root: those whose root is about to be
    rounded to the next number. So for each entry those differences are taken that show each bit
    which any difference shows, greedily, or any where none does. Of a ``span`` of 65535 it is 326.
    """
    difference = np.arange(1, span + 1, dtype=np.int64)
    variance = others * difference * difference + 1
    size = np.frexp(variance.astype(float))[1].astype(np.int64)  # exact: below 2**53
    pairs = (size - 21) >> 1
    m = np.where(pairs > 0, variance >> 2 * np.maximum(pairs, 0),
                 variance << -2 * np.minimum(pairs, 0))
    entry = m >> 14
    middles = [(2 * n + 1) << 13 for n in range(256)]
    y = np.array([(isqrt((4 << 40) // middle) + 1) // 2 for middle in middles])[entry]
    root = _root(m, y, y * y)
    shown = np.array(
        [_root(m, y ^ (1 << bit), y * y) != root for bit in range(_SEED)]
        + [_root(m, y, y * y ^ (1 << bit)) != root for bit in range(_SQUARE)]
    )
    chosen: list[int] = []
    for number in np.unique(entry):
        places = np.flatnonzero(entry == number)
        left = shown[:, places]
        if not left.any():
            chosen.append(places[0])
        while left.any():
            best = left.sum(axis=0).argmax()
            chosen.append(places[best])
            left = left & ~left[:, best : best + 1]
    return tuple(dict.fromkeys(difference[chosen].tolist()))


def _root(m: np.ndarray, y: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Root of a mantissa from what an entry says of it."""
    y = y << 10
    y = (y * ((3 * 2**44 - m * (square << 4)) >> 22) + 2**22) >> 23
    y = (y * ((3 * 2**44 - m * (y * y >> 16)) >> 22) + 2**22) >> 23
    return np.minimum((y + 4) >> 3, 2**17 - 1)
