"""The one layout of ``.mem`` files: rows of elements, each row beginning a beat, a beat a line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.units.unit import Field
from vit2rtl.golden.vectors import packing


@dataclass(frozen=True)
class Memory:
    """How rows of elements lie in a ``.mem`` file.

    fields   of an element, the first in the least significant bits
    lanes    elements of a beat, lane 0 in the least significant bits, without gaps
    columns  elements of a row; its last beat is filled up by repeating its last element
    """

    fields: tuple[Field, ...]
    lanes: int
    columns: int

    @property
    def row_beats(self) -> int:
        return -(-self.columns // self.lanes)

    @property
    def beat_bits(self) -> int:
        return packing.beat_bits(self.fields, self.lanes)

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a line."""
        return packing.line_digits(self.beat_bits)

    @property
    def row_bytes(self) -> int:
        """Of the text: a newline ends each line."""
        return self.row_beats * (self.digits + 1)

    def text(self, rows: Mapping[str, np.ndarray]) -> bytes:
        """Bytes of rows, int[rows, columns] a field; ValueError for what the bits cannot hold."""
        filling = self.row_beats * self.lanes - self.columns
        elements = {
            name: np.pad(matrix, ((0, 0), (0, filling)), mode="edge").reshape(-1)
            for name, matrix in rows.items()
        }
        return packing.to_text(packing.pack(self.fields, elements, self.lanes), self.beat_bits)

    def rows(self, text: bytes) -> dict[str, np.ndarray]:
        """int64[rows, columns] a field, of :meth:`text`; ValueError naming the line or the row."""
        words = packing.from_text(text, self.beat_bits)
        if len(words) % self.row_beats:
            raise ValueError(f"{len(words)} lines are not whole rows of {self.row_beats}")
        whole = packing.unpack(self.fields, words, self.lanes)
        return {name: self._cut(elements) for name, elements in whole.items()}

    def _cut(self, elements: np.ndarray) -> np.ndarray:
        """Rows without what fills them up."""
        whole = elements.reshape(-1, self.row_beats * self.lanes)
        rows, filling = whole[:, : self.columns], whole[:, self.columns :]
        wrong = (filling != rows[:, -1:]).any(axis=1)
        if wrong.any():
            raise ValueError(f"Row {int(wrong.argmax())} must be filled up with its last element")
        return rows
