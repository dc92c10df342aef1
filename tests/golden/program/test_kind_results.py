"""What each kind of op computes and costs, against oracles in plain Python and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.python.lowering.program_oracle_ops import KINDS as ORACLES
from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.program.execute import run_op
from vit2rtl.golden.program.kinds import KINDS

from . import kind_ops, kind_ops_factors, kind_ops_padded

ALL = (*kind_ops.ALL, *kind_ops_factors.ALL, *kind_ops_padded.ALL)

IMAGES = 3


def images_of(tensor, seed):
    """Elements of every image: random ones between the tensor's limits, both ends among them."""
    rng = np.random.default_rng(seed)
    if tensor.encoding == "float64":
        return rng.normal(0, 2, (IMAGES, *tensor.shape))
    low, high = tensor.limits()
    if tensor.encoding == "log2_softmax":
        low = 2  # shares of a row of six keys at most
    elements = rng.integers(low, high, (IMAGES, *tensor.shape), endpoint=True)
    elements[0].flat[:2] = low, high
    return elements.astype(tensor.dtype)


def oracle(op, arrays):
    """Image by image, from what a manifest says of the op."""
    kind = KINDS[op.kind]
    attributes = op.attributes | {name: number(op) for name, number in kind.numbers.items()}
    if "accumulator_bound" in attributes:
        bound = attributes["accumulator_bound"]
        attributes["accumulator_bits"] = width(-bound, bound)
    constants = op.tensors | {role: table(op) for role, table in kind.tables.items()}
    constants = {role: array.astype(object) for role, array in constants.items()}
    output = {key: getattr(op.output, key)
              for key in ("bits", "signed", "encoding", "scale", "zero_point")}
    return [
        np.reshape(ORACLES[op.kind](attributes, constants, output, *images), op.output.shape)
        for images in zip(*(array.astype(object) for array in arrays), strict=True)
    ]


@pytest.mark.parametrize("accepted", ALL)
def test_results_are_those_of_the_oracle(accepted):
    op, inputs = accepted()
    arrays = [images_of(tensor, seed) for seed, tensor in enumerate(inputs)]
    want = np.array(oracle(op, arrays))
    got = run_op(op, arrays)
    assert got.shape == (IMAGES, *op.output.shape)
    if op.output.encoding == "float64":
        assert got.dtype == np.float64
        assert_allclose(got, want.astype(float), rtol=1e-13, atol=1e-13)
    else:
        assert got.tolist() == want.tolist()
    assert run_op(op, arrays).tolist() == got.tolist()
    if not KINDS[op.kind].floats:
        exact = run_op(op, [array.astype(object) for array in arrays])
        assert (exact.dtype, exact.tolist()) == (object, want.tolist())


