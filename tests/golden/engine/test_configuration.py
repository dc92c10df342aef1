"""Configurations: their fields are checked, digits are counted."""

from dataclasses import replace

import pytest

from vit2rtl.golden.engine import CONFIGURATIONS, Configuration

SMALL = CONFIGURATIONS["small"]


def test_the_named_ones_are_known_by_their_names():
    assert {name: c.name for name, c in CONFIGURATIONS.items()} == {name: name for name in (
        "small", "deit-tiny", "deit-tiny-8", "deit-small", "deit-base")}


@pytest.mark.parametrize(("change", "text"), [
    ({"rows": 0}, "Rows must be an integer above 0, not 0"),
    ({"acc_width": True}, "Acc width must be an integer above 0, not True"),
    ({"acc_width": 28}, "Acc width must be at most 27, not 28"),
    ({"base": 7}, "Base must be one of 4, 5, 6, 8, not 7"),
    ({"bank_rows": 2.0}, "Bank rows must be an integer above 0, not 2.0"),
    ({"packed_columns": -1}, "Packed columns must be 0 or an integer above 0, not -1"),
    ({"packed_columns": 17},
     "Packed columns must be at most 16 of 16 with 16 rows and a base of 4, not 17"),
    ({"packed_columns": 1, "base": 5},
     "Packed columns must be at most 0 of 16 with 16 rows and a base of 5, not 1"),
])
def test_sizes_are_checked(change, text):
    with pytest.raises(ValueError) as raised:
        Configuration(name="own", **change)
    assert str(raised.value) == text


@pytest.mark.parametrize(("base", "bits", "digits"), [
    (4, 2, 1), (4, 4, 1), (4, 5, 2), (4, 8, 2), (5, 5, 1), (6, 8, 2), (8, 8, 1), (4, 9, 3),
])
def test_digits_of_codes(base, bits, digits):
    assert replace(SMALL, base=base, packed_columns=0).code_digits(bits) == digits


@pytest.mark.parametrize(("base", "low", "high", "digits"), [
    (4, -16, 15, 1), (4, -17, 0, 2), (4, 0, 16, 2), (4, -256, 255, 2), (4, -257, 0, 3),
    (4, 0, 256, 3), (5, -32, 31, 1), (8, -256, 255, 1), (8, 0, 256, 2),
])
def test_digits_of_stationary_operands(base, low, high, digits):
    """One signed digit of a bit more than the base, unsigned ones below it."""
    assert replace(SMALL, base=base, packed_columns=0).stationary_digits(low, high) == digits
