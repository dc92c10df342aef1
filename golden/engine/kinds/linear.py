"""A linear layer: the array's dot products, requantized by the epilogue."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    code_digits,
    stationary,
)
from vit2rtl.golden.engine.products import (
    Scaling,
    Stationary,
    array_record,
    epilogue_record,
    sums_of,
)
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    weight, bound = centered_weight(op), op.attributes["accumulator_bound"]
    return first((
        code_digits(inputs[0], configuration, "its input"),
        stationary(int(weight.min()), int(weight.max()), configuration, "a weight"),
        at_most("the width of its accumulators", width(-bound, bound), configuration.acc_width,
                "the array"),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    """As many tokens at a time as a bank has rows, then the epilogue of all."""
    op, weight = use.op, centered_weight(use.op)
    codes = use.inputs[0].reshape(-1, weight.shape[1])
    acc = sums_of(codes, weight)
    places = np.arange(acc.size).reshape(acc.shape)
    staying = Stationary(
        weight, configuration.stationary_digits(int(weight.min()), int(weight.max())), "signed", 0,
        {})
    for start in range(0, len(codes), configuration.bank_rows):
        part = slice(start, start + configuration.bank_rows)
        yield array_record(
            codes[part], use.tensors[0].bits, staying, acc[part], places[part], configuration)
    bias, multiplier, shift = (
        op.tensors[role].astype(np.int64) for role in ("bias", "multiplier", "shift"))
    yield epilogue_record(
        acc,
        Scaling(bias, multiplier, shift, op.output.zero_point, *op.output.limits()),
        use.output.reshape(acc.shape), places, configuration)


PLACEMENT = Placement(limits=limits, records=records)
