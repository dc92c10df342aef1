"""What a record must satisfy before it enters a bundle, and how the manifest describes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from vit2rtl.golden.units import Field, Instance, Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_schema import NOTES, file_key, plain, role_of
from vit2rtl.golden.vectors.memory import Memory

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Content:
    """A record's arrays by field name, in their natural shapes, and its settings.

    shapes   of each stream, by its name: what its fields broadcast to
    """

    instance: Instance
    arrays: Arrays
    settings: Mapping[str, int]
    shapes: Mapping[str, tuple[int, ...]]

    def matrices(self, stream: Stream) -> dict[str, np.ndarray]:
        """int64[rows, columns] of each field of a stream; one row where it has no rows."""
        shape = self.shapes[stream.name]
        columns = shape[-1] if stream.rows else prod(shape)
        return {
            f.name: np.broadcast_to(self.arrays[f.name], shape).reshape(-1, columns)
            for f in stream.fields
        }


def checked(instance: Instance, inputs: Arrays, outputs: Arrays, configuration: Mapping) -> Content:
    """The content in the order of the fields, every value in range, golden agreeing."""
    tables = tuple(field for stream in instance.tables for field in stream.fields)
    stimulus = _arrays("inputs", instance.inputs, inputs)
    expected = _arrays("outputs", instance.outputs, outputs)
    settings = _arrays("configuration", (*instance.configuration, *tables), configuration)
    entries = {field.name: settings.pop(field.name) for field in tables}
    if any(value.ndim for value in settings.values()):
        raise ValueError("Configuration must be single integers, not arrays")
    numbers = {name: int(value) for name, value in settings.items()}
    arrays = stimulus | entries | expected
    shapes = {s.name: _shape(s, arrays) for s in (*instance.sources, *instance.tables)}
    golden = instance.evaluate(stimulus, numbers | entries)
    for stream in instance.sinks:
        given = [np.shape(golden[field.name]) for field in stream.fields]
        main = shapes[instance.sources[0].name] if instance.lane_wise else ()
        shapes[stream.name] = np.broadcast_shapes(main, *given)
        for field in stream.fields:
            _compare(field.name, golden[field.name], expected[field.name], shapes[stream.name])
    return Content(instance, arrays, numbers, shapes)


def _shape(stream: Stream, arrays: Arrays) -> tuple[int, ...]:
    """What the fields of a stream broadcast to."""
    shape = np.broadcast_shapes(*(arrays[field.name].shape for field in stream.fields))
    if 0 in shape:
        raise ValueError("A record needs at least one element")
    if stream.rows and not shape:
        raise ValueError(f"Stream {stream.name} needs rows: arrays of at least one axis")
    if stream.entries and shape != (stream.entries,):
        raise ValueError(f"Table {stream.name} must have {stream.entries} entries, not {shape}")
    return shape


def _compare(name: str, golden: np.ndarray, want: np.ndarray, shape: tuple[int, ...]) -> None:
    if want.shape != shape:
        raise ValueError(f"Field {name!r} must have shape {shape}, not {want.shape}")
    got = np.broadcast_to(golden, shape)
    if not np.array_equal(got, want):
        element = int((got != want).reshape(-1).argmax())
        raise ValueError(
            f"element {element}: golden {name} is {got.flat[element]}, "
            f"expected {want.flat[element]}"
        )


def _arrays(what: str, fields: tuple[Field, ...], values: Mapping) -> dict[str, np.ndarray]:
    names = [field.name for field in fields]
    if sorted(values) != sorted(names):
        given = ", ".join(sorted(values)) or "none"
        raise ValueError(f"The {what} must be {', '.join(names) or 'none'}, not {given}")
    arrays = {}
    for field in fields:
        array = np.asarray(values[field.name])
        if not np.issubdtype(array.dtype, np.integer):
            raise TypeError(f"Field {field.name!r} must be integers, not {array.dtype}")
        packing.check_range(field, array)
        arrays[field.name] = array.astype(np.int64)
    return arrays


def checked_notes(instance: Instance, notes: Mapping[str, Mapping]) -> dict[str, Any]:
    """Notes as JSON has them; ValueError for one on no field, or of no such name."""
    known = [field.name for stream in instance.streams for field in stream.fields]
    for field, remarks in notes.items():
        if field not in known:
            raise ValueError(f"Notes must be on {', '.join(known)}, not {field!r}")
        for remark in remarks:
            if remark not in NOTES:
                raise ValueError(f"A note must be one of {', '.join(NOTES)}, not {remark!r}")
    return plain(notes)


def memory_of(stream: Stream, columns: int) -> Memory:
    """How a stream's rows of so many elements lie in its memory file."""
    return Memory(stream.fields, stream.lanes, columns)


def tensors(
    content: Content, files: Mapping[str, Any], notes: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The manifest's description of every tensor."""
    for stream in content.instance.streams:
        file, offset = files[file_key(stream)], 0
        for field in stream.fields:
            tensor = dict.fromkeys(NOTES)
            if role_of(stream) == "expected":
                tensor |= _arithmetic(content)
            tensor |= notes.get(field.name, {})
            tensor |= {
                "name": field.name,
                "role": role_of(stream),
                "shape": list(content.arrays[field.name].shape),
                "bits": field.width,
                "signed": field.signed,
                "lanes": stream.lanes,
                "packing": {"lane_bits": stream.lane_bits, "offset": offset},
                "file": file["file"],
                "sha256": file["sha256"],
            }
            yield tensor
            offset += field.width


def _arithmetic(content: Content) -> dict[str, Any]:
    """What the unit and its configuration say of its results."""
    unit, inputs = content.instance.unit, content.instance.inputs
    return {
        "rounding": unit.rounding,
        "zero_point": content.settings.get("zero_point"),
        **{field.name: f"tensor {field.name}" for field in inputs if field.name in NOTES},
    }
