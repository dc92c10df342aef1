"""Softmax quantizer: rows of logits to log√2 codes of their softmax, without a divider (R4)."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.arithmetic.requantizer import MULTIPLIER_BITS, SHIFT_RANGE
from vit2rtl.golden.units.fields import CODE_BITS, LANES, ZERO_CODE, log_sqrt2_code
from vit2rtl.golden.units.softmax_quantizer.directed import directed as directed_cases
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
    "bits": CODE_BITS,
    "zero_code": ZERO_CODE,
    "width": Parameter(12, "bits of a signed logit; the smallest is a masked one", 4, 16),
    "rom_bits": Parameter(8, "the ROM has 2**rom_bits mantissas an octave", 2, 10),
    "exp_bits": Parameter(17, "fraction bits of an exponential; 1.0 is 2**exp_bits", 11, 17),
    "tokens": Parameter(256, "logits of a query at most", 1, 1024),
}

# Both thresholds of a scale have the same power of two, see softmax.parameters.
LEAST_THRESHOLD = 1 << softmax.THRESHOLD_BITS - 2

DOMAIN = (
    Limit({"shift": 1}, *SHIFT_RANGE),
    Limit({"threshold_b": 1}, low=LEAST_THRESHOLD),
    Limit({"threshold_a": 1, "threshold_b": -1}, low=0),
    Limit({"threshold_a": 1, "threshold_b": -2}, high=0),
    Limit({"threshold_shift": 1}, high=softmax.THRESHOLD_SHIFT),
)


def configuration(p: Parameters) -> tuple[Field, ...]:
    """The exponent's factor, and two thresholds, from which all others follow by shifts."""
    bits = softmax.THRESHOLD_BITS
    return (
        Field("multiplier", MULTIPLIER_BITS, meaning="multiplier of the exponent"),
        Field("shift", SHIFT_RANGE[1].bit_length(), meaning="shift of the exponent"),
        Field("threshold_a", bits, meaning="threshold of even codes, 1 to 2 times threshold_b"),
        Field("threshold_b", bits, meaning="threshold of odd codes, at least 2**30"),
        Field("threshold_shift", softmax.THRESHOLD_SHIFT.bit_length(),
              meaning="the thresholds are in units of 2**-threshold_shift"),
    )


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """R4 of each query: a row has ``lanes`` queries side by side, token by token.

    logit    int[..., columns]  element ``token * lanes + query``; a last token that is not whole is
                                filled up with the last element
    returns  code, of the same shape
    """
    logit = np.asarray(x["logit"])
    lanes, columns = p["lanes"], logit.shape[-1]
    tokens = -(-columns // lanes)
    if tokens > p["tokens"]:
        raise ValueError(f"A row must have at most {p['tokens']} tokens, not {tokens}")
    filled = np.minimum(np.arange(tokens * lanes), columns - 1)
    queries = logit[..., filled].reshape(*logit.shape[:-1], tokens, lanes).swapaxes(-1, -2)
    code = softmax.quantize(queries, parameters_of(p, settings)).swapaxes(-1, -2)
    return {"code": code.reshape(*logit.shape[:-1], tokens * lanes)[..., :columns]}


def parameters_of(p: Parameters, settings: Mapping) -> softmax.Softmax:
    """The golden function's parameters, of an instance and its configuration."""
    numbers: dict[str, Any] = {f.name: int(settings[f.name]) for f in configuration(p)}
    own = {name: p[name] for name in ("bits", "zero_code", "width", "rom_bits", "exp_bits")}
    return softmax.Softmax(**numbers, **own)


def roms(p: Parameters) -> dict[str, tuple[int, ...]]:
    """Mantissas of exponentials, from ``2**exp_bits`` down to half of it."""
    return {"mantissas": tuple(softmax.rom(p["rom_bits"], p["exp_bits"]).tolist())}


def directed(p: Parameters) -> Iterator[Case]:
    """Masks, maxima, thresholds met exactly, all shifts, one token and as many as there may be."""
    return directed_cases(p)


UNIT = Unit(
    name="softmax_quantizer",
    component="SoftmaxQuantizer",
    summary="rows of logits to log√2 codes of their softmax, without a divider",
    parameters=PARAMETERS,
    streams=lambda p: (
        Stream("i", (Field("logit", p["width"], signed=True),), p["lanes"], rows=True),
        Stream("o", (log_sqrt2_code(p),), p["lanes"], rows=True),
    ),
    configuration=configuration,
    evaluate=evaluate,
    domain=lambda p: DOMAIN,
    rounding="exponents half up, terms of the sum floor, exact comparison",
    directed=directed,
    roms=roms,
)
