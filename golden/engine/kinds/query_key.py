"""q·kᵀ: queries are stationary in the array, keys stream."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import OPERANDS, Unit
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    buffered,
    centered,
    code_digits,
    one_image,
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
        one_image(q, "q"),
        centered(a["q_zero_point"], q.limits()[1] + 1, "q"),
        _key_zero_point(a["k_zero_point"]),
        _filler(op, inputs, configuration),
        code_digits(q, configuration, "q"),
        code_digits(k, configuration, "k"),
        *(buffered(codes, configuration, "projected", heads=a["heads"]) for codes in inputs),
        at_most("the number of keys", k.shape[-2], configuration.tokens, "a row of logits"),
        at_most("the width of its accumulators",
                width(-a["accumulator_bound"], a["accumulator_bound"]), configuration.acc_width,
                "the array"),
        at_most("the width of its logits", op.output.bits, configuration.logit_width, "softmax"),
    ))


def _key_zero_point(zero_point: int) -> str | None:
    """Half of what its operand holds, on either side."""
    most = (1 << OPERANDS[Unit.MATMUL]["key_zero_point"].width - 1) - 1
    return at_most("the magnitude of the zero point of k", abs(zero_point), most, "the array")


def _filler(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    """What fills up a head's last tile is the zero point, of q or of k: then it adds nothing."""
    channels = inputs[0].shape[-1] // op.attributes["heads"]
    zero_points = zip(("q_zero_point", "k_zero_point"), inputs, strict=True)
    if channels % configuration.rows == 0 or any(
            0 <= op.attributes[name] <= codes.limits()[1] for name, codes in zero_points):
        return None
    return (f"heads of {channels} channels do not fill tiles of {configuration.rows}, and no zero "
            "point is a code that could")


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
