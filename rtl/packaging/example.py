"""A few golden beats of an instance, chosen from its directed records to be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vit2rtl.golden.units import Instance, Stream, directed_records
from vit2rtl.golden.vectors.bundle_record import Content, checked, memory_of
from vit2rtl.golden.vectors.packing import from_text

BEATS = 4
ROWS = 2

Matrices = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Passage:
    """What passes on a stream: rows of elements, and the beats that these are.

    values  field name -> int[rows, columns]; one row where the stream has no rows
    """

    stream: Stream
    values: Matrices
    beats: list[int]

    @cached_property
    def row_beats(self) -> int:
        return self.stream.beats(next(iter(self.values.values())).shape[1])

    @cached_property
    def lasts(self) -> list[bool]:
        """Of each beat, whether it ends a row."""
        return [(n + 1) % self.row_beats == 0 for n in range(len(self.beats))]

    @property
    def masks(self) -> list[int]:
        """Of each beat, the bits that mean something: those of lanes that the row fills."""
        columns = next(iter(self.values.values())).shape[1]
        rest = columns - (self.row_beats - 1) * self.stream.lanes
        return [(1 << self.stream.lane_bits * (rest if last else self.stream.lanes)) - 1
                for last in self.lasts]


@dataclass(frozen=True)
class Example:
    """Consecutive beats or rows of one directed record, on every stream."""

    record: str
    configuration: Mapping[str, int]
    passages: Mapping[str, Passage]

    def of(self, streams: tuple[Stream, ...]) -> list[Passage]:
        return [self.passages[stream.name] for stream in streams]


def example(instance: Instance) -> Example:
    """The beats or rows whose results differ most; ValueError where no record has enough."""
    parts = _beats if instance.lane_wise else _passages
    chosen: tuple[tuple[int, ...], str, dict[str, int], Matrices] | None = None
    for record in directed_records(instance):
        content = checked(instance, record["inputs"], record["outputs"], record["configuration"])
        for variety, matrices in parts(content):
            if chosen is None or variety > chosen[0]:
                # In the order of the record, as people see it.
                settings = {name: content.settings[name] for name in record["configuration"]
                            if name in content.settings}
                chosen = variety, record["record"], settings, matrices
    if chosen is None:
        raise ValueError(f"No directed record of {instance.name} has {BEATS} beats to show")
    _, name, settings, matrices = chosen
    passages = {s.name: _passage(s, matrices) for s in instance.streams}
    return Example(name, settings, passages)


def _passage(stream: Stream, matrices: Matrices) -> Passage:
    values = {field.name: matrices[field.name] for field in stream.fields}
    text = memory_of(stream, next(iter(values.values())).shape[1]).text(values)
    beats = [sum(int(word) << 64 * n for n, word in enumerate(beat))
             for beat in from_text(text, stream.beat_bits)]
    return Passage(stream, values, beats)


def _matrices(content: Content) -> dict[str, np.ndarray]:
    return {name: matrix for stream in content.instance.streams
            for name, matrix in content.matrices(stream).items()}


def _beats(content: Content) -> Iterator[tuple[tuple[int, ...], Matrices]]:
    """Every ``BEATS`` beats of a lane-wise record: results that differ, in the first and in all."""
    instance, matrices = content.instance, _matrices(content)
    count = BEATS * instance.lanes
    for start in range(0, next(iter(matrices.values())).size - count + 1, count):
        part = {name: matrix[:, start : start + count] for name, matrix in matrices.items()}
        results = [*zip(*(part[f.name][0].tolist() for f in instance.outputs), strict=True)]
        yield (len(set(results[: instance.lanes])), len(set(results))), part


def _passages(content: Content) -> Iterator[tuple[tuple[int, ...], Matrices]]:
    """Pairs of rows of a record, or its first beats; all of it where golden says they depend.

    Rows of a few beats come first, then results that differ, then elements that differ within the
    first row.
    """
    instance, matrices = content.instance, _matrices(content)
    rows = max(len(matrices[f.name]) for s in instance.sources for f in s.fields)
    starts = range(0, rows - ROWS + 1, ROWS)
    parts = [part for start in starts or [0]
             if _is_golden(content, part := _cut(content, matrices, start))]
    for part in parts or [matrices]:
        results = [*zip(*(part[f.name].flat for f in instance.outputs), strict=False)]
        elements = [*zip(*(part[f.name][0] for f in instance.inputs), strict=False)]
        size = sum(values.size for values in part.values())
        few = max(s.beats(part[s.fields[0].name].shape[1]) for s in instance.sources) <= BEATS
        yield (few, len(set(results)), len(set(elements)), -size), part


def _cut(content: Content, matrices: Matrices, start: int) -> dict[str, np.ndarray]:
    """``ROWS`` rows of every stream of rows, the first beats of the others, whole tables."""
    part = dict(matrices)
    for stream in (*content.instance.sources, *content.instance.sinks):
        window = np.s_[start : start + ROWS] if stream.rows else np.s_[:, : BEATS * stream.lanes]
        part |= {f.name: matrices[f.name][window] for f in stream.fields}
    return part


def _is_golden(content: Content, part: Matrices) -> bool:
    """Whether the golden function makes of this part alone what the record expects of it."""
    instance = content.instance
    values = {f.name: part[f.name] if stream.rows else part[f.name][0]
              for stream in instance.streams for f in stream.fields}
    tables = {f.name: part[f.name][0] for table in instance.tables for f in table.fields}
    settings = {**content.settings, **tables}
    golden = instance.evaluate({f.name: values[f.name] for f in instance.inputs}, settings)
    return all(np.array_equal(golden[f.name], values[f.name]) for f in instance.outputs)
