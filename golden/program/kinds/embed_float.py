"""Class tokens in front, position embedding on top: 16-bit codes times their scale, in float64."""

import numpy as np

from vit2rtl.golden.program.conditions import constants_under, reals
from vit2rtl.golden.program.kind import DOUBLE, NUMBER, Attribute, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import DEQUANTIZE, real


def check(op: Op, tokens: Tensor) -> str | None:
    if problem := constants_under(op, tokens):
        return problem
    dtype = op.tensors["constants"].dtype
    if dtype != np.int16:
        return f"constants must be int16 codes, not {dtype}"
    return reals(op.output)


def run(op: Op, codes: np.ndarray) -> np.ndarray:
    constants = op.tensors["constants"] * op.attributes["constant_scale"]
    stream = np.repeat(constants[np.newaxis], len(codes), axis=0)
    stream[:, len(constants) - codes.shape[1]:] += real(op, codes)
    return stream


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=DEQUANTIZE | {"constant_scale": Attribute(NUMBER)},
    constants={"constants": Constant(format=lambda op: (16, True), parameter=True)},
    floats=True,
    check=check,
    run=run,
    formula="constants·constant_scale in front, and + scale·(q - zero_point) behind",
    rounding=DOUBLE,
)
