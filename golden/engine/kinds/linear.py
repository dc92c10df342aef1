"""A linear layer: the array's dot products, requantized by the epilogue."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import DIGITS, Configuration
from vit2rtl.golden.engine.instructions import OPERANDS, Unit
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    code_digits,
    one_image,
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
        one_image(inputs[0], "its input"),
        code_digits(inputs[0], configuration, "its input"),
        stationary(int(weight.min()), int(weight.max()), configuration, "a weight"),
        _spanned(weight, configuration),
        at_most("the number of tiles of its inputs", -(-weight.shape[1] // configuration.rows),
                (1 << OPERANDS[Unit.MATMUL]["k_tiles"].width) - 1, "an instruction"),
        _zero_point(op.output.zero_point),
        at_most("the width of its accumulators", width(-bound, bound), configuration.acc_width,
                "the array"),
    ))


def _spanned(weight: np.ndarray, configuration: Configuration) -> str | None:
    """A channel's weights, and the zero that fills up its tile, are digits above their least."""
    span = int((np.maximum(weight.max(axis=1), 0) - np.minimum(weight.min(axis=1), 0)).max())
    most = (1 << DIGITS * configuration.base) - 1
    return at_most("the span of a channel's weights", span, most, "a pair of digits")


def _zero_point(zero_point: int) -> str | None:
    most = (1 << OPERANDS[Unit.EPILOGUE]["zero_point"].width - 1) - 1
    return at_most("the magnitude of its output's zero point", abs(zero_point), most,
                   "the epilogue")


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
