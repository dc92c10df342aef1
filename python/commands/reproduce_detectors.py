"""What vit2rtl reproduce does for table2: detectors, on a COCO folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from vit2rtl.commands import farm_options, options
from vit2rtl.farm.run import Cluster
from vit2rtl.farm.store import Store
from vit2rtl.golden.files import atomic
from vit2rtl.reproduction import table2
from vit2rtl.reproduction.cells import places


@dataclass(frozen=True)
class Request:
    """What is asked for; see :class:`vit2rtl.reproduction.detectors.Source`.

    models     keys of :data:`vit2rtl.reproduction.table2.MODELS`; empty for the paper's
    bits       only these widths; empty for all
    list_only  show the cells, and run none
    out        folder for results and table
    """

    models: Sequence[str]
    bits: Sequence[str]
    coco: str | None
    images: str | None
    weights_dir: str | None
    count: int | None
    list_only: bool
    out: str | None


def reproduce(request: Request, workers: Cluster) -> None:
    """Measure the table, and write it as Markdown and JSON."""
    models = request.models or table2.COLUMNS
    table2.check_names(models)
    cells = table2.cells_of(models, request.bits)
    if request.list_only:
        for cell in cells:
            click.echo(f"{cell.model}  {cell.line.bits or 'float'}  {cell.line.title}")
        return
    if request.out is None:
        raise click.UsageError("Missing option '--out': a folder for results and table")
    out = Path(request.out)
    atomic.check_folder(out)
    if any(model != table2.EMBEDDED for model in models):
        for option, value, what in (
            ("--coco", request.coco, "a COCO folder"),
            ("--images", request.images, "a folder whose first image calibrates"),
            ("--weights-dir", request.weights_dir, "a folder of converted detectors"),
        ):
            if value is None:
                raise click.UsageError(f"Missing option '{option}': {what}")
        options.check_images(request.images, model_name="")
    # All that can be refused at once has been: torch takes seconds to load.
    from vit2rtl.reproduction.detectors import Source, bench_of

    source = Source(request.coco, request.images, request.weights_dir, request.count,
                    str(out / "canvases"))
    if table2.EMBEDDED in models:
        source.draw()
    measured = farm_options.measured(
        [bench_of(cell.model, source).task(cell.line) for cell in cells], Store(out), workers,
        title=table2.NAME, unit="cell")
    results = dict(zip(places(table2.LINES, cells), measured, strict=True))
    text = table2.markdown(models, results)
    document = json.dumps(table2.document(models, results), indent=1, sort_keys=True)
    atomic.files(out, {f"{table2.NAME}.md": text.encode(),
                       f"{table2.NAME}.json": f"{document}\n".encode()})
    click.echo(text, nl=False)
    click.echo(f"written to {out}: {table2.NAME}.md, {table2.NAME}.json")
