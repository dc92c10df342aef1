"""Reads golden-vector bundles and trusts nothing in them; each way to be wrong has its sentence."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.files import documents
from vit2rtl.golden.units import Instance, Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_contents import Bundle, Entry, Record, RecordStream
from vit2rtl.golden.vectors.bundle_derived import bench_file, check_derived
from vit2rtl.golden.vectors.bundle_files import (
    check_hash,
    duplicate_of,
    get,
    listed_file,
    located,
    read_manifest,
    read_sums,
    some,
)
from vit2rtl.golden.vectors.bundle_schema import (
    KINDS,
    MANIFEST,
    SCHEMA,
    array_name,
    check_age,
    check_record_name,
    file_key,
    role_of,
)
from vit2rtl.golden.vectors.program_vectors_schema import SCHEMA_NAME as PROGRAM_VECTORS

Described = dict[str, Any]
Sums = dict[str, str]


def read_bundle(path: str | Path, *, derived: bool = True) -> Bundle:
    """Read and validate a bundle; a ValueError names the file and says what is wrong with it.

    derived   also check what was made from the vectors, benches and further formats, byte by byte
    """
    root = Path(path)
    if (documents.schema_of(root / MANIFEST) or "").startswith(PROGRAM_VECTORS):
        raise ValueError(f"{root} has vectors of a program's ops, not of units: the command "
                         "vit2rtl simulate makes a bundle of units of them")
    check_age(root)
    manifest = read_manifest(root, SCHEMA, kind="bundle")
    sums = read_sums(root)
    entries = [
        _entry(root, sums, described) for described in some(manifest, "entries", MANIFEST)
    ]
    names = [entry.instance.name for entry in entries]
    if duplicate := duplicate_of(names):
        raise ValueError(f"{MANIFEST} has two entries {duplicate!r}")
    records = [record for entry in entries for record in entry.records]
    for record in records:
        _check_length(root, record)
    for file, digest in sums.items():
        check_hash(root, file, digest)
    for record in records:
        _check_values(root, record)
    if derived:
        check_derived(root, manifest, [entry.instance for entry in entries])
    return Bundle(root, manifest, entries)


def _entry(root: Path, sums: Sums, described: Described) -> Entry:
    name = get(described, "name", str, f"{MANIFEST}, entries")
    where = f"{MANIFEST}, {name}"
    unit = get(described, "unit", str, where)
    parameters = get(described, "parameters", dict, where)
    try:
        instance = Instance.of(unit, **parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
    if instance.name != name:
        raise ValueError(f"{where}: its parameters make it {instance.name!r}")
    bench = _bench(root, sums, instance, get(described, "bench", dict, where), where)
    records = [
        _record(root, sums, instance, record) for record in some(described, "records", where)
    ]
    if duplicate := duplicate_of([record.name.lower() for record in records]):
        raise ValueError(f"{where} has two records {duplicate!r}")
    return Entry(instance, bench, records)


def _bench(root: Path, sums: Sums, instance: Instance, described: Described, where: str) -> Path:
    """The bench is the file that is made of the manifest, see :func:`check_derived`: no other."""
    bench = listed_file(root, sums, described, where)
    _require(described, {"file": bench_file(instance)}, f"{where}, bench")
    return bench


def _require(described: Described, due: Described, where: str) -> None:
    """What follows from the rest is stated as it follows: the bench opens files by these names."""
    for key, value in due.items():
        if get(described, key, object, where) != value:
            raise ValueError(f"{where}: {key!r} must be {value!r}, not {described[key]!r}")


def _record(root: Path, sums: Sums, instance: Instance, described: Described) -> Record:
    name = get(described, "record", str, f"{MANIFEST}, {instance.name}, records")
    where = f"{MANIFEST}, {instance.name}, {name}"
    try:
        check_record_name(name)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    kind = get(described, "kind", str, where)
    if kind not in KINDS:
        raise ValueError(f"{where}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    settings = get(described, "configuration", dict, where)
    if unknown := set(settings) - {setting.name for setting in instance.configuration}:
        raise ValueError(f"{where}: {instance.name} has no configuration {min(unknown)!r}")
    for setting in instance.configuration:
        value = np.asarray(get(settings, setting.name, int, f"{where}, configuration"))
        located(where, packing.check_range, setting, value)
    files = get(described, "files", dict, where)
    folder = f"{instance.name}/{name}"
    streams = {
        s.name: _stream(root, sums, s, get(files, file_key(s), dict, where), folder)
        for s in instance.streams
    }
    elements, beats = _counts(instance, streams, described, where)
    arrays = listed_file(root, sums, get(files, "arrays", dict, where), where)
    _require(files["arrays"], {"file": f"{folder}/tensors.npz"}, where)
    tensors = get(described, "tensors", list, where)
    _check_tensors(instance, tensors, files, where)
    _check_notes(tensors, settings, where)
    names = [array_name(s, f) for s in instance.streams for f in s.fields]
    return Record(
        name=name,
        layer=get(described, "layer", str, where),
        kind=kind,
        beats=beats,
        elements=elements,
        configuration=settings,
        instance=instance,
        streams=streams,
        arrays=arrays,
        shapes={
            key: tuple(get(tensor, "shape", list, where))
            for key, tensor in zip(names, tensors, strict=True)
        },
    )


def _stream(
    root: Path, sums: Sums, stream: Stream, described: Described, folder: str
) -> RecordStream:
    """The memory file of a stream, its rows and columns possible."""
    where = f"{MANIFEST}, {folder.replace('/', ', ', 1)}"
    rows, columns = (get(described, key, int, where) for key in ("rows", "columns"))
    if rows < 1 or columns < 1 or (rows > 1 and not stream.rows):
        raise ValueError(f"{where}: stream {stream.name} cannot have {rows} rows of {columns}")
    if stream.entries and (rows, columns) != (1, stream.entries):
        raise ValueError(f"{where}: table {stream.name} must have {stream.entries} entries")
    held = RecordStream(stream, rows, columns, listed_file(root, sums, described, where))
    due = {"file": f"{folder}/{stream.name}.mem", "bits": held.memory.beat_bits,
           "digits": held.memory.digits}
    _require(described, due, f"{where}, {stream.name}")
    return held


def _counts(
    instance: Instance, streams: dict[str, RecordStream], described: Described, where: str
) -> tuple[int, int]:
    """Elements and beats as the streams have them."""
    elements, beats = (get(described, key, int, where) for key in ("elements", "beats"))
    sinks = [streams[s.name] for s in instance.sinks]
    if beats != sum(sink.beats for sink in sinks):
        raise ValueError(f"{where}: {elements} elements are not {beats} beats")
    counts = {s.rows * s.columns for s in streams.values()}
    if sinks[0].rows * sinks[0].columns != elements or (instance.lane_wise and len(counts) > 1):
        raise ValueError(f"{where}: its streams do not have {elements} elements")
    return elements, beats


def _check_tensors(
    instance: Instance, tensors: list[Described], files: Described, where: str
) -> None:
    """The manifest describes each field of the instance, in order, in the file that holds it."""
    keys = ("role", "name", "bits", "signed", "lanes", "packing", "file")
    due = []
    for stream in instance.streams:
        packed = {"lane_bits": stream.lane_bits, "offset": 0}
        for field in stream.fields:
            kind = (field.name, field.width, field.signed, stream.lanes)
            due.append((role_of(stream), *kind, dict(packed), files[file_key(stream)]["file"]))
            packed["offset"] += field.width
    if [tuple(get(tensor, key, object, where) for key in keys) for tensor in tensors] != due:
        raise ValueError(f"{where}: its tensors are not those of {instance.name}")


def _check_notes(tensors: list[Described], settings: dict[str, int], where: str) -> None:
    """An expected tensor's zero point is the one that the record is configured with."""
    for tensor in tensors:
        if tensor["role"] == "expected" and "zero_point" in settings:
            stated, set_to = get(tensor, "zero_point", object, where), settings["zero_point"]
            if stated != set_to:
                raise ValueError(
                    f"{where}: tensor {tensor['name']!r} has zero point {stated!r}, "
                    f"the configuration {set_to!r}"
                )


