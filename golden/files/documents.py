"""Folders that a JSON file describes: reading it, checking its schema, and SHA-256 of files."""

import hashlib
import json
from pathlib import Path
from typing import Any


def read(
    folder: str | Path, file: str, schema: str, *, kind: str, where: str | None = None,
    maker: str = "",
) -> dict[str, Any]:
    """The JSON object in ``folder / file``, its ``schema`` the one that this version reads.

    kind    what the folder should be, for messages: "checkpoint"
    where   what messages call the file; its path by default
    maker   the command that makes such a folder, for messages: "vit2rtl lower"
    raises  ValueError naming the folder or the file
    """
    path = Path(folder) / file
    where = where or str(path)
    if not path.is_file():
        raise ValueError(f"{folder} is not a {kind}: it has no {file}")
    document = parse(path.read_bytes(), where)
    if not isinstance(document, dict):
        raise ValueError(f"{where} must be a JSON object, not {type(document).__name__}")
    if "schema" not in document:
        raise ValueError(f"{where} lacks 'schema'")
    if document["schema"] != schema:
        again = f": make it again with {maker}" if maker and _older(document, schema) else ""
        raise ValueError(
            f"{where} has schema {document['schema']!r}; this version reads {schema!r}{again}")
    return document


def _older(document: dict[str, Any], schema: str) -> bool:
    """Whether a document states an earlier version of a schema, ``name/number``."""
    name, _, number = schema.rpartition("/")
    return document["schema"] in [f"{name}/{n}" for n in range(int(number))]


def parse(text: str | bytes, where: str) -> Any:
    """What JSON says, from a source that is not trusted; a ValueError says what ``where`` is not.

    NaN and Infinity, which Python reads and JSON does not have, are refused.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} is not UTF-8 text") from error
    except RecursionError as error:
        raise ValueError(f"{where} is not JSON: nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"{where} is not JSON: {error}") from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def schema_of(path: str | Path) -> str | None:
    """The schema that a JSON file states, of whatever version; None where there is no such thing.

    For telling one's own folders from others: see ``parts`` of
    :func:`vit2rtl.golden.files.atomic.folder`.
    """
    try:
        document = parse(Path(path).read_bytes(), str(path))
    except (OSError, ValueError):
        return None
    schema = document.get("schema") if isinstance(document, dict) else None
    return schema if isinstance(schema, str) else None


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_written_with(path: Path, description: str, digest: object, *, kind: str) -> None:
    """A ValueError unless a file of a folder is the one that its ``description`` names.

    digest   SHA-256 of it, as the description has it
    kind     what the folder is
    """
    if not path.is_file():
        raise ValueError(f"{kind.capitalize()} {path.parent} lacks {path.name}")
    if sha256(path) != digest:
        raise ValueError(f"{path} is not the file that {description} was written with (SHA-256)")


def sha256_of(data: bytes) -> str:
    """Hexadecimal SHA-256 of bytes at hand."""
    return hashlib.sha256(data).hexdigest()
