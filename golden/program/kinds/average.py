"""The sum of the heads' logits; the output's scale divides by their number."""

import numpy as np

from vit2rtl.golden.program.conditions import logits_of_heads, same_codes
from vit2rtl.golden.program.kind import EXACT, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, *heads: Tensor) -> str | None:
    if problem := logits_of_heads(op, *heads):
        return problem
    if same_codes(*heads):
        return "heads must have the same codes"
    low, high = (limit * len(heads) for limit in heads[0].limits())
    least, most = op.output.limits()
    if low < least or high > most:
        return f"output must hold sums between {low} and {high}"
    return None


def run(op: Op, *heads: np.ndarray) -> np.ndarray:
    total = heads[0].astype(object if heads[0].dtype == object else op.output.dtype)
    for head in heads[1:]:
        total = total + head.astype(total.dtype)
    return total.reshape(len(total), -1)


KIND = Kind(
    module=__name__,
    inputs=("logits of each head",),
    repeated=True,
    check=check,
    run=run,
    formula="the sum of the inputs",
    rounding=EXACT,
    cause="logits of 12 bits",
)
