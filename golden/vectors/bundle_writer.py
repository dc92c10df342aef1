"""Writes golden-vector bundles: every file of one, all at once or not at all."""

import math
import shutil
import zipfile

import numpy as np

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_files import array_stream, write_texts
from vit2rtl.golden.vectors.bundle_formats import check_formats, format_files
from vit2rtl.golden.vectors.bundle_reader import read_bundle
from vit2rtl.golden.vectors.bundle_readme import readme
from vit2rtl.golden.vectors.bundle_record import checked, checked_notes, described, narrowest, plain
from vit2rtl.golden.vectors.bundle_schema import KINDS, SCHEMA, check_record_name, parts_of
from vit2rtl.golden.vectors.replay import replay_bench


class BundleWriter:
    """Collects records and writes them as one bundle.

    A context manager: files go to a temporary folder beside ``path``, which takes the place of
    ``path`` when the block ends well and vanishes when it does not. An existing bundle is
    replaced; anything else in the way, or in its folder, is an error.

    Parameters
    ----------
    path : where the bundle is to be
    provenance : what the vectors come from, as JSON; no times, so that a rerun gives equal bytes
    formats : what to write beside ``.mem`` and ``.npz``, see :data:`~.bundle_formats.FORMATS`
    """

    def __init__(self, path, provenance, *, formats=()):
        self._path = path
        self._formats = check_formats(formats)
        self._provenance = plain(provenance)
        self._entries = {}

    def __enter__(self):
        self._place = atomic.folder(self._path, kind="bundle of units", parts=parts_of)
        self._root = self._place.__enter__()
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            try:
                self._finish()
            except BaseException as failure:
                self._place.__exit__(type(failure), failure, failure.__traceback__)
                raise
        return self._place.__exit__(kind, error, traceback)

    def add(
        self,
        instance,
        *,
        record,
        layer,
        kind,
        inputs,
        outputs,
        configuration=None,
        notes=None,
    ):
        """Add one record: stimulus, expected values, and the configuration they hold under.

        ``inputs`` broadcast against each other and are flattened row-major; ``outputs`` have the
        shape they broadcast to. Raises ValueError where the golden function gives anything else.

        record         str                     unique within the instance, safe as a folder name
        layer          str                     the layer of the model that it was recorded at
        kind           "model" or "directed"
        inputs         {field: int[...]}       natural shapes, e.g. acc[tokens, channels]
        outputs        {field: int[...]}       expected values, not taken from the golden function
        configuration  {field: int}
        notes          {field: {note: JSON}}   scale, zero_point, multiplier, shift, rounding, ...
        """
        check_record_name(record)
        known = self._entries.get(instance.name, {"records": ()})["records"]
        if record.lower() in {other["record"].lower() for other in known}:
            raise ValueError(f"Record {record!r} of {instance.name} exists already")
        if kind not in KINDS:
            raise ValueError(f"Kind must be one of {', '.join(KINDS)}, not {kind!r}")
        try:
            stimulus, expected, settings = checked(instance, inputs, outputs, configuration or {})
            notes = checked_notes(instance, notes or {})
        except (TypeError, ValueError) as error:
            raise ValueError(f"Record {record!r} of {instance.name}: {error}") from error
        folder = f"{instance.name}/{record}"
        (self._root / folder).mkdir(parents=True)
        shape = next(iter(expected.values())).shape
        elements = math.prod(shape)
        files = {"arrays": self._write_arrays(instance, folder, stimulus, expected)}
        for role, name, fields, values in (
            ("stimulus", "i", instance.inputs, stimulus),
            ("expected", "o", instance.outputs, expected),
        ):
            flat = {k: np.broadcast_to(v, shape).reshape(-1) for k, v in values.items()}
            files[role] = self._write_mem(f"{folder}/{name}.mem", fields, flat, instance.lanes)
        self._entry(instance)["records"].append(
            {
                "record": record,
                "layer": layer,
                "kind": kind,
                "elements": elements,
                "beats": -(-elements // instance.lanes),
                "configuration": settings,
                "files": files,
                "tensors": [
                    *described(instance, "stimulus", stimulus, files, settings, notes),
                    *described(instance, "expected", expected, files, settings, notes),
                ],
            }
        )

    def _entry(self, instance):
        name = instance.name
        if name not in self._entries:
            self._entries[name] = {
                "name": name,
                "unit": instance.unit.name,
                "parameters": dict(instance.parameters),
                "records": [],
            }
        return self._entries[name]

    def _write_mem(self, file, fields, flat, lanes):
        bits = packing.beat_bits(fields, lanes)
        text = packing.to_text(packing.pack(fields, flat, lanes), bits)
        (self._root / file).write_bytes(text)
        return {
            "file": file,
            "sha256": sha256(self._root / file),
            "bits": bits,
            "digits": packing.line_digits(bits),
        }

    def _write_arrays(self, instance, folder, stimulus, expected):
        file = f"{folder}/tensors.npz"
        arrays = {field.name: (field, stimulus[field.name]) for field in instance.inputs}
        for field in instance.outputs:
            arrays[f"expected_{field.name}"] = field, expected[field.name]
        with zipfile.ZipFile(self._root / file, "w", zipfile.ZIP_STORED) as archive:
            for name, (field, values) in arrays.items():
                with array_stream(archive, name) as stream:
                    array = values.astype(narrowest(field))
                    np.lib.format.write_array(stream, array, allow_pickle=False)
        return {"file": file, "sha256": sha256(self._root / file)}

    def _finish(self):
        if not self._entries:
            raise ValueError("A bundle needs at least one record")
        manifest = {
            "schema": SCHEMA,
            "provenance": self._provenance,
            "entries": list(self._entries.values()),
        }
        write_derived(self._root, manifest, self._formats)


def write_derived(root, manifest, formats):
    """Benches, further formats, manifest, README and hashes, for the vectors that lie there."""
    manifest.pop("formats", None)
    if formats:
        manifest["formats"] = formats
    for entry in manifest["entries"]:
        instance = Instance.of(entry["unit"], **entry["parameters"])
        bench = f"{instance.name}/replay.sv"
        _write(root / bench, replay_bench(instance, entry["records"]))
        entry["bench"] = {"file": bench, "sha256": sha256(root / bench)}
    for file, text in format_files(root, manifest):
        _write(root / file, text)
    write_texts(root, manifest, readme(root, manifest))


def convert(source, path, formats):
    """Write a bundle again, with the benches of this version and these formats alone.

    source   folder of a bundle; what was derived from its vectors is made anew
    path     where the new bundle is to be; may be ``source`` itself
    returns  the names of the formats
    """
    formats = check_formats(formats)
    bundle = read_bundle(source, derived=False)
    kept = {
        record["files"][role]["file"]
        for entry in bundle.manifest["entries"]
        for record in entry["records"]
        for role in ("stimulus", "expected", "arrays")
    }
    with atomic.folder(path, kind="bundle of units", parts=parts_of) as root:
        for file in sorted(kept):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path / file, root / file)
        write_derived(root, bundle.manifest, formats)
    return formats


def _write(path, text):
    path.write_text(text, encoding="utf-8", newline="\n")
