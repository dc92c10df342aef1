"""An op of each kind that its checks accept, with the tensors that it takes: small, by hand."""

from dataclasses import replace

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2, softmax, twin
from vit2rtl.golden.program.program import Op, Tensor

CODES = Tensor("codes", (4, 6), 4, scale=0.5, zero_point=3)
STREAM = Tensor("stream", (4, 6), 8, True, scale=0.25)
REALS = Tensor("reals", (4, 6), 64, True, "float64")
LOGITS = Tensor("logits", (2, 4, 4), 12, True, scale=0.01)
SIGNS = Tensor("signs", (4, 6), 4, True, "twin_activation", 0.5, low_scale=0.25)
TWIN = Tensor("p", (2, 4, 4), 4, encoding="twin_softmax", scale=0.125, low_scale=0.125 / 8)
LOG = Tensor("p", (2, 4, 4), 4, encoding="log_sqrt2", scale=1.0)


def patches():
    image = Tensor("image", (3, 7, 7), 8, scale=0.5, zero_point=3)
    return Op("op", "patches", ("x",), replace(image, shape=(6, 18)), {"patch": [2, 3]}), [image]


def linear():
    tensors = {
        "weight": np.array([[0, 1, 2, 3, 3, 0], [3, 2, 1, 0, 0, 0]], np.uint8),
        "weight_zero_point": np.array([1, 2]), "bias": np.array([-7, 20]),
        "multiplier": np.array([2, 3]), "shift": np.array([1, 2]),
    }
    # Of codes less 3, magnitudes up to 12: 7 · 12 + |-7 + 3 · 3| and 8 · 12 + |20 - 3 · 6|
    attributes = {"weight_bits": 2, "accumulator_bound": 98, "input_zero_point": 3,
                  "input_top": 15}
    output = replace(CODES, shape=(4, 2), scale=2.0, zero_point=1)
    return Op("op", "linear", ("x",), output, attributes, tensors), [CODES]


def query_key():
    output = Tensor("l", (2, 4, 4), 32, True, "accumulator", bound=432)
    attributes = {"heads": 2, "accumulator_bound": 432, "q_zero_point": 3, "k_zero_point": 3,
                  "product_bound": 432}
    return Op("op", "query_key", ("q", "k"), output, attributes), [CODES, CODES]


def query_key_to_logits():
    op, inputs = query_key()
    op.output = LOGITS
    op.tensors["bias"] = np.full((2, 4, 4), -9, np.int8)
    op.attributes |= {"multiplier": 1, "shift": 1, "width": 12, "accumulator_bound": 441}
    return op, inputs


def softmaxes():
    p = softmax.parameters(0.01, 1.0, bits=4)
    return Op("op", "softmax", ("l",), LOG, p._asdict()), [LOGITS]


def softmax_float():
    a, b = log_sqrt2.thresholds(1.0)
    attributes = {"threshold_a": a, "threshold_b": b, "logit_scale": 0.01, "zero_code": "top"}
    shape = (7, 2, 4, 4)
    tensors = {
        "mask": (np.arange(7 * 4 * 4).reshape(7, 4, 4) % 3 == 0).astype(np.uint8),
        "bias": np.linspace(-3, 3, 2 * 4 * 4).reshape(2, 4, 4),
    }
    return (Op("op", "softmax_float", ("l",), replace(LOG, shape=shape), attributes, tensors),
            [replace(LOGITS, shape=shape)])


def attention_value():
    attributes = {
        "heads": 2, "accumulator_bound": 4 * 12 * 128, "v_zero_point": 3, "softmax_bits": 4,
        "zero_code": "top", "multipliers": [52429, 74146, 26],
    }
    codes, output = replace(LOG, shape=(2, 3, 4), scale=0.1), replace(CODES, shape=(3, 6))
    return Op("op", "attention_value", ("p", "v"), output, attributes), [codes, CODES]


def softmax_twin_float():
    op, inputs = softmax_float()
    output = replace(TWIN, shape=op.output.shape)
    return (Op("op", "softmax_twin_float", ("l",), output, {"split": 3, "logit_scale": 0.01},
               op.tensors), inputs)


