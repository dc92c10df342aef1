"""Logits to codes in float64, then softmax on integers: log2 codes (Log-Int-Softmax)."""

import numpy as np

from vit2rtl.golden.arithmetic import log_int_softmax
from vit2rtl.golden.arithmetic.log_int_softmax import Parameters
from vit2rtl.golden.program.attention import bias_and_mask
from vit2rtl.golden.program.conditions import first, follows
from vit2rtl.golden.program.kind import NUMBER, Attribute, Kind, integers
from vit2rtl.golden.program.kinds.softmax_float import CONSTANTS
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import SCALE


def check(op: Op, logits: Tensor) -> str | None:
    a, output, keys = op.attributes, op.output, logits.shape[-1]
    if output.shape != logits.shape or output.encoding != "log2_softmax":
        return "output must be log2_softmax codes of the input's shape"
    if not 3 <= output.bits <= 9:
        return f"output must have 3 to 9 bits, not {output.bits}"
    if not a["step"] > 0:
        return "step must be above 0"
    due = log_int_softmax.parameters(a["step"])
    if problem := first(follows(name, a[name], value) for name, value in due._asdict().items()):
        return problem
    if not due.constant:
        return f"steps of {a['step']} are too wide for any exponential"
    if keys > due.longest_row:
        return f"rows of {keys} logits are too long: {due.longest_row} are the most"
    return bias_and_mask(op, logits.shape)


def run(op: Op, acc: np.ndarray) -> np.ndarray:
    """A masked key has no share."""
    a = op.attributes
    y = acc * a["logit_scale"]
    if "bias" in op.tensors:
        y += op.tensors["bias"]
    y /= a["step"]
    np.rint(y, out=y)
    y += a["step_zero_point"]
    np.clip(y, 0, (1 << a["step_bits"]) - 1, out=y)
    hidden = None
    if "mask" in op.tensors:
        hidden = op.tensors["mask"][..., np.newaxis, :, :] != 0
    parameters = Parameters(*(a[name] for name in Parameters._fields))
    codes = log_int_softmax.quantize(
        y.astype(np.int64), parameters, bits=op.output.bits - 1, hidden=hidden)
    return codes.astype(op.output.dtype)


KIND = Kind(
    module=__name__,
    inputs=("accumulators",),
    attributes={"logit_scale": SCALE, "step": Attribute(NUMBER)}
    | integers("step_bits", range=(2, 8)) | integers("step_zero_point", *Parameters._fields),
    constants=CONSTANTS,
    floats=True,
    check=check,
    run=run,
    formula=(
        "l = clip(rint((q·logit_scale (+ bias)) / step) + step_zero_point, 0, 2^step_bits - 1); "
        "x = min(max - l, octaves·octave), max that of the keys without mask; r = x mod octave; "
        "e = max(r·(r - linear) + constant, 0) << (octaves - floor(x / octave)), 0 where masked; "
        "S = Σ e; with b = bits - 1, code = [2S ≥ 3e] + [2S > 5e] + "
        "how many j = 2 … 2^b - 1 have 2S ≥ e·(3·2^j - 1), 2^b where e is 0"),
    rounding="binary64, logits half to even",
    numbers={"octaves": lambda op: log_int_softmax.OCTAVES},
)
