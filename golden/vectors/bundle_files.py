"""Files of a bundle, of either kind: a manifest, SHA-256 of all, arrays without pickles.

Reading trusts nothing; each way to be wrong has its sentence.
"""

import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar

import numpy as np

from vit2rtl.golden.files import documents
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.files.paths import resolved
from vit2rtl.golden.vectors.bundle_schema import MANIFEST, README, SUMS, to_json

T = TypeVar("T")


def write_texts(root: Path, manifest: Any, readme: str) -> None:
    """Manifest and README, then the SHA-256 of every file there is."""
    for file, text in ((MANIFEST, to_json(manifest)), (README, readme)):
        (root / file).write_text(text, encoding="utf-8", newline="\n")
    files = sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
    )
    sums = "".join(f"{sha256(root / file)}  {file}\n" for file in files)
    (root / SUMS).write_text(sums, encoding="utf-8", newline="\n")


def array_stream(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A new ``.npy`` member of a zip file, to write to; its bytes depend on nothing but what is
    written."""
    member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    return archive.open(member, "w", force_zip64=True)


def read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """The array of a ``.npy`` member; a ValueError for an object array, which would be a pickle,
    and for more elements than the member has."""
    with opened_array(archive, name) as stream:
        shape, _, dtype = read_header(stream)
        stated = prod(shape) * dtype.itemsize
        held = archive.getinfo(f"{name}.npy").file_size - stream.tell()
        if stated != held:
            raise ValueError(f"{name} has {held} bytes, not the {stated} of {dtype}{list(shape)}")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def opened_array(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A ``.npy`` member to read from: stored as it is, and as long as the archive says."""
    file = f"{name}.npy"
    if file not in archive.namelist():
        raise ValueError(f"it has no {file}")
    member = archive.getinfo(file)
    stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
    if not stored or member.compress_size != member.file_size:
        raise ValueError(f"{name} is compressed or encrypted")
    if member.header_offset + member.file_size > Path(str(archive.filename)).stat().st_size:
        raise ValueError(f"{name} is cut off")
    return archive.open(member)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether the first axis runs fastest, type) as a ``.npy`` file states them."""
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("its header is not of version 1.0")
    try:
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except (TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ValueError("its header cannot be read") from error
    if any(axis < 0 for axis in shape):
        raise ValueError(f"its header states the shape {list(shape)}")
    if dtype.hasobject:
        raise ValueError("its elements are Python objects, which only a pickle holds")
    return shape, fortran, dtype


def read_manifest(root: Path, schema: str, *, kind: str) -> dict[str, Any]:
    """The manifest, a JSON object of this schema.

    kind   what the folder should be, for messages: "bundle"
    """
    return documents.read(root, MANIFEST, schema, kind=kind, where=MANIFEST)


def read_sums(root: Path) -> dict[str, str]:
    """{file: SHA-256} as SHA256SUMS lists them."""
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


def listed_file(root: Path, sums: dict[str, str], described: Any, where: str) -> Path:
    """Path of a file that the manifest names: inside, there, and listed with one hash."""
    file = get(described, "file", str, where)
    path = _inside(root, file, where)
    if not path.is_file():
        raise ValueError(f"{file} is missing")
    if file not in sums:
        raise ValueError(f"{SUMS} does not list {file}")
    if sums[file] != get(described, "sha256", str, where):
        raise ValueError(f"{file} has one SHA-256 in {MANIFEST} and another in {SUMS}")
    return path


def check_hash(root: Path, file: str, digest: str) -> None:
    """ValueError unless the file is there and has this SHA-256."""
    if not (root / file).is_file():
        raise ValueError(f"{file} is missing")
    actual = sha256(root / file)
    if actual != digest:
        raise ValueError(f"{file} has SHA-256 {actual}, not {digest} as {SUMS} says")


def located(where: str, function: Callable[..., T], *arguments: Any) -> T:
    """Call, and put the place in front of a ValueError's text."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def get(mapping: Any, key: str, kind: type, where: str) -> Any:
    """A member of the manifest, there and of the right type."""
    if not isinstance(mapping, dict):
        raise ValueError(f"{where} must be a JSON object, not {type(mapping).__name__}")
    if key not in mapping:
        raise ValueError(f"{where} lacks {key!r}")
    value = mapping[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where}: {key!r} must be of type {kind.__name__}, not {value!r}")
    return value


def some(mapping: Any, key: str, where: str) -> list:
    """A list that is not empty: what holds no vectors would pass every bench."""
    values = get(mapping, key, list, where)
    if not values:
        raise ValueError(f"{where}: {key!r} must not be empty")
    return values


def duplicate_of(names: list[str]) -> str | None:
    """The first name that is there already, or None."""
    return next((name for n, name in enumerate(names) if name in names[:n]), None)


def _text(root: Path, file: str) -> str:
    try:
        return (root / file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text") from error


def _inside(root: Path, file: str, where: str) -> Path:
    path = root / file
    parts = PurePosixPath(file).parts
    if file.startswith("/") or ".." in parts or "\\" in file or ":" in file:
        raise ValueError(f"{where}: {file!r} is outside the bundle")
    if not resolved(path).is_relative_to(resolved(root)):
        raise ValueError(f"{where}: {file!r} is a link that leaves the bundle")
    return path
