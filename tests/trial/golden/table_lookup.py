"""Table lookup, a unit on trial: codes to the entries of a table that is loaded at run time."""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.units import Case, Field, Parameter, Stream, Unit
from vit2rtl.golden.units.fields import CODE_BITS, LANES


def evaluate(p, x, settings):
    return {"value": np.asarray(settings["entry"])[x["code"]]}


def directed(p) -> Iterator[Case]:
    codes = [*range(1 << p["bits"]), 0]
    top = (1 << p["width"]) - 1
    for name, entries in (
        ("rising", [n % (top + 1) for n in range(1 << p["bits"])]),
        ("falling", [(top - n) % (top + 1) for n in range(1 << p["bits"])]),
    ):
        yield Case(
            name,
            {"code": np.array(codes)},
            {"value": np.array([entries[code] for code in codes])},
            {"entry": np.array(entries)},
            {"code": {"description": "every code"}},
        )


UNIT = Unit(
    name="table_lookup",
    component="TableLookup",
    summary="codes to the entries of a table",
    parameters={
        "lanes": LANES,
        "bits": CODE_BITS,
        "width": Parameter(8, "bits of an entry", 1, 32),
    },
    streams=lambda p: (
        Stream("i", (Field("code", p["bits"]),), p["lanes"]),
        Stream("i_table", (Field("entry", p["width"]),), 1, rows=True, entries=1 << p["bits"]),
        Stream("o", (Field("value", p["width"]),), p["lanes"]),
    ),
    evaluate=evaluate,
    rounding="none",
    directed=directed,
)
