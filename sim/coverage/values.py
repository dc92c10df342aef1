"""Bins of values: for every unit, the numbers that must have gone through it.

Samples of a lane-wise unit are ``int64[beats, lanes]`` by name: ``i.FIELD`` as the unit took it,
``o.FIELD`` as the unit gave it, ``c.FIELD`` the configuration at that time. What an expression
classifies it never compares with the unit: what is right, the benches' files say.
"""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.units import FACES


def value_points(instance: Instance) -> list[Point]:
    """What the unit's face says; an error names a unit without."""
    return [point for point in FACES[instance.unit.name].bins(instance) if point.bins]
