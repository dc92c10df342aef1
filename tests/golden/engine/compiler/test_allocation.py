"""Room in buffers: nobody's rows meet another's while both live, and the first ones that do not."""

import numpy as np
import pytest

from vit2rtl.golden.engine.compiler.allocation import Tenant, allocate
from vit2rtl.golden.engine.compiler.region import tiles_of


def tenant(name, rows, first, last, *, tiles=1, stride=1, buffer="hidden"):
    return Tenant(name, buffer, rows, tiles_of(4 * tiles, 4), stride, first, last)


def rows_of(region, count, stride):
    return set(range(region.base // stride, region.base // stride + count))


def test_the_lowest_rows_that_are_free_as_long_as_they_are_needed():
    rng = np.random.default_rng(2)
    for _ in range(100):
        tenants = []
        for n in range(rng.integers(1, 9)):
            first = int(rng.integers(10))
            tenants.append(tenant(f"t{n}", int(rng.integers(1, 5)), first,
                                  first + int(rng.integers(5)), tiles=int(rng.integers(1, 4))))
        regions = allocate(tenants, {"hidden": 10_000}, tokens=99)
        stride = max(one.row_words for one in tenants)
        placed = []
        for one in sorted(tenants, key=lambda one: one.first):
            taken = set().union(*(
                rows_of(regions[other.name], other.rows, stride) for other in placed
                if set(range(one.first, one.last + 1)) & set(range(other.first, other.last + 1))))
            row = next(row for row in range(100) if not taken & set(range(row, row + one.rows)))
            region = regions[one.name]
            assert (region.base, region.row_stride) == (row * stride, stride)
            placed.append(one)


def test_lives_that_touch_in_one_op_have_rows_of_their_own():
    regions = allocate([tenant("a", 2, 0, 3), tenant("b", 2, 3, 5), tenant("c", 2, 4, 4)],
                       {"hidden": 100}, tokens=99)
    assert [regions[name].base for name in "abc"] == [0, 2, 0]


def test_tensors_of_all_tokens_lie_at_multiples_of_them():
    regions = allocate([tenant("a", 3, 0, 9), tenant("b", 5, 0, 9), tenant("c", 2, 0, 9)],
                       {"hidden": 100}, tokens=5)
    assert [regions[name].base for name in "abc"] == [0, 5, 3]


def test_a_row_is_as_long_as_the_buffer_s_longest_and_its_end_must_be_there():
    tenants = [tenant("a", 2, 0, 1, tiles=3, stride=2), tenant("b", 2, 1, 2),
               tenant("c", 4, 0, 1, buffer="keys")]
    regions = allocate(tenants, {"hidden": 19, "keys": 4}, tokens=99)
    assert (regions["a"].row_stride, regions["b"].base, regions["c"].base) == (6, 12, 0)
    assert regions["a"].tile_stride == 2
    with pytest.raises(ValueError) as error:
        allocate(tenants, {"hidden": 18, "keys": 4}, tokens=99)
    assert str(error.value) == "tensor 'b' needs 19 words of the buffer hidden, which has 18"
