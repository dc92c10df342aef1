"""The residual stream to codes of channels whose scales are powers of two apart."""

import numpy as np

from vit2rtl.golden.arithmetic import factors
from vit2rtl.golden.program.conditions import equal_shapes, factors_of_channels, first, reals
from vit2rtl.golden.program.kind import DOUBLE_TO_CODES, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor

# 0 to 3 of each channel.
FACTOR = Constant(factors.FACTORS, signed=False)


def check(op: Op, x: Tensor) -> str | None:
    if op.output.encoding != "power_of_two":
        return "output must be power_of_two codes"
    return first((equal_shapes(op, x), reals(x), factors_of_channels(op)))


def run(op: Op, x: np.ndarray) -> np.ndarray:
    y = op.output
    codes = factors.quantize(x, y.scale, op.tensors["factors"], y.zero_point, bits=y.bits)
    return codes.astype(y.dtype)


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    constants={"factors": FACTOR},
    floats=True,
    check=check,
    run=run,
    formula="clip(rint(x / (scale·2^factors)) + z), a factor a channel",
    rounding=DOUBLE_TO_CODES,
    unnamed=True,
)
