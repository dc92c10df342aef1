"""Writes golden-vector bundles: every file of one, all at once or not at all."""

import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.units import Instance, Stream
from vit2rtl.golden.vectors.bundle_derived import bench_file, derived_files, described_roms
from vit2rtl.golden.vectors.bundle_files import array_stream, write_texts
from vit2rtl.golden.vectors.bundle_formats import check_formats
from vit2rtl.golden.vectors.bundle_pieces import Pieces, write_array
from vit2rtl.golden.vectors.bundle_reader import read_bundle
from vit2rtl.golden.vectors.bundle_readme import readme
from vit2rtl.golden.vectors.bundle_record import (
    Content,
    checked_notes,
    memory_of,
    tensors,
)
from vit2rtl.golden.vectors.bundle_schema import (
    KINDS,
    SCHEMA,
    array_name,
    check_record_name,
    file_key,
    parts_of,
    plain,
)


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

    def __init__(
        self, path: Path | str, provenance: Any, *, formats: Iterable[str] = ()
    ) -> None:
        self._path = path
        self._formats = check_formats(formats)
        self._provenance = plain(provenance)
        self._entries: dict[str, dict[str, Any]] = {}
        self._instances: dict[str, Instance] = {}

    def __enter__(self) -> "BundleWriter":
        self._place = atomic.folder(self._path, kind="bundle of units", parts=parts_of)
        self._root = self._place.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if kind is None:
            try:
                self._finish()
            except BaseException as failure:
                self._place.__exit__(type(failure), failure, failure.__traceback__)
                raise
        return self._place.__exit__(kind, error, traceback)

    def add(
        self,
        instance: Instance,
        *,
        record: str,
        layer: str,
        kind: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        configuration: Mapping[str, Any] | None = None,
        notes: Mapping[str, Mapping] | None = None,
    ) -> None:
        """Add one record: stimulus, expected values, and the configuration they hold under.

        Fields of one stream broadcast against each other and are flattened row-major; ``outputs``
        have the shape of what the golden function gives. Raises ValueError where that is anything
        else.

        record         str                     unique within the instance, safe as a folder name
        layer          str                     the layer of the model that it was recorded at
        kind           "model" or "directed"
        inputs         {field: int[...]}       natural shapes, e.g. acc[tokens, channels]; of a
                                               stream of rows the last axis has a row's elements
        outputs        {field: int[...]}       expected values, not taken from the golden function
                                               (of a lane-wise unit arrays may be ``Spooled``)
        configuration  {field: int}            int[entries] of a table's field
        notes          {field: {note: JSON}}   scale, zero_point, multiplier, shift, rounding, ...
        """
        check_record_name(record)
        known = self._entries.get(instance.name, {"records": ()})["records"]
        if record.lower() in {other["record"].lower() for other in known}:
            raise ValueError(f"Record {record!r} of {instance.name} exists already")
        if kind not in KINDS:
            raise ValueError(f"Kind must be one of {', '.join(KINDS)}, not {kind!r}")
        pieces = Pieces(instance, inputs, outputs, configuration or {})
        folder = f"{instance.name}/{record}"
        try:
            notes = checked_notes(instance, notes or {})
            content = self._write_memories(pieces, folder)
        except (TypeError, ValueError) as error:
            shutil.rmtree(self._root / folder, ignore_errors=True)
            raise ValueError(f"Record {record!r} of {instance.name}: {error}") from error
        files: dict[str, dict[str, Any]] = {"arrays": self._write_arrays(content, folder)}
        for stream in instance.streams:
            files[file_key(stream)] = self._memory(content, stream, folder)
        first = files[file_key(instance.sinks[0])]
        self._entry(instance)["records"].append(
            {
                "record": record,
                "layer": layer,
                "kind": kind,
                "elements": first["rows"] * first["columns"],
                "beats": sum(_beats(s, files[file_key(s)]) for s in instance.sinks),
                "configuration": content.settings,
                "files": files,
                "tensors": list(tensors(content, files, notes)),
            }
        )

    def _entry(self, instance: Instance) -> dict[str, Any]:
        name = instance.name
        if name not in self._entries:
            self._instances[name] = instance
            self._entries[name] = {
                "name": name,
                "unit": instance.unit.name,
                "parameters": dict(instance.parameters),
                "records": [],
            }
        return self._entries[name]

    @property
    def scratch(self) -> Path:
        """A folder for what is not part of the bundle; it vanishes with the block."""
        place = self._root.parent / "scratch"
        place.mkdir(exist_ok=True)
        return place

    def _write_memories(self, pieces: Pieces, folder: str) -> Content:
        """Write all ``.mem`` files piece by piece, each of them checked before it is written."""
        content = None
        with ExitStack() as stack:
            for piece in pieces:
                if content is None:
                    content = pieces.whole(piece)
                    (self._root / folder).mkdir(parents=True)
                    texts = {s.name: stack.enter_context(
                        open(self._root / f"{folder}/{s.name}.mem", "wb"))
                        for s in pieces.instance.streams}
                for stream in pieces.instance.streams:
                    matrices = piece.matrices(stream)
                    columns = next(iter(matrices.values())).shape[1]
                    texts[stream.name].write(memory_of(stream, columns).text(matrices))
        assert content is not None  # there is at least one piece
        return content

    def _memory(self, content: Content, stream: Stream, folder: str) -> dict[str, Any]:
        """What the manifest says of a ``.mem`` file."""
        shape = content.shapes[stream.name]
        columns = shape[-1] if stream.rows else prod(shape)
        rows, memory = prod(shape) // columns, memory_of(stream, columns)
        file = f"{folder}/{stream.name}.mem"
        return {
            "file": file,
            "sha256": sha256(self._root / file),
            "bits": memory.beat_bits,
            "digits": memory.digits,
            "rows": rows,
            "columns": columns,
        }

    def _write_arrays(self, content: Content, folder: str) -> dict[str, str]:
        file = f"{folder}/tensors.npz"
        fields = [(s, f) for s in content.instance.streams for f in s.fields]
        with zipfile.ZipFile(self._root / file, "w", zipfile.ZIP_STORED) as archive:
            for s, field in fields:
                with array_stream(archive, array_name(s, field)) as stream:
                    write_array(stream, content.arrays[field.name], field)
        return {"file": file, "sha256": sha256(self._root / file)}

    def _finish(self) -> None:
        if not self._entries:
            raise ValueError("A bundle needs at least one record")
        manifest = {
            "schema": SCHEMA,
            "provenance": self._provenance,
            "entries": list(self._entries.values()),
        }
        write_derived(self._root, manifest, list(self._instances.values()), self._formats)


