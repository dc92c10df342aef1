"""A record's arrays, checked some rows at a time where they are spooled on disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import IO, Any

import numpy as np

from vit2rtl.golden.units import Field, Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_record import Content, checked
from vit2rtl.golden.vectors.spool import Spooled

# Elements worked on at a time.
_PIECE = 1 << 18


@dataclass(frozen=True)
class Pieces:
    """What a record is made from; see :meth:`~.bundle_writer.BundleWriter.add`.

    Of a lane-wise instance, arrays may be :class:`~.spool.Spooled`, all of one shape; the others
    broadcast against its last axis.
    """

    instance: Instance
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    configuration: Mapping[str, Any]

    def __iter__(self) -> Iterator[Content]:
        """The content piece by piece; all but the last fill whole beats."""
        if self._spooled is None:
            yield checked(self.instance, self.inputs, self.outputs, self.configuration)
            return
        for start, stop in _steps(self._spooled, self.instance.lanes):
            inputs, outputs = (
                {name: _cut(array, start, stop) for name, array in arrays.items()}
                for arrays in (self.inputs, self.outputs)
            )
            try:
                yield checked(self.instance, inputs, outputs, self.configuration)
            except ValueError as error:
                raise ValueError(f"from row {start} on, {error}") from error

    def whole(self, piece: Content) -> Content:
        """The content in its natural shapes, of which a piece has been checked."""
        if self._spooled is None:
            return piece
        given = {**self.inputs, **self.outputs}
        arrays: dict[str, Any] = {
            name: given[name] if isinstance(given.get(name), Spooled) else array
            for name, array in piece.arrays.items()}
        shapes = {stream.name: self._spooled.shape for stream in self.instance.streams}
        return Content(self.instance, arrays, piece.settings, shapes)

    @property
    def _spooled(self) -> Spooled | None:
        arrays = (*self.inputs.values(), *self.outputs.values())
        return next((array for array in arrays if isinstance(array, Spooled)), None)


def write_array(stream: IO[bytes], array: np.ndarray | Spooled, field: Field) -> None:
    """The ``.npy`` member of a field, in the smallest type that holds it."""
    dtype = packing.narrowest(field)
    if not isinstance(array, Spooled):
        np.lib.format.write_array(stream, array.astype(dtype), allow_pickle=False)
        return
    np.lib.format.write_array_header_1_0(stream, {
        "descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False,
        "shape": array.shape})
    for start, stop in _steps(array, 1):
        stream.write(array.read(start, stop).astype(dtype).tobytes())


def _steps(array: Spooled, lanes: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover the rows, each but the last a multiple of the lanes long."""
    columns = max(1, prod(array.shape[-1:]))
    step = lanes * max(1, _PIECE // (lanes * columns))
    for start in range(0, array.rows, step):
        yield start, min(start + step, array.rows)


def _cut(array: Any, start: int, stop: int) -> Any:
    return array.read(start, stop) if isinstance(array, Spooled) else array
