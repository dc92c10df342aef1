"""The tokens that a head looks at."""

import numpy as np

from vit2rtl.golden.program.conditions import same_codes
from vit2rtl.golden.program.kind import EXACT, LIST, Attribute, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, x: Tensor) -> str | None:
    tokens = op.attributes["tokens"]
    if not all(type(n) is int and 0 <= n < x.shape[0] for n in tokens) or (
            op.output.shape != (len(tokens), *x.shape[1:])):
        return f"tokens {tokens} do not fit {x.shape} and {op.output.shape}"
    return same_codes(op.output, x)


def run(op: Op, x: np.ndarray) -> np.ndarray:
    return x[:, op.attributes["tokens"]]


KIND = Kind(
    module=__name__,
    inputs=("stream",),
    attributes={"tokens": Attribute(LIST)},
    check=check,
    run=run,
    formula="the rows that tokens names",
    rounding=EXACT,
    unnamed=True,
)
