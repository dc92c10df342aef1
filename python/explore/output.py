"""Files of an exploration: its space, the table, all of it as data, the report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vit2rtl.explore import results
from vit2rtl.golden.files import atomic

SPACE = "space.toml"
# Of the report, which is written again without its picture.
PAGE, _PICTURE = "report.html", "front.png"


def write(found: Mapping[str, Any], folder: Path, space: str) -> None:
    """Write ``space.toml``, ``results.csv``, ``results.json`` and the report.

    found   as :meth:`vit2rtl.explore.run.Exploration.results` gives it
    space   text of the file that was explored

    Where the results are those that are there, the report stays as it is: it takes longer than all
    the rest.
    """
    data, path = results.document(found), folder / results.RESULTS
    known = path.is_file() and path.read_bytes() == data and (folder / _PICTURE).is_file()
    atomic.files(folder, {
        SPACE: space.encode(), results.TABLE: results.table(found["rows"]), results.RESULTS: data})
    if not known:
        from vit2rtl.explore import report

        report.write(json.loads(data), folder)
