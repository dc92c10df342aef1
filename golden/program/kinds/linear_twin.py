"""A linear layer behind activations of two regions: a sum each, requantized together by channel."""

from math import prod

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, matmul
from vit2rtl.golden.arithmetic.attention_value import ChannelMultipliers
from vit2rtl.golden.program.conditions import MULTIPLIERS, assert_bound, bounded, windowed
from vit2rtl.golden.program.kind import HALF_UP, Constant, Kind, integers
from vit2rtl.golden.program.kinds import linear
from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    if problem := linear.misshapen(op, x, "low_multiplier"):
        return problem
    if x.encoding != "twin_activation" or op.output.encoding != "uniform" or op.output.signed:
        return "input must be twin_activation codes, and output unsigned ones"
    return windowed(op.tensors["shift"]) or bounded(
        op.attributes["accumulator_bound"], _bounds(op, x.bits).accumulator)


def _bounds(op: Op, bits: int) -> matmul.LinearBounds:
    half = 1 << bits - 1
    return matmul.linear_bounds(
        centered_weight(op), op.tensors["bias"].astype(np.int64), half, 2 * half - 1)


def run(op: Op, x: np.ndarray) -> np.ndarray:
    """Sums of codes from 0 up, with the bias, and of codes below 0."""
    weight, most = centered_weight(op).T, op.attributes["accumulator_bound"]
    above = matmul.product(np.maximum(x, 0), weight, bound=most) + op.tensors["bias"]
    below = matmul.product(np.minimum(x, 0), weight, bound=most)
    for acc in (above, below):
        assert_bound(op, acc)
    multipliers = ChannelMultipliers(*(op.tensors[role].astype(np.int64)
                                       for role in ("multiplier", "low_multiplier", "shift")))
    return attention_value.requantize(
        above, below, multipliers, op.output.zero_point, bits=op.output.bits)


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=integers("weight_bits", range=(1, 8), width=True) | integers("accumulator_bound"),
    constants={**linear.KIND.constants, "low_multiplier": Constant(MULTIPLIERS, signed=False)},
    layer=True,
    check=check,
    run=run,
    formula=(
        "A = Σ over codes from 0 up q·(weight - weight_zero_point) + bias, B the same over codes "
        "below 0, without bias; "
        "clip(((A·multiplier + B·low_multiplier + 2^(shift-1)) >> shift) + z)"),
    rounding=HALF_UP,
    macs=lambda op, tensors: prod(op.output.shape) * tensors[0].shape[-1],
    counted_as="linear",
    numbers=linear.KIND.numbers,
)