def softmax_of_the_finest_split():
    op, inputs = softmax_twin_float()
    op.attributes["split"] = 19
    op.output = replace(op.output, bits=8, low_scale=0.125 / (1 << 19))
    return op, inputs


def attention_value_twin():
    codes, output = replace(TWIN, shape=(2, 3, 4)), replace(CODES, shape=(3, 6))
    attributes = {
        "heads": 2, "accumulator_bound": 4 * 7 * 12, "v_zero_point": 3, "softmax_bits": 4,
        "split": 3, "multipliers": [*twin.value_multipliers(0.125, 3, 0.5, 0.5)],
    }
    return Op("op", "attention_value_twin", ("p", "v"), output, attributes), [codes, CODES]


def attention_of_twin_windows():
    op, (codes, v) = attention_value_twin()
    op.output = replace(CODES, shape=(7, 4, 6))
    op.attributes |= {"accumulator_bound": 5 * 7 * 12}
    return op, [replace(codes, shape=(7, 2, 4, 5)), replace(v, shape=(7, 5, 6))]


def linear_twin():
    op, _ = linear()
    # Of codes from -8: 8 · 7 + 7 and 8 · 8 + 20
    attributes = {"weight_bits": 2, "accumulator_bound": 84}
    return (Op("op", "linear_twin", ("x",), op.output, attributes,
               op.tensors | {"low_multiplier": np.array([1, 5])}), [SIGNS])


def table_to_signs():
    op, inputs = table()
    op.output = SIGNS
    op.tensors = {"table": np.arange(-8, 8, dtype=np.int8)}
    return op, inputs


def layernorm():
    tensors = {"gain": np.ones(6, int), "offset": np.ones(6, int)}
    return Op("op", "layernorm", ("x",), CODES, {"shift": 4, "epsilon": 1}, tensors), [STREAM]


def layernorm_float():
    tensors = {"gamma": np.ones(6), "beta": np.ones(6)}
    return Op("op", "layernorm_float", ("x",), CODES, {"epsilon": 1e-6}, tensors), [REALS]


