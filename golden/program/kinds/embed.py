"""Class tokens in front, position embedding on top: constants of the stream's scale (R7)."""

import numpy as np

from vit2rtl.golden.arithmetic import residual
from vit2rtl.golden.program.conditions import constants_under, same_codes
from vit2rtl.golden.program.kind import EXACT, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, tokens: Tensor) -> str | None:
    if problem := constants_under(op, tokens):
        return problem
    constants, (low, high) = op.tensors["constants"], op.output.limits()
    if not low <= int(constants.min()) <= int(constants.max()) <= high:
        return f"constants must be between {low} and {high}"
    return same_codes(op.output, tokens)


def run(op: Op, tokens: np.ndarray) -> np.ndarray:
    constants = op.tensors["constants"]
    kind = object if tokens.dtype == object else constants.dtype
    stream = np.broadcast_to(constants.astype(kind), (len(tokens), *constants.shape)).copy()
    prefix = len(constants) - tokens.shape[1]
    stream[:, prefix:] = residual.add(stream[:, prefix:], tokens, bits=op.output.bits)
    return stream


def _format(op: Op) -> tuple[int, bool]:
    return op.output.bits, op.output.signed


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    constants={"constants": Constant(format=_format, parameter=True)},
    check=check,
    run=run,
    formula="constants in front, constants + q behind, saturated",
    rounding=EXACT,
    cause="two roundings to the stream's scale",
)
