"""Reads golden-vector bundles and trusts nothing in them; each way to be wrong has its sentence."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from vit2rtl.golden import packing
from vit2rtl.golden.bundle_schema import KINDS, MANIFEST, SCHEMA, SUMS, check_record_name, sha256
from vit2rtl.golden.units import Instance


@dataclass(frozen=True)
class Record:
    """Stimulus and expected output of one instance under one configuration.

    ``elements`` counts what was recorded, ``beats`` includes the padding of the last beat.
    """

    name: str
    layer: str
    kind: str
    beats: int
    elements: int
    configuration: Mapping[str, int]
    stimulus: Path
    expected: Path
    arrays: Path
    instance: Instance = field(repr=False)

    def inputs(self):
        """Stimulus as ``{field: int64[elements]}``, unpacked from ``i.mem``."""
        return self._elements(self.instance.inputs, self.stimulus)

    def outputs(self):
        """Expected output as ``{field: int64[elements]}``, unpacked from ``o.mem``."""
        return self._elements(self.instance.outputs, self.expected)

    def tensors(self):
        """Arrays in their natural shapes by name in ``tensors.npz`` (``expected_`` prefixed)."""
        with zipfile.ZipFile(self.arrays) as archive:
            return {name.removesuffix(".npy"): _array(archive, name) for name in archive.namelist()}

    def _elements(self, fields, path):
        values = _unpacked(fields, self.instance.lanes, path)
        return {name: array[: self.elements] for name, array in values.items()}


@dataclass(frozen=True)
class Entry:
    """The records of one instance, and the bench that replays them."""

    instance: Instance
    bench: Path
    records: list[Record]


@dataclass(frozen=True)
class Bundle:
    """A validated bundle: its folder, its manifest, and an entry for each instance."""

    path: Path
    manifest: dict
    entries: list[Entry]


def read_bundle(path):
    """Read and validate a bundle; a ValueError names the file and says what is wrong with it."""
    root = Path(path)
    manifest = _manifest(root)
    sums = _sums(root)
    entries = []
    for described in _get(manifest, "entries", list, MANIFEST):
        entries.append(_entry(root, sums, described))
    names = [entry.instance.name for entry in entries]
    if duplicate := _duplicate(names):
        raise ValueError(f"{MANIFEST} has two entries {duplicate!r}")
    for file, digest in sums.items():
        _check_hash(root, file, digest, SUMS)
    for entry in entries:
        for record in entry.records:
            _check_values(root, record)
    return Bundle(root, manifest, entries)


def _manifest(root):
    try:
        text = (root / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ValueError(f"{root} is not a bundle: {MANIFEST} is missing") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{MANIFEST} is not UTF-8 text") from error
    try:
        manifest = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{MANIFEST} is not JSON: {error}") from error
    schema = _get(manifest, "schema", str, MANIFEST)
    if schema != SCHEMA:
        raise ValueError(f"{MANIFEST} has schema {schema!r}, this version reads {SCHEMA!r}")
    return manifest


def _sums(root):
    try:
        lines = (root / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ValueError(f"{SUMS} is missing") from error
    sums = {}
    for number, line in enumerate(lines, 1):
        digest, separator, file = line.partition("  ")
        if len(digest) != 64 or not separator or not file:
            raise ValueError(f"{SUMS}, line {number} is not a SHA-256 and a file: {line!r}")
        _inside(root, file, SUMS)
        sums[file] = digest
    if MANIFEST not in sums:
        raise ValueError(f"{SUMS} does not list {MANIFEST}")
    return sums


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
        _record(root, sums, instance, record) for record in _get(described, "records", list, where)
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


def _check_hash(root, file, digest, where):
    if not (root / file).is_file():
        raise ValueError(f"{file} is missing")
    actual = sha256(root / file)
    if actual != digest:
        raise ValueError(f"{file} has SHA-256 {actual}, not {digest} as {where} says")


def _check_values(root, record):
    """Length, syntax and range of a record's ``.mem`` files, and the arrays against them."""
    instance = record.instance
    values = {}
    for prefix, fields, path in (
        ("", instance.inputs, record.stimulus),
        ("expected_", instance.outputs, record.expected),
    ):
        where = path.relative_to(root).as_posix()
        unpacked = _located(where, _unpacked, fields, instance.lanes, path)
        for member in fields:
            array = unpacked[member.name]
            if len(array) != record.beats * instance.lanes:
                beats = len(array) // instance.lanes
                raise ValueError(f"{where} has {beats} beats, not {record.beats}")
            _located(where, packing.check_range, member, array)
            values[prefix + member.name] = array[: record.elements]
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


def _array(archive, name):
    with archive.open(name) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _unpacked(fields, lanes, path):
    words = packing.from_text(path.read_bytes(), packing.beat_bits(fields, lanes))
    return packing.unpack(fields, words, lanes)


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
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{where}: {key!r} must be of type {kind.__name__}, not {value!r}")
    return value


def _duplicate(names):
    return next((name for n, name in enumerate(names) if name in names[:n]), None)
