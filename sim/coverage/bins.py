"""All bins of an instance: those of its unit's values, and those of the stream protocol."""

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.coverage.protocol import protocol_points
from vit2rtl.sim.coverage.streams import stream_points
from vit2rtl.sim.coverage.values import value_points


def points(instance: Instance, stages: int) -> tuple[list[Point], list[Point]]:
    """(points of values, points of the protocol); an error names a unit without bins.

    stages   stages of a lane-wise unit's pipeline that a monitor can see; 0 where it sees none
    """
    protocol = protocol_points(stages) if instance.lane_wise else stream_points(instance)
    return value_points(instance), protocol


def declared(instance: Instance, stages: int) -> list[str]:
    """The label of every bin."""
    return [label for group in points(instance, stages) for p in group for label in p.labels()]
