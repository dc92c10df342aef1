"""Integer matmuls against sums of Python integers."""

from fractions import Fraction
from itertools import product as choices
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vit2rtl.golden.arithmetic import matmul

from .integer_arrays import assert_same, python


def oracle(a, b):
    """Rows times columns, one pair of matrices."""
    return [[sum(x * y for x, y in zip(row, column, strict=True))
             for column in zip(*b, strict=True)] for row in a]


# Bounds on either side of what float32, float64 and int64 hold.
REACHES = [15, 2**11, 2**11 + 1, 2**12, 2**25, 2**26, 2**27, 2**30, 2**31]


@pytest.mark.parametrize("high", REACHES)
@pytest.mark.parametrize("sign", [1, -1])
def test_product_is_exact_on_every_road(high, sign):
    rng = np.random.default_rng(high)
    a = rng.integers(high - 8, high, (5, 7), endpoint=True)
    b = sign * rng.integers(high - 8, high, (7, 3), endpoint=True)
    got = matmul.product(a, b)
    assert got.tolist() == oracle(a.tolist(), b.tolist())
    bound = 7 * high**2
    assert got.dtype == (np.int32 if bound < 2**31 else np.int64 if bound < 2**63 else object)
    assert matmul.product(python(a), python(b)).tolist() == got.tolist()


def test_a_bound_at_the_limit_of_float32_is_exact():
    a, b = np.array([[2**23, 2**23 - 1, 1]]), np.array([[1], [1], [1]])
    got = matmul.product(a, b, bound=2**24)
    assert got.tolist() == [[2**24]]
    a = np.array([[2**24, 1]])
    assert matmul.product(a, b[:2], bound=2**24 + 1).tolist() == [[2**24 + 1]]


@pytest.mark.parametrize(("bound", "dtype"), [
    (2**31 - 1, np.int32), (2**31, np.int64), (2**63 - 1, np.int64), (2**63, object),
])
def test_a_bound_decides_the_type(bound, dtype):
    got = matmul.product([[3]], [[5]], bound=bound)
    assert (got.dtype, got.tolist()) == (dtype, [[15]])


def test_product_of_stacks():
    a, b = np.arange(24).reshape(2, 1, 3, 4) - 12, np.arange(40).reshape(5, 4, 2) - 20
    got = matmul.product(a, b)
    assert got.shape == (2, 5, 3, 2)
    for i, j in choices(range(2), range(5)):
        assert got[i, j].tolist() == oracle(a[i, 0].tolist(), b[j].tolist())
    assert_same(got, matmul.product(python(a), python(b)))


@given(data=st.data(), x_bits=st.integers(2, 8), w_bits=st.integers(2, 8))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_linear_with_either_bias_is_the_dequantized_layer(data, x_bits, w_bits):
    rows, depth, channels = (data.draw(st.integers(1, 4)) for _ in range(3))
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**x_bits, (rows, depth))
    weight = rng.integers(0, 2**w_bits, (channels, depth)) - data.draw(st.integers(-300, 300))
    z = data.draw(st.integers(-40, 300))
    bias = data.draw(st.lists(st.floats(-10, 10, width=32), min_size=channels, max_size=channels))
    s_x, s_w = 2.0**-7 / 3, np.linspace(0.01, 0.02, channels)
    plain = matmul.bias_integer(bias, s_x, s_w, weight)
    folded = matmul.bias_integer(bias, s_x, s_w, weight, zero_point=z)
    want = [
        [sum((q - z) * w for q, w in zip(row, channel, strict=True))
         + floor(Fraction(b) / (Fraction(s_x) * Fraction(float(s))) + Fraction(1, 2))
         for channel, b, s in zip(weight.tolist(), bias, s_w, strict=True)]
        for row in codes.tolist()
    ]
    got = matmul.linear(codes, weight, folded)
    assert got.tolist() == want
    assert matmul.linear(codes - z, weight, plain).tolist() == want
    assert_same(got, matmul.linear(python(codes), python(weight), python(folded)))
    assert matmul.unfold(folded, weight, z).tolist() == plain.tolist()
    bounds = matmul.linear_bounds(weight, plain, z, 2**x_bits - 1)
    assert np.abs(want).max() <= bounds.accumulator


