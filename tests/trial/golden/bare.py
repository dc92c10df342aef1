"""A unit that says nothing but what it is, to see what is missed."""

from vit2rtl.golden.units import Field, Stream, Unit
from vit2rtl.golden.units.fields import LANES

UNIT = Unit(
    name="bare",
    component="Bare",
    summary="passes bits on",
    parameters={"lanes": LANES},
    streams=lambda p: (
        Stream("i", (Field("bit", 1),), p["lanes"]),
        Stream("o", (Field("same", 1),), p["lanes"]),
    ),
    evaluate=lambda p, x, settings: {"same": x["bit"]},
    rounding="none",
)
