"""Where a tensor lies in a buffer, and how its channels are cut into tiles."""

from dataclasses import dataclass, replace

import numpy as np

from vit2rtl.golden.engine.placement import NOWHERE


def tiles_of(channels: int, columns: int, heads: int = 1) -> np.ndarray:
    """int[tiles, columns]: the channel in each place, ``NOWHERE`` behind a head's last one.

    No tile has channels of two heads.
    """
    size = channels // heads
    padded = np.full((heads, -(-size // columns) * columns), NOWHERE)
    padded[:, :size] = np.arange(channels).reshape(heads, size)
    return padded.reshape(-1, columns)


@dataclass(frozen=True)
class Region:
    """Words of a tensor: ``base + row * row_stride + tile * tile_stride + 0 .. tile_stride - 1``.

    channels     int[tiles, columns], see :func:`tiles_of`
    tile_stride  words of a tile: digits of a code, or a quarter of the columns of a stream
    """

    buffer: str
    base: int
    row_stride: int
    tile_stride: int
    channels: np.ndarray

    @property
    def tiles(self) -> int:
        return len(self.channels)

    def address(self, row: int, tile: int = 0) -> int:
        return self.base + row * self.row_stride + tile * self.tile_stride

    def words(self, rows: range, tiles: range) -> np.ndarray:
        """int[words] of some rows and tiles."""
        row = self.base + np.arange(rows.start, rows.stop) * self.row_stride
        word = np.arange(tiles.start * self.tile_stride, tiles.stop * self.tile_stride)
        return (row[:, np.newaxis] + word).reshape(-1)

    def every(self) -> range:
        return range(self.tiles)

    def rows_from(self, first: int, step: int = 1) -> "Region":
        """Some of the rows as rows of their own."""
        return replace(self, base=self.address(first), row_stride=step * self.row_stride)
