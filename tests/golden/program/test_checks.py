"""What a file may say of tensors and ops: every limit at its last value and at the one behind."""

from dataclasses import replace
from sys import float_info

import numpy as np
import pytest

from vit2rtl.golden.program.checks import check_op, check_tensor, check_use, check_widths
from vit2rtl.golden.program.program import Op, Tensor

from . import kind_ops

CODES = Tensor("codes", (4, 6), 4, scale=0.5, zero_point=3)
POSITIVE = "scale must be a finite number above 0, not "


@pytest.mark.parametrize("change", [
    {"bits": 1}, {"bits": 16}, {"bits": 16}, {"scale": 1}, {"scale": float_info.max},
    {"zero_point": 2**31 - 1}, {"zero_point": 1 - 2**31}, {"shape": (1,)},
], ids=str)
def test_tensors_at_their_limits(change):
    check_tensor(replace(CODES, **change))


SETTLED = (
    CODES, Tensor("p", (4,), 4, encoding="log_sqrt2"), Tensor("y", (4,), 64, True, "float64"),
    *(Tensor("acc", (4,), bits, True, "accumulator", 0.5, 0, bound)
      for bits, bound in ((8, 127), (9, 128), (32, 2**31 - 1))),
    Tensor("stream", (4,), 8, False, "power_of_two", 0.5, 128),
    Tensor("shares", (4,), 5, False, "log2_softmax"),
)


@pytest.mark.parametrize("tensor", SETTLED)
def test_what_an_encoding_settles_is_accepted(tensor):
    check_tensor(tensor)


@pytest.mark.parametrize(("tensor", "change", "due"), [
    (SETTLED[0], {"bound": 1}, "0, not 1"), (SETTLED[1], {"bound": 1}, "0, not 1"),
    (SETTLED[1], {"zero_point": 3}, "0, not 3"), (SETTLED[1], {"signed": True}, "False, not True"),
    (SETTLED[2], {"bound": 1}, "0, not 1"), (SETTLED[2], {"zero_point": 3}, "0, not 3"),
    (SETTLED[2], {"scale": 0.5}, "1.0, not 0.5"), (SETTLED[2], {"bits": 63}, "64, not 63"),
    (SETTLED[2], {"signed": False}, "True, not False"),
    (SETTLED[3], {"signed": False}, "True, not False"), (SETTLED[3], {"bits": 9}, "8, not 9"),
    (SETTLED[3], {"zero_point": -1}, "0, not -1"), (SETTLED[3], {"bound": 128}, "9, not 8"),
    (SETTLED[-2], {"bound": 1}, "0, not 1"), (SETTLED[-2], {"signed": True}, "False, not True"),
    (SETTLED[-2], {"low_scale": 0.5}, "0.0, not 0.5"),
    (SETTLED[-1], {"signed": True}, "False, not True"), (SETTLED[-1], {"bound": 1}, "0, not 1"),
    (SETTLED[-1], {"scale": 0.5}, "1.0, not 0.5"), (SETTLED[-1], {"zero_point": 3}, "0, not 3"),
])
def test_what_an_encoding_settles_is_not_another(tensor, change, due):
    (name,) = change
    name = "bits" if name == "bound" and tensor.encoding == "accumulator" else name
    with pytest.raises(ValueError) as raised:
        check_tensor(replace(tensor, **change))
    assert str(raised.value) == f"{name} of {tensor.encoding} elements must be {due}"


def test_weights_have_a_width_of_the_recipe():
    op, _ = kind_ops.linear()
    for recipe in ({}, {"weight_bits": 2, "activation_bits": 8},
                   {"weight_bits": 4, "bits_of": ["a,b=8", "head.*=w2a3"]}, {"activation_bits": 3}):
        check_widths([op], recipe)
    with pytest.raises(ValueError) as raised:
        check_widths([op], {"weight_bits": 4, "bits_of": ["a2=8"], "symmetric": True})
    assert str(raised.value) == "op 'op': weight_bits must be 4 or 8 as in the recipe, not 2"