def test_linear_with_a_bias_beyond_32_bits():
    got = matmul.linear([[1, 2]], [[3, 4]], [2**40])
    assert (got.tolist(), got.dtype) == ([[11 + 2**40]], np.int64)


def test_bias_rounds_half_up_and_ignores_float_error():
    got = matmul.bias_integer([2.5, -2.5, 0.3], 1.0, [1.0, 1.0, 0.1], np.zeros((3, 2), int))
    assert got.tolist() == [3, -2, 3]
    # 0.3 / 0.1 is 2.9999999999999996 in floats of the exact 2.99999999999999983
    assert matmul.bias_integer([1.5], 3.0, [1.0], [[1, 2]], zero_point=7).tolist() == [1 - 21]


def test_a_bias_has_a_scale_for_each_channel():
    with pytest.raises(ValueError, match="zip"):
        matmul.bias_integer([1.0, 2.0], 1.0, [1.0], np.zeros((2, 2), int))


def test_the_example_of_the_arithmetic_page():
    weight, bias = [[-6, 8, 1]], matmul.bias_integer([0.37], 0.05, [0.02], [[-6, 8, 1]])
    assert bias.tolist() == [370]
    assert matmul.linear([[-2, 7, 2]], weight, bias).tolist() == [[440]]
    assert matmul.linear_bounds(np.array(weight), bias, 5, 15) == (150, 520)
    assert matmul.width(-520, 520) == 11


@pytest.mark.parametrize("zero_point", [-3, 0, 2, 3, 9])
def test_bounds_of_a_layer_hold_for_every_input_in_every_order(zero_point):
    weight, bias = np.array([[-2, 1, 3], [0, -1, 1]]), np.array([-4, 5])
    bounds = matmul.linear_bounds(weight, bias, zero_point, 3)
    products, sums = set(), set()
    for codes in choices(range(4), repeat=3):
        for w, b in zip(weight.tolist(), bias.tolist(), strict=True):
            terms = [(q - zero_point) * x for q, x in zip(codes, w, strict=True)]
            products.add(max(sum(t for t in terms if t > 0), -sum(t for t in terms if t < 0)))
            sums.add(abs(sum(terms) + b))
    reach = max(abs(q - zero_point) for q in range(4))
    assert bounds == (6 * reach, max(6 * reach + 4, 2 * reach + 5))
    assert max(products) <= bounds.products and max(sums) <= bounds.accumulator


@given(data=st.data())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_layer_against_rationals(data):
    """Bias, factors and bound of every channel, from the reals that they come from."""
    depth, channels = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    weight = rng.integers(-20, 240, (channels, depth))
    s_w, bias = rng.uniform(0.001, 0.02, channels), rng.normal(0, 2, channels)
    source = matmul.Codes(float(rng.uniform(0.01, 0.2)), data.draw(st.integers(-9, 99)), 15)
    output = float(rng.uniform(1e-4, 0.5))
    layer = matmul.layer_of(weight, s_w, bias, source, output)
    bounds = []
    for n, row in enumerate(weight.tolist()):
        unit = Fraction(source.scale) * Fraction(float(s_w[n]))
        plain = floor(Fraction(float(bias[n])) / unit + Fraction(1, 2))
        assert layer.bias[n] == plain
        assert layer.folded[n] == plain - source.zero_point * sum(row)
        stands_for = Fraction(int(layer.multiplier[n]), 2 ** int(layer.shift[n]))
        assert abs(stands_for / (unit / Fraction(output)) - 1) < Fraction(1, 2**8)
        largest = max(abs(q - source.zero_point) for q in range(16))
        bounds.append(sum(map(abs, row)) * largest + abs(plain))
    assert layer.bound == max(bounds)
    assert np.ptp(layer.shift) < 8


