"""Logits to log√2 codes of their softmax, without a divider (R4)."""

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2, softmax
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.program.attention import log_sqrt2_codes
from vit2rtl.golden.program.conditions import MULTIPLIERS, first, follows
from vit2rtl.golden.program.kind import HALF_UP, TEXT, Attribute, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, logits: Tensor) -> str | None:
    a = op.attributes
    if problem := log_sqrt2_codes(op, logits):
        return problem
    if (a["bits"], a["width"]) != (op.output.bits, logits.bits) or not logits.signed:
        return "bits and width must be those of its output and input"
    if logits.encoding != "uniform" or logits.zero_point:
        return "logits must be codes of zero point 0"
    if logits.shape[-1] << a["exp_bits"] >= softmax.SUM_LIMIT:
        return f"rows of {logits.shape[-1]} logits are too long"
    due = softmax.parameters(
        logits.scale, op.output.scale,
        **{name: a[name] for name in ("bits", "zero_code", "width", "rom_bits", "exp_bits")})
    return first(follows(name, a[name], value) for name, value in due._asdict().items())


def run(op: Op, logits: np.ndarray) -> np.ndarray:
    a = op.attributes
    return softmax.quantize(
        logits, softmax.Softmax(**{name: a[name] for name in softmax.Softmax._fields}))


def rom(op: Op) -> np.ndarray:
    return softmax.rom(op.attributes["rom_bits"], op.attributes["exp_bits"])


KIND = Kind(
    module=__name__,
    inputs=("logits",),
    # All of softmax.Softmax.
    attributes=integers("multiplier", range=(1, MULTIPLIERS[1]))
    | integers("shift", range=SHIFT_RANGE)
    | integers("threshold_a", "threshold_b", range=(1, 1 << softmax.THRESHOLD_BITS))
    | integers("threshold_shift", range=(0, softmax.THRESHOLD_SHIFT))
    | integers("rom_bits", range=softmax.ROM_BITS)
    | integers("exp_bits", range=softmax.EXP_BITS)
    | integers("bits", "width")
    | {"zero_code": Attribute(TEXT, choices=log_sqrt2.ZERO_CODES)},
    check=check,
    run=run,
    formula=(
        "t = ((max - q)·multiplier + 2^(shift-1)) >> shift; m = rom[t mod 2^rom_bits]; "
        "x = min(t >> rom_bits, 255); S = Σ m >> x; code = how many k < 2^bits - 1 have "
        "m·2^(k>>1) / 2^x < S·threshold / 2^threshold_shift, threshold_a for even k, threshold_b "
        "for odd; a masked logit (the smallest number) has m = 0 and the last code"),
    rounding=HALF_UP,
    tables={"rom": rom},
    cause="exponential from a ROM; above 4 bits the simulation's 16-bit probability",
)
