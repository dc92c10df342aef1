"""Matrices as ``$readmemh`` files. Each row begins a beat, so that rows have addresses."""

from dataclasses import asdict, dataclass
from math import prod

import numpy as np

from vit2rtl.golden.units import Field
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_record import narrowest

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
    def of(cls, shape, lanes, *, bits, signed, number="integer"):
        """Of an array of any shape: its last axis has the columns, all others the rows."""
        return cls(number, bits, signed, lanes, prod(shape[:-1]), shape[-1])

    @property
    def row_beats(self):
        return -(-self.columns // self.lanes)

    @property
    def beat_bits(self):
        return self.lanes * self.bits

    @property
    def digits(self):
        return packing.line_digits(self.beat_bits)

    @property
    def row_bytes(self):
        """Of the text: a newline ends each line."""
        return self.row_beats * (self.digits + 1)

    @property
    def field(self):
        return Field("element", self.bits, self.signed)

    @property
    def dtype(self):
        """The smallest little-endian type of numpy that holds the elements."""
        return np.dtype("<f8") if self.number == "binary64" else narrowest(self.field)

    def as_dict(self):
        """Ready for JSON, with what follows from the rest."""
        return asdict(self) | {
            "row_beats": self.row_beats, "beats": self.rows * self.row_beats,
            "beat_bits": self.beat_bits, "digits": self.digits,
        }

    def pieces(self, rows=None):
        """Slices that cover the rows, or the first ``rows`` of them, a bounded number at a time."""
        rows, step = self.rows if rows is None else rows, max(1, _BLOCK // self.columns)
        return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]

    def text(self, matrix):
        """Bytes of some rows; ValueError for an integer that the bits do not hold."""
        bits = matrix.astype("<f8").view(np.int64) if self.number == "binary64" else matrix
        padding = self.row_beats * self.lanes - self.columns
        whole = np.pad(bits, ((0, 0), (0, padding)), mode="edge")
        words = packing.pack([self.field], {"element": whole.reshape(-1)}, self.lanes)
        return packing.to_text(words, self.beat_bits)

    def matrix(self, text):
        """The rows that :meth:`text` gives the bytes of; ValueError naming the line or the row."""
        words = packing.from_text(text, self.beat_bits)
        if len(words) % self.row_beats:
            raise ValueError(f"{len(words)} lines are not whole rows of {self.row_beats}")
        elements = packing.unpack([self.field], words, self.lanes)["element"]
        whole = elements.reshape(-1, self.row_beats * self.lanes)
        rows, filling = whole[:, :self.columns], whole[:, self.columns:]
        wrong = (filling != rows[:, -1:]).any(axis=1)
        if wrong.any():
            raise ValueError(f"Row {int(wrong.argmax())} must be filled up with its last element")
        if self.number == "binary64":
            return np.ascontiguousarray(rows).view(np.float64)
        return rows.astype(self.dtype)
