"""Units whose elements have nothing in common: what many tests are about."""

from vit2rtl.golden.units import UNITS, Instance

LANE_WISE = [name for name in UNITS if Instance.of(name).lane_wise]
