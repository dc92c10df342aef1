"""What codes of a stream stand for: it goes on as LayerNorm has seen it."""

import numpy as np

from vit2rtl.golden.arithmetic import factors
from vit2rtl.golden.program.conditions import equal_shapes, factors_of_channels, first, reals
from vit2rtl.golden.program.kind import DOUBLE, Kind
from vit2rtl.golden.program.kinds.quantize_factors_float import FACTOR
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import DEQUANTIZE


def check(op: Op, codes: Tensor) -> str | None:
    if codes.encoding != "power_of_two":
        return "input must be power_of_two codes"
    return first((equal_shapes(op, codes), reals(op.output), factors_of_channels(op)))


def run(op: Op, codes: np.ndarray) -> np.ndarray:
    a = op.attributes
    return factors.real(codes, a["scale"], op.tensors["factors"], a["zero_point"])


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=DEQUANTIZE,
    constants={"factors": FACTOR},
    floats=True,
    check=check,
    run=run,
    formula="scale·2^factors·(q - zero_point), a factor a channel",
    rounding=DOUBLE,
    unnamed=True,
)
