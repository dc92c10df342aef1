"""All bins of an instance: those of its unit's values, and those of the stream protocol."""

from vit2rtl.sim.coverage.protocol import protocol_points
from vit2rtl.sim.coverage.values import value_points


def points(instance, stages):
    """(points of values, points of the protocol); an error names a unit without bins.

    stages   stages of the pipeline that a monitor can see; 0 where it sees none
    """
    return value_points(instance), protocol_points(stages)


def declared(instance, stages):
    """Every bin, as ``list[str]``."""
    return [label for group in points(instance, stages) for p in group for label in p.labels()]
