"""What follows a matmul: bias, requantizer, residual stream, statistics of a row (R1, R7)."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.arithmetic import residual
from vit2rtl.golden.arithmetic.matmul import wrapped
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE, WINDOW, rescale
from vit2rtl.golden.units.epilogue.directed import directed as directed_cases
from vit2rtl.golden.units.fields import LANES
from vit2rtl.golden.units.unit import (
    Arrays,
    Case,
    Field,
    Limit,
    Parameter,
    Parameters,
    Stream,
    Unit,
)

# Elements of a row, as many as any sum of it has room for.
ELEMENTS = 2048
PARAMETERS = {
    "lanes": LANES,
    "acc_width": Parameter(18, "bits of accumulator, bias and their sum", 4, 27),
    "multiplier_width": Parameter(16, "bits of the unsigned multiplier", 2, 16),
    "width": Parameter(residual.BITS, "bits of a signed result, and of the residual stream", 4, 16),
}


def streams(p: Parameters) -> tuple[Stream, ...]:
    """An accumulator with what its channel and its place have; a result; three numbers a row."""
    width, room = p["width"], ELEMENTS.bit_length() - 1
    element = (
        Field("acc", p["acc_width"], signed=True),
        Field("bias", p["acc_width"], signed=True, channel=True),
        Field("multiplier", p["multiplier_width"], channel=True),
        Field("shift", (WINDOW - 1).bit_length(), channel=True),
        Field("stream", width, signed=True),
    )
    row = (
        Field("maximum", width, signed=True),
        Field("sum", width + room, signed=True),
        Field("squares", 2 * width - 2 + room),
    )
    return (
        Stream("i", element, p["lanes"], rows=True),
        Stream("o", (Field("value", width, signed=True),), p["lanes"], rows=True),
        Stream("o_row", row, 1, rows=True),
    )


def configuration(p: Parameters) -> tuple[Field, ...]:
    """What an op sets."""
    width = p["width"]
    return (
        Field("shift_base", SHIFT_RANGE[1].bit_length(), meaning="smallest shift"),
        Field("zero_point", width + 1, signed=True, meaning="zero point of the results"),
        Field("low", width, signed=True, meaning="least result before the residual stream"),
        Field("high", width, signed=True, meaning="largest result before the residual stream"),
        Field("add", 1, meaning="1: the residual stream is added"),
    )


def domain(p: Parameters) -> tuple[Limit, ...]:
    """R1's shifts; zero is within the limits."""
    return (
        Limit({"shift_base": 1, "shift": 1}, *SHIFT_RANGE),
        Limit({"low": 1}, high=0),
        Limit({"high": 1}, low=0),
    )


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """R1 of the wrapped sum, R7 where the stream is added, sums over each row.

    What fills up the last beat of a row is the last element again, and counts.
    """
    acc = wrapped(np.asarray(x["acc"], np.int64) + x["bias"], p["acc_width"])
    value = rescale(
        acc, x["multiplier"], settings["shift_base"] + np.asarray(x["shift"], np.int64),
        settings["zero_point"], settings["low"], settings["high"],
    )
    if settings["add"]:
        value = residual.add(x["stream"], value, bits=p["width"]).astype(np.int64)
    last = np.repeat(value[..., -1:], -value.shape[-1] % p["lanes"], axis=-1)
    row = np.concatenate([value, last], axis=-1)
    room = ELEMENTS.bit_length() - 1
    squares = (row * row).sum(axis=-1, keepdims=True)
    return {
        "value": value,
        "maximum": row.max(axis=-1, keepdims=True),
        "sum": wrapped(row.sum(axis=-1, keepdims=True), p["width"] + room),
        "squares": squares & (1 << 2 * p["width"] - 2 + room) - 1,
    }


def directed(p: Parameters) -> Iterator[Case]:
    """Ties, limits, both saturations, sums that wrap, rows of extremes."""
    return directed_cases(p)


UNIT = Unit(
    name="epilogue",
    component="Epilogue",
    summary="sums of a matmul to codes, logits or the residual stream, and statistics of each row",
    parameters=PARAMETERS,
    streams=streams,
    configuration=configuration,
    evaluate=evaluate,
    domain=domain,
    rounding="half up, once",
    directed=directed,
)