@pytest.mark.parametrize(("change", "text"), [
    ({"name": 3}, "name must be str, not 3"),
    ({"bits": 4.0}, "bits must be int, not 4.0"),
    ({"bits": True}, "bits must be int, not True"),
    ({"signed": 1}, "signed must be bool, not 1"),
    ({"encoding": None}, "encoding must be str, not None"),
    ({"zero_point": False}, "zero_point must be int, not False"),
    ({"bound": "9"}, "bound must be int, not '9'"),
    ({"shape": ()}, "shape must be positive integers, not []"),
    ({"shape": (4, 0)}, "shape must be positive integers, not [4, 0]"),
    ({"shape": (4, True)}, "shape must be positive integers, not [4, True]"),
    ({"encoding": "log2"}, "encoding must be one of uniform, log_sqrt2, twin_softmax, "
     "twin_activation, power_of_two, log2_softmax, accumulator, float64, not 'log2'"),
    ({"bits": 0}, "bits must be between 1 and 16, not 0"),
    ({"bits": 17}, "bits must be between 1 and 16, not 17"),
    ({"bits": 33, "encoding": "accumulator"}, "bits must be between 1 and 32, not 33"),
    ({"bits": 65, "encoding": "float64"}, "bits must be between 1 and 64, not 65"),
    ({"scale": True}, f"{POSITIVE}True"),
    ({"scale": "1"}, f"{POSITIVE}'1'"),
    ({"scale": 0}, f"{POSITIVE}0"),
    ({"scale": float("inf")}, f"{POSITIVE}inf"),
    ({"scale": float("nan")}, f"{POSITIVE}nan"),
    ({"bound": -1}, "bound and zero point must fit 31 bits"),
    ({"bound": 2**31}, "bound and zero point must fit 31 bits"),
    ({"zero_point": 2**31}, "bound and zero point must fit 31 bits"),
    ({"zero_point": -(2**31)}, "bound and zero point must fit 31 bits"),
], ids=str)
def test_tensors_that_make_no_sense(change, text):
    with pytest.raises(ValueError) as raised:
        check_tensor(replace(CODES, **change))
    assert str(raised.value) == text


@pytest.mark.parametrize(("tensor", "limits", "reach", "dtype"), [
    (CODES, (0, 15), 12, np.uint8),
    (replace(CODES, signed=True), (-8, 7), 11, np.int8),
    (replace(CODES, bits=1), (0, 1), 3, np.uint8),
    (replace(CODES, bits=16), (0, 65535), 65532, np.uint16),
    (Tensor("acc", (1,), 20, True, "accumulator", bound=130), (-130, 130), 130, np.int16),
    (Tensor("y", (1,), 64, True, "float64"), (-(2**63), 2**63 - 1), 2**63, np.float64),
])
def test_what_a_tensor_holds(tensor, limits, reach, dtype):
    assert (tensor.limits(), tensor.reach, tensor.dtype) == (limits, reach, dtype)


def test_what_is_left_out_of_a_description():
    assert Tensor("x", (1,), 4) == Tensor("x", (1,), 4, False, "uniform", 1.0, 0, 0)
    op = Op("op", "add", ("x", "x"), CODES)
    op.cache["prepared"] = 1
    assert op == Op("op", "add", ("x", "x"), CODES, {}, {})
    assert "prepared" not in repr(op)


def test_what_elements_stand_for():
    assert CODES.real([3, 5, 0]).tolist() == [0.0, 1.0, -1.5]
    float64 = Tensor("y", (3,), 64, True, "float64", scale=2.0, zero_point=1)
    assert float64.real([0.25, 1.0]).tolist() == [0.25, 1.0]


def pool(**attributes):
    """A kind with inputs and ranges of integers."""
    stated = {"accumulator_bound": 48, "input_zero_point": 3, "multiplier": 1, "shift": 1}
    return Op("op", "pool", ("x",), replace(CODES, shape=(1, 6)), stated | attributes)


def embed(constants=((0, 1), (2, 3)), **more):
    """A kind with reals among its attributes, and with a constant."""
    attributes = {"scale": 0.5, "zero_point": 3, "constant_scale": 0.25}
    output = Tensor("y", (2, 2), 64, True, "float64")
    tensors = {} if constants is None else {"constants": np.array(constants)}
    return Op("op", "embed_float", ("x",), output, attributes, tensors | more)


def linear(**changes):
    attributes = {"weight_bits": 2, "accumulator_bound": 9, "input_zero_point": 0, "input_top": 15}
    tensors = {
        "weight": np.array([[3]], np.uint8), "weight_zero_point": np.array([0]),
        "bias": np.array([1]), "multiplier": np.array([1]), "shift": np.array([1]),
    }
    return Op("op", "linear", ("x",), CODES, attributes, tensors | changes)


def refused(op):
    with pytest.raises(ValueError) as raised:
        check_op(op)
    return str(raised.value).removeprefix("op 'op'")


@pytest.mark.parametrize("op", [
    pool(), pool(multiplier=2**16 - 1, shift=47), pool(multiplier=0),
    pool(accumulator_bound=2**62 - 1), pool(accumulator_bound=1 - 2**62), embed(), linear(),
    linear(weight_zero_point=np.array([2**24 - 1])),
    linear(weight_zero_point=np.array([1 - 2**24])),
    Op("op", "average", ("x",) * 3, CODES),
], ids=range(10))
def test_ops_at_their_limits(op):
    check_op(op)


def test_a_whole_number_becomes_a_real_one():
    op = embed()
    op.attributes["constant_scale"] = 3
    check_op(op)
    assert isinstance(op.attributes["constant_scale"], float)


def test_the_largest_real_is_finite():
    op = embed()
    op.attributes["constant_scale"] = float_info.max
    check_op(op)


