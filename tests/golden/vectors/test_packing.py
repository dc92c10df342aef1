"""Packing against a packer that adds up Python integers one lane at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.units import UNITS, Field, Instance
from vit2rtl.golden.vectors import packing


def slow_text(fields, values, lanes):
    """The text of a ``.mem`` file by the words of the contract."""
    elements = len(values[fields[0].name])
    padded = [*range(elements), *[elements - 1] * (-elements % lanes)]
    digits = -(-lanes * sum(field.width for field in fields) // 4)
    lines = []
    for first in range(0, len(padded), lanes):
        beat, position = 0, 0
        for element in padded[first : first + lanes]:
            for field in fields:
                beat |= (int(values[field.name][element]) % 2**field.width) << position
                position += field.width
        lines.append(f"{beat:0{digits}x}\n")
    return "".join(lines).encode()


@st.composite
def layouts(draw):
    widths = draw(st.lists(st.integers(1, 32), min_size=1, max_size=3))
    fields = [Field(f"f{n}", width, draw(st.booleans())) for n, width in enumerate(widths)]
    elements = draw(st.integers(1, 20))
    return (
        fields,
        draw(st.integers(1, 9)),
        {
            f.name: draw(st.lists(st.integers(*f.range), min_size=elements, max_size=elements))
            for f in fields
        },
    )


@given(layouts())
@settings(deadline=None, derandomize=True, max_examples=200)
def test_text_and_back(layout):
    fields, lanes, values = layout
    bits = packing.beat_bits(fields, lanes)
    words = packing.pack(fields, values, lanes)
    text = packing.to_text(words, bits)
    assert text == slow_text(fields, values, lanes)
    np.testing.assert_array_equal(packing.from_text(text, bits), words)
    np.testing.assert_array_equal(packing.from_text(text.upper(), bits), words)
    elements = len(values[fields[0].name])
    for name, unpacked in packing.unpack(fields, words, lanes).items():
        assert unpacked[:elements].tolist() == values[name]
        assert set(unpacked[elements:].tolist()) <= {values[name][-1]}


@pytest.mark.parametrize("lanes", [1, 3, 4, 64])
@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_at_its_extremes(unit, lanes):
    fields = Instance.of(unit, lanes=lanes).inputs
    values = {f.name: np.resize([*f.range, 0, 1], 131) for f in fields}
    bits = packing.beat_bits(fields, lanes)
    text = packing.to_text(packing.pack(fields, values, lanes), bits)
    assert text == slow_text(fields, values, lanes)
    unpacked = packing.unpack(fields, packing.from_text(text, bits), lanes)
    assert all((unpacked[name][:131] == column).all() for name, column in values.items())


def test_lane_0_and_the_first_field_are_least_significant():
    fields = [Field("a", 4), Field("b", 8, signed=True)]
    words = packing.pack(fields, {"a": [1, 2, 3], "b": [-1, 5, 0]}, 2)
    assert packing.to_text(words, 24) == b"052ff1\n003003\n"


def test_a_value_out_of_range():
    field = Field("acc", 4, signed=True)
    for values, bad in (([0, 8], 8), ([0, -9], -9), ([0, -9, 8], -9), ([-8, 8], 8)):
        with pytest.raises(ValueError) as caught:
            packing.pack([field], {"acc": values}, 1)
        assert str(caught.value) == f"Field 'acc' must be between -8 and 7, not {bad}"


def test_an_extra_zero_code_leaves_patterns_out_of_range():
    (code,) = Instance.of("log2_dequantizer", zero_code="extra").inputs
    assert (code.width, code.range) == (5, (0, 16))
    with pytest.raises(ValueError) as caught:
        packing.pack([code], {"code": [17]}, 1)
    assert str(caught.value) == "Field 'code' must be between 0 and 16, not 17"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"00\n000\n", "Line 2 must have 2 digits, not 3"),
        (b"00\n0\n00\n", "Line 2 must have 2 digits, not 1"),
        (b"00\n0\n000\n", "Line 2 must have 2 digits, not 1"),
        (b"00\n\n", "Line 2 must have 2 digits, not 0"),
        (b"00\r\n00\r\n", "Line 1 must have 2 digits, not 3"),
        (b"00\n00", "Line 2 must end with a newline"),
        (b"00\n0g\n", "Line 2 must be hexadecimal digits only"),
        (b"0f\n0G\n", "Line 2 must be hexadecimal digits only"),
        (b"00\n-1\n", "Line 2 must be hexadecimal digits only"),
        (b"3f\n40\n", "Line 2 must be below 2**6"),
    ],
)
def test_errors_of_text(text, message):
    with pytest.raises(ValueError) as caught:
        packing.from_text(text, 6)
    assert str(caught.value) == message
