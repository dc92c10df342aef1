"""LayerNorm quantizer: rows of the residual stream to codes, one reciprocal root a row (R8)."""

from collections.abc import Mapping

import numpy as np

from vit2rtl.golden.arithmetic import layernorm
from vit2rtl.golden.units.fields import LANES
from vit2rtl.golden.units.layernorm_quantizer.directed import directed
from vit2rtl.golden.units.unit import (
    Arrays,
    Field,
    Limit,
    Parameter,
    Parameters,
    Stream,
    Unit,
)

PARAMETERS = {
    "lanes": LANES,
    "bits": Parameter(4, "bits of the output code", 2, 16),
    "width": Parameter(16, "bits of a signed element of the residual stream", 4, 16),
    "channels": Parameter(192, "most elements of a row, entries of the table", 2, 1 << 13),
}


def streams(p: Parameters) -> tuple[Stream, ...]:
    """Gain and offset of every channel are a table; what a row does not reach is not used."""
    affine = (
        Field("gain", layernorm.GAIN_BITS + 1, signed=True),
        Field("offset", layernorm.OFFSET_BITS + 1, signed=True),
    )
    element = Field("element", p["width"], signed=True)
    return (
        Stream("i", (element,), p["lanes"], rows=True),
        Stream("i_affine", affine, p["lanes"], rows=True, entries=p["channels"]),
        Stream("o", (Field("code", p["bits"]),), p["lanes"], rows=True),
    )


def variance_bits(p: Parameters) -> int:
    """Bits of ``D Σx² - (Σx)²``, which is largest where half of a row is at either end."""
    span = p["channels"] * ((1 << p["width"]) - 1)
    return (span * span // 4).bit_length()


def configuration(p: Parameters) -> tuple[Field, ...]:
    """What holds for all rows of a layer; epsilon is as wide as the variance."""
    most = p["channels"]
    return (
        Field("columns", most.bit_length(), top=most, shape=True, meaning="elements of a row"),
        Field("shift", layernorm.SHIFT_LIMIT.bit_length(), meaning="fraction bits of the gains"),
        Field("epsilon", variance_bits(p), meaning="in units of the variance"),
    )


def domain(p: Parameters) -> tuple[Limit, ...]:
    """A row has an element; a row without variance has a root."""
    return (
        Limit({"columns": 1}, low=1),
        Limit({"shift": 1}, high=layernorm.SHIFT_LIMIT),
        Limit({"epsilon": 1}, low=1),
    )


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """LayerNorm of each row with the first entries of the table."""
    rows = np.asarray(x["element"])
    columns = int(settings["columns"])
    if columns != rows.shape[-1]:
        raise ValueError(f"Columns must be {rows.shape[-1]}, as many as a row has, not {columns}")
    gain, offset = (np.asarray(settings[name])[:columns] for name in ("gain", "offset"))
    parameters = layernorm.LayerNorm(
        gain, offset, int(settings["shift"]), int(settings["epsilon"])
    )
    return {"code": layernorm.layer_norm(rows, parameters, bits=p["bits"])}


UNIT = Unit(
    name="layernorm_quantizer",
    component="LayerNormQuantizer",
    summary="rows of the residual stream to codes: LayerNorm with one reciprocal root a row",
    parameters=PARAMETERS,
    streams=streams,
    configuration=configuration,
    evaluate=evaluate,
    domain=domain,
    rounding="half up",
    directed=directed,
    roms=lambda p: {"seeds": tuple(layernorm.SEEDS.tolist())},
)