def table():
    output = replace(CODES, bits=3)
    tensors = {"table": np.arange(16, dtype=np.uint8) // 2}
    return Op("op", "table", ("x",), output, {}, tensors), [CODES]


def embed():
    constants = np.full((5, 6), 127)
    constants[0, 0] = -128
    output = replace(STREAM, shape=(5, 6))
    return Op("op", "embed", ("x",), output, {}, {"constants": constants}), [STREAM]


def gather():
    tensors = {"index": np.array([[3, 0], [1, 1]])}
    return Op("op", "gather", ("x",), replace(CODES, shape=(2, 12)), {}, tensors), [CODES]


def select():
    return Op("op", "select", ("x",), replace(CODES, shape=(2, 6)), {"tokens": [3, 0]}), [CODES]


def pool():
    attributes = {"accumulator_bound": 48, "input_zero_point": 3, "multiplier": 32768, "shift": 18}
    return Op("op", "pool", ("x",), replace(CODES, shape=(1, 6), scale=1.0), attributes), [CODES]


def add():
    return Op("op", "add", ("a", "b"), STREAM), [STREAM, STREAM]


def average():
    head = replace(STREAM, shape=(1, 6))
    output = replace(STREAM, shape=(6,), bits=9, scale=0.125)
    return Op("op", "average", ("a", "b"), output), [head, head]


def average_float():
    head = replace(CODES, shape=(1, 6))
    output = replace(REALS, shape=(6,))
    attributes = {"scales": [0.5, 0.5], "zero_points": [3, 3]}
    return Op("op", "average_float", ("a", "b"), output, attributes), [head, head]


def patches_of_one_pixel():
    image = Tensor("image", (1, 2, 2), 8, scale=0.5)
    return Op("op", "patches", ("x",), replace(image, shape=(4, 1)), {"patch": [1, 1]}), [image]


def masked_windows():
    """Seven windows of four queries and five keys, two heads; a mask."""
    q, k = (replace(CODES, shape=(7, tokens, 6)) for tokens in (4, 5))
    op, _ = query_key_to_logits()
    op.output = replace(LOGITS, shape=(7, 2, 4, 5))
    mask = np.arange(7 * 4 * 5).reshape(7, 4, 5) % 3 == 0
    op.tensors = {"bias": np.arange(-9, 31).reshape(2, 4, 5), "mask": mask.astype(np.uint8)}
    op.attributes |= {"accumulator_bound": 432 + 30, "multiplier": 3, "shift": 1, "width": 8}
    op.output = replace(op.output, bits=8)
    return op, [q, k]


def many_rows():
    """More rows than are multiplied at a time."""
    op, inputs = linear()
    op.output = replace(op.output, shape=(400, 2))
    return op, [replace(inputs[0], shape=(400, 6))]


def linear_of_windows():
    op, inputs = linear()
    op.output = replace(op.output, shape=(7, 4, 2))
    return op, [replace(inputs[0], shape=(7, 4, 6))]


def linear_to_signed():
    op, inputs = linear()
    op.output = replace(op.output, signed=True, zero_point=-1)
    return op, inputs


def layernorm_signed():
    op, inputs = layernorm()
    op.output = replace(op.output, bits=6, signed=True)
    op.tensors = {"gain": np.arange(-900, 900, 300), "offset": np.arange(6) << 16}
    return op, inputs


def layernorm_of_codes():
    op, inputs = layernorm_signed()
    op.output = replace(op.output, bits=4, signed=False)
    return op, inputs


def layernorm_to_reals():
    op, inputs = layernorm_float()
    op.output = REALS
    op.tensors = {"gamma": np.linspace(-1, 2, 6), "beta": np.linspace(3, -1, 6)}
    return op, inputs


def attention_of_windows():
    op, (codes, v) = attention_value()
    op.output = replace(CODES, shape=(7, 4, 6))
    op.attributes |= {"accumulator_bound": 5 * 12 * 128}
    return op, [replace(codes, shape=(7, 2, 4, 5)), replace(v, shape=(7, 5, 6))]


def gather_of_one_token():
    op, inputs = gather()
    op.tensors["index"] = np.full((2, 2), 2)
    return op, inputs


def gather_from_windows():
    op, inputs = gather()
    op.tensors["index"] = np.array([[27, 0], [13, 4]])
    return op, [replace(inputs[0], shape=(7, 4, 6))]


def average_of_one():
    op, inputs = average()
    op.output = replace(inputs[0], shape=(6,))
    return op, inputs[:1]


def average_float_of_one():
    op, inputs = average_float()
    op.attributes = {"scales": [0.5], "zero_points": [3]}
    return op, inputs[:1]


def embed_float():
    constants = np.arange(-15, 15, dtype=np.int16).reshape(5, 6)
    attributes = {"scale": 0.5, "zero_point": 3, "constant_scale": 0.25}
    output = replace(REALS, shape=(5, 6))
    return Op("op", "embed_float", ("x",), output, attributes, {"constants": constants}), [CODES]


def add_float():
    attributes = {"scale": 0.5, "zero_point": 3}
    return Op("op", "add_float", ("a", "b"), REALS, attributes), [REALS, CODES]


def real_float():
    return Op("op", "real_float", ("x",), REALS, {"scale": 0.5, "zero_point": 3}), [CODES]


def pool_to_signed():
    op, inputs = pool()
    op.output = replace(op.output, signed=True, zero_point=-2, scale=32 / 77)
    op.attributes |= {"multiplier": 77 << 9, "shift": 17}
    return op, inputs


def pool_float():
    return Op("op", "pool_float", ("x",), replace(CODES, shape=(1, 6), bits=9)), [REALS]


ALL = (
    patches, patches_of_one_pixel, linear, many_rows, query_key, query_key_to_logits,
    masked_windows, softmaxes, softmax_float, attention_value, attention_of_windows, layernorm,
    layernorm_signed, layernorm_of_codes, layernorm_float, layernorm_to_reals, table, embed,
    embed_float, add, add_float, real_float, gather, select, pool, pool_to_signed, pool_float,
    average, average_float, gather_from_windows, average_of_one, average_float_of_one,
    linear_of_windows, linear_to_signed, gather_of_one_token, softmax_twin_float,
    softmax_of_the_finest_split, attention_value_twin, attention_of_twin_windows, linear_twin,
    table_to_signs,
)
