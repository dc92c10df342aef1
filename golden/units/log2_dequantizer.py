"""log√2 dequantizer: codes to fixed point (Eqs. 19-20)."""

from collections.abc import Iterator
from math import isqrt

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units.fields import CODE_BITS, LANES, ZERO_CODE, log_sqrt2_code
from vit2rtl.golden.units.unit import Arrays, Case, Field, Parameter, Parameters, Stream, Unit

PARAMETERS = {
    "lanes": LANES,
    "bits": CODE_BITS,
    "width": Parameter(16, "bits of the result; 1.0 is 2**(width-1)", 2, 32),
    "zero_code": ZERO_CODE,
}


def evaluate(p: Parameters, x: Arrays, settings: Arrays) -> Arrays:
    """By shift: the code's parity picks the mantissa, the rest is a shift."""
    value = log_sqrt2.dequantize(
        x["code"], bits=p["bits"], width=p["width"], zero_code=p["zero_code"]
    )
    return {"value": value}


def oracle(code: int, width: int, zero: int | None) -> int:
    """Eq. 19 on one code: the largest v with ``v <= 2**(width-1-code/2)``, that is, squared."""
    return 0 if code == zero else isqrt(4 ** (width - 1) // 2**code)


def directed(p: Parameters) -> Iterator[Case]:
    """Every code in every order that a stuck lane or a sticky zero would show in."""
    top = log_sqrt2_code(p).range[1]
    zero = None if p["zero_code"] == "none" else top
    # Forwards, then backwards, so that every code meets more than one lane.
    codes = [*range(top + 1), *range(top, -1, -1), top, 0]
    each = "every code up and down, zero code and code 0 side by side"
    lanes = [*[0, top] * p["lanes"], *[top] * p["lanes"], *[0] * p["lanes"]]
    unlike = "lanes unlike their neighbours, then all of them the last code, then all of them 0"
    for name, stimulus, description in (("every_code", codes, each), ("lanes", lanes, unlike)):
        values = [oracle(code, p["width"], zero) for code in stimulus]
        yield Case(
            name,
            {"code": np.array(stimulus, np.int64)},
            {"value": np.array(values, np.int64)},
            notes={"code": {"description": description}},
        )


UNIT = Unit(
    name="log2_dequantizer",
    component="Log2Dequantizer",
    summary="log√2 codes to fixed point: the code's parity picks 1 or 1/√2, the rest is a shift",
    parameters=PARAMETERS,
    streams=lambda p: (
        Stream("i", (log_sqrt2_code(p),), p["lanes"]),
        Stream("o", (Field("value", p["width"]),), p["lanes"]),
    ),
    evaluate=evaluate,
    rounding="floor",
    directed=directed,
)
