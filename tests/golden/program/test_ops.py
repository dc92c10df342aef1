"""Ops one by one, at places that whole programs seldom come to; expected values by hand."""

import numpy as np
import pytest

from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import Op, Tensor

from .test_program import small_program

TOKENS = 5


def wide_layer(columns):
    """A linear op of 8 bits whose sums are far above 2**24, and its codes for two rows."""
    weight = np.full((3, columns), 255, np.uint8)
    weight[:, -1] = 255, 254, 1
    x = np.full((1, 2, columns), 255, np.uint8)
    x[0, 1, -1] = 254
    sums = [[sum(int(a) * int(b) for a, b in zip(row, channel, strict=True)) for channel in weight]
            for row in x[0]]
    bias = np.array([200 - total for total in sums[0]], np.int32)
    codes = [[min(max(total + int(b), 0), 255) for total, b in zip(row, bias, strict=True)]
             for row in sums]
    tensors = {
        "weight": weight, "weight_zero_point": np.zeros(3, np.int32), "bias": bias,
        # A factor of exactly one.
        "multiplier": np.full(3, 2, np.int32), "shift": np.ones(3, np.uint8),
    }
    attributes = {"weight_bits": 8, "accumulator_bound": 2 * 255 * 255 * columns,
                  "input_zero_point": 0, "input_top": 255}
    output = Tensor("out", (2, 3), 8, scale=1.0)
    return Op("wide", "linear", ("x",), output, attributes, tensors), x, codes


@pytest.mark.parametrize("columns", [300, 1536])
def test_sums_above_what_float32_holds_are_exact(columns):
    op, x, codes = wide_layer(columns)
    assert 255 * 255 * columns > 1 << 24
    assert KINDS["linear"].compute(op, [x])[0].tolist() == codes
    assert KINDS["linear"].compute(op, [x.astype(object)])[0].tolist() == codes
    assert codes == [[200, 200, 200], [0, 0, 199]]


def softmax():
    output = Tensor("p", (1, TOKENS, TOKENS), 4, encoding="log_sqrt2", scale=1.0)
    attributes = {"threshold_a": 55109, "threshold_b": 38968, "logit_scale": 0.01,
                  "zero_code": "top"}
    return Op("p", "softmax_float", ("accumulators",), output, attributes, {})


def test_a_probability_that_rounds_to_one_is_the_largest():
    """2**16 is no probability of 16 bits: it saturates, to code 0."""
    accumulators = np.zeros((1, 1, TOKENS, TOKENS), np.int32)
    accumulators[..., range(TOKENS), range(TOKENS)] = 10_000
    codes = KINDS["softmax_float"].compute(softmax(), [accumulators])
    assert codes[0, 0].tolist() == (15 * (1 - np.eye(TOKENS, dtype=int))).tolist()


def test_equal_probabilities_have_the_code_of_a_fifth():
    """0.2 is below 2**(-1/4), 2**(-3/4) … 2**(-9/4) = 0.210, and above the next."""
    codes = KINDS["softmax_float"].compute(softmax(), [np.zeros((1, 1, TOKENS, TOKENS), np.int32)])
    assert np.unique(codes).tolist() == [5]


def stream(bits=16, signed=True, shape=(4, 3)):
    return Tensor("x", shape, bits, signed, scale=1.0)


def norm(x):
    tensors = {"gain": np.ones(3, np.int32), "offset": np.zeros(3, np.int64)}
    output = Tensor("y", x.shape, 4, scale=1.0)
    return Op("norm", "layernorm", ("x",), output, {"shift": 4, "epsilon": 1}, tensors)


def embed(constants):
    return Op("embed", "embed", ("x",), stream(8), {}, {"constants": np.array(constants)})


@pytest.mark.parametrize(("kind", "op", "x", "problem"), [
    ("layernorm", norm(stream()), stream(), None),
    ("layernorm", norm(stream(signed=False)), stream(signed=False),
     "needs a signed stream of at most 8192 channels"),
    ("embed", embed(np.full((4, 3), 127)), stream(8), None),
    ("embed", embed(np.eye(4, 3, dtype=int) * 128), stream(8),
     "constants must be between -128 and 127"),
    ("embed", embed(np.eye(4, 3, dtype=int) * -129), stream(8),
     "constants must be between -128 and 127"),
])
def test_what_an_op_refuses(kind, op, x, problem):
    assert KINDS[kind].problem(op, [x]) == problem


def test_a_layer_refuses_weights_that_are_no_codes():
    op, x, _ = wide_layer(300)
    op.tensors["weight"] = op.tensors["weight"].astype(np.int16)
    source = Tensor("x", x.shape[1:], 8, scale=1.0)
    assert KINDS["linear"].problem(op, [source]) == "weight must be uint8[out, in]"


def test_constants_that_the_float_model_has_too():
    parameters = {
        name: [role for role, constant in kind.constants.items() if constant.parameter]
        for name, kind in KINDS.items()
    }
    assert {name: roles for name, roles in parameters.items() if roles} == {
        "linear": ["weight", "bias"],
        "query_key": ["bias"],
        "softmax_float": ["bias"],
        "softmax_twin_float": ["bias"],
        "softmax_log2_float": ["bias"],
        "layernorm_factors_float": ["gamma", "beta"],
        "linear_twin": ["weight", "bias"],
        "layernorm": ["gain", "offset"],
        "layernorm_float": ["gamma", "beta"],
        "embed": ["constants"],
        "embed_float": ["constants"],
    }


def test_bytes_of_a_program_are_rounded_up():
    """12 weights of 2 bits, zero points of 2, biases of 5, multipliers of 16: 93 bits."""
    totals = summary(small_program())["totals"]
    assert (totals["parameter_bytes"], totals["table_bytes"]) == (12, 0)
    assert totals["float32_over_parameters"] == 15 * 32 / 93
