"""Room in buffers: rows for tensors, whose lives overlap or do not."""

from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.compiler.region import Region


@dataclass
class Tenant:
    """A tensor that needs rows of a buffer.

    first, last  of the ops between which they are its own
    """

    name: str
    buffer: str
    rows: int
    channels: np.ndarray
    tile_stride: int
    first: int
    last: int

    @property
    def row_words(self) -> int:
        return len(self.channels) * self.tile_stride


def allocate(tenants: list[Tenant], depths: dict[str, int], tokens: int) -> dict[str, Region]:
    """{name: Region}; all rows of a buffer are as long as its longest.

    tokens   of the residual stream: tensors with as many rows lie at multiples of it, so that a
             group's rows of one tensor never meet another group's of the next
    raises   ValueError naming the tensor that has no room
    """
    regions: dict[str, Region] = {}
    for buffer in {tenant.buffer: None for tenant in tenants}:
        ours = [tenant for tenant in tenants if tenant.buffer == buffer]
        stride = max(tenant.row_words for tenant in ours)
        placed: list[tuple[int, Tenant]] = []
        for tenant in sorted(ours, key=lambda one: one.first):
            place = _free(placed, tenant, tokens if tenant.rows == tokens else 1)
            end = (place + tenant.rows - 1) * stride + tenant.row_words
            if end > depths[buffer]:
                raise ValueError(f"tensor {tenant.name!r} needs {end} words of the buffer "
                                 f"{buffer}, which has {depths[buffer]}")
            placed.append((place, tenant))
            regions[tenant.name] = Region(
                buffer, place * stride, stride, tenant.tile_stride, tenant.channels)
    return regions


def _free(placed: list[tuple[int, Tenant]], tenant: Tenant, step: int) -> int:
    """The first row from which on no tenant's life meets the new one's."""
    taken = [(row, other.rows) for row, other in placed
             if other.first <= tenant.last and tenant.first <= other.last]
    row = 0
    while any(row < start + rows and start < row + tenant.rows for start, rows in taken):
        row += step
    return row
