"""Attention times V with twin codes: an accumulator for each region of the probability, one
rounding (as R5)."""

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, twin
from vit2rtl.golden.program.attention import split_heads
from vit2rtl.golden.program.conditions import assert_bound, bounded, follows
from vit2rtl.golden.program.kind import HALF_UP, LIST, Attribute, Kind, integers
from vit2rtl.golden.program.kinds.attention_value import attended_shape, macs, misfit
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, codes: Tensor, v: Tensor) -> str | None:
    a = op.attributes
    if problem := misfit(op, codes, v, "twin_softmax"):
        return problem
    if np.ldexp(codes.scale, -a["split"]) != codes.low_scale:
        return f"scales of the codes must be 2^{a['split']} apart"
    due = twin.value_multipliers(codes.scale, a["split"], v.scale, op.output.scale)
    if problem := follows("multipliers", a["multipliers"], [*due]):
        return problem
    return bounded(a["accumulator_bound"],
                   twin.bound(v.shape[-2], v.reach, a["split"], bits=codes.bits))


def run(op: Op, codes: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Codes [..., heads, queries, tokens], v [..., tokens, channels] -> codes [..., queries,
    channels]"""
    a, shape = op.attributes, attended_shape(codes, v)
    sums = twin.accumulate(codes, split_heads(v, a["heads"]), a["v_zero_point"],
                           bits=a["softmax_bits"], most=a["accumulator_bound"])
    for acc in sums:
        assert_bound(op, acc)
    y = attention_value.requantize(
        *sums, attention_value.Multipliers(*a["multipliers"]), op.output.zero_point,
        bits=op.output.bits)
    return y.swapaxes(-2, -3).reshape(shape)


KIND = Kind(
    module=__name__,
    title="attention × V",
    inputs=("codes", "v"),
    attributes=integers("heads", "accumulator_bound", "v_zero_point", "softmax_bits")
    | integers("split", range=twin.SPLITS) | {"multipliers": Attribute(LIST)},
    check=check,
    run=run,
    formula=(
        "by head, with half = 2^(softmax_bits-1), A = Σ over codes from half up "
        "(code - half)·(v - v_zero_point), B = Σ over the others code·(v - v_zero_point); "
        "clip(((A·multipliers[0] + B·multipliers[1] + 2^(n-1)) >> n) + z), n = multipliers[2]"),
    rounding=HALF_UP,
    macs=macs,
    counted_as="attention_value",
)
