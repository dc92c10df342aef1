"""What a unit's description says: parameters, streams and domain, in literal numbers."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden.units import UNITS, Field, Instance
from vit2rtl.golden.units.unit import Limit, Parameter, Stream

LANES, CODE_BITS, ZERO = (4, 1, 64), (4, 2, 8), ("top", ("top", "extra", "none"))


@pytest.mark.parametrize(("unit", "want"), [
    ("log2_dequantizer",
     {"lanes": LANES, "bits": CODE_BITS, "width": (16, 2, 32), "zero_code": ZERO}),
    ("log_sqrt2_quantizer",
     {"lanes": LANES, "bits": CODE_BITS, "width": (16, 3, 32), "zero_code": ZERO}),
    ("requantizer",
     {"lanes": LANES, "bits": (4, 2, 16), "acc_width": (27, 2, 32),
      "multiplier_width": (16, 2, 18), "shift_base": (0, 0, 40), "shift_width": (3, 0, 3),
      "zero_point_width": (0, 0, 32)}),
])
def test_parameters_keep_the_ranges_that_others_rely_on(unit, want):
    assert {
        name: (p.default, p.choices) if p.choices else (p.default, p.low, p.high)
        for name, p in UNITS[unit].parameters.items()
    } == want


@pytest.mark.parametrize(("unit", "parameters", "streams", "configuration"), [
    ("log2_dequantizer", {"lanes": 2, "zero_code": "extra"},
     [("i", 2, [("code", 5, False, 16)]), ("o", 2, [("value", 16, False, None)])], []),
    ("log_sqrt2_quantizer", {"width": 9},
     [("i", 4, [("probability", 9, False, None)]), ("o", 4, [("code", 4, False, 15)])],
     [("threshold_a", 9, False), ("threshold_b", 9, False)]),
    ("requantizer", {"bits": 3},
     [("i", 4, [("acc", 27, True, None), ("multiplier", 16, False, None),
                ("shift", 3, False, None)]), ("o", 4, [("code", 3, False, None)])],
     [("shift_base", 6, False), ("zero_point", 4, True)]),
])
def test_streams_and_configuration(unit, parameters, streams, configuration):
    instance = Instance.of(unit, **parameters)
    assert [(s.name, s.lanes, [(f.name, f.width, f.signed, f.top) for f in s.fields])
            for s in instance.streams] == streams
    assert [(f.name, f.width, f.signed) for f in instance.configuration] == configuration


def test_everything_with_a_value_has_a_name():
    assert list(Instance.of("requantizer").fields) == [
        "acc", "multiplier", "shift", "code", "shift_base", "zero_point"]


def test_what_is_left_out_of_a_description():
    assert Field("x", 3) == Field("x", 3, False, None, False, meaning="no matter")
    assert Stream("i", (), 2) == Stream("i", (), 2, False, 0)
    assert Parameter(1, "of some") == Parameter(1, "of some", 0, 0, ())


@pytest.mark.parametrize(("unit", "parameters", "domain"), [
    ("log2_dequantizer", {}, []),
    ("log_sqrt2_quantizer", {}, ["1 <= threshold_b", "0 <= threshold_a - threshold_b",
                                 "threshold_a - 2 threshold_b <= 0"]),
    ("requantizer", {}, ["1 <= shift_base + shift <= 47"]),
    ("requantizer", {"acc_width": 31, "shift_base": 3}, []),
    ("requantizer", {"acc_width": 32, "shift_base": 3}, ["-2147483647 <= acc"]),
])
def test_domains(unit, parameters, domain):
    assert list(map(str, Instance.of(unit, **parameters).domain)) == domain


@pytest.mark.parametrize(("names", "rows", "lane_wise"), [
    ("io", "", True), ("io", "io", False), ("io", "i", False), (["i", "i_more", "o"], "", False),
])
def test_a_lane_wise_unit_has_two_streams_without_rows(names, rows, lane_wise):
    streams = tuple(
        Stream(name, (Field(f"x_{name}", 3),), 2, rows=name in rows) for name in names)
    unit = replace(UNITS["log2_dequantizer"], streams=lambda p: streams)
    assert Instance(unit, {"lanes": 2}).lane_wise is lane_wise


def test_a_unit_has_no_tables_of_its_own_unless_it_says_so():
    roms = {name: sorted(unit.roms(Instance.of(name).parameters)) for name, unit in UNITS.items()}
    assert {name: tables for name, tables in roms.items() if tables} == {
        "layernorm_quantizer": ["seeds"], "softmax_quantizer": ["mantissas"]}


@pytest.mark.parametrize(("value", "inside"), [(2, False), (3, True), (7, True), (8, False)])
def test_an_integer_keeps_to_its_range(value, inside):
    parameter = Parameter(4, "of some", 3, 7)
    if inside:
        parameter.check("some_bits", value)
    else:
        with pytest.raises(ValueError, match=f"^Some bits must be between 3 and 7, not {value}$"):
            parameter.check("some_bits", value)


@pytest.mark.parametrize(("name", "enters", "axi"), [
    ("i", True, "s_axis"), ("o", False, "m_axis"), ("i_table", True, "s_axis_table"),
    ("o_sums", False, "m_axis_sums"), ("o_row_sums", False, "m_axis_row_sums"),
])
def test_names_of_streams(name, enters, axi):
    stream = Stream(name, (Field("x", 3),), 2)
    assert (stream.enters, stream.axi) == (enters, axi)


@pytest.mark.parametrize(("widths", "lanes", "bits", "tdata"), [
    ((1,), 1, 1, 8), ((3, 4), 1, 7, 8), ((8,), 1, 8, 8), ((3,), 3, 9, 16), ((5, 6), 3, 33, 40),
])
def test_widths_of_streams(widths, lanes, bits, tdata):
    stream = Stream("i", tuple(Field(f"f{n}", w) for n, w in enumerate(widths)), lanes)
    assert (stream.lane_bits, stream.beat_bits, stream.tdata_width) == (sum(widths), bits, tdata)
    assert [stream.beats(n) for n in (1, lanes, lanes + 1, 3 * lanes)] == [
        1, 1, 2, 3]


VALUES = {"a": np.arange(-3, 4), "b": np.array([[2]])}


@pytest.mark.parametrize(("limit", "text", "inside"), [
    (Limit({"a": 1}, low=-1), "-1 <= a", [-1, 0, 1, 2, 3]),
    (Limit({"a": 1}, high=1), "a <= 1", [-3, -2, -1, 0, 1]),
    (Limit({"a": 2, "b": -1}, -4, 0), "-4 <= 2 a - b <= 0", [-1, 0, 1]),
    (Limit({"b": -3, "a": 1}, high=-6), "- 3 b + a <= -6", [-3, -2, -1, 0]),
    (Limit({"a": 1, "none": 7}, low=2), "2 <= a + 7 none", [2, 3]),
])
def test_limits(limit, text, inside):
    assert str(limit) == text
    holds = limit.holds(VALUES)
    assert VALUES["a"][np.ravel(holds)].tolist() == inside


FIELDS = {"a": Field("a", 4), "b": Field("b", 3, signed=True)}


@pytest.mark.parametrize(("limit", "text"), [
    (Limit({"a": 1, "b": -9}, high=0),  # 15 + 9 · 4 takes 6 bits, and a sign, and one for a carry
     "(8'sd0 + $signed({1'b0, a}) + -8'sd9 * $signed(b) <= 8'sd0)"),
    (Limit({"a": 3}, 1, 200),
     "(10'sd3 * $signed({1'b0, a}) <= 10'sd200) && (10'sd3 * $signed({1'b0, a}) >= 10'sd1)"),
    (Limit({"b": 1, "none": 5}, low=-9), "(6'sd0 + $signed(b) >= -6'sd9)"),
    (Limit({"none": 5}, low=0), "(2'sd0 >= 2'sd0)"),
])
def test_limits_in_verilog(limit, text):
    assert limit.verilog(FIELDS) == text
