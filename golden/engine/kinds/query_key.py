"""q·kᵀ: queries are stationary in the array, keys stream."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    buffered,
    centered,
    code_digits,
)
from vit2rtl.golden.engine.products import (
    Scaling,
    Stationary,
    array_record,
    epilogue_record,
    sums_of,
)
from vit2rtl.golden.program.attention import split_heads
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    q, k = inputs
    a = op.attributes
    for role in ("bias", "mask"):
        if role in op.tensors:
            return f"it has a {role}, and the engine adds none to logits"
    return first((
        centered(a["q_zero_point"], q.limits()[1] + 1, "q"),
        code_digits(q, configuration, "q"),
        code_digits(k, configuration, "k"),
        *(buffered(codes, configuration, "projected") for codes in inputs),
        at_most("the number of keys", k.shape[-2], configuration.tokens, "a row of logits"),
        at_most("the width of its accumulators",
                width(-a["accumulator_bound"], a["accumulator_bound"]), configuration.acc_width,
                "the array"),
        at_most("the width of its logits", op.output.bits, configuration.logit_width, "softmax"),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    """Head by head: its queries stay, its keys stream; then the epilogue of all, by query."""
    a = use.op.attributes
    q, k = (split_heads(x, a["heads"]) for x in use.inputs)
    zero_points = {"weight_zero_point": a["q_zero_point"], "code_zero_point": a["k_zero_point"]}
    # The array subtracts the zero point digit by digit.
    digits = configuration.code_digits(use.tensors[0].bits)
    places = np.arange(use.output.size).reshape(use.output.shape)
    sums = np.stack([
        sums_of(keys.astype(np.int64) - a["k_zero_point"],
                queries.astype(np.int64) - a["q_zero_point"])
        for queries, keys in zip(q, k, strict=True)])
    for head, queries in enumerate(q):
        staying = Stationary(queries, digits, "codes", a["q_zero_point"], zero_points)
        for start in range(0, k.shape[1], configuration.bank_rows):
            part = slice(start, start + configuration.bank_rows)
            yield array_record(k[head, part], use.tensors[1].bits, staying, sums[head][part],
                               places[head].T[part], configuration)
    keys = use.output.shape[-1]
    none, top = np.zeros(keys, np.int64), use.op.output.limits()[1]
    yield epilogue_record(
        sums.swapaxes(1, 2).reshape(-1, keys),
        # The smallest number is a masked logit's alone.
        Scaling(none, none + a["multiplier"], none + a["shift"], 0, -top, top),
        use.output.reshape(-1, keys), places.reshape(-1, keys), configuration)


PLACEMENT = Placement(limits=limits, records=records)
