"""What is proved of each unit and at which parameters: the one place that a person has to keep."""

from dataclasses import dataclass
from itertools import product

from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES
from vit2rtl.golden.units import UNITS
from vit2rtl.sim.formal.properties import FUNCTION, STREAM

SPECIFICATION, EXHAUSTIVE = "specification", "exhaustive simulation"
STATUS = {
    STREAM: "proved",
    FUNCTION: "proved",
    SPECIFICATION: "simulated",
    EXHAUSTIVE: "simulated",
}
METHOD = {
    STREAM: "induction (yosys sat) on the AXI4-Stream top, for any number of cycles",
    FUNCTION: "SAT on the bare unit's Verilog against the naive specification; a product that the "
    "Verilog adds from two parts by the distributive law",
    SPECIFICATION: "the naive specification in Icarus against the golden function",
    EXHAUSTIVE: "the bare unit's Verilog in Icarus against the golden function",
}


@dataclass(frozen=True)
class Part:
    """A property, for what it is claimed, and the instances that it is established for.

    instances       parameters of each, the others at their defaults; the first is the quickest
    configurations  for exhaustive simulation: the settings that meet every input
    """

    property: str
    scope: str
    instances: tuple[dict, ...]
    configurations: tuple[dict, ...] = ()


_STREAM = Part(
    STREAM,
    "any traffic, stalls and resets; every payload; the default parameters with 1 and 2 lanes",
    ({"lanes": 1}, {"lanes": 2}),
)

PLAN = {
    "log2_dequantizer": (
        _STREAM,
        Part(
            FUNCTION,
            "every code; 2 to 8 bits with each zero code, values of 2, 16 and 32 bits",
            (
                {"lanes": 2},
                *(
                    {"lanes": 1, "bits": bits, "zero_code": zero, "width": width}
                    for bits, zero, width in [
                        *product(range(2, 9), ZERO_CODES, (16,)),
                        (8, "extra", 2),
                        (8, "extra", 32),
                    ]
                ),
            ),
        ),
        Part(SPECIFICATION, "every code of 8 bits", ({"lanes": 1, "bits": 8},)),
    ),
    "log_sqrt2_quantizer": (
        _STREAM,
        Part(
            FUNCTION,
            "every probability, every pair of thresholds with 0 < b <= a <= 2 b; 4 bits of 16 with "
            "each zero code, 2, 3, 5, 6, 7 and 8 bits of 16, 4 bits of 3, 24 and 32",
            (
                {"lanes": 1},
                {"lanes": 2},
                {"lanes": 1, "zero_code": "extra"},
                {"lanes": 1, "zero_code": "none"},
                *({"lanes": 1, "bits": bits} for bits in (2, 3, 5, 6, 7, 8)),
                *({"lanes": 1, "width": width} for width in (3, 24, 32)),
            ),
        ),
        Part(SPECIFICATION, "20,000 samples of 4 bits of 16", ({"lanes": 1},)),
    ),
    "requantizer": (
        _STREAM,
        Part(
            FUNCTION,
            "every accumulator of 27 bits and of 18, multiplier of 16, shift from 1 to 47 and zero "
            "point; codes of 4 and 8 bits; and with a constant shift of 20",
            (
                {"lanes": 1},
                {"lanes": 2},
                {"lanes": 1, "bits": 8},
                {"lanes": 1, "bits": 8, "shift_base": 20},
                {"lanes": 1, "acc_width": 18, "shift_base": 20, "shift_width": 0},
                {"lanes": 1, "acc_width": 18},
                {"lanes": 1, "acc_width": 18, "bits": 8},
            ),
        ),
        Part(
            FUNCTION,
            "the same for 27 bits at the reduced multiplier width of 2, products computed",
            ({"lanes": 1, "multiplier_width": 2},),
        ),
        Part(SPECIFICATION, "16,463 samples at the default parameters", ({"lanes": 1},)),
        Part(
            EXHAUSTIVE,
            "every accumulator of 5 bits, multiplier of 3, shift from 1 to 18 and 44 to 47, zero "
            "point of 3, codes of 2",
            ({"lanes": 1, "bits": 2, "acc_width": 5, "multiplier_width": 3, "shift_width": 2},),
            tuple(
                {"shift_base": base, "zero_point": zero_point}
                for base, zero_point in product((1, 5, 9, 13, 15, 44), range(-4, 4))
            ),
        ),
    ),
}


def parts(unit_name):
    """The plan of a unit; a ValueError names the unit that has none."""
    if unit_name not in UNITS:
        raise ValueError(f"Unit must be one of {', '.join(UNITS)}, not {unit_name!r}")
    if unit_name not in PLAN:
        raise ValueError(f"{unit_name} has no proofs: plan them in vit2rtl.sim.formal.plan")
    return PLAN[unit_name]
