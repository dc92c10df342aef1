"""Matmul array: codes times stationary weights, exact sums in accumulators that wrap (R2, R3, R6).

A row of the streams is an output tile: ``tokens`` rows of ``lanes`` accumulators. Its inner
dimension comes in ``k_tiles`` tiles of ``rows`` places; what is missing in the last one is filled
with weights of zero. Codes and weights of more bits than ``base`` have two digits::

    code = code_high * 2**base + code_low          both unsigned
    weight = weight_high * 2**base + weight_low    the upper one signed

``i_weight`` has for each tile of the inner dimension, for each digit of the weights, the upper one
first, ``lanes`` beats: one column's weights each. ``i`` has for each of these, for each digit of
the codes, the upper one first, ``tokens`` beats: one token's codes each. So where weights have two
digits, codes come twice.

With ``weights="codes"`` weights are codes with a zero point, digits unsigned, and so the array
computes q·kᵀ: q, less its zero point, stays; k streams, and what its zero point contributes is
subtracted as a factor times each column's sum.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from vit2rtl.golden.arithmetic import matmul
from vit2rtl.golden.arithmetic.matmul import PACKED_BASE, PACKED_ROWS
from vit2rtl.golden.units.fields import LANES
from vit2rtl.golden.units.matmul_array.directed import directed as directed_cases
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
    "lanes": LANES,
    "rows": Parameter(16, "weights of a column", 1, 64),
    "base": Parameter(4, "bits of a digit of a code", 4, 8),
    "lane": Parameter(
        "lut", "multipliers of look-up tables, or two rows in one block",
        choices=("lut", "packed"),
    ),
    "weights": Parameter(
        "signed", "signed numbers, or codes with a zero point", choices=("signed", "codes")
    ),
    "acc_width": Parameter(20, "bits of an accumulator", 8, 32),
    "depth": Parameter(256, "most tokens of a tile", 1, 1024),
}
K_TILES_BITS = 10


def refused(p: Parameters) -> str | None:
    """Packed rows share a multiplier of 18 × 18 bits: two of them, of digits that fit it."""
    if p["lane"] == "packed" and (p["base"] != PACKED_BASE or p["rows"] < PACKED_ROWS):
        return (
            f"Lane packed needs a base of {PACKED_BASE} and at least {PACKED_ROWS} rows, "
            f"not {p['base']} and {p['rows']}"
        )
    return None


def streams(p: Parameters) -> tuple[Stream, ...]:
    """Codes, the columns' weights, accumulators."""
    coded = p["weights"] == "codes"
    weight = Field("weight", p["base"] + (not coded), signed=not coded)
    acc = Field("acc", p["acc_width"], signed=True)
    return (
        Stream("i", (Field("code", p["base"]),), p["rows"], rows=True),
        Stream("i_weight", (weight,), p["rows"], rows=True),
        Stream("o", (acc,), p["lanes"], rows=True),
    )


def configuration(p: Parameters) -> tuple[Field, ...]:
    """The shape of a tile, and zero points."""
    shape = (
        Field("tokens", p["depth"].bit_length(), top=p["depth"], meaning="tokens of a tile",
              shape=True),
        Field("k_tiles", K_TILES_BITS, meaning="tiles of the inner dimension", shape=True),
        Field("code_digits", 2, top=2, meaning="digits of a code", shape=True),
        Field("weight_digits", 2, top=2, meaning="digits of a weight", shape=True),
    )
    if p["weights"] == "signed":
        return shape
    base = p["base"]
    return (
        *shape,
        Field("weight_zero_point", 2 * base + 1, top=1 << 2 * base,
              meaning="zero point of the weights"),
        Field("code_zero_point", 2 * base + 2, signed=True, meaning="zero point of the codes"),
    )


def domain(p: Parameters) -> tuple[Limit, ...]:
    """Nothing is empty, and a weight less its zero point fits its digits."""
    limits = [Limit({f.name: 1}, low=1) for f in configuration(p) if f.shape]
    base = p["base"]
    if p["weights"] == "codes":
        step = (1 << 2 * base) - (1 << base)
        limits.append(Limit({"weight_zero_point": 1, "weight_digits": -step},
                            high=(1 << base) - step))
    return tuple(limits)


class Shape(NamedTuple):
    """What the configuration says of a row of each stream."""

    tokens: int
    k_tiles: int
    code_digits: int
    weight_digits: int

    @classmethod
    def of(cls, settings: Mapping) -> "Shape":
        return cls(*(int(settings[name]) for name in cls._fields))


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """One matmul over places and digits, each digit at its weight; then the zero points.

    code     int[..., k_tiles * weight_digits * code_digits * tokens * rows]
    weight   int[..., k_tiles * weight_digits * lanes * rows]
    returns  acc int64[..., tokens * lanes]
    """
    shape, base = Shape.of(settings), p["base"]
    code, weight = np.asarray(x["code"], np.int64), np.asarray(x["weight"], np.int64)
    lead = code.shape[:-1]
    code = code.reshape(*lead, shape.k_tiles, shape.weight_digits, shape.code_digits,
                        shape.tokens, p["rows"])
    weight = weight.reshape(*lead, shape.k_tiles, shape.weight_digits, 1, p["lanes"], p["rows"])
    code = code << _places(shape.code_digits, base).reshape(-1, 1, 1)
    places = _places(shape.weight_digits, base).reshape(-1, 1, 1, 1)
    if p["weights"] == "codes":
        zero_point = int(settings["weight_zero_point"])
        digits = zero_point >> places
        digits[1:] = zero_point % (1 << base)
        weight = weight - digits
    weight = weight << places
    repeated = np.broadcast_to(weight, (*code.shape[:-2], *weight.shape[-2:]))
    acc = matmul.product(_rows(code), np.swapaxes(_rows(repeated), -1, -2))
    if p["weights"] == "codes":
        sums = weight.sum(axis=(-5, -4, -3, -1))
        acc = acc - int(settings["code_zero_point"]) * sums[..., None, :]
    return {"acc": matmul.wrapped(acc, p["acc_width"]).reshape(*lead, -1)}


def _places(digits: int, base: int) -> np.ndarray:
    """How far each digit is shifted, the upper one first."""
    return base * np.arange(digits)[::-1]


def _rows(digits: np.ndarray) -> np.ndarray:
    """int[..., k_tiles, digits, digits, n, rows] -> int[..., n, all else]."""
    ordered = np.moveaxis(digits, -2, -5)
    return ordered.reshape(*ordered.shape[:-4], -1)


def directed(p: Parameters) -> Iterator[Case]:
    """Every pair of digits in every place, digits, short and long tiles, wrapped sums."""
    return directed_cases(p)


UNIT = Unit(
    name="matmul_array",
    component="MatmulArray",
    summary="codes times stationary weights, summed up exactly over tiles and digits",
    parameters=PARAMETERS,
    streams=streams,
    configuration=configuration,
    evaluate=evaluate,
    domain=domain,
    rounding="none",
    directed=directed,
    refused=refused,
)
