"""The sum of the heads' logits; the output's scale divides by their number."""

from collections.abc import Sequence

import numpy as np

from vit2rtl.golden.program.conditions import codes, first, follows, logits_of_heads, same_codes
from vit2rtl.golden.program.kind import EXACT, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, *heads: Tensor) -> str | None:
    if problem := logits_of_heads(op, *heads):
        return problem
    if same_codes(*heads) or codes(*heads):
        return "heads must have the same codes"
    due = mean_of(heads, op.output.name)
    return first(follows(name, getattr(op.output, name), getattr(due, name))
                 for name in ("bits", "signed", "encoding", "scale", "zero_point"))


def mean_of(heads: Sequence[Tensor], name: str) -> Tensor:
    """The codes of the mean: a bit more for each head that is added to the first."""
    head, count = heads[0], len(heads)
    return Tensor(name, head.shape[-1:], head.bits + count - 1, head.signed,
                  scale=head.scale / count, zero_point=count * head.zero_point)


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
