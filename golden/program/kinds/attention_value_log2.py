"""Attention times V with log2 codes: shifts into one accumulator, requantized (R1)."""

import numpy as np

from vit2rtl.golden.arithmetic import log2_value, requantizer
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.program.attention import split_heads
from vit2rtl.golden.program.conditions import MULTIPLIERS, assert_bound, bounded, follows
from vit2rtl.golden.program.kind import HALF_UP, REQUANTIZE, Kind, integers
from vit2rtl.golden.program.kinds.attention_value import attended_shape, macs, misfit
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, codes: Tensor, v: Tensor) -> str | None:
    a = op.attributes
    if problem := misfit(op, codes, v, "log2_softmax", stored=a["softmax_bits"] + 1):
        return problem
    multiplier, _, shift = log2_value.value_multipliers(
        v.scale, op.output.scale, bits=a["softmax_bits"])
    stated = [a["multiplier"], a["shift"]]
    if problem := follows("multiplier and shift", stated, [multiplier, shift]):
        return problem
    return bounded(a["accumulator_bound"],
                   log2_value.bound(v.shape[-2], v.reach, bits=a["softmax_bits"]))


def run(op: Op, codes: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Codes [..., heads, queries, tokens], v [..., tokens, channels] -> codes [..., queries,
    channels]"""
    a, shape = op.attributes, attended_shape(codes, v)
    acc = log2_value.accumulate(
        codes, split_heads(v, a["heads"]), a["v_zero_point"], bits=a["softmax_bits"],
        most=a["accumulator_bound"])
    assert_bound(op, acc)
    y = requantizer.requantize(acc, a["multiplier"], a["shift"], op.output.zero_point,
                               bits=op.output.bits)
    y = y.swapaxes(-2, -3).reshape(shape)
    return y if y.dtype == object else y.astype(op.output.dtype)


KIND = Kind(
    module=__name__,
    title="attention × V",
    inputs=("codes", "v"),
    attributes=integers("heads", "accumulator_bound", "v_zero_point")
    | integers("softmax_bits", range=(2, 8)) | integers("multiplier", range=MULTIPLIERS)
    | integers("shift", range=SHIFT_RANGE),
    check=check,
    run=run,
    formula=(
        "by head, acc = Σ (v - v_zero_point) << (fraction_bits - code), codes above fraction_bits "
        "and from 2^softmax_bits up left out; " + REQUANTIZE),
    rounding=HALF_UP,
    macs=macs,
    counted_as="attention_value",
    numbers={"fraction_bits": lambda op: log2_value.fraction_bits(op.attributes["softmax_bits"])},
)