@pytest.mark.parametrize("bias", [2.0**31, 1e30])
def test_a_layer_of_more_than_32_bits_is_refused(bias):
    with pytest.raises(ValueError) as caught:
        matmul.layer_of(np.array([[3]]), [1.0], [bias], matmul.Codes(1.0, 2, 3), 1.0)
    assert str(caught.value) == f"Accumulator bound {6 + int(bias)} does not fit 32 bits"
    at_most = matmul.layer_of(np.array([[3]]), [1.0], [2.0**31 - 7], matmul.Codes(1.0, 2, 3), 1.0)
    assert at_most.bound == 2**31 - 1


@pytest.mark.parametrize(("zero_point", "want"), [(-3, 18), (0, 15), (7, 8), (8, 8), (20, 20)])
def test_reach_of_codes(zero_point, want):
    assert matmul.Codes(1.0, zero_point, 15).reach == want
    assert matmul.code_reach(zero_point - 8, -8, 7) == want
    assert matmul.query_key_bound(want, 3, 64) == 64 * 3 * want


@pytest.mark.parametrize("bits", range(2, 9))
def test_query_key_of_extreme_codes_and_zero_points(bits):
    top = 2**bits - 1
    q = np.array([[top] * 64, [0] * 64, [top, 0] * 32], dtype=np.uint8)
    k = np.array([[0] * 64, [top] * 64], dtype=np.uint8)
    for z_q, z_k in choices([0, top, -5, 3 * top], repeat=2):
        want = oracle((q.astype(int) - z_q).tolist(), (k.astype(int) - z_k).T.tolist())
        got = matmul.query_key(q, k, z_q, z_k)
        assert got.tolist() == want
        assert_same(got, matmul.query_key(python(q), python(k), z_q, z_k))
        bound = 64 * max(abs(z_q), abs(top - z_q)) * max(abs(z_k), abs(top - z_k))
        assert matmul.query_key(q, k, z_q, z_k, bound=bound).tolist() == want


def test_query_key_of_stacks():
    q, k = np.arange(24).reshape(2, 3, 4), np.arange(40).reshape(2, 5, 4)
    got = matmul.query_key(q, k, 7, 9)
    assert got.tolist() == [oracle((q[n] - 7).tolist(), (k[n] - 9).T.tolist()) for n in range(2)]


@pytest.mark.parametrize(("code", "zero_point"), [
    (32767, 0), (32766, -1), (32767, -1), (32767, -10), (-32768, 0), (-32760, 100), (65535, 0),
])
def test_codes_at_the_ends_of_16_bits(code, zero_point):
    centered = matmul.center("Query", [code], zero_point)
    assert centered.tolist() == [code - zero_point]
    assert centered.dtype == (np.int16 if abs(code) + abs(zero_point) < 2**15 else np.int64)


def test_zero_points_beyond_16_bits():
    assert matmul.query_key([[1]], [[2]], 2**20, 0).tolist() == [[2 * (1 - 2**20)]]


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-2, 1, 2), (-3, 1, 3), (-128, 127, 8), (5, 128, 9)],
)
def test_width(low, high, bits):
    assert matmul.width(low, high) == bits


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: matmul.product([[1.0]], [[1]]),
            "Left factor must be integers (of at most 63 bits), not float64",
        ),
        (
            lambda: matmul.product([[1]], np.array([[1]], np.uint64)),
            "Right factor must be integers (of at most 63 bits), not uint64",
        ),
        (
            lambda: matmul.linear([[1]], [[1]], np.array([1.0], object)),
            "Bias must be integers, not float",
        ),
        (
            lambda: matmul.query_key([[True]], [[1]], 0, 0),
            "Query must be integers (of at most 63 bits), not bool",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message
