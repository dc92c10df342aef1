"""What several kinds of ops ask of shapes, codes and bounds: each condition broken alone."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden.program import attention, conditions
from vit2rtl.golden.program.program import Op, Tensor

CODES = Tensor("codes", (4, 6), 4, scale=0.5, zero_point=3)
UNFIT = "input and output must have the same codes"


def op(output, attributes=None, **tensors):
    return Op("op", "kind", ("x",), output, attributes or {}, tensors)


def test_same_codes_whatever_the_shape_and_name():
    other = replace(CODES, name="other", shape=(1,), bound=5)
    assert conditions.same_codes(CODES, other, CODES) is None


@pytest.mark.parametrize("change", [
    {"bits": 5}, {"signed": True}, {"encoding": "log_sqrt2"}, {"scale": 0.25}, {"zero_point": 0},
], ids=str)
@pytest.mark.parametrize("place", [0, 1])
def test_codes_that_stand_for_something_else(change, place):
    sources = [CODES, CODES]
    sources[place] = replace(CODES, **change)
    assert conditions.same_codes(CODES, *sources) == UNFIT


@pytest.mark.parametrize("odd", range(3))
def test_equal_shapes(odd):
    tensors = [CODES, CODES, CODES]
    assert conditions.equal_shapes(op(tensors[2]), *tensors[:2]) is None
    tensors[odd] = replace(CODES, shape=(6, 4))
    shapes = ["(4, 6)"] * 3
    shapes[odd] = "(6, 4)"
    assert conditions.equal_shapes(op(tensors[2]), *tensors[:2]) == (
        f"shapes {shapes[0]}, {shapes[1]} and {shapes[2]} must be equal")


def test_a_bound_follows_from_the_weights_and_fits_32_bits():
    assert conditions.bounded(2**31 - 1, 2**31 - 1) is None
    assert conditions.bounded(2**31, 2**31) == "accumulator bound 2147483648 does not fit 32 bits"
    assert conditions.bounded(4, 5) == "accumulator bound is 5, not 4"
    assert conditions.bounded(5, 4) == "accumulator bound is 4, not 5"


@pytest.mark.parametrize("acc", [[7, 0], [-7, -3], []])
def test_accumulators_up_to_their_bound(acc):
    conditions.assert_bound(op(CODES, {"accumulator_bound": 7}), np.array(acc, int))


@pytest.mark.parametrize("acc", [[8, 0], [-8, 7]])
def test_an_accumulator_above_its_bound(acc):
    with pytest.raises(ValueError, match=r"^Op op: an accumulator exceeds its bound of 7$"):
        conditions.assert_bound(op(CODES, {"accumulator_bound": 7}), np.array(acc))


@pytest.mark.parametrize(("output", "gain", "problem"), [
    (CODES, 6, None),
    (replace(CODES, encoding="float64"), 6, None),
    (replace(CODES, encoding="log_sqrt2"), 6, "output must have the input's shape"),
    (replace(CODES, shape=(6, 6)), 6, "output must have the input's shape"),
    (CODES, 4, "gain must have the shape (6,)"),
])
def test_an_affine_of_channels(output, gain, problem):
    norm = op(output, offset=np.zeros(6), gain=np.zeros(gain))
    assert conditions.affine_of_channels(norm, CODES) == problem
    norm.output, windows = (replace(x, shape=(7, *x.shape)) for x in (output, CODES))
    assert conditions.affine_of_channels(norm, windows) == problem


@pytest.mark.parametrize(("tokens", "constants", "output", "fits"), [
    ((4, 6), (5, 6), (5, 6), True),
    ((5, 6), (5, 6), (5, 6), True),
    ((6, 6), (5, 6), (5, 6), False),
    ((4, 5), (5, 6), (5, 6), False),
    ((4, 6), (5, 6), (4, 6), False),
    ((6,), (6,), (6,), True),
    ((1, 6), (6,), (6,), False),
])
def test_constants_under_tokens(tokens, constants, output, fits):
    embed = op(replace(CODES, shape=output), constants=np.zeros(constants))
    problem = conditions.constants_under(embed, replace(CODES, shape=tokens))
    assert problem == (None if fits else f"constants {constants} do not fit tokens {tokens}")


@pytest.mark.parametrize(("shape", "output", "fits"), [
    ((4, 6), (1, 6), True), ((4, 6), (6,), False), ((4, 6), (1, 4), False),
    ((2, 4, 6), (1, 6), False),
])
def test_pooled(shape, output, fits):
    problem = conditions.pooled(op(replace(CODES, shape=output)), replace(CODES, shape=shape))
    assert problem == (None if fits else f"input {shape} and output {output} do not fit")


@pytest.mark.parametrize(("shapes", "output", "fits"), [
    ([(1, 6), (1, 6)], (6,), True), ([(2, 3)], (6,), True), ([(1, 6), (6,)], (6,), False),
    ([(1, 6)], (1, 6), False), ([(1, 6)], (5,), False),
])
def test_logits_of_heads(shapes, output, fits):
    heads = [replace(CODES, shape=shape) for shape in shapes]
    problem = conditions.logits_of_heads(op(replace(CODES, shape=output)), *heads)
    assert problem == (None if fits else "heads must have one shape, and the output all of their "
                                         "logits")


def test_heads_take_their_channels_in_order():
    x = np.arange(5 * 2 * 3 * 8).reshape(5, 2, 3, 8)
    split = attention.split_heads(x, 4)
    assert split.shape == (5, 2, 4, 3, 2)
    for head in range(4):
        assert split[:, :, head].tolist() == x[..., 2 * head:2 * head + 2].tolist()


def test_the_matrix_of_attention_has_a_row_a_query():
    q, k = replace(CODES, shape=(7, 3, 8)), replace(CODES, shape=(7, 5, 8))
    assert attention.matrix_shape(q, k, 2) == (7, 2, 3, 5)


@pytest.mark.parametrize(("heads", "shape", "fits"), [
    (1, (4, 6), True), (3, (4, 6), True), (4, (4, 6), False), (0, (4, 6), False),
    (-1, (4, 6), False), (2, (6,), False), (3, (7, 4, 6), True), (4, (7, 4, 6), False),
])
def test_heads_divide_the_channels(heads, shape, fits):
    problem = attention.divided_by_heads(
        op(CODES, {"heads": heads}), replace(CODES, shape=shape))
    assert problem == (None if fits else f"{heads} heads do not divide the shape {shape}")


@pytest.mark.parametrize(("tensors", "problem"), [
    ({}, None),
    ({"bias": (3, 4, 5), "mask": (7, 4, 5)}, None),
    ({"bias": (4, 5)}, "bias must have the shape (3, 4, 5), not (4, 5)"),
    ({"mask": (3, 4, 5)}, "mask must have the shape (7, 4, 5), not (3, 4, 5)"),
])
def test_bias_of_heads_and_mask_of_windows(tensors, problem):
    logits = op(CODES, **{role: np.zeros(shape) for role, shape in tensors.items()})
    assert attention.bias_and_mask(logits, (7, 3, 4, 5)) == problem


@pytest.mark.parametrize(("mask", "problem"), [
    ((4, 5), None), ((3, 4, 5), "mask must have the shape (4, 5), not (3, 4, 5)"),
])
def test_a_mask_without_windows(mask, problem):
    assert attention.bias_and_mask(op(CODES, mask=np.zeros(mask)), (3, 4, 5)) == problem


SOFTMAX = {"threshold_a": 55109, "threshold_b": 38968, "zero_code": "top"}
LOG = Tensor("p", (4, 6), 4, encoding="log_sqrt2", scale=1.0)
NO_LOG = "output must be log_sqrt2 codes of the input's shape"


@pytest.mark.parametrize(("output", "attributes", "problem"), [
    (LOG, {}, None),
    (replace(LOG, bits=2), {}, None),
    (replace(LOG, bits=8), {}, None),
    (replace(LOG, bits=1), {}, "zero code 'top' with 1 bits is not possible"),
    (replace(LOG, bits=9), {}, "zero code 'top' with 9 bits is not possible"),
    (LOG, {"zero_code": "all"}, "zero code 'all' with 4 bits is not possible"),
    (replace(LOG, shape=(6, 4)), {}, NO_LOG),
    (replace(LOG, encoding="uniform"), {}, NO_LOG),
    (replace(LOG, scale=1.5), {}, "output scale must be at most 1, not 1.5"),
    (LOG, {"threshold_a": 55110}, "thresholds of the output's scale are 55109 and 38968"),
    (LOG, {"threshold_b": 38967}, "thresholds of the output's scale are 55109 and 38968"),
    (LOG, {"threshold_shift": 3}, "thresholds of the output's scale are 7 and 5"),
    (LOG, {"threshold_shift": 3, "threshold_a": 7, "threshold_b": 5}, None),
])
def test_log_sqrt2_codes_and_their_thresholds(output, attributes, problem):
    softmax = op(output, SOFTMAX | attributes)
    assert attention.log_sqrt2_codes(softmax, CODES) == problem


def test_the_bound_of_a_softmax_row_allows_for_rounded_probabilities():
    """``2**(1/4) / s`` of a row, s smaller by what 197 halves of 2**-16 may add; H is 7."""
    v = Tensor("v", (197, 8), 4, zero_point=6)  # magnitudes up to 9
    rows = replace(LOG, scale=0.5)
    assert attention.value_bound(rows, v, "top") == int(1.189208 * (1 + 197 / 2**17) / 0.5 * 1152)
    assert attention.value_bound(replace(rows, scale=0.001), v, "top") == 197 * 9 * 128
    assert attention.value_bound(rows, v, "none") == 197 * 9 * 256
