"""q·kᵀ: queries are stationary in the array, keys stream."""

from collections.abc import Sequence

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import (
    Placement,
    at_most,
    buffered,
    code_digits,
    stationary,
)
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    q, k = inputs
    a = op.attributes
    for role in ("bias", "mask"):
        if role in op.tensors:
            return f"it has a {role}, and the engine adds none to logits"
    low, high = (limit - a["q_zero_point"] for limit in q.limits())
    return first((
        stationary(low, high, configuration, "a query less its zero point"),
        code_digits(k, configuration, "k"),
        *(buffered(codes, configuration, "projected") for codes in inputs),
        at_most("the number of keys", k.shape[-2], configuration.bank_rows, "a bank"),
        at_most("the width of its accumulators",
                width(-a["accumulator_bound"], a["accumulator_bound"]), configuration.acc_width,
                "the array"),
        at_most("the width of its logits", op.output.bits, configuration.logit_width, "softmax"),
    ))


PLACEMENT = Placement(limits=limits)
