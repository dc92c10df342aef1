"""log√2 quantizer: probabilities to codes by comparison (Eq. 18)."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units.fields import CODE_BITS, LANES, ZERO_CODE, log_sqrt2_code
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
    "width": Parameter(16, "bits of the probability, in units of 2**-width", 3, 32),
    "zero_code": ZERO_CODE,
}

DOMAIN = (
    Limit({"threshold_b": 1}, low=1),
    Limit({"threshold_a": 1, "threshold_b": -1}, low=0),
    Limit({"threshold_a": 1, "threshold_b": -2}, high=0),
)


def configuration(p: Parameters) -> tuple[Field, ...]:
    """Two thresholds, from which all others follow by shifts."""
    of = "threshold of even codes, 1 to 2 times threshold_b", "threshold of odd codes"
    return tuple(
        Field(f"threshold_{name}", p["width"], meaning=meaning)
        for name, meaning in zip("ab", of, strict=True)
    )


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """The number of thresholds above the probability."""
    code = log_sqrt2.quantize(
        x["probability"],
        int(settings["threshold_a"]),
        int(settings["threshold_b"]),
        bits=p["bits"],
        zero_code=p["zero_code"],
    )
    return {"code": code}


def oracle(probability: int, scale: float, width: int, count: int) -> int:
    """Eq. 18 on one element: ``p / scale < 2**(-(2k+1)/4)``, raised to the fourth power."""
    relative = Fraction(probability, 2**width) / Fraction(scale)
    return sum(relative**4 < Fraction(1, 2 ** (2 * k + 1)) for k in range(count - 1))


def smallest_at_least(scale: float, width: int, quarter: int) -> int:
    """The smallest integer t with ``t >= scale * 2**width * 2**(-quarter/4)``, by bisection."""
    fourth = (Fraction(scale) * 2**width) ** 4 / 2**quarter
    low, high = 0, 2**width
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**4 >= fourth else (middle + 1, high)
    return low


def directed(p: Parameters) -> Iterator[Case]:
    """Thresholds of six scales, powers of two, and their neighbours.

    Of two of the scales one threshold is a power of two, so that its halves are met exactly.
    """
    for name, scale in (
        ("scale_one", 1.0),
        ("scale_middle", 0.71),
        ("scale_tiny", 3 / 2 ** p["width"]),
        ("scale_least", 1 / 2 ** p["width"]),
        # 2**(-3/4) and 2**(-1/4), rounded down.
        ("scale_exact_even", 0.5946035575013605),
        ("scale_exact_odd", 0.8408964152537145),
    ):
        yield _around_thresholds(p, name, scale)


def _around_thresholds(p: Parameters, name: str, scale: float) -> Case:
    width, count = p["width"], log_sqrt2_code(p).range[1] + 1
    largest = 2**width - 1
    edges = {smallest_at_least(scale, width, 2 * k + 1) for k in range(count - 1)}
    near = {edge + step for edge in edges for step in (-1, 0, 1)}
    near |= {(1 << n) - step for n in range(width + 1) for step in (0, 1)}
    ordered = sorted(n for n in near | {largest - 1} if n <= largest)
    probabilities = [*ordered, largest, *[0, largest] * p["lanes"]]
    codes = [oracle(n, scale, width, count) for n in probabilities]
    description = "thresholds, powers of two, and their neighbours; zero, the largest"
    return Case(
        name,
        {"probability": np.array(probabilities, np.int64)},
        {"code": np.array(codes, np.int64)},
        {
            "threshold_a": smallest_at_least(scale, width, 1),
            "threshold_b": smallest_at_least(scale, width, 3),
        },
        {
            "probability": {"scale": 2.0**-width, "description": description},
            "code": {"scale": scale},
        },
    )


UNIT = Unit(
    name="log_sqrt2_quantizer",
    component="LogSqrt2Quantizer",
    summary="probabilities to log√2 codes, by comparison with two mantissas and their shifts",
    parameters=PARAMETERS,
    streams=lambda p: (
        Stream("i", (Field("probability", p["width"]),), p["lanes"]),
        Stream("o", (log_sqrt2_code(p),), p["lanes"]),
    ),
    configuration=configuration,
    evaluate=evaluate,
    domain=lambda p: DOMAIN,
    rounding="exact comparison",
    directed=directed,
)
