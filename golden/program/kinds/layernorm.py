"""LayerNorm of the residual stream, straight to codes (R8)."""

import numpy as np

from vit2rtl.golden.arithmetic import layernorm
from vit2rtl.golden.program.conditions import affine_of_channels
from vit2rtl.golden.program.kind import HALF_UP, Constant, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    if problem := affine_of_channels(op, x):
        return problem
    if not x.signed or x.shape[-1] > layernorm.CHANNELS:
        return f"needs a signed stream of at most {layernorm.CHANNELS} channels"
    return None


def run(op: Op, x: np.ndarray) -> np.ndarray:
    gain, offset = (op.tensors[role].astype(np.int64) for role in ("gain", "offset"))
    parameters = layernorm.LayerNorm(gain, offset, op.attributes["shift"], op.attributes["epsilon"])
    codes = layernorm.layer_norm(x, parameters, bits=op.output.bits)
    if not op.output.signed:
        return codes
    half = 1 << (op.output.bits - 1)
    if codes.dtype == object:
        return codes - half
    return (codes.astype(np.int32) - half).astype(op.output.dtype)


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    attributes=integers("shift", range=(0, layernorm.SHIFT_LIMIT))
    | integers("epsilon", range=(1, (1 << 62) - 1)),
    constants={
        "gain": Constant(
            (1 - (1 << layernorm.GAIN_BITS), (1 << layernorm.GAIN_BITS) - 1), parameter=True),
        "offset": Constant(
            (1 - (1 << layernorm.OFFSET_BITS), (1 << layernorm.OFFSET_BITS) - 1), parameter=True),
    },
    check=check,
    run=run,
    formula=(
        "S1 = Σq; V = D·Σq² - S1² + epsilon, D columns; p = ⌊(bits of V - 21) / 2⌋, m = ⌊V / 4^p⌋; "
        "y = seeds[m >> 14] << 10, then twice "
        "y = (y·((3·2^44 - m·(y² >> 16)) >> 22) + 2^22) >> 23; "
        "r = min((y + 4) >> 3, 2^17 - 1), k = p + 27; "
        "clip((((D·q - S1)·r·gain >> (shift + k - 16)) + offset + 2^15) >> 16), less 2^(bits-1) "
        "where the output is signed"),
    rounding=HALF_UP,
    tables={"seeds": lambda op: layernorm.SEEDS},
    unnamed=True,
    cause="16-bit residual stream",
)
