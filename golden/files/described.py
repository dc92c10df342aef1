"""Folders that a JSON file describes: reading the description and checking its schema."""

import json
from pathlib import Path


def read(folder, file, schema, *, kind, description):
    """The JSON object in ``folder / file``, its ``schema`` the one that this version reads.

    kind         what the folder should be, for messages: "checkpoint"
    description  what the file should be: "checkpoint description"
    raises       ValueError naming the folder or the file
    """
    path = Path(folder) / file
    if not path.is_file():
        raise ValueError(f"{folder} is not a {kind}: it has no {file}")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        found = value["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is not a {description} ({error!r})") from error
    if found != schema:
        raise ValueError(f"{path} has schema {found!r}; this version reads {schema!r}")
    return value
