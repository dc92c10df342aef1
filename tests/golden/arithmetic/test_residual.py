"""The residual stream against Python integers."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import residual

from .integer_arrays import assert_same, python


def clip(value, bits):
    return min(max(value, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)


@pytest.mark.parametrize("bits", [2, 8, 12, 16])
def test_add_saturates_at_both_ends(bits):
    low, high = residual.limits(bits)
    edges = np.array(sorted({low, low + 1, -1, 0, 1, high - 1, high}))
    got = residual.add(edges[:, np.newaxis], edges, bits=bits)
    assert got.dtype == (np.int8 if bits <= 8 else np.int16)
    assert got.tolist() == [[clip(a + b, bits) for b in edges.tolist()] for a in edges.tolist()]
    assert_same(got, residual.add(python(edges)[:, np.newaxis], python(edges), bits=bits))


def test_narrow_types_do_not_wrap():
    stream = np.full(4, 32767, np.int16)
    assert residual.add(stream, stream).tolist() == [32767] * 4
    assert residual.add(-stream - 1, np.full(4, -1, np.int8)).tolist() == [-32768] * 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: residual.add([2**15], [0]),
            "Residual stream must be between -32768 and 32767, not 32768",
        ),
        (lambda: residual.add([0], [-9], bits=4), "Branch must be between -8 and 7, not -9"),
        (lambda: residual.limits(1), "Residual bits must be between 2 and 16, not 1"),
        (lambda: residual.limits(17), "Residual bits must be between 2 and 16, not 17"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
