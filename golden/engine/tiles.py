"""Matrices cut into what units take at a time: tiles filled up at their edges, digits."""

import numpy as np

from vit2rtl.golden.engine.placement import NOWHERE


def blocks(count: int, size: int) -> np.ndarray:
    """int[ceil(count / size), size]: ``0 .. count - 1``, the last one again where none is left."""
    index = np.arange(-(-count // size) * size).reshape(-1, size)
    return np.minimum(index, count - 1)


def filled(count: int, size: int) -> np.ndarray:
    """bool[ceil(count / size), size]: which of :func:`blocks` are repetitions."""
    return np.arange(-(-count // size) * size).reshape(-1, size) >= count


def nowhere(places: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """Places, ``NOWHERE`` where an element is a repetition."""
    return np.where(repeated, NOWHERE, places)


def padded(matrix: np.ndarray, size: int, value: int = 0) -> np.ndarray:
    """The last axis filled up to a multiple of ``size``."""
    missing = -matrix.shape[-1] % size
    widths = [(0, 0)] * (matrix.ndim - 1) + [(0, missing)]
    return np.pad(matrix, widths, constant_values=value)


def digits(values: np.ndarray, count: int, base: int) -> np.ndarray:
    """int[count, ...]: digits of ``base`` bits, the upper one first; its sign is the value's."""
    wide = np.asarray(values, np.int64)
    lower = [wide >> base * n & ((1 << base) - 1) for n in range(count - 1)]
    return np.stack([wide >> base * (count - 1), *reversed(lower)])
