"""The residual sum in float64."""

import numpy as np

from vit2rtl.golden.program.conditions import equal_shapes, reals
from vit2rtl.golden.program.kind import DOUBLE, Kind
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import DEQUANTIZE, real


def check(op: Op, stream: Tensor, codes: Tensor) -> str | None:
    return equal_shapes(op, stream, codes) or reals(stream, op.output)


def run(op: Op, stream: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return stream + real(op, codes)


KIND = Kind(
    module=__name__,
    inputs=("stream", "codes"),
    attributes=DEQUANTIZE,
    floats=True,
    check=check,
    run=run,
    formula="stream + scale·(q - zero_point)",
    rounding=DOUBLE,
)
