"""A kind of tests alone, all of it in this file: an offset added to each channel, saturated."""

from collections.abc import Iterator
from math import prod

import numpy as np

from vit2rtl.golden.program.by_hand import Described, Page
from vit2rtl.golden.program.conditions import same_codes
from vit2rtl.golden.program.kind import EXACT, Constant, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, codes: Tensor) -> str | None:
    if op.output.shape != codes.shape:
        return f"shapes {codes.shape} and {op.output.shape} must be equal"
    if op.tensors["offset"].shape != codes.shape[-1:]:
        return f"offset must have the shape {codes.shape[-1:]}"
    return same_codes(op.output, codes)


def run(op: Op, codes: np.ndarray) -> np.ndarray:
    wide = codes.astype(object if codes.dtype == object else np.int64)
    result = np.clip(wide + op.attributes["sign"] * op.tensors["offset"], *op.output.limits())
    return result if result.dtype == object else result.astype(op.output.dtype)


def work_by_hand(page: Page, op: Described) -> Iterator[str]:
    target = page.tensors[op["output"]]
    yield f"Op `{op['name']}` by hand: the last row of `{target['file']}`."


KIND = Kind(
    module=__name__,
    title="channel offsets",
    inputs=("codes",),
    attributes=integers("sign", range=(-1, 1)),
    constants={"offset": Constant((-8, 7), parameter=True)},
    layer=True,
    check=check,
    run=run,
    formula="q + sign·offset, saturated",
    rounding=EXACT,
    macs=lambda op, tensors: prod(op.output.shape),
    numbers={"offset_reach": lambda op: int(np.abs(op.tensors["offset"]).max())},
    tables={"negated": lambda op: 8 - op.tensors["offset"]},
    by_hand=work_by_hand,
)