def _check_length(root: Path, record: Record) -> None:
    """The size of a ``.mem`` file follows from its beats; only a wrong one is read to say why."""
    for s in record.streams.values():
        if s.path.stat().st_size != s.rows * s.memory.row_bytes:
            where = s.path.relative_to(root).as_posix()
            words = located(where, packing.from_text, s.path.read_bytes(), s.memory.beat_bits)
            raise ValueError(f"{where} has {len(words)} beats, not {s.beats}")


def _check_values(root: Path, record: Record) -> None:
    """Syntax and range of a record's ``.mem`` files, and the arrays against them."""
    values = {}
    for s in record.streams.values():
        where = s.path.relative_to(root).as_posix()
        unpacked = located(where, s.values)
        for member in s.stream.fields:
            located(where, packing.check_range, member, unpacked[member.name])
            values[array_name(s.stream, member)] = s, unpacked[member.name]
    where = record.arrays.relative_to(root).as_posix()
    try:
        arrays = record.tensors()
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{where} is not a plain .npz file: {error}") from error
    if sorted(arrays) != sorted(values):
        raise ValueError(f"{where} has arrays {sorted(arrays)}, not {sorted(values)}")
    for name, array in arrays.items():
        if array.shape != record.shapes[name]:
            stated = list(record.shapes[name])
            raise ValueError(f"{where}: {name} has shape {list(array.shape)}, not {stated}")
    for stream in record.instance.streams:
        names = [array_name(stream, field) for field in stream.fields]
        shape = _common_shape(record, [arrays[name] for name in names])
        for name in names:
            whole = located(f"{where}, {name}", np.broadcast_to, arrays[name], shape)
            s, flat = values[name]
            if whole.size != flat.size or not np.array_equal(whole.reshape(flat.shape), flat):
                raise ValueError(f"{where}: {name} differs from the .mem file")


def _common_shape(record: Record, arrays: list[np.ndarray]) -> tuple[int, ...]:
    """What a stream's arrays broadcast to; of a lane-wise unit to what is expected."""
    if record.instance.lane_wise:
        return next(shape for name, shape in record.shapes.items() if name.startswith("expected_"))
    return np.broadcast_shapes(*(array.shape for array in arrays))
