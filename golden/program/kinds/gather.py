"""Tokens in another order, some side by side: Swin's windows and merged patches."""

from math import prod

import numpy as np

from vit2rtl.golden.program.conditions import same_codes
from vit2rtl.golden.program.kind import EXACT, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    index, size = op.tensors["index"], prod(x.shape[:-1])
    if index.size * x.shape[-1] != prod(op.output.shape):
        return f"{index.size} tokens do not fit {x.shape} and {op.output.shape}"
    if not 0 <= int(index.min()) <= int(index.max()) < size:
        return f"index must be between 0 and {size - 1}"
    return same_codes(op.output, x)


def run(op: Op, x: np.ndarray) -> np.ndarray:
    tokens = x.reshape(len(x), -1, x.shape[-1])
    return tokens[:, op.tensors["index"].reshape(-1)].reshape(len(x), *op.output.shape)


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    constants={"index": Constant(signed=False)},
    check=check,
    run=run,
    formula="the rows that index names, in its order",
    rounding=EXACT,
    unnamed=True,
)
