"""Reads golden-vector bundles and trusts nothing in them; each way to be wrong has its sentence."""

import zipfile
from pathlib import Path

import numpy as np

from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_contents import Bundle, Entry, Record, read_mem
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
from vit2rtl.golden.vectors.bundle_formats import check_formats, format_files
from vit2rtl.golden.vectors.bundle_schema import KINDS, MANIFEST, SCHEMA, check_record_name
from vit2rtl.golden.vectors.replay import replay_bench


def read_bundle(path, *, derived=True):
    """Read and validate a bundle; a ValueError names the file and says what is wrong with it.

    derived   also check what was made from the vectors, benches and further formats, byte by byte
    """
    root = Path(path)
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
        _check_derived(root, manifest, entries)
    return Bundle(root, manifest, entries)


def _entry(root, sums, described):
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
    bench = listed_file(root, sums, get(described, "bench", dict, where), where)
    records = [
        _record(root, sums, instance, record) for record in some(described, "records", where)
    ]
    if duplicate := duplicate_of([record.name.lower() for record in records]):
        raise ValueError(f"{where} has two records {duplicate!r}")
    return Entry(instance, bench, records)


def _record(root, sums, instance, described):
    name = get(described, "record", str, f"{MANIFEST}, {instance.name}, records")
    where = f"{MANIFEST}, {instance.name}, {name}"
    try:
        check_record_name(name)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    elements, beats = (get(described, key, int, where) for key in ("elements", "beats"))
    if elements < 1 or beats != -(-elements // instance.lanes):
        raise ValueError(f"{where}: {elements} elements are not {beats} beats")
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
    paths = {
        role: listed_file(root, sums, get(files, role, dict, where), where)
        for role in ("stimulus", "expected", "arrays")
    }
    tensors = get(described, "tensors", list, where)
    _check_tensors(instance, tensors, files, where)
    _check_notes(tensors, settings, where)
    return Record(
        name=name,
        layer=get(described, "layer", str, where),
        kind=kind,
        beats=beats,
        elements=elements,
        configuration=settings,
        instance=instance,
        shapes={
            _array_name(tensor["role"], tensor["name"]): tuple(get(tensor, "shape", list, where))
            for tensor in tensors
        },
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
    if [tuple(get(tensor, key, object, where) for key in keys) for tensor in tensors] != due:
        raise ValueError(f"{where}: its tensors are not those of {instance.name}")


def _check_notes(tensors, settings, where):
    """An expected tensor's zero point is the one that the record is configured with."""
    for tensor in tensors:
        if tensor["role"] == "expected" and "zero_point" in settings:
            stated, set_to = get(tensor, "zero_point", object, where), settings["zero_point"]
            if stated != set_to:
                raise ValueError(
                    f"{where}: tensor {tensor['name']!r} has zero point {stated!r}, "
                    f"the configuration {set_to!r}"
                )


def _array_name(role, name):
    return name if role == "stimulus" else f"expected_{name}"


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
            values = located(where, read_mem, fields, instance.lanes, path)
            beats = len(values[fields[0].name]) // instance.lanes
            raise ValueError(f"{where} has {beats} beats, not {record.beats}")


def _check_values(root, record):
    """Syntax and range of a record's ``.mem`` files, and the arrays against them."""
    instance = record.instance
    values = {}
    for prefix, fields, path in (
        ("", instance.inputs, record.stimulus),
        ("expected_", instance.outputs, record.expected),
    ):
        where = path.relative_to(root).as_posix()
        unpacked = located(where, read_mem, fields, instance.lanes, path)
        for member in fields:
            located(where, packing.check_range, member, unpacked[member.name])
            values[prefix + member.name] = unpacked[member.name][: record.elements]
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
    shape = next(array.shape for name, array in arrays.items() if name.startswith("expected_"))
    for name, array in arrays.items():
        whole = located(f"{where}, {name}", np.broadcast_to, array, shape).reshape(-1)
        if not np.array_equal(whole, values[name]):
            raise ValueError(f"{where}: {name} differs from the .mem file")


def _check_derived(root, manifest, entries):
    """Benches and further formats are what this version writes for these vectors."""
    formats = manifest.get("formats", [])
    if not isinstance(formats, list) or formats != located(MANIFEST, check_formats, formats):
        raise ValueError(f"{MANIFEST}: 'formats' must be a list, each once, not {formats!r}")
    benches = (
        (f"{entry.instance.name}/replay.sv", replay_bench(entry.instance, described["records"]))
        for entry, described in zip(entries, manifest["entries"], strict=True)
    )
    for file, text in (*benches, *format_files(root, manifest)):
        path = root / file
        if not path.is_file():
            raise ValueError(f"{file} is missing")
        if path.read_bytes() != text.encode():
            raise ValueError(
                f"{file} is not what this version makes of the vectors and the manifest: one of "
                "them was edited, or another version wrote it, and "
                "`vit2rtl vectors BUNDLE --out NEW` writes it anew"
            )
