"""Activations by table: codes to the entries of a table that is loaded at run time (R9)."""

from collections.abc import Iterator, Sequence
from math import gcd

import numpy as np

from vit2rtl.golden.arithmetic import gelu
from vit2rtl.golden.units.fields import LANES
from vit2rtl.golden.units.unit import Arrays, Case, Field, Parameter, Parameters, Stream, Unit

PARAMETERS = {
    "lanes": LANES,
    "input_bits": Parameter(12, "bits of a code that comes in", gelu.INPUT_BITS[0], 12),
    "bits": Parameter(4, "bits of an entry", 2, 16),
}

# A directed case brings every code into so many lanes, or into all there are.
LANES_MET = 4
# Products of it modulo a power of two are all numbers there are, in another order.
ODD = 40503


def streams(p: Parameters) -> tuple[Stream, ...]:
    count = 1 << p["input_bits"]
    return (
        Stream("i", (Field("code", p["input_bits"]),), p["lanes"]),
        Stream("i_table", (Field("entry", p["bits"]),), 1, rows=True, entries=count),
        Stream("o", (Field("value", p["bits"]),), p["lanes"]),
    )


def evaluate(p: Parameters, x: Arrays, settings: Arrays) -> Arrays:
    """A look-up."""
    return {"value": gelu.apply(x["code"], settings["entry"])}


def tables(p: Parameters) -> dict[str, Sequence[int]]:
    """A table for GELU, with both ends of the entries; one that scatters all of them; and that one
    with every bit inverted, so that each bit of each entry is 0 once and 1 once.
    """
    count, top = 1 << p["input_bits"], (1 << p["bits"]) - 1
    activation = gelu.table_of(
        8 / count, count // 2, 3 / top, top // 32, input_bits=p["input_bits"], bits=p["bits"]
    )
    width = max(p["input_bits"], p["bits"])
    scattered = [n * ODD % (1 << width) >> width - p["bits"] for n in range(count)]
    return {
        "gelu": activation.tolist(),
        "scattered": scattered,
        "inverted": [top - entry for entry in scattered],
    }


def directed(p: Parameters) -> Iterator[Case]:
    """Every code through every table, in up to ``LANES_MET`` lanes, and lanes that are unlike."""
    count, lanes = 1 << p["input_bits"], p["lanes"]
    every = [*range(count), 0]
    while gcd(len(every), lanes) > 1:
        every.append(count - 1)
    ends = [*[0, count - 1] * lanes, *[count - 1] * lanes, *[0] * lanes]
    ends += [1 << n for n in range(p["input_bits"])] * lanes
    for name, entries in tables(p).items():
        for kind, codes, remark in (
            ("every_code", every * min(lanes, LANES_MET), "every code, in one lane after another"),
            ("lanes", ends, "lanes unlike their neighbours; codes of one bit"),
        ):
            yield Case(
                f"{name}.{kind}",
                {"code": np.array(codes)},
                {"value": np.array([entries[code] for code in codes])},
                {"entry": np.array(entries)},
                {"code": {"description": remark}},
            )


UNIT = Unit(
    name="gelu",
    component="Gelu",
    summary="activations by table: codes to the entries of a table that is loaded at run time",
    parameters=PARAMETERS,
    streams=streams,
    evaluate=evaluate,
    rounding="none",
    directed=directed,
)
