"""The residual sum in float64."""

import numpy as np

from vit2rtl.golden.program.conditions import equal_shapes
from vit2rtl.golden.program.kind import DOUBLE, Kind
from vit2rtl.golden.program.program import Op
from vit2rtl.golden.program.reals import DEQUANTIZE, real


def run(op: Op, stream: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return stream + real(op, codes)


KIND = Kind(
    module=__name__,
    inputs=("stream", "codes"),
    attributes=DEQUANTIZE,
    floats=True,
    check=equal_shapes,
    run=run,
    formula="stream + scale·(q - zero_point)",
    rounding=DOUBLE,
)
