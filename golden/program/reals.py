"""Reals of variant ``hardware``: what a vector unit computes in double precision between integers.

Rounds half to even where it quantizes.
"""

from collections.abc import Sequence

import numpy as np

from vit2rtl.golden.program.kind import INTEGER, NUMBER, Attribute
from vit2rtl.golden.program.program import Op, Tensor


def _scale(inputs: Sequence[Tensor]) -> float:
    return inputs[-1].scale


def _zero_point(inputs: Sequence[Tensor]) -> int:
    return inputs[-1].zero_point


# What stands again in the attributes of a kind that dequantizes its last input.
SCALE = Attribute(NUMBER, repeats=_scale)
DEQUANTIZE = {"scale": SCALE, "zero_point": Attribute(INTEGER, repeats=_zero_point)}


def real(op: Op, codes: np.ndarray) -> np.ndarray:
    """float64: ``scale * (code - zero_point)``."""
    reals = codes.astype(np.float64)
    reals -= op.attributes["zero_point"]
    reals *= op.attributes["scale"]
    return reals


def quantize(tensor: Tensor, reals: np.ndarray) -> np.ndarray:
    """Reals to codes of a uniform tensor, or the reals of a float64 one; ``reals`` is overwritten.

    ``clip(rint(y / scale) + zero_point)``
    """
    if tensor.encoding == "float64":
        return reals
    reals /= tensor.scale
    np.rint(reals, out=reals)
    reals += tensor.zero_point
    low, high = tensor.limits()
    np.clip(reals, low, high, out=reals)
    return reals.astype(np.uint8 if high < 256 and low >= 0 else np.int32)
