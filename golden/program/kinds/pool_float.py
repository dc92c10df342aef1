"""The mean of all tokens in float64; quantized where the output is codes."""

import numpy as np

from vit2rtl.golden.program.conditions import pooled
from vit2rtl.golden.program.kind import DOUBLE_TO_CODES, Kind
from vit2rtl.golden.program.program import Op
from vit2rtl.golden.program.reals import quantize


def run(op: Op, x: np.ndarray) -> np.ndarray:
    return quantize(op.output, x.mean(axis=1, keepdims=True))


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    floats=True,
    check=pooled,
    run=run,
    formula="the mean over rows; codes are clip(rint(mean / scale) + z)",
    rounding=DOUBLE_TO_CODES,
)
