"""log√2 dequantizer: a table of every code."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES
from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point, unlike_lanes
from vit2rtl.sim.units.codes import code_bins
from vit2rtl.sim.units.face import (
    FUNCTION,
    SPECIFICATION,
    STREAM_CONTRACT,
    Face,
    Part,
    Specification,
)


def bins(instance: Instance) -> Iterator[Point]:
    """Every code; the zero code must not be sticky, nor what came before it."""
    last = instance.fields["code"].range[1]
    yield Point("code", code_bins(instance, range(last + 1)), lambda s: s["i.code"])
    if instance.parameters["zero_code"] != "none":
        yield Point(
            "zero code",
            {1: "between other codes"},
            lambda s: (
                (s["i.code"][1:-1] == last)
                & (s["i.code"][:-2] != last)
                & (s["i.code"][2:] != last)
            ),
        )
    yield unlike_lanes(*instance.sinks)


def body(instance: Instance) -> list[str]:
    """A table of the golden function: every code there is."""
    code, value = instance.fields["code"], instance.fields["value"]
    every = np.arange(code.range[1] + 1)
    values = instance.evaluate({"code": every}, {})["value"]
    rows = [
        f"{code.width}'d{c}: value = {value.width}'d{v};"
        for c, v in zip(every, values, strict=True)
    ]
    return ["case (code)", *rows, "default: value = 0;", "endcase"]


WIDTHS = [*product(range(2, 9), ZERO_CODES, (16,)), (8, "extra", 2), (8, "extra", 32)]

FACE = Face(
    bins=bins,
    specification=Specification(body),
    plan=(
        STREAM_CONTRACT,
        Part(
            FUNCTION,
            "every code; 2 to 8 bits with each zero code, values of 2, 16 and 32 bits",
            (
                {"lanes": 2},
                *(
                    {"lanes": 1, "bits": bits, "zero_code": zero, "width": width}
                    for bits, zero, width in WIDTHS
                ),
            ),
        ),
        Part(SPECIFICATION, "every code of 8 bits", ({"lanes": 1, "bits": 8},)),
    ),
)
