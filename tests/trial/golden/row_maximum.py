"""Row maximum, a unit on trial: the largest element of each row, whatever the rows' length."""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.units import Case, Field, Parameter, Stream, Unit
from vit2rtl.golden.units.fields import LANES


def evaluate(p, x, settings):
    return {"maximum": np.asarray(x["value"]).max(axis=-1, keepdims=True)}


def directed(p) -> Iterator[Case]:
    low, high = -(1 << (p["width"] - 1)), (1 << (p["width"] - 1)) - 1
    columns = 2 * p["lanes"] + 1  # the last beat is short, where there is more than one lane
    ramp = np.arange(columns) % 3
    rows = [np.full(columns, low), np.full(columns, high), ramp, -1 - ramp]
    # The largest element in every place once, so that no lane and no beat is left out.
    rows += [np.where(np.arange(columns) == n, high - 1, low + n % 2) for n in range(columns)]
    for name, length in (("long", columns), ("one_beat", p["lanes"]), ("one_element", 1)):
        value = np.array([row[:length] for row in rows])
        maximum = np.array([[max(map(int, row))] for row in value])
        notes = {"value": {"description": "the largest element in every place"}}
        yield Case(name, {"value": value}, {"maximum": maximum}, notes=notes)


UNIT = Unit(
    name="row_maximum",
    component="RowMaximum",
    summary="the largest element of each row",
    parameters={"lanes": LANES, "width": Parameter(8, "bits of a signed element", 2, 32)},
    streams=lambda p: (
        Stream("i", (Field("value", p["width"], signed=True),), p["lanes"], rows=True),
        Stream("o", (Field("maximum", p["width"], signed=True),), 1, rows=True),
    ),
    evaluate=evaluate,
    rounding="none",
    directed=directed,
)
