"""What a hardware unit is, the units there are, and a file for each."""

from vit2rtl.golden.units.directed import directed_records
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.registry import UNITS
from vit2rtl.golden.units.unit import Case, Field, Limit, Parameter, Stream, Unit

__all__ = [
    "UNITS", "Case", "Field", "Instance", "Limit", "Parameter", "Stream", "Unit",
    "directed_records",
]
