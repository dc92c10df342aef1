"""The sum of all tokens less zero points, requantized; the factor has the division (R1)."""

import numpy as np

from vit2rtl.golden.arithmetic.requantizer import (
    SHIFT_RANGE,
    multiplier_and_shift,
    rescale,
)
from vit2rtl.golden.program.conditions import (
    MULTIPLIERS,
    assert_bound,
    bounded,
    codes,
    first,
    follows,
    pooled,
)
from vit2rtl.golden.program.kind import HALF_UP, REQUANTIZE, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    if problem := pooled(op, x):
        return problem
    if op.attributes["input_zero_point"] != x.zero_point:
        return f"zero point of the input is {x.zero_point}"
    (multiplier,), (shift,) = multiplier_and_shift(x.scale / x.shape[0] / op.output.scale)
    if problem := codes(x, op.output) or first(
            follows(name, op.attributes[name], int(due))
            for name, due in (("multiplier", multiplier), ("shift", shift))):
        return problem
    return bounded(op.attributes["accumulator_bound"], x.shape[0] * x.reach)


def run(op: Op, x: np.ndarray) -> np.ndarray:
    acc = x.astype(object if x.dtype == object else np.int64) - op.attributes["input_zero_point"]
    acc = acc.sum(axis=1, keepdims=True)
    assert_bound(op, acc)
    y = rescale(acc, np.int64(op.attributes["multiplier"]), np.int64(op.attributes["shift"]),
                np.int64(op.output.zero_point), *op.output.limits())
    return y if y.dtype == object else y.astype(op.output.dtype)


KIND = Kind(
    module=__name__,
    inputs=("codes or stream",),
    attributes=integers("accumulator_bound", "input_zero_point")
    | integers("multiplier", range=MULTIPLIERS)
    | integers("shift", range=SHIFT_RANGE),
    check=check,
    run=run,
    formula="acc = Σ over rows (q - input_zero_point); " + REQUANTIZE,
    rounding=HALF_UP,
    cause="16-bit codes of LayerNorm",
)
