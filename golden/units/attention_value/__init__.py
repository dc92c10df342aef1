"""Attention × V: log√2 codes of queries times values of channels, tile by tile (R5)."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.attention_value import MULTIPLIER_BITS
from vit2rtl.golden.arithmetic.matmul import wrapped
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.units.attention_value.directed import directed as directed_cases
from vit2rtl.golden.units.fields import CODE_BITS, ZERO_CODE, log_sqrt2_code
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

PARAMETERS = {
    "lanes": Parameter(
        8, "channels side by side; lane 0 is in the least significant bits", 1, 64),
    "rows": Parameter(4, "queries side by side", 1, 64),
    "bits": CODE_BITS,
    "zero_code": ZERO_CODE,
    "value_bits": Parameter(4, "bits of v's codes", 2, 8),
    "acc_width": Parameter(14, "bits of a signed sum, from the bound of a softmax row", 4, 31),
    "output_bits": Parameter(4, "bits of the results' codes", 2, 16),
}


def streams(p: Parameters) -> tuple[Stream, ...]:
    """A token of v and its codes go in, a row of each is a tile; results come one by one."""
    return (
        Stream("i", (Field("value", p["value_bits"]),), p["lanes"], rows=True),
        Stream("i_codes", (log_sqrt2_code(p),), p["rows"], rows=True),
        Stream("o", (Field("result", p["output_bits"]),), 1, rows=True),
    )


def configuration(p: Parameters) -> tuple[Field, ...]:
    """What a layer has one of: both zero points, the two multipliers and their shift."""
    most = 1 << p["value_bits"]
    zero = Field("v_zero_point", p["value_bits"] + 1, top=most, meaning="zero point of v's codes")
    factors = (Field(f"multiplier_{name}", MULTIPLIER_BITS, meaning=f"M of the {name} sum")
               for name in ("even", "odd"))
    shift = Field("shift", SHIFT_RANGE[1].bit_length(), meaning="shift of both products")
    point = Field("zero_point", p["output_bits"] + 1, signed=True, meaning="zero point of results")
    return zero, *factors, shift, point


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """R5 on tiles: sums in two's complement of ``acc_width`` bits, then one rounding.

    value    int[tiles, tokens * lanes]  token * lanes + channel
    code     int[tiles, tokens * rows]   token * rows + query
    returns  {"result": int[tiles, rows * lanes]}, query * lanes + channel
    raises   ValueError where a token of either is not whole, or they have not as many tokens

    Sums of whole rows of a softmax stay within ``attention_value.bound`` and do not wrap, if
    ``acc_width`` holds it.
    """
    values = _tokens("value", x["value"], p["lanes"])
    codes = _tokens("code", x["code"], p["rows"])
    if values.shape[1] != codes.shape[1]:
        raise ValueError(f"A tile of {values.shape[1]} tokens has codes of {codes.shape[1]}")
    even, odd = (
        wrapped(total, p["acc_width"])
        for total in attention_value.accumulate(
            codes.swapaxes(1, 2), values, int(settings["v_zero_point"]), bits=p["bits"],
            zero_code=p["zero_code"])
    )
    factors = attention_value.Multipliers(
        *(int(settings[name]) for name in ("multiplier_even", "multiplier_odd", "shift")))
    result = attention_value.requantize(
        even, odd, factors, int(settings["zero_point"]), bits=p["output_bits"])
    return {"result": result.reshape(len(result), -1)}


def _tokens(name: str, array: np.ndarray, width: int) -> np.ndarray:
    """int[tiles, tokens, width] of rows of whole tokens."""
    array = np.asarray(array)
    if array.shape[-1] % width:
        raise ValueError(f"A row of {name} must have a multiple of {width} elements, not "
                         f"{array.shape[-1]}")
    return array.reshape(len(array), -1, width)


def directed(p: Parameters) -> Iterator[Case]:
    """Every code beside every value, ends of the sums, ties, saturation, tiles of any length."""
    return directed_cases(p, {f.name: f for f in configuration(p)})


UNIT = Unit(
    name="attention_value",
    component="AttentionValue",
    summary="log√2 codes times v, by shifts into two sums, to codes",
    parameters=PARAMETERS,
    streams=streams,
    configuration=configuration,
    evaluate=evaluate,
    domain=lambda p: (Limit({"shift": 1}, *SHIFT_RANGE),),
    rounding="half up, once",
    directed=directed,
)
