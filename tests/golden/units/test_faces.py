"""Streams and settings of every unit at its defaults, as its page has them; any leading shape."""

import numpy as np
import pytest

from vit2rtl.golden.units import UNITS, Instance

# Of a stream: lanes, whether rows end, fields with their bits, s where signed. Then settings.
FACES = {
    "log2_dequantizer": ["i 4: code 4", "o 4: value 16", ""],
    "log_sqrt2_quantizer": [
        "i 4: probability 16", "o 4: code 4", "threshold_a 16, threshold_b 16"],
    "requantizer": ["i 4: acc s27, multiplier 16, shift 3", "o 4: code 4",
                    "shift_base 6, zero_point s5"],
    "attention_value": [
        "i 8 rows: value 4", "i_codes 4 rows: code 4", "o 1 rows: result 4",
        "v_zero_point 5, multiplier_even 17, multiplier_odd 17, shift 6, zero_point s5"],
    "epilogue": [
        "i 4 rows: acc s18, bias s18, multiplier 16, shift 3, stream s16", "o 4 rows: value s16",
        "o_row 1 rows: maximum s16, sum s27, squares 41",
        "shift_base 6, zero_point s17, low s16, high s16, add 1"],
    "gelu": ["i 4: code 12", "i_table 1 rows: entry 4", "o 4: value 4", ""],
    "layernorm_quantizer": [
        "i 4 rows: element s16", "i_affine 4 rows: gain s17, offset s41", "o 4 rows: code 4",
        "columns 8, shift 6, epsilon 46"],
    "matmul_array": [
        "i 16 rows: code 4", "i_weight 16 rows: weight s5", "o 4 rows: acc s20",
        "tokens 9, k_tiles 10, code_digits 2, weight_digits 2"],
    "softmax_quantizer": [
        "i 4 rows: logit s12", "o 4 rows: code 4",
        "multiplier 16, shift 6, threshold_a 32, threshold_b 32, threshold_shift 6"],
}


def fields(given):
    return ", ".join(f"{field.name} {'s' * field.signed}{field.width}" for field in given)


@pytest.mark.parametrize("name", UNITS)
def test_streams_and_settings(name):
    instance = Instance.of(name)
    assert [*(f"{stream.name} {stream.lanes}{' rows' * stream.rows}: {fields(stream.fields)}"
              for stream in instance.streams), fields(instance.configuration)] == FACES[name]


@pytest.mark.parametrize("name", ["epilogue", "softmax_quantizer", "layernorm_quantizer"])
def test_rows_of_any_leading_shape(name):
    """Of records with four rows or more: two by two as they are one by one."""
    instance, unit = Instance.of(name), UNITS[name]
    checked = 0
    for case in unit.directed(instance.parameters):
        rows = len(next(iter(case.inputs.values())))
        if rows < 4 or checked == 3:
            continue
        inputs = {field: array[:4] for field, array in case.inputs.items()}
        due = unit.evaluate(instance.parameters, inputs, case.configuration)
        found = unit.evaluate(
            instance.parameters,
            {field: array.reshape(2, 2, *array.shape[1:]) for field, array in inputs.items()},
            case.configuration)
        for field, array in due.items():
            assert np.array_equal(found[field], array.reshape(2, 2, *array.shape[1:])), field
        checked += 1
    assert checked == 3


@pytest.mark.parametrize(("settings", "inside"), [
    ({"low": 0, "high": 0}, True), ({"low": -5, "high": 7}, True), ({"low": 1, "high": 7}, False),
    ({"low": -5, "high": -1}, False),
])
def test_an_epilogue_s_limits_have_zero_between_them(settings, inside):
    limits = [limit for limit in UNITS["epilogue"].domain(Instance.of("epilogue").parameters)
              if limit.terms.keys() <= settings.keys()]
    assert len(limits) >= 2
    assert all(limit.holds(settings).all() for limit in limits) == inside
