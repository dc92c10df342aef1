"""Matrices as ``$readmemh`` files. Each row begins a beat, so that rows have addresses."""

from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from vit2rtl.golden.units import Field
from vit2rtl.golden.vectors.memory import Memory
from vit2rtl.golden.vectors.packing import narrowest

NUMBERS = ("integer", "binary64")
# Elements worked on at a time.
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Layout:
    """How a matrix lies in a ``.mem`` file, one beat a line.

    number   ``integer`` (two's complement where signed) or ``binary64`` (the 64 bits of IEEE 754)
    bits     of an element
    signed   whether an integer is; a binary64 is
    lanes    elements of a beat, lane 0 in the least significant bits, without gaps
    rows     of all images
    columns  of a row; its last beat is filled up by repeating its last element
    """

    number: str
    bits: int
    signed: bool
    lanes: int
    rows: int
    columns: int

    @classmethod
    def of(
        cls, shape: tuple[int, ...], lanes: int, *, bits: int, signed: bool, number: str = "integer"
    ) -> "Layout":
        """Of an array of any shape: its last axis has the columns, all others the rows."""
        return cls(number, bits, signed, lanes, prod(shape[:-1]), shape[-1])

    @property
    def memory(self) -> Memory:
        return Memory((self.field,), self.lanes, self.columns)

    @property
    def row_beats(self) -> int:
        return self.memory.row_beats

    @property
    def beat_bits(self) -> int:
        return self.lanes * self.bits

    @property
    def digits(self) -> int:
        return self.memory.digits

    @property
    def row_bytes(self) -> int:
        """Of the text: a newline ends each line."""
        return self.memory.row_bytes

    @property
    def field(self) -> Field:
        return Field("element", self.bits, self.signed)

    @property
    def dtype(self) -> np.dtype:
        """The smallest little-endian type of numpy that holds the elements."""
        return np.dtype("<f8") if self.number == "binary64" else narrowest(self.field)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with what follows from the rest."""
        return asdict(self) | {
            "row_beats": self.row_beats, "beats": self.rows * self.row_beats,
            "beat_bits": self.beat_bits, "digits": self.digits,
        }

    def pieces(self, rows: int | None = None) -> list[slice]:
        """Slices that cover the rows, or the first ``rows`` of them, a bounded number at a time."""
        rows, step = self.rows if rows is None else rows, max(1, _BLOCK // self.columns)
        return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]

    def text(self, matrix: np.ndarray) -> bytes:
        """Bytes of some rows; ValueError for an integer that the bits do not hold."""
        bits = matrix.astype("<f8").view(np.int64) if self.number == "binary64" else matrix
        return self.memory.text({self.field.name: bits})

    def matrix(self, text: bytes) -> np.ndarray:
        """The rows that :meth:`text` gives the bytes of; ValueError naming the line or the row."""
        rows = self.memory.rows(text)[self.field.name]
        if self.number == "binary64":
            return np.ascontiguousarray(rows).view(np.float64)
        return rows.astype(self.dtype)
