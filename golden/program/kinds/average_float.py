"""The mean of the heads' logits in float64."""

from collections.abc import Sequence

import numpy as np

from vit2rtl.golden.program.conditions import logits_of_heads, reals
from vit2rtl.golden.program.kind import DOUBLE, LIST, Attribute, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, *heads: Tensor) -> str | None:
    if problem := logits_of_heads(op, *heads):
        return problem
    a = op.attributes
    real = [*a["scales"], *a["zero_points"]]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in real) or not (
            len(a["scales"]) == len(a["zero_points"]) == len(heads)):
        return "needs a scale and a zero point for each head"
    return reals(op.output)


def run(op: Op, *heads: np.ndarray) -> np.ndarray:
    scales, zero_points = op.attributes["scales"], op.attributes["zero_points"]
    parts = [(head.astype(np.float64) - z) * s
             for head, s, z in zip(heads, scales, zero_points, strict=True)]
    return (sum(parts) / len(parts)).reshape(len(parts[0]), -1)


def _scales(heads: Sequence[Tensor]) -> list[float]:
    return [head.scale for head in heads]


def _zero_points(heads: Sequence[Tensor]) -> list[int]:
    return [head.zero_point for head in heads]


KIND = Kind(
    module=__name__,
    inputs=("codes of each head",),
    repeated=True,
    attributes={
        "scales": Attribute(LIST, repeats=_scales),
        "zero_points": Attribute(LIST, repeats=_zero_points),
    },
    floats=True,
    check=check,
    run=run,
    formula="the mean of scales[i]·(q_i - zero_points[i])",
    rounding=DOUBLE,
)
