"""Tokens in another order, some side by side: Swin's windows and merged patches, filled up."""

from math import prod

import numpy as np

from vit2rtl.golden.program.conditions import same_codes
from vit2rtl.golden.program.kind import EXACT, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    index, size = op.tensors["index"], prod(x.shape[:-1])
    pad = op.tensors.get("pad")
    if pad is not None:
        if problem := _problem(pad, x):
            return problem
        size += 1
    if index.size * x.shape[-1] != prod(op.output.shape):
        return f"{index.size} tokens do not fit {x.shape} and {op.output.shape}"
    if not 0 <= int(index.min()) <= int(index.max()) < size:
        return f"index must be between 0 and {size - 1}"
    return same_codes(op.output, x)


def _problem(pad: np.ndarray, x: Tensor) -> str | None:
    """What is wrong with the row behind all tokens, or None."""
    if pad.shape != x.shape[-1:]:
        return f"pad must have the shape {x.shape[-1:]}"
    if x.encoding == "float64":
        return None
    low, high = x.limits()
    inside = low <= int(pad.min()) <= int(pad.max()) <= high
    return None if inside else f"pad must be between {low} and {high}"


def run(op: Op, x: np.ndarray) -> np.ndarray:
    tokens = x.reshape(len(x), -1, x.shape[-1])
    if "pad" in op.tensors:
        row = op.tensors["pad"].astype(x.dtype)
        tokens = np.concatenate(
            [tokens, np.broadcast_to(row, (len(x), 1, len(row)))], axis=1)
    return tokens[:, op.tensors["index"].reshape(-1)].reshape(len(x), *op.output.shape)


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    constants={"index": Constant(signed=False), "pad": Constant(optional=True)},
    check=check,
    run=run,
    formula="the rows that index names, in its order; pad is one more, behind the last",
    rounding=EXACT,
    unnamed=True,
)
