"""What the writer and the reader of a bundle must agree on: names and versions."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.files import documents
from vit2rtl.golden.units.unit import Field, Stream

SCHEMA_NAME = "vit2rtl.vectors"
SCHEMA = f"{SCHEMA_NAME}/2"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
README = "README.md"
KINDS = ("model", "directed")
NOTES = ("scale", "zero_point", "multiplier", "shift", "rounding", "description")

# What the manifest calls the two streams that nearly every unit has; others go by their names.
_FILES = {"i": "stimulus", "o": "expected"}
_RECORD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")


def file_key(stream: Stream) -> str:
    """Under which key of a record's ``files`` the memory file of a stream is."""
    return _FILES.get(stream.name, stream.name)


def role_of(stream: Stream) -> str:
    """``stimulus``, ``expected`` or ``table``."""
    if stream.entries:
        return "table"
    return "stimulus" if stream.enters else "expected"


def array_name(stream: Stream, field: Field) -> str:
    """What the ``.npz`` file calls a field: what is expected has a prefix."""
    return field.name if stream.enters else f"expected_{field.name}"


def check_record_name(name: str) -> None:
    """Raise ValueError unless the name can be a folder on every system and a word in a log."""
    if not isinstance(name, str) or not _RECORD_NAME.fullmatch(name) or name.endswith("."):
        raise ValueError(
            "Record name must be at most 120 letters, digits, dots, dashes and underscores, "
            f"not {name!r}"
        )


def to_json(value: Any) -> str:
    """The one way in which a bundle spells JSON: sorted, indented, newline at the end."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """A value as JSON gives it back, numpy scalars and arrays as numbers and lists."""
    text = json.dumps(value, allow_nan=False, default=_number)
    return json.loads(text)


def _number(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} has no JSON form")


def schema_of(folder: Path) -> str | None:
    """The schema that a folder's manifest states, or None where there is no such thing."""
    return documents.schema_of(folder / MANIFEST)


def check_age(folder: Path) -> None:
    """ValueError for a bundle of units that an older version wrote: what it lacks is not known."""
    name, _, number = (schema_of(folder) or "").partition("/")
    if name == SCHEMA_NAME and number.isdecimal() and int(number) < int(SCHEMA.rpartition("/")[2]):
        raise ValueError(f"{MANIFEST} has schema {name}/{number}, of an older version: record the "
                         "vectors again with `vit2rtl vectors`")


def parts_of(folder: Path, schema_name: str = SCHEMA_NAME) -> set[str] | None:
    """Names of what belongs into a folder that holds a bundle, of whatever version; else None."""
    if not (schema_of(folder) or "").startswith(f"{schema_name}/"):
        return None
    try:
        listed = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        listed = []
    return {MANIFEST, SUMS, *(line[66:].partition("/")[0] for line in listed)}
