"""The same for FQ-ViT's kinds."""

from dataclasses import replace

import numpy as np

from vit2rtl.golden.arithmetic import log2_value, log_int_softmax
from vit2rtl.golden.program.program import Op, Tensor

from .kind_ops import CODES, REALS, softmax_float

FACTORED = Tensor("factored", (4, 6), 5, encoding="power_of_two", scale=0.375, zero_point=9)
POWERS = np.array([0, 3, 1, 2, 0, 1], np.uint8)
SHARES = Tensor("p", (2, 4, 4), 5, encoding="log2_softmax")


def quantize_factors_float():
    return Op("op", "quantize_factors_float", ("x",), FACTORED, {}, {"factors": POWERS}), [REALS]


def factors_of_windows():
    op, inputs = quantize_factors_float()
    op.output = replace(op.output, shape=(7, 4, 6))
    return op, [replace(inputs[0], shape=(7, 4, 6))]


def real_factors_float():
    attributes = {"scale": 0.375, "zero_point": 9}
    return (Op("op", "real_factors_float", ("x",), REALS, attributes, {"factors": POWERS}),
            [FACTORED])


def layernorm_factors_float():
    tensors = {"factors": POWERS, "gamma": np.array([1, -0.7, 0, 2, 0.3, 1.1]),
               "beta": np.linspace(-0.9, 1.3, 6)}
    attributes = {"input_zero_point": 9, "step": 0.5}
    return Op("op", "layernorm_factors_float", ("x",), CODES, attributes, tensors), [FACTORED]


def layernorm_factors_to_reals():
    op, inputs = layernorm_factors_float()
    op.output = REALS
    op.attributes["step"] = 0.03
    return op, inputs


def softmax_log2_float():
    op, inputs = softmax_float()
    attributes = {"logit_scale": 0.01, "step": 0.11, "step_bits": 8, "step_zero_point": 90}
    attributes |= log_int_softmax.parameters(0.11)._asdict()
    output = replace(SHARES, shape=op.output.shape)
    return Op("op", "softmax_log2_float", ("l",), output, attributes, op.tensors), inputs


def softmax_log2_of_eight_bits():
    op, inputs = softmax_log2_float()
    op.output = replace(op.output, bits=9)
    op.attributes |= {"step": 0.7, "step_bits": 3, "step_zero_point": 7}
    op.attributes |= log_int_softmax.parameters(0.7)._asdict()
    return op, inputs


def attention_value_log2():
    multiplier, _, shift = log2_value.value_multipliers(0.5, 0.5, bits=4)
    attributes = {
        "heads": 2, "accumulator_bound": 3 * 12 << 14, "v_zero_point": 3, "softmax_bits": 4,
        "multiplier": multiplier, "shift": shift,
    }
    codes, output = replace(SHARES, shape=(2, 3, 4)), replace(CODES, shape=(3, 6))
    return Op("op", "attention_value_log2", ("p", "v"), output, attributes), [codes, CODES]


def attention_of_log2_windows():
    """Six bits: codes above 16 count as zero."""
    op, (codes, v) = attention_value_log2()
    op.output = replace(CODES, shape=(7, 4, 6))
    multiplier, _, shift = log2_value.value_multipliers(0.5, 0.5, bits=6)
    op.attributes |= {"accumulator_bound": 3 * 12 << 15, "softmax_bits": 6,
                      "multiplier": multiplier, "shift": shift}
    return op, [replace(codes, shape=(7, 2, 4, 5), bits=7), replace(v, shape=(7, 5, 6))]


ALL = (
    quantize_factors_float, factors_of_windows, real_factors_float, layernorm_factors_float,
    layernorm_factors_to_reals, softmax_log2_float, softmax_log2_of_eight_bits,
    attention_value_log2, attention_of_log2_windows,
)
