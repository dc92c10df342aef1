"""Bins of values: for every unit, the numbers that must have gone through it.

Samples are arrays by name: ``STREAM.FIELD`` as the unit took or gave it, ``c.FIELD`` the
configuration at that time. Of a lane-wise unit they are ``int64[beats, lanes]`` and
``int64[beats, 1]``; of others ``int64[rows, columns]``, what fills a row's last beat included, and
``int64[rows, 1]``, with tables as ``int64[entries]``: consecutive rows of one length, and the rows
that they led to. What an expression classifies it never compares with the unit: what is right,
the benches' files say.
"""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.units import FACES


def value_points(instance: Instance) -> list[Point]:
    """What the unit's face says; an error names a unit without."""
    return [point for point in FACES[instance.unit.name].bins(instance) if point.bins]
