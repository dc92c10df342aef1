# amaranth: UnusedElaboratable=no
"""Columns of the matmul array: what they refuse. Their sums are proved, see sim/units."""

import pytest

from vit2rtl.rtl.units.matmul_array.columns import DotColumnPacked


def test_rows_that_do_not_fit_a_multiplier_are_refused():
    assert DotColumnPacked(rows=16).sum_width == 13
    with pytest.raises(ValueError) as caught:
        DotColumnPacked(rows=19)
    assert str(caught.value) == (
        "Rows must be such that two sums of 14 bits and an operand fit 18 bits, not 19"
    )
