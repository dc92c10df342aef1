"""Arrays on disk while a bundle is made: memory does not grow with them.

What is recorded of many images is appended file by file, and read again some rows at a time.
"""

import shutil
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Spooled:
    """An array of integers in a file, as far as its last axis is asked for.

    path     raw elements, row by row
    whole    shape of the array in the file
    columns  of the last axis
    table    what stands for each element, int64[...]; None for the elements themselves
    """

    path: Path
    dtype: np.dtype
    whole: tuple[int, ...]
    columns: slice = field(default_factory=lambda: slice(None))
    table: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.whole[:-1], len(range(*self.columns.indices(self.whole[-1]))))

    @property
    def rows(self) -> int:
        """All axes but the last as one."""
        return prod(self.whole[:-1])

    def read(self, start: int, stop: int) -> np.ndarray:
        """int[stop - start, columns]: some of the rows."""
        width = self.whole[-1]
        count, offset = (stop - start) * width, start * width * self.dtype.itemsize
        elements = np.fromfile(self.path, self.dtype, count, offset=offset)
        part = elements.reshape(stop - start, width)[:, self.columns]
        return part if self.table is None else self.table[part]

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        array = self.read(0, self.rows).reshape(self.shape)
        return array if dtype is None else array.astype(dtype)


class Spool:
    """A file that an array grows in, along its first axis.

    path   of the file, which is not there yet
    dtype  of its elements; a ValueError for integers that it does not hold
    """

    def __init__(self, path: Path, dtype: type[np.integer]) -> None:
        self._path, self._dtype = path, np.dtype(dtype)
        self._shape: tuple[int, ...] = (0,)

    def append(self, array: np.ndarray) -> None:
        """int[n, ...]: n more along the first axis."""
        limits = np.iinfo(self._dtype)
        if array.size and not limits.min <= int(array.min()) <= int(array.max()) <= limits.max:
            raise ValueError(f"{self._path.name}: elements do not fit {self._dtype}")
        with open(self._path, "ab") as file:
            file.write(np.ascontiguousarray(array, self._dtype).tobytes())
        self._shape = (self._shape[0] + len(array), *array.shape[1:])

    def extend(self, other: Spooled) -> None:
        """What another spool of the same elements has: as many more."""
        with open(self._path, "ab") as file, open(other.path, "rb") as more:
            shutil.copyfileobj(more, file)
        self._shape = (self._shape[0] + other.whole[0], *other.whole[1:])

    def array(self) -> Spooled:
        """What has been appended so far."""
        return Spooled(self._path, self._dtype, self._shape)
