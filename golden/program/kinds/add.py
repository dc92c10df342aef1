"""The residual sum, saturating (R7)."""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.arithmetic import residual
from vit2rtl.golden.program import by_hand
from vit2rtl.golden.program.conditions import equal_shapes, same_codes
from vit2rtl.golden.program.kind import EXACT, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, stream: Tensor, branch: Tensor) -> str | None:
    return equal_shapes(op, stream, branch) or same_codes(op.output, stream, branch)


def run(op: Op, stream: np.ndarray, branch: np.ndarray) -> np.ndarray:
    return residual.add(stream, branch, bits=op.output.bits)


def work_by_hand(page: by_hand.Page, op: by_hand.Described) -> Iterator[str]:
    """The last element."""
    stream, branch, target = (page.tensors[name] for name in (*op["inputs"], op["output"]))
    row, column = by_hand.last_element(target)
    a, b = (page.row(tensor, row)[column] for tensor in (stream, branch))
    yield (f"Op `{op['name']}`, row {row}, column {column} of `{stream['file']}` and "
           f"`{branch['file']}`: {a} + {by_hand.term(b)}, saturated to {target['bits']} bits, is\n")
    low, high = by_hand.limits(target)
    yield from by_hand.expected(page, target, (row, column), min(max(a + b, low), high))


KIND = Kind(
    module=__name__,
    inputs=("stream", "branch"),
    check=check,
    run=run,
    formula="stream + branch, saturated",
    rounding=EXACT,
    by_hand=work_by_hand,
    cause="two roundings to the stream's scale",
)