@pytest.mark.parametrize(("accepted", "dtype"), [
    (kind_ops.linear, np.uint8), (kind_ops.query_key, np.int32),
    (kind_ops.query_key_to_logits, np.int16), (kind_ops.softmaxes, np.uint8),
    (kind_ops.softmax_float, np.uint8), (kind_ops.attention_value, np.uint8),
    (kind_ops.layernorm, np.uint8), (kind_ops.layernorm_signed, np.int8),
    (kind_ops.layernorm_float, np.uint8), (kind_ops.table, np.uint8),
    (kind_ops.add, np.int8), (kind_ops.gather, np.uint8), (kind_ops.select, np.uint8),
    (kind_ops.pool, np.uint8), (kind_ops.pool_to_signed, np.int8),
    (kind_ops.pool_float, np.int32), (kind_ops.average, np.int16),
    (kind_ops.softmax_twin_float, np.uint8), (kind_ops.attention_value_twin, np.uint8),
    (kind_ops.linear_twin, np.uint8), (kind_ops.table_to_signs, np.int8),
    (kind_ops_factors.quantize_factors_float, np.uint8),
    (kind_ops_factors.layernorm_factors_float, np.uint8),
    (kind_ops_factors.softmax_log2_float, np.uint8),
    (kind_ops_factors.softmax_log2_of_eight_bits, np.uint16),
    (kind_ops_factors.attention_value_log2, np.uint8),
])
def test_machine_types(accepted, dtype):
    op, inputs = accepted()
    assert run_op(op, [images_of(tensor, 0) // 4 * 4 for tensor in inputs]).dtype == dtype


@pytest.mark.parametrize("accepted", [
    kind_ops.masked_windows, kind_ops.softmax_float, kind_ops_factors.softmax_log2_float])
def test_a_mask_without_windows_is_that_of_one_window(accepted):
    results = []
    for windows in ((1,), ()):
        op, inputs = accepted()
        op.output = replace(op.output, shape=(*windows, *op.output.shape[1:]))
        op.tensors["mask"] = op.tensors["mask"][0].reshape(*windows, *op.output.shape[-2:])
        inputs = [replace(x, shape=(*windows, *x.shape[1:])) for x in inputs]
        assert KINDS[op.kind].problem(op, inputs) is None
        results.append(run_op(op, [images_of(x, n) for n, x in enumerate(inputs)]))
    assert np.array_equal(results[0][:, 0], results[1])


@pytest.mark.parametrize(("accepted", "macs"), [
    (kind_ops.linear, 4 * 2 * 6), (kind_ops.linear_of_windows, 7 * 4 * 2 * 6),
    (kind_ops.query_key, 4 * 4 * 6),
    (kind_ops.masked_windows, 7 * 4 * 5 * 6), (kind_ops.attention_value, 3 * 4 * 6),
    (kind_ops.attention_of_windows, 7 * 4 * 5 * 6),
    (kind_ops_factors.attention_of_log2_windows, 7 * 4 * 5 * 6),
    (kind_ops.attention_of_twin_windows, 7 * 4 * 5 * 6), (kind_ops.linear_twin, 4 * 2 * 6),
])
def test_multiplications(accepted, macs):
    op, inputs = accepted()
    assert KINDS[op.kind].macs(op, inputs) == macs


@pytest.mark.parametrize(("kind", "role", "array", "bits"), [
    ("linear", "weight", np.zeros((3, 5), int), 15 * 2),
    ("linear", "weight_zero_point", [5, 5, 5], 4),
    ("linear", "weight_zero_point", [-5, -5], 4),
    ("linear", "weight_zero_point", [5, 4, 0], 3 * 3),
    ("linear", "weight_zero_point", [-5, 4], 2 * 4),
    ("linear", "bias", [-8, 7, 0], 3 * 4),
    ("linear", "bias", [0, 7], 2 * 3),
    ("linear", "bias", [0, 0], 2 * 1),
    ("linear", "multiplier", [2, 65535], 2 * 16),
    ("linear", "shift", [20, 27, 24], 3 * 3),
    ("linear", "shift", [20, 28], 2 * 4),
    ("linear", "shift", [20, 20], 0),
    ("layernorm", "gain", [-1, 0], 2 * 1),
    ("layernorm_float", "gamma", [0.5, 0.25, 1.0], 3 * 32),
    ("table", "table", np.zeros(16, int), 16 * 3),
])
def test_bits_of_constants(kind, role, array, bits):
    op, _ = getattr(kind_ops, kind)()
    assert KINDS[kind].constants[role].cost(op, np.array(array)) == bits


def test_formats_of_constants_that_a_kind_fixes():
    formats = {
        (op.kind, role): constant.format(op)
        for op, _ in (accepted() for accepted in ALL)
        for role, constant in KINDS[op.kind].constants.items() if constant.format
    }
    assert formats == {
        ("linear", "weight"): (2, False), ("linear_twin", "weight"): (2, False),
        ("table", "table"): (4, True),
        ("embed", "constants"): (8, True), ("embed_float", "constants"): (16, True),
    }


@pytest.mark.parametrize("accepted", [
    kind_ops.query_key, kind_ops.query_key_to_logits, kind_ops.attention_value, kind_ops.pool,
    kind_ops.attention_value_twin, kind_ops.linear_twin, kind_ops_factors.attention_value_log2,
])
def test_a_bound_that_is_too_small_shows(accepted):
    op, inputs = accepted()
    arrays = [images_of(tensor, 1) for tensor in inputs]
    op.attributes["accumulator_bound"] = 1
    with pytest.raises(ValueError, match=r"^Op op: an accumulator exceeds its bound of 1$"):
        run_op(op, arrays)


def test_a_bound_that_is_too_small_shows_among_pythons_integers():
    op, inputs = kind_ops.linear()
    op.attributes["accumulator_bound"] = 1
    with pytest.raises(ValueError, match=r"^Op op: an accumulator exceeds its bound of 1$"):
        run_op(op, [images_of(inputs[0], 1).astype(object)])


@pytest.mark.parametrize("weight", [[2, -1], [1, -2], [-2, 1], [-1, 2]])
def test_an_accumulator_above_its_bound_is_refused(weight):
    """By the fast road of a layer, which knows the bound of the products: 12 times 2."""
    op, _ = kind_ops.linear()
    op.output = replace(op.output, shape=(1, 2))
    codes_of_weights = (np.array(weight)[:, np.newaxis] + 2).astype(np.uint8)
    op.tensors |= {"weight": codes_of_weights, "weight_zero_point": np.array([2, 2])}
    codes = np.array([[[15]]], np.uint8)
    run_op(op, [codes])
    op.cache["linear"]["bound"] = 24
    run_op(op, [codes])
    op.cache["linear"]["bound"] = 23
    with pytest.raises(ValueError, match=r"^Op op: an accumulator exceeds its bound$"):
        run_op(op, [codes])
