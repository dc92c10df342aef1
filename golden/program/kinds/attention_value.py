"""Attention times V by shifts: two accumulators by parity of the code, one rounding (R5)."""

from collections.abc import Sequence
from math import prod

import numpy as np

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES
from vit2rtl.golden.program import conditions
from vit2rtl.golden.program.attention import (
    divided_by_heads,
    split_heads,
    value_bound,
    value_multipliers,
)
from vit2rtl.golden.program.conditions import assert_bound, bounded, follows
from vit2rtl.golden.program.kind import HALF_UP, LIST, TEXT, Attribute, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def misfit(
    op: Op, codes: Tensor, v: Tensor, encoding: str, *, stored: int | None = None
) -> str | None:
    """What is wrong with shapes, encodings and repeated attributes, or None.

    stored   bits of a code, where they are not ``softmax_bits``
    """
    a = op.attributes
    if problem := divided_by_heads(op, v):
        return problem
    shape = (*v.shape[:-2], a["heads"], op.output.shape[-2], v.shape[-2])
    if codes.shape != shape or op.output.shape != attended_shape(codes, v):
        return f"codes {codes.shape}, v {v.shape} and output {op.output.shape} do not fit"
    if (codes.encoding, codes.bits, v.zero_point) != (
            encoding, stored or a["softmax_bits"], a["v_zero_point"]):
        return "attributes are not those of its inputs"
    if problem := conditions.codes(v, op.output):
        return problem
    return "output must be unsigned" if op.output.signed else None


def check(op: Op, codes: Tensor, v: Tensor) -> str | None:
    a = op.attributes
    if problem := misfit(op, codes, v, "log_sqrt2"):
        return problem
    due = value_multipliers(codes.scale, v.scale, op.output.scale, codes.bits, a["zero_code"])
    if problem := follows("multipliers", a["multipliers"], [*due]):
        return problem
    return bounded(a["accumulator_bound"], value_bound(codes, v, a["zero_code"]))


def attended_shape(codes: Tensor | np.ndarray, v: Tensor | np.ndarray) -> tuple[int, ...]:
    """(..., queries, channels)"""
    return (*v.shape[:-2], codes.shape[-2], v.shape[-1])


def run(op: Op, codes: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Codes [..., heads, queries, tokens], v [..., tokens, channels] -> codes [..., queries,
    channels]"""
    a, shape = op.attributes, attended_shape(codes, v)
    even, odd = attention_value.accumulate(
        codes, split_heads(v, a["heads"]), a["v_zero_point"], bits=a["softmax_bits"],
        zero_code=a["zero_code"], most=a["accumulator_bound"])
    for acc in (even, odd):
        assert_bound(op, acc)
    multipliers = attention_value.Multipliers(*a["multipliers"])
    y = attention_value.requantize(
        even, odd, multipliers, op.output.zero_point, bits=op.output.bits
    )
    return y.swapaxes(-2, -3).reshape(shape)


def macs(op: Op, tensors: Sequence[Tensor]) -> int:
    """Multiplications of the matrix product; they are shifts in hardware."""
    codes, values = tensors
    return prod(values.shape) * codes.shape[-2]


def fraction_bits(op: Op) -> int:
    return attention_value.fraction_bits(
        op.attributes["softmax_bits"], op.attributes["zero_code"])


KIND = Kind(
    module=__name__,
    title="attention × V",
    inputs=("codes", "v"),
    attributes=integers("heads", "accumulator_bound", "v_zero_point", "softmax_bits")
    | {"zero_code": Attribute(TEXT, choices=ZERO_CODES), "multipliers": Attribute(LIST)},
    check=check,
    run=run,
    formula=(
        "by head, E = Σ over even codes (v - v_zero_point) << (fraction_bits - code/2), "
        "O = Σ over odd codes (v - v_zero_point) << (fraction_bits - (code+1)/2), codes shifted "
        "below bit 0 and the zero code left out; clip(((E·multipliers[0] + O·multipliers[1] + "
        "2^(n-1)) >> n) + z), n = multipliers[2]"),
    rounding=HALF_UP,
    macs=macs,
    numbers={"fraction_bits": fraction_bits},
)
