"""Reads golden-vector bundles and trusts nothing in them; each way to be wrong has its sentence."""

import json
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from vit2rtl.golden import packing
from vit2rtl.golden.bundle_contents import Bundle, Entry, Record, read_mem
from vit2rtl.golden.bundle_schema import KINDS, MANIFEST, SCHEMA, SUMS, check_record_name, sha256
from vit2rtl.golden.units import Instance


def read_bundle(path):
    """Read and validate a bundle; a ValueError names the file and says what is wrong with it."""
    root = Path(path)
    manifest = _manifest(root)
    sums = _sums(root)
    entries = [
        _entry(root, sums, described) for described in _some(manifest, "entries", MANIFEST)
    ]
    names = [entry.instance.name for entry in entries]
    if duplicate := _duplicate(names):
        raise ValueError(f"{MANIFEST} has two entries {duplicate!r}")
    records = [record for entry in entries for record in entry.records]
    for record in records:
        _check_length(root, record)
    for file, digest in sums.items():
        _check_hash(root, file, digest)
    for record in records:
        _check_values(root, record)
    return Bundle(root, manifest, entries)


def _manifest(root):
    if not (root / MANIFEST).is_file():
        raise ValueError(f"{root} is not a bundle: {MANIFEST} is missing")
    try:
        manifest = json.loads(_text(root, MANIFEST))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{MANIFEST} is not JSON: {error}") from error
    schema = _get(manifest, "schema", str, MANIFEST)
    if schema != SCHEMA:
        raise ValueError(f"{MANIFEST} has schema {schema!r}, this version reads {SCHEMA!r}")
    return manifest


def _sums(root):
    if not (root / SUMS).is_file():
        raise ValueError(f"{SUMS} is missing")
    sums = {}
    for number, line in enumerate(_text(root, SUMS).splitlines(), 1):
        digest, separator, file = line.partition("  ")
        if len(digest) != 64 or not separator or not file:
            raise ValueError(f"{SUMS}, line {number} is not a SHA-256 and a file: {line!r}")
        _inside(root, file, SUMS)
        sums[file] = digest
    if MANIFEST not in sums:
        raise ValueError(f"{SUMS} does not list {MANIFEST}")
    return sums


