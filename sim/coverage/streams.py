"""Bins of the protocol for a unit that is not lane-wise: what each of its streams must have met."""

from collections.abc import Iterator

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.coverage.protocol import SEEN, happens
from vit2rtl.sim.units import FACES


def stream_points(instance: Instance) -> list[Point]:
    """Stalls and ends of rows on every stream, and a beat in beside one out of each pair."""
    points = [point for table in instance.tables for point in _table_points(table)]
    for source in instance.sources:
        points += _source_points(source, source.name in FACES[instance.unit.name].pauses)
    for sink in instance.sinks:
        points += _sink_points(sink)
        for source in instance.sources:
            label = f"{source.name}: a beat in, and one out of {sink.name} in the same cycle"
            points.append(Point(label, SEEN, happens(**_moves(source), **_moves(sink))))
    return points


def _moves(stream: Stream) -> dict[str, int]:
    return {f"{stream.name}_valid": 1, f"{stream.name}_ready": 1}


def _table_points(table: Stream) -> Iterator[Point]:
    ends = happens(**_moves(table), **{f"{table.name}_last": 1})
    yield Point(f"{table.name}: a table is whole", SEEN, ends)


def _source_points(source: Stream, pauses: bool) -> Iterator[Point]:
    name, suffix = source.name, source.name.removeprefix("i")
    taken, first, follows = _moves(source), f"first{suffix}", f"follows{suffix}"
    events = {
        "a beat offered and not taken": {f"{name}_valid": 1, f"{name}_ready": 0},
        "beats in in two cycles running": {**taken, follows: 1},
        "a beat in after a pause": {**taken, follows: 0},
        "tlast in the cycle after a pause": {**taken, f"{name}_last": 1, follows: 0},
        "a row begins right after tlast": {**taken, first: 1, follows: 1},
    }
    if pauses:
        del events["a row begins right after tlast"]
    for label, wanted in events.items():
        yield Point(f"{name}: {label}", SEEN, happens(**wanted))


def _sink_points(sink: Stream) -> Iterator[Point]:
    valid, ready, last = (f"{sink.name}_{port}" for port in ("valid", "ready", "last"))
    events = {
        "a beat held": {valid: 1, ready: 0},
        "tlast held": {valid: 1, ready: 0, last: 1},
        "ready for a beat that has not come": {valid: 0, ready: 1},
    }
    for label, wanted in events.items():
        yield Point(f"{sink.name}: {label}", SEEN, happens(**wanted))
