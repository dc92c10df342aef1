"""LayerNorm on integers, from codes whose channels are powers of two apart, to the next layer's."""

import numpy as np

from vit2rtl.golden.arithmetic import factors
from vit2rtl.golden.program.conditions import affine_of_channels, follows
from vit2rtl.golden.program.kind import INTEGER, NUMBER, Attribute, Constant, Kind
from vit2rtl.golden.program.kinds.quantize_factors_float import FACTOR
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import DEQUANTIZE


def check(op: Op, codes: Tensor) -> str | None:
    output, step = op.output, op.attributes["step"]
    if codes.encoding != "power_of_two":
        return "input must be power_of_two codes"
    if problem := affine_of_channels(op, codes):
        return problem
    if codes.bits > 8 or codes.shape[-1] > factors.MOST_CHANNELS:
        return f"needs codes of at most 8 bits and {factors.MOST_CHANNELS} channels"
    if output.encoding == "uniform":
        return follows("step", step, output.scale)
    return None if step > 0 else "step must be above 0"


def run(op: Op, codes: np.ndarray) -> np.ndarray:
    """Codes of the next layer; multiples of ``step``, not clipped, where the mean is between."""
    a, t, output = op.attributes, op.tensors, op.output
    y = factors.normalize(
        codes.astype(np.int64) - a["input_zero_point"], t["factors"], t["gamma"], t["beta"],
        a["step"])
    if output.encoding == "float64":
        return y * a["step"]
    return np.clip(y + output.zero_point, *output.limits()).astype(output.dtype)


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes={"input_zero_point": Attribute(INTEGER, repeats=DEQUANTIZE["zero_point"].repeats),
                "step": Attribute(NUMBER)},
    constants={"factors": FACTOR, "gamma": Constant(parameter=True),
               "beta": Constant(parameter=True)},
    floats=True,
    check=check,
    run=run,
    formula=(
        "X = (q - input_zero_point) << factors; over C channels G = gamma / √(C·Σ X² - (Σ X)²), 0 "
        "where the root is; A = G·(C / step); N = clip(7 - floor(log2 |A|), 0, 31), 31 where A is "
        "0; M = min(floor(|A|·2^N), 255); B = rint((beta - G·Σ X)·(2^N / step)), |B| at most 2^47; "
        "Y = rint((sign(A)·M·X + B) / 2^N); codes are clip(Y + z), reals Y·step"),
    rounding="binary64, half to even",
    unnamed=True,
)
