"""Softmax in float64, rounded half to even to 16 bits; log√2 codes by integer thresholds."""

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.program.attention import (
    PROBABILITY_BITS,
    bias_and_mask,
    log_sqrt2_codes,
)
from vit2rtl.golden.program.kind import TEXT, Attribute, Constant, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import SCALE

# What timm adds to logits out of a window's reach.
MASKED = -100.0


def check(op: Op, logits: Tensor) -> str | None:
    return log_sqrt2_codes(op, logits) or bias_and_mask(op, logits.shape)


def probabilities(op: Op, acc: np.ndarray) -> np.ndarray:
    """int[...], units of 2**-16: ``p = exp(l - max) / Σ``, l the accumulators times their scale
    plus bias, rounded."""
    y = acc * op.attributes["logit_scale"]
    if "bias" in op.tensors:
        y += op.tensors["bias"]
    if "mask" in op.tensors:
        y += MASKED * op.tensors["mask"][..., np.newaxis, :, :]
    y -= y.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y *= (1 << PROBABILITY_BITS) / y.sum(axis=-1, keepdims=True)
    np.rint(y, out=y)
    np.minimum(y, (1 << PROBABILITY_BITS) - 1, out=y)
    return y.astype(np.intp)


def run(op: Op, acc: np.ndarray) -> np.ndarray:
    """A probability's code is found in a table."""
    codes = op.cache.get("codes")
    if codes is None:
        codes = op.cache.setdefault("codes", _codes(op))
    return codes.take(probabilities(op, acc))


def _codes(op: Op) -> np.ndarray:
    """uint8[2**16]: the code of every probability."""
    a = op.attributes
    return log_sqrt2.quantize(
        np.arange(1 << PROBABILITY_BITS), a["threshold_a"], a["threshold_b"],
        bits=op.output.bits, zero_code=a["zero_code"],
    ).astype(np.uint8)


# What softmaxes in float64 begin with, and their constants.
PROBABILITY = (
    "y = q·logit_scale (+ bias) (- 100·mask); p = min(rint(2^16·exp(y - max) / Σ), 2^16 - 1); ")
CONSTANTS = {
    "bias": Constant(optional=True, parameter=True),
    "mask": Constant(optional=True, signed=False),
}
KIND = Kind(
    module=__name__,
    inputs=("accumulators",),
    attributes=integers("threshold_a", "threshold_b")
    | {"logit_scale": SCALE, "zero_code": Attribute(TEXT, choices=log_sqrt2.ZERO_CODES)},
    constants=CONSTANTS,
    floats=True,
    check=check,
    run=run,
    formula=PROBABILITY + (
        "code = how many k < 2^bits - 1 have p·2^(k>>1) < threshold_a (even k) or threshold_b "
        "(odd k), or all where p is 0"),
    rounding="binary64, p half to even",
    numbers={"probability_bits": lambda op: PROBABILITY_BITS},
)