def _text(root, file):
    try:
        return (root / file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text") from error


def _entry(root, sums, described):
    name = _get(described, "name", str, f"{MANIFEST}, entries")
    where = f"{MANIFEST}, {name}"
    unit = _get(described, "unit", str, where)
    parameters = _get(described, "parameters", dict, where)
    try:
        instance = Instance.of(unit, **parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
    if instance.name != name:
        raise ValueError(f"{where}: its parameters make it {instance.name!r}")
    bench = _file(root, sums, _get(described, "bench", dict, where), where)
    records = [
        _record(root, sums, instance, record) for record in _some(described, "records", where)
    ]
    if duplicate := _duplicate([record.name.lower() for record in records]):
        raise ValueError(f"{where} has two records {duplicate!r}")
    return Entry(instance, bench, records)


def _record(root, sums, instance, described):
    name = _get(described, "record", str, f"{MANIFEST}, {instance.name}, records")
    where = f"{MANIFEST}, {instance.name}, {name}"
    try:
        check_record_name(name)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    elements, beats = (_get(described, key, int, where) for key in ("elements", "beats"))
    if elements < 1 or beats != -(-elements // instance.lanes):
        raise ValueError(f"{where}: {elements} elements are not {beats} beats")
    kind = _get(described, "kind", str, where)
    if kind not in KINDS:
        raise ValueError(f"{where}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    settings = _get(described, "configuration", dict, where)
    for setting in instance.configuration:
        value = np.asarray(_get(settings, setting.name, int, f"{where}, configuration"))
        _located(where, packing.check_range, setting, value)
    files = _get(described, "files", dict, where)
    paths = {
        role: _file(root, sums, _get(files, role, dict, where), where)
        for role in ("stimulus", "expected", "arrays")
    }
    _check_tensors(instance, _get(described, "tensors", list, where), files, where)
    return Record(
        name=name,
        layer=_get(described, "layer", str, where),
        kind=kind,
        beats=beats,
        elements=elements,
        configuration=settings,
        instance=instance,
        **paths,
    )


def _check_tensors(instance, tensors, files, where):
    """The manifest describes each field of the instance, in order, in the file that holds it."""
    keys = ("role", "name", "bits", "signed", "lanes", "packing", "file")
    due = []
    for role, fields in (("stimulus", instance.inputs), ("expected", instance.outputs)):
        packed = {"lane_bits": packing.lane_bits(fields), "offset": 0}
        for field in fields:
            kind = (field.name, field.width, field.signed, instance.lanes)
            due.append((role, *kind, dict(packed), files[role]["file"]))
            packed["offset"] += field.width
    if [tuple(_get(tensor, key, object, where) for key in keys) for tensor in tensors] != due:
        raise ValueError(f"{where}: its tensors are not those of {instance.name}")


def _file(root, sums, described, where):
    """A file that the manifest names: inside the bundle, there, and listed with one hash."""
    file = _get(described, "file", str, where)
    path = _inside(root, file, where)
    if not path.is_file():
        raise ValueError(f"{file} is missing")
    if file not in sums:
        raise ValueError(f"{SUMS} does not list {file}")
    if sums[file] != _get(described, "sha256", str, where):
        raise ValueError(f"{file} has one SHA-256 in {MANIFEST} and another in {SUMS}")
    return path


def _inside(root, file, where):
    path = root / file
    parts = PurePosixPath(file).parts
    if file.startswith("/") or ".." in parts or "\\" in file or ":" in file:
        raise ValueError(f"{where}: {file!r} is outside the bundle")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{where}: {file!r} is a link that leaves the bundle")
    return path


def _check_length(root, record):
    """The size of a ``.mem`` file follows from its beats; only a wrong one is read to say why."""
    instance = record.instance
    for fields, path in (
        (instance.inputs, record.stimulus),
        (instance.outputs, record.expected),
    ):
        digits = packing.line_digits(packing.beat_bits(fields, instance.lanes))
        if path.stat().st_size != record.beats * (digits + 1):
            where = path.relative_to(root).as_posix()
            values = _located(where, read_mem, fields, instance.lanes, path)
            beats = len(values[fields[0].name]) // instance.lanes
            raise ValueError(f"{where} has {beats} beats, not {record.beats}")


def _check_hash(root, file, digest):
    if not (root / file).is_file():
        raise ValueError(f"{file} is missing")
    actual = sha256(root / file)
    if actual != digest:
        raise ValueError(f"{file} has SHA-256 {actual}, not {digest} as {SUMS} says")


def _check_values(root, record):
    """Syntax and range of a record's ``.mem`` files, and the arrays against them."""
    instance = record.instance
    values = {}
    for prefix, fields, path in (
        ("", instance.inputs, record.stimulus),
        ("expected_", instance.outputs, record.expected),
    ):
        where = path.relative_to(root).as_posix()
        unpacked = _located(where, read_mem, fields, instance.lanes, path)
        for member in fields:
            _located(where, packing.check_range, member, unpacked[member.name])
            values[prefix + member.name] = unpacked[member.name][: record.elements]
    where = record.arrays.relative_to(root).as_posix()
    try:
        arrays = record.tensors()
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{where} is not a plain .npz file: {error}") from error
    if sorted(arrays) != sorted(values):
        raise ValueError(f"{where} has arrays {sorted(arrays)}, not {sorted(values)}")
    shape = next(array.shape for name, array in arrays.items() if name.startswith("expected_"))
    for name, array in arrays.items():
        whole = _located(f"{where}, {name}", np.broadcast_to, array, shape).reshape(-1)
        if not np.array_equal(whole, values[name]):
            raise ValueError(f"{where}: {name} differs from the .mem file")


def _located(where, function, *arguments):
    """Call, and put the place in front of a ValueError's text."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _get(mapping, key, kind, where):
    """A member of the manifest, there and of the right type."""
    if not isinstance(mapping, dict):
        raise ValueError(f"{where} must be a JSON object, not {type(mapping).__name__}")
    if key not in mapping:
        raise ValueError(f"{where} lacks {key!r}")
    value = mapping[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where}: {key!r} must be of type {kind.__name__}, not {value!r}")
    return value


def _some(mapping, key, where):
    """A list that is not empty: what holds no vectors would pass every bench."""
    values = _get(mapping, key, list, where)
    if not values:
        raise ValueError(f"{where}: {key!r} must not be empty")
    return values


def _duplicate(names):
    return next((name for n, name in enumerate(names) if name in names[:n]), None)
