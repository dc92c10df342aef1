"""What FQ-ViT's kinds of op ask of their tensors: one change at a time."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden.program.checks import check_op
from vit2rtl.golden.program.kinds import KINDS

from .kind_changes import attribute, constant, output, source
from .kind_ops_factors import (
    attention_value_log2,
    layernorm_factors_float,
    layernorm_factors_to_reals,
    quantize_factors_float,
    real_factors_float,
    softmax_log2_float,
)

AV = "attributes are not those of its inputs"
UNIFORM = "input and output must be codes"
REFUSALS = [
    *((op, constant(factors=[0, 1, 2]), "the shape of factors must be (6,), not (3,)")
      for op in (quantize_factors_float, real_factors_float)),
    (quantize_factors_float, output(encoding="uniform"), "output must be power_of_two codes"),
    (quantize_factors_float, source(0, encoding="uniform"), "streams must be float64"),
    (quantize_factors_float, source(0, shape=(6, 4)), "shapes (6, 4) and (4, 6) must be equal"),
    *((op, source(0, encoding="uniform"), "input must be power_of_two codes")
      for op in (real_factors_float, layernorm_factors_float)),
    (real_factors_float, output(encoding="uniform"), "streams must be float64"),
    (real_factors_float, output(shape=(6, 4)), "shapes (4, 6) and (6, 4) must be equal"),
    (layernorm_factors_float, output(shape=(6, 4)), "output must have the input's shape"),
    (layernorm_factors_float, constant(factors=[0, 1, 2]), "factors must have the shape (6,)"),
    (layernorm_factors_float, source(0, bits=9),
     "needs codes of at most 8 bits and 32768 channels"),
    (layernorm_factors_float, attribute(step=0.25), "step must be 0.5, not 0.25"),
    (layernorm_factors_to_reals, attribute(step=0.0), "step must be above 0"),
    (softmax_log2_float, output(encoding="log_sqrt2"),
     "output must be log2_softmax codes of the input's shape"),
    (softmax_log2_float, output(bits=10), "output must have 3 to 9 bits, not 10"),
    (softmax_log2_float, attribute(step=0.0), "step must be above 0"),
    (softmax_log2_float, attribute(step=0.12), "octave must be 6, not 7"),
    (softmax_log2_float, attribute(linear=25), "linear must be 24, not 25"),
    (softmax_log2_float, attribute(step=2.0, octave=1, linear=1, constant=0),
     "steps of 2.0 are too wide for any exponential"),
    (softmax_log2_float, attribute(step=2**-15, octave=22712, linear=88713, constant=2998010378),
     "rows of 4 logits are too long: 0 are the most"),
    (softmax_log2_float, constant(mask=[0]), "mask must have the shape (7, 4, 4), not (1,)"),
    (attention_value_log2, attribute(heads=4), "4 heads do not divide the shape (4, 6)"),
    (attention_value_log2, source(0, shape=(3, 4, 4)),
     "codes (3, 4, 4), v (4, 6) and output (3, 6) do not fit"),
    (attention_value_log2, source(0, encoding="log_sqrt2"), AV),
    (attention_value_log2, attribute(softmax_bits=5), AV),
    (attention_value_log2, source(1, encoding="accumulator"), UNIFORM),
    (attention_value_log2, output(signed=True), "output must be unsigned"),
    (attention_value_log2, attribute(multiplier=7),
     "multiplier and shift must be [32768, 30], not [7, 30]"),
    (attention_value_log2, attribute(accumulator_bound=9), "accumulator bound is 589824, not 9"),
]


TOO_MANY = "needs codes of at most 8 bits and 32768 channels"


@pytest.mark.parametrize(("channels", "problem"), [(2**15, None), (2**15 + 1, TOO_MANY)])
def test_channels_of_a_layernorm(channels, problem):
    op, inputs = layernorm_factors_float()
    op.output, inputs[0] = (replace(t, shape=(4, channels)) for t in (op.output, inputs[0]))
    op.tensors = {role: np.ones(channels, int) for role in op.tensors}
    assert KINDS[op.kind].problem(op, inputs) == problem


@pytest.mark.parametrize("accepted", [
    quantize_factors_float, real_factors_float, layernorm_factors_float])
def test_factors_are_0_to_3(accepted):
    op, _ = accepted()
    check_op(op)
    for factor in (-1, 4):
        op.tensors["factors"] = np.array([0, 1, 2, 3, 0, factor], np.int8)
        with pytest.raises(ValueError) as error:
            check_op(op)
        assert str(error.value) == "op 'op': tensor 'factors' must be between 0 and 3"


@pytest.mark.parametrize(("accepted", "change", "problem"), REFUSALS, ids=range(len(REFUSALS)))
def test_one_change_is_refused(accepted, change, problem):
    op, inputs = accepted()
    kind = KINDS[op.kind]
    assert kind.problem(op, inputs) is None
    change(op, inputs)
    assert kind.problem(op, inputs) == problem
