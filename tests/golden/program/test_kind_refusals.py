"""What each kind of op asks of its tensors: an op that is accepted, and one change at a time."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden.program.kinds import KINDS

from . import kind_ops_factors, kind_ops_padded
from .kind_changes import attribute, constant, output, source
from .kind_ops import (
    ALL,
    add,
    add_float,
    attention_value,
    attention_value_twin,
    average,
    average_float,
    embed,
    embed_float,
    gather,
    gather_from_windows,
    layernorm,
    layernorm_float,
    linear,
    linear_twin,
    patches,
    pool,
    query_key,
    query_key_to_logits,
    real_float,
    select,
    softmax_float,
    softmax_twin_float,
    softmaxes,
    table,
)
from .kind_ops_padded import gather_padded

SAME = "input and output must have the same codes"


PATCH, HEADS = "patch must be two sizes, not ", "zero point and top of the input are 3 and 15"
QK = "q (4, 6), k (4, 6) and output (2, 4, 4) do not fit"
SIGNED = "multiplier, shift and width must be those of signed logits"
AV = "attributes are not those of its inputs"
FACTORS = "multipliers must be [52429, 74146, 26], not "
UNIFORM = "input and output must be codes"
TABLE = "table must have 16 entries and keep the shape"
CHANNELS = "needs a signed stream of at most 8192 channels"
SOFTMAX = "bits and width must be those of its output and input"
SCALES = "needs a scale and a zero point for each head"
REFUSALS = [
    (patches, attribute(patch=[2]), f"{PATCH}[2]"),
    (patches, attribute(patch=[2, 3, 1]), f"{PATCH}[2, 3, 1]"),
    (patches, attribute(patch=[2, 0]), f"{PATCH}[2, 0]"),
    (patches, attribute(patch=[2, 3.0]), f"{PATCH}[2, 3.0]"),
    (patches, attribute(patch=[2, 2]), "output shape (6, 18) does not fit patches of [2, 2]"),
    (patches, output(bits=7), SAME),
    (linear, constant(weight=np.zeros(6, np.uint8)), "weight must be uint8[out, in]"),
    (linear, source(0, shape=(4, 5)),
     "weight of shape (2, 6) does not fit input (4, 5) and output (4, 2)"),
    (linear, output(shape=(4, 3)),
     "weight of shape (2, 6) does not fit input (4, 6) and output (4, 3)"),
    *((linear, constant(**{role: [1]}), f"{role} must have the shape (2,), not (1,)")
      for role in ("weight_zero_point", "bias", "multiplier", "shift")),
    (linear, attribute(weight_bits=1), "weight codes must have 1 bits, of 1 to 8"),
    (linear, constant(shift=[3, 11]), "shifts must lie in a window of 8, not in 3 to 11"),
    (linear, source(0, encoding="log_sqrt2"), "input and output must be codes"),
    (linear, source(0, signed=True), "input and output must be codes"),
    (linear, output(encoding="float64"), "input and output must be codes"),
    (linear, attribute(input_zero_point=2), HEADS),
    (linear, attribute(input_top=7), HEADS),
    (linear, attribute(accumulator_bound=97), "accumulator bound is 98, not 97"),
    (query_key, attribute(heads=4), "4 heads do not divide the shape (4, 6)"),
    (query_key, output(shape=(2, 4, 6)), QK.replace("(2, 4, 4)", "(2, 4, 6)")),
    (query_key, source(1, shape=(4, 8)), QK.replace("k (4, 6)", "k (4, 8)")),
    (query_key, source(1, shape=(1, 4, 6)), QK.replace("k (4, 6)", "k (1, 4, 6)")),
    (query_key, attribute(q_zero_point=2), "zero points are not those of its inputs"),
    (query_key, attribute(k_zero_point=2), "zero points are not those of its inputs"),
    (query_key, attribute(product_bound=431), "accumulator bound is 432, not 431"),
    (query_key, constant(bias=np.zeros((4, 4))), "bias must have the shape (2, 4, 4), not (4, 4)"),
    (query_key, constant(bias=np.full((2, 4, 4), -9)),
     "output must be accumulators of at most 441"),
    (query_key, output(bound=433), "output must be accumulators of at most 432"),
    (query_key, output(encoding="uniform"), "output must be accumulators of at most 432"),
    (query_key, attribute(accumulator_bound=431), "accumulator bound is 432, not 431"),
    (query_key_to_logits, lambda op, inputs: op.attributes.pop("shift"), SIGNED),
    (query_key_to_logits, attribute(width=11), SIGNED),
    (query_key_to_logits, output(signed=False), SIGNED),
    (query_key_to_logits, attribute(accumulator_bound=432), "accumulator bound is 441, not 432"),
    (softmaxes, output(scale=0.5), "thresholds of the output's scale are "
                                   "902905651 and 638450709"),
    (softmaxes, attribute(bits=5), SOFTMAX),
    (softmaxes, attribute(width=11), SOFTMAX),
    (softmaxes, source(0, signed=False), SOFTMAX),
    (softmaxes, attribute(exp_bits=28), "rows of 4 logits are too long"),
    (softmaxes, source(0, scale=0.02), "shift must be 13, not 14"),
    (softmaxes, attribute(multiplier=1), "multiplier must be 60511, not 1"),
    (softmaxes, attribute(threshold_shift=3), "thresholds of the output's scale are 7 and 5"),
    (softmaxes, source(0, zero_point=1), "logits must be codes of zero point 0"),
    (query_key_to_logits, output(zero_point=1), "logits must be codes of zero point 0"),
    (query_key_to_logits, output(encoding="accumulator"), "logits must be codes of zero point 0"),
    (softmax_float, output(encoding="uniform"),
     "output must be log_sqrt2 codes of the input's shape"),
    (softmax_float, constant(mask=[0]), "mask must have the shape (7, 4, 4), not (1,)"),
    (attention_value, attribute(heads=4), "4 heads do not divide the shape (4, 6)"),
    (attention_value, source(0, shape=(3, 4, 4)),
     "codes (3, 4, 4), v (4, 6) and output (3, 6) do not fit"),
    (attention_value, output(shape=(3, 4)),
     "codes (2, 3, 4), v (4, 6) and output (3, 4) do not fit"),
    (attention_value, source(0, encoding="uniform"), AV),
    (attention_value, attribute(softmax_bits=5), AV),
    (attention_value, attribute(v_zero_point=4), AV),
    *((attention_value, attribute(multipliers=numbers), f"{FACTORS}{numbers}")
      for numbers in ([52429, 74146], [52429, 74146, 27], [52428, 74146, 26],
                      [52429, 74145, 26], [104858, 148291, 27], [])),
    (attention_value, output(scale=1.0), "multipliers must be [52429, 74146, 27], not "
                                         "[52429, 74146, 26]"),
    (attention_value, output(signed=True), "output must be unsigned"),
    (attention_value, source(1, encoding="accumulator"), UNIFORM),
    (softmax_twin_float, output(encoding="log_sqrt2"),
     "output must be twin_softmax codes of the input's shape"),
    (softmax_twin_float, output(bits=9), "output must have 2 to 8 bits, not 9"),
    (softmax_twin_float, attribute(split=4), "low_scale must be 0.0078125, not 0.015625"),
    (softmax_twin_float, constant(mask=[0]), "mask must have the shape (7, 4, 4), not (1,)"),
    (attention_value_twin, attribute(heads=4), "4 heads do not divide the shape (4, 6)"),
    (attention_value_twin, source(0, shape=(3, 4, 4)),
     "codes (3, 4, 4), v (4, 6) and output (3, 6) do not fit"),
    (attention_value_twin, source(0, encoding="log_sqrt2"), AV),
    (attention_value_twin, attribute(softmax_bits=5), AV),
    (attention_value_twin, source(1, encoding="accumulator"), UNIFORM),
    (attention_value_twin, output(signed=True), "output must be unsigned"),
    (attention_value_twin, attribute(split=2), "scales of the codes must be 2^2 apart"),
    (attention_value_twin, attribute(multipliers=[1, 2, 3]),
     "multipliers must be [65536, 8192, 19], not [1, 2, 3]"),
    (attention_value_twin, attribute(accumulator_bound=9), "accumulator bound is 336, not 9"),
    (linear_twin, constant(low_multiplier=[1]),
     "low_multiplier must have the shape (2,), not (1,)"),
    (linear_twin, source(0, encoding="uniform"),
     "input must be twin_activation codes, and output unsigned ones"),
    (linear_twin, output(signed=True),
     "input must be twin_activation codes, and output unsigned ones"),
    (linear_twin, constant(shift=[3, 11]), "shifts must lie in a window of 8, not in 3 to 11"),
    (linear_twin, attribute(accumulator_bound=9), "accumulator bound is 84, not 9"),
    (attention_value, attribute(accumulator_bound=9), "accumulator bound is 6144, not 9"),
    (layernorm, constant(gain=np.ones(5, int)), "gain must have the shape (6,)"),
    (layernorm, source(0, signed=False), CHANNELS),
    (layernorm_float, constant(beta=np.ones(5)), "beta must have the shape (6,)"),
    (layernorm_float, attribute(epsilon=0.0), "epsilon must be above 0"),
    (table, source(0, signed=True), TABLE),
    (table, constant(table=np.zeros(15, int)), TABLE),
    (table, output(shape=(6, 4)), TABLE),
    (table, constant(table=[8, *[0] * 15]), "table entries must be between 0 and 7"),
    (table, constant(table=[-1, *[0] * 15]), "table entries must be between 0 and 7"),
    (table, output(encoding="log_sqrt2"), UNIFORM),
    (embed, output(shape=(4, 6)), "constants (5, 6) do not fit tokens (4, 6)"),
    (embed, output(scale=1.0), SAME),
    (embed_float, source(0, shape=(6, 6)), "constants (5, 6) do not fit tokens (6, 6)"),
    (embed_float, constant(constants=np.ones((5, 6), np.int32)),
     "constants must be int16 codes, not int32"),
    (gather_from_windows, constant(index=[0, 1, 2, 28]), "index must be between 0 and 27"),
    (gather, constant(index=[0, 1, 2]), "3 tokens do not fit (4, 6) and (2, 12)"),
    (gather, constant(index=[0, 1, 2, 4]), "index must be between 0 and 3"),
    (gather, constant(index=[0, 1, 2, -1]), "index must be between 0 and 3"),
    (gather, output(bits=5), SAME),
    (gather_padded, constant(index=[0, 1, 2, 5]), "index must be between 0 and 4"),
    (gather_padded, constant(pad=np.zeros(5, int)), "pad must have the shape (6,)"),
    (gather_padded, constant(pad=[0, 16, 0, 0, 0, 0]), "pad must be between 0 and 15"),
    (gather_padded, constant(pad=[0, -1, 0, 0, 0, 0]), "pad must be between 0 and 15"),
    (select, attribute(tokens=[4, 0]), "tokens [4, 0] do not fit (4, 6) and (2, 6)"),
    (select, attribute(tokens=[-1, 0]), "tokens [-1, 0] do not fit (4, 6) and (2, 6)"),
    (select, attribute(tokens=[True, 0]), "tokens [True, 0] do not fit (4, 6) and (2, 6)"),
    (select, attribute(tokens=[0]), "tokens [0] do not fit (4, 6) and (2, 6)"),
    (select, output(scale=1.0), SAME),
    (pool, output(shape=(4, 6)), "input (4, 6) and output (4, 6) do not fit"),
    (pool, attribute(input_zero_point=2), "zero point of the input is 3"),
    (pool, attribute(multiplier=32767), "multiplier must be 32768, not 32767"),
    (pool, output(scale=2.0), "shift must be 19, not 18"),
    (pool, output(encoding="float64"), UNIFORM),
    (pool, attribute(accumulator_bound=45), "accumulator bound is 48, not 45"),
    (add, source(1, shape=(6, 4)), "shapes (4, 6), (6, 4) and (4, 6) must be equal"),
    (add, source(1, scale=1.0), SAME),
    (average, output(shape=(5,)), "heads must have one shape, and the output all of their logits"),
    (average, source(1, scale=1.0), "heads must have the same codes"),
    (average, output(bits=8), "bits must be 9, not 8"),
    (average, output(bits=10), "bits must be 9, not 10"),
    (average, output(signed=False), "signed must be True, not False"),
    (average, output(scale=0.25), "scale must be 0.125, not 0.25"),
    (average, output(zero_point=1), "zero_point must be 0, not 1"),
    (average, output(encoding="float64"), "encoding must be uniform, not float64"),
    (average_float, output(shape=(5,)),
     "heads must have one shape, and the output all of their logits"),
    (average_float, attribute(scales=[0.5]), SCALES),
    *((op, output(encoding="uniform"), "streams must be float64")
      for op in (average_float, add_float, real_float, embed_float)),
    (add_float, source(0, encoding="uniform"), "streams must be float64"),
    (average_float, attribute(zero_points=[3]), SCALES),
    (average_float, attribute(scales=[0.5] * 3, zero_points=[3] * 3), SCALES),
    (average_float, attribute(scales=[0.5, True]), SCALES),
    (average_float, attribute(zero_points=[3, "3"]), SCALES),
]


@pytest.mark.parametrize(("accepted", "change", "problem"), REFUSALS, ids=range(len(REFUSALS)))
def test_one_change_is_refused(accepted, change, problem):
    op, inputs = accepted()
    kind = KINDS[op.kind]
    assert kind.problem(op, inputs) is None
    change(op, inputs)
    assert kind.problem(op, inputs) == problem


@pytest.mark.parametrize("accepted", [*ALL, *kind_ops_factors.ALL, *kind_ops_padded.ALL])
def test_an_op_of_each_kind_is_accepted(accepted):
    op, inputs = accepted()
    assert KINDS[op.kind].problem(op, inputs) is None


@pytest.mark.parametrize(("accepted", "change"), [
    (average_float, attribute(scales=[1, 0.5], zero_points=[3, 3.0])),
    (softmaxes, attribute(exp_bits=22)),
])
def test_other_ops_are_accepted(accepted, change):
    op, inputs = accepted()
    change(op, inputs)
    assert KINDS[op.kind].problem(op, inputs) is None


@pytest.mark.parametrize(("channels", "problem"), [(2**13, None), (2**13 + 1, CHANNELS)])
def test_channels_of_a_layernorm(channels, problem):
    op, inputs = layernorm()
    op.output, inputs[0] = (replace(t, shape=(7, 4, channels)) for t in (op.output, inputs[0]))
    op.tensors = {role: np.ones(channels, int) for role in op.tensors}
    assert KINDS["layernorm"].problem(op, inputs) == problem