def _beats(stream: Stream, file: dict[str, Any]) -> int:
    return file["rows"] * stream.beats(file["columns"])


def write_derived(
    root: Path, manifest: dict[str, Any], instances: Sequence[Instance], formats: list[str]
) -> None:
    """Benches, ROMs, further formats, manifest, README and hashes, for the vectors that lie there.

    instances   of the manifest's entries, in their order
    """
    manifest.pop("formats", None)
    if formats:
        manifest["formats"] = formats
    for file, text in derived_files(root, manifest, instances):
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text, encoding="utf-8", newline="\n")
    for entry, instance in zip(manifest["entries"], instances, strict=True):
        bench = bench_file(instance)
        entry["bench"] = {"file": bench, "sha256": sha256(root / bench)}
        entry.pop("roms", None)
        if roms := described_roms(root, instance):
            entry["roms"] = roms
    write_texts(root, manifest, readme(root, manifest, instances))


def convert(source: Path | str, path: Path | str, formats: Iterable[str]) -> list[str]:
    """Write a bundle again, with the benches of this version and these formats alone.

    source   folder of a bundle; what was derived from its vectors is made anew
    path     where the new bundle is to be; may be ``source`` itself
    returns  the names of the formats
    """
    chosen = check_formats(formats)
    bundle = read_bundle(source, derived=False)
    vectors = {
        file["file"]
        for entry in bundle.manifest["entries"]
        for record in entry["records"]
        for file in record["files"].values()
    }
    with atomic.folder(path, kind="bundle of units", parts=parts_of) as root:
        for file in sorted(vectors):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path / file, root / file)
        write_derived(root, bundle.manifest, [e.instance for e in bundle.entries], chosen)
    return chosen
