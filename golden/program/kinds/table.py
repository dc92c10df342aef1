"""A look-up: an activation function and the quantizer behind it, for every code (R9)."""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.arithmetic import gelu
from vit2rtl.golden.program import by_hand, conditions
from vit2rtl.golden.program.kind import EXACT, Constant, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, codes: Tensor) -> str | None:
    entries, (low, high) = op.tensors["table"], op.output.limits()
    if codes.signed or entries.shape != (1 << codes.bits,) or op.output.shape != codes.shape:
        return f"table must have {1 << codes.bits} entries and keep the shape"
    if int(entries.min()) < low or int(entries.max()) > high:
        return f"table entries must be between {low} and {high}"
    if op.output.encoding == "twin_activation":
        return conditions.codes(codes)
    return conditions.codes(codes, op.output)


def run(op: Op, codes: np.ndarray) -> np.ndarray:
    return gelu.apply(codes, op.tensors["table"])


def work_by_hand(page: by_hand.Page, op: by_hand.Described) -> Iterator[str]:
    """The last element."""
    source, target = (page.tensors[name] for name in (op["inputs"][0], op["output"]))
    table = page.constants(op)["table"]
    row, column = by_hand.last_element(source)
    code = page.row(source, row)[column]
    yield (f"Op `{op['name']}`, row {row}, column {column}: `{source['file']}` has {code}, and "
           f"element {code} of `{table['file']}` is\n")
    yield from by_hand.expected(page, target, (row, column), page.row(table, 0)[code])


def _format(op: Op) -> tuple[int, bool]:
    return op.output.bits, op.output.signed


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    constants={"table": Constant(
        format=_format, table=True, cost=lambda op, array: array.size * op.output.bits)},
    check=check,
    run=run,
    formula="table[q]",
    rounding=EXACT,
    by_hand=work_by_hand,
    cause="12 bits of input",
    rescaled=True,
)
