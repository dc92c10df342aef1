"""Softmax in float64, rounded half to even to 16 bits; twin codes by a comparison and a product."""

import numpy as np

from vit2rtl.golden.arithmetic import twin
from vit2rtl.golden.program.attention import PROBABILITY_BITS, bias_and_mask
from vit2rtl.golden.program.conditions import follows
from vit2rtl.golden.program.kind import Kind, integers
from vit2rtl.golden.program.kinds.softmax_float import CONSTANTS, PROBABILITY, probabilities
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import SCALE


def check(op: Op, logits: Tensor) -> str | None:
    a, output = op.attributes, op.output
    if output.shape != logits.shape or output.encoding != "twin_softmax":
        return "output must be twin_softmax codes of the input's shape"
    if not 2 <= output.bits <= 8:
        return f"output must have 2 to 8 bits, not {output.bits}"
    due = np.ldexp(output.scale, -a["split"])
    return follows("low_scale", output.low_scale, float(due)) or bias_and_mask(op, logits.shape)


def run(op: Op, acc: np.ndarray) -> np.ndarray:
    """A probability's code is found in a table."""
    codes = op.cache.get("codes")
    if codes is None:
        codes = op.cache.setdefault("codes", twin.quantize(
            np.arange(1 << PROBABILITY_BITS), op.attributes["split"], bits=op.output.bits,
            width=PROBABILITY_BITS).astype(np.uint8))
    return codes.take(probabilities(op, acc))


KIND = Kind(
    module=__name__,
    inputs=("accumulators",),
    attributes={"logit_scale": SCALE} | integers("split", range=twin.SPLITS),
    constants=CONSTANTS,
    floats=True,
    check=check,
    run=run,
    formula=PROBABILITY + (
        "k = 2^(bits-1) - 1; code = ((p·k + 2^15) >> 16) + k + 1 where p >= max(2^16 >> split, 1), "
        "else min(k, ((p·k << split) + 2^15) >> 16)"),
    rounding="binary64, p half to even, codes half up",
    numbers={"probability_bits": lambda op: PROBABILITY_BITS},
)
