"""Integer arrays: their checks, types and bit lengths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import integers
from vit2rtl.golden.arithmetic.requantizer import requantize, rescale

from .integer_arrays import assert_same, python


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32,
                                  np.int64, object])
def test_integer_types_are_kept(kind):
    values = np.array([1, 2], kind)
    assert integers.integers("Values", values) is values


@pytest.mark.parametrize("kind", [bool, float, np.float32, complex, np.uint64, str])
def test_other_types_are_refused(kind):
    values = np.array([1, 0], kind)
    with pytest.raises(TypeError) as caught:
        integers.integers("Values", values)
    assert str(caught.value) == f"Values must be integers (of at most 63 bits), not {values.dtype}"


def test_objects_must_be_python_integers():
    with pytest.raises(TypeError) as caught:
        integers.integers("Values", np.array([1, np.int64(2)], object))
    assert str(caught.value) == "Values must be integers, not int64"


@given(values=st.lists(st.integers(0, 2**63 - 1), min_size=1))
@settings(deadline=None, derandomize=True)
def test_bit_length(values):
    want = [value.bit_length() for value in values]
    assert integers.bit_length(np.array(values)).tolist() == want
    assert integers.bit_length(python(values)).tolist() == want


def test_bit_length_around_every_power_of_two():
    values = sorted({max(2**n + d, 0) for n in range(63) for d in (-1, 0, 1)})
    got = integers.bit_length(np.array(values))
    assert got.tolist() == [value.bit_length() for value in values]
    assert_same(got, integers.bit_length(python(values)))


@pytest.mark.parametrize(
    ("low", "high", "want"),
    [(0, 255, np.uint8), (-1, 127, np.int8), (0, 256, np.uint16), (-1, 128, np.int16),
     (0, 65536, np.int32), (-(2**31) - 1, 0, np.int64)],
)
def test_smallest(low, high, want):
    assert integers.smallest(low, high) is want


def test_no_machine_integer_is_large_enough():
    with pytest.raises(ValueError, match=r"^No machine integer holds 0 \.\. 9223372036854775808$"):
        integers.smallest(0, 2**63)


def test_reach():
    assert integers.reach(np.array([-128, 127], np.int8)) == 128
    assert integers.reach(np.array([3, 5])) == 5
    assert integers.reach(np.array([-5, -3])) == 5
    assert integers.reach(np.zeros(2, int)) == integers.reach(np.zeros(0, int)) == 0


@pytest.mark.parametrize("values", [[-3, 4], [0], [4, -3], []])
def test_values_within_their_range(values):
    integers.check("Values", np.array(values, int), -3, 4)


@pytest.mark.parametrize(("values", "bad"), [
    ([0, 5], 5), ([0, -4], -4), ([-4, 5], -4), ([-3, 5], 5), ([-9, -8], -9), ([7, 8], 8),
])
def test_the_worst_value_is_named(values, bad):
    with pytest.raises(ValueError, match=f"^Values must be between -3 and 4, not {bad}$"):
        integers.check("Values", np.array(values), -3, 4)


def test_wide_arrays_are_of_one_type_and_not_copied():
    narrow, long = np.array([1, -2], np.int8), np.array([3])
    assert [a.dtype for a in integers.wide(narrow, long)] == [np.int64] * 2
    assert integers.wide(narrow, long)[1] is long
    assert [a.dtype for a in integers.wide(narrow, python(long))] == [object] * 2


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (100, 1000), (5, 10**6), (0, 3), (7, 0)])
def test_blocks_cover_every_row_once(rows, columns):
    seen = [row for block in integers.blocks(rows, columns) for row in range(rows)[block]]
    assert seen == list(range(rows))


@pytest.mark.parametrize(("rows", "columns", "starts"), [
    (40, 1000, [0, 16, 32]),  # 2**14 elements are 16 rows and a part of one
    (40, 1024, [0, 16, 32]),
    (40, 1025, [0, 15, 30]),
    (3, 10**6, [0, 1, 2]),
    (40000, 1, [0, 2**14, 2**15]),
    (40000, 0, [0, 2**14, 2**15]),
])
def test_blocks_fit_a_cache(rows, columns, starts):
    assert [block.start for block in integers.blocks(rows, columns)] == starts


def test_requantize_by_blocks_and_by_python_integers():
    rng = np.random.default_rng(0)
    acc = rng.integers(-(2**31) + 1, 2**31, (3, 700, 17))
    multiplier, shift = rng.integers(0, 2**18, 17), rng.integers(20, 48, 17)
    got = requantize(acc, multiplier, shift, 2**15, bits=16, dtype=np.uint16)
    assert got.dtype == np.uint16
    scaled = (python(acc[0]) * python(multiplier) + (1 << python(shift) - 1)) >> python(shift)
    np.testing.assert_array_equal(got[0], np.clip(scaled + 2**15, 0, 2**16 - 1).astype(int))
    small = got[:, :9]
    assert_same(small, requantize(python(acc[:, :9]), multiplier, shift, 2**15, bits=16))
    rows = [requantize(row, multiplier, shift, 2**15, bits=16) for row in acc[1]]
    np.testing.assert_array_equal(got[1], rows)


def test_rescale_between_any_limits():
    got = rescale(np.arange(-9, 9).reshape(3, 6), 1, 1, 0, -3, 2)
    assert got.tolist() == [[-3] * 4 + [-2, -2], [-1, -1, 0, 0, 1, 1], [2] * 6]


def test_a_narrow_shift_does_not_wrap():
    assert requantize([[8]], 1, np.array([2], np.uint8), 0, bits=4).tolist() == [[2]]
