"""What the golden functions ask of their arrays: integers, of a machine type or Python's own.

Arrays of machine integers may take a faster road, through floats wide enough to hold every value
exactly. Arrays of Python integers (``dtype=object``) never do: computing the same bits on them
shows that a function is one of integers alone.
"""

import numpy as np
from numpy.typing import ArrayLike

# Rows are worked on in pieces whose intermediate results stay in a core's own cache.
BLOCK = 1 << 14


def integers(name: str, values: ArrayLike) -> np.ndarray:
    """As an array, its type kept.

    Raises TypeError for anything but int8 .. int64, uint8 .. uint32 and Python integers.
    """
    values = np.asarray(values)
    if values.dtype == object:
        odd = next((v for v in values.flat if not isinstance(v, int)), None)
        if odd is not None:
            raise TypeError(f"{name} must be integers, not {type(odd).__name__}")
    elif values.dtype.kind not in "iu" or values.dtype == np.uint64:
        raise TypeError(f"{name} must be integers (of at most 63 bits), not {values.dtype}")
    return values


def wide(*arrays: np.ndarray) -> list[np.ndarray]:
    """All of them as int64, or as Python integers where one of them is."""
    kind = object if any(a.dtype == object for a in arrays) else np.int64
    return [a.astype(kind, copy=False) for a in arrays]


def check(name: str, values: np.ndarray, low: int, high: int) -> None:
    """ValueError unless all values are between ``low`` and ``high``."""
    if values.size and (values.min() < low or values.max() > high):
        bad = values.min() if values.min() < low else values.max()
        raise ValueError(f"{name} must be between {low} and {high}, not {bad}")


def reach(values: np.ndarray) -> int:
    """Largest magnitude, as a Python integer."""
    return max(-int(values.min()), int(values.max())) if values.size else 0


def smallest(low: int, high: int) -> type[np.integer]:
    """The narrowest machine type for ``low .. high``."""
    for kind in (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    raise ValueError(f"No machine integer holds {low} .. {high}")


def bit_length(values: np.ndarray) -> np.ndarray:
    """int.bit_length of non-negative values below 2**64, each."""
    rest, length = values, values - values
    for step in (32, 16, 8, 4, 2, 1):
        taller = rest >> step > 0
        length = np.where(taller, length + step, length)
        rest = np.where(taller, rest >> step, rest)
    return length + (rest > 0)


def blocks(rows: int, columns: int) -> list[slice]:
    """Slices that cover ``rows``, about ``BLOCK`` elements each."""
    step = max(1, BLOCK // max(columns, 1))
    return [slice(start, start + step) for start in range(0, rows, step)]