@pytest.mark.parametrize(("op", "text"), [
    (Op("op", "conv", ("x",), CODES), " is of unknown kind 'conv'"),
    (Op("op", "pool", (), CODES), " takes 1 inputs, not 0"),
    (Op("op", "add", ("x",) * 3, CODES), " takes 2 inputs, not 3"),
    (Op("op", "average", (), CODES), " takes some inputs, not 0"),
    (pool(shift=0), ": attribute 'shift' must be between 1 and 47, not 0"),
    (pool(shift=48), ": attribute 'shift' must be between 1 and 47, not 48"),
    (pool(shift=True), ": attribute 'shift' must be int, not True"),
    (pool(accumulator_bound=2**62), ": attribute 'accumulator_bound' does not fit 62 bits"),
    (pool(accumulator_bound=-(2**62)), ": attribute 'accumulator_bound' does not fit 62 bits"),
    (Op("op", "pool", ("x",), CODES), ": attribute 'accumulator_bound' must be int, not None"),
    (Op("op", "query_key", ("q", "k"), CODES, {
        "heads": 1, "accumulator_bound": 1, "q_zero_point": 0, "k_zero_point": 0,
        "product_bound": 1, "width": None}), ": attribute 'width' must be int, not None"),
    (embed(None), " lacks the tensor 'constants'"),
    (embed(bias=np.zeros(2), added=np.zeros(2)), " has no use for 'added'"),
    (embed(np.zeros((0, 2))), ": tensor 'constants' has no elements"),
    (embed([[0.0, np.nan]]), ": tensor 'constants' holds NaN or infinity"),
    (embed([["a"]]), ": tensor 'constants' must be integers (of at most 63 bits), not <U1"),
    (linear(bias=np.array([1], np.uint64)),
     ": tensor 'bias' must be integers (of at most 63 bits), not uint64"),
    (linear(bias=np.array([1.0])),
     ": tensor 'bias' must be integers (of at most 63 bits), not float64"),
    (linear(shift=np.array([1, 48])), ": tensor 'shift' must be between 1 and 47"),
    (linear(shift=np.array([0, 47])), ": tensor 'shift' must be between 1 and 47"),
    (linear(weight_zero_point=np.array([2**24])),
     ": tensor 'weight_zero_point' must be between -16777215 and 16777215"),
])
def test_ops_that_are_refused(op, text):
    assert refused(op) == text


@pytest.mark.parametrize(("key", "value", "text"), [
    ("scale", "0.5", "must be int or float, not '0.5'"),
    ("scale", float("inf"), "must be finite, not inf"),
    ("scale", float("nan"), "must be finite, not nan"),
    ("constant_scale", False, "must be int or float, not False"),
])
def test_reals_that_are_refused(key, value, text):
    op = embed()
    op.attributes[key] = value
    assert refused(op) == f": attribute {key!r} {text}"


@pytest.mark.parametrize(("value", "text"), [
    (None, "must be str, not None"), ("all", "must be one of top, extra, none, not 'all'"),
])
def test_choices_that_are_refused(value, text):
    softmax = Op("op", "softmax_float", ("x",), CODES, {
        "threshold_a": 2, "threshold_b": 1, "logit_scale": 1.0, "zero_code": value})
    assert refused(softmax) == f": attribute 'zero_code' {text}"


def used(op, inputs, variant):
    try:
        check_use(op, inputs, variant)
    except ValueError as error:
        return str(error)


def test_a_float_op_is_none_of_variant_integer():
    no = "op 'op' computes in float, in a program of variant integer"
    op = embed()
    assert used(op, [replace(CODES, shape=(2, 2))], "integer") == no
    assert used(op, [replace(CODES, shape=(2, 2))], "hardware") == (
        "op 'op': constants must be int16 codes, not int64")
    select = Op("op", "select", ("x",), Tensor("y", (1, 6), 64, True, "float64"), {"tokens": [0]})
    assert used(select, [select.output], "integer") == no
    assert used(select, [select.output], "hardware") is None


def test_attributes_say_again_what_the_input_says():
    op = embed(np.array([[0, 1], [2, 3]], np.int16))
    source = replace(CODES, shape=(2, 2))
    assert used(op, [source], "hardware") is None
    assert used(op, [replace(source, scale=2.0)], "hardware") == (
        "op 'op': scale must be 2.0 as in its input, not 0.5")
    assert used(op, [replace(source, zero_point=4)], "hardware") == (
        "op 'op': zero_point must be 4 as in its input, not 3")


@pytest.mark.parametrize(("scales", "zero_points", "text"), [
    ([0.5, 2.0], [3, 4], None),
    ([2.0, 0.5], [3, 4], "op 'op': scales must be [0.5, 2.0] as in its input, not [2.0, 0.5]"),
    ([0.5, 2.0], [4, 4], "op 'op': zero_points must be [3, 4] as in its input, not [4, 4]"),
])
def test_attributes_say_again_what_each_head_says(scales, zero_points, text):
    heads = [replace(CODES, shape=(1, 6)), Tensor("b", (1, 6), 4, scale=2.0, zero_point=4)]
    op = Op("op", "average_float", ("a", "b"), Tensor("y", (6,), 64, True, "float64"),
            {"scales": scales, "zero_points": zero_points})
    assert used(op, heads, "hardware") == text
