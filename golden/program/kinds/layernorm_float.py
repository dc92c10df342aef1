"""LayerNorm in float64 and the quantizer behind it, if there is one."""

import numpy as np

from vit2rtl.golden.program.conditions import affine_of_channels
from vit2rtl.golden.program.kind import DOUBLE_TO_CODES, NUMBER, Attribute, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import quantize


def check(op: Op, x: Tensor) -> str | None:
    if problem := affine_of_channels(op, x):
        return problem
    return None if op.attributes["epsilon"] > 0 else "epsilon must be above 0"


def run(op: Op, x: np.ndarray) -> np.ndarray:
    """``(x - mean) / √(var + eps) · γ + β``, or its codes"""
    mean = x.mean(axis=-1, keepdims=True)
    y = x - mean
    variance = np.einsum("...c,...c->...", y, y)[..., np.newaxis] / x.shape[-1]
    y /= np.sqrt(variance + op.attributes["epsilon"])
    y *= op.tensors["gamma"]
    y += op.tensors["beta"]
    return quantize(op.output, y)


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    attributes={"epsilon": Attribute(NUMBER)},
    constants={"gamma": Constant(parameter=True), "beta": Constant(parameter=True)},
    floats=True,
    check=check,
    run=run,
    formula=(
        "y = (x - mean) / √(variance + epsilon)·gamma + beta; codes are clip(rint(y / scale) + z)"),
    rounding=DOUBLE_TO_CODES,
    unnamed=True,
)
