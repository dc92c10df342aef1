"""Files of the report: the page and the picture."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from vit2rtl.explore.report.figure import front_figure
from vit2rtl.golden.files import atomic
from vit2rtl.report.page import report

EXTRA = ("altair", "vl_convert")


def write(results: Mapping[str, Any], folder: str | Path) -> list[Path]:
    """Write ``front.png`` and ``report.html`` of an exploration's results; returns their paths.

    results   as in ``results.json``; keys may be absent, values null
    folder    that of the results; it is made where there is none

    The same results give the same files, but for the date on the page. Without the extra [report]
    there is the picture alone, and a line says how to get the page.
    """
    folder = Path(folder)
    atomic.check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    picture, page = folder / "front.png", folder / "report.html"
    report([front_figure(results)], picture)
    if not all(find_spec(name) for name in EXTRA):
        click.echo("report.html needs more packages: pip install 'vit2rtl[report]'", err=True)
        return [picture]
    from vit2rtl.explore.report.page import html

    atomic.text(page, html(results))
    return [picture, page]
