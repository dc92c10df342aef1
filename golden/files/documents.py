"""Folders that a JSON file describes: reading it, checking its schema, and SHA-256 of files."""

import hashlib
import json
from pathlib import Path
from typing import Any


def read(
    folder: str | Path, file: str, schema: str, *, kind: str, description: str
) -> dict[str, Any]:
    """The JSON object in ``folder / file``, its ``schema`` the one that this version reads.

    kind         what the folder should be, for messages: "checkpoint"
    description  what the file should be: "checkpoint description"
    raises       ValueError naming the folder or the file
    """
    path = Path(folder) / file
    if not path.is_file():
        raise ValueError(f"{folder} is not a {kind}: it has no {file}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stated = document["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is not a {description} ({error!r})") from error
    if stated != schema:
        raise ValueError(f"{path} has schema {stated!r}; this version reads {schema!r}")
    return document


def schema_of(path: str | Path) -> str | None:
    """The schema that a JSON file states, of whatever version; None where there is no such thing.

    For telling one's own folders from others: see ``parts`` of
    :func:`vit2rtl.golden.files.atomic.folder`.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    schema = document.get("schema") if isinstance(document, dict) else None
    return schema if isinstance(schema, str) else None


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(data: bytes) -> str:
    """Hexadecimal SHA-256 of bytes at hand."""
    return hashlib.sha256(data).hexdigest()
