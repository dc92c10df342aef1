"""vit2rtl reproduce: the paper's tables, measured again on one's own images."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from vit2rtl.commands import farm_options, options, reproduce_detectors
from vit2rtl.farm.cluster import LOCAL, cluster_of
from vit2rtl.farm.store import Store
from vit2rtl.golden.files import atomic
from vit2rtl.golden.program.images import read_list
from vit2rtl.quantization.settings import METHODS
from vit2rtl.quantization.widths import parse_bits
from vit2rtl.reproduction import page, table2
from vit2rtl.reproduction.cells import cells_of, check_names, places
from vit2rtl.reproduction.published import EMBEDDED, MODELS, TABLES, Table


@click.command(epilog="""\b
Examples:
  vit2rtl reproduce table3 --models mnist_vit --count 200 --out runs/table3
  vit2rtl reproduce table1 --images val/ --models deit_tiny,deit_small --count 1000 --out table1
  vit2rtl reproduce table1 --images imagenet250/ --calibration-list calibration.txt \\
      --weights-dir weights/ --models deit_tiny --methods repq,fq --out runs/table1
  vit2rtl reproduce table1 --images val/ --device cuda --out runs/table1
  vit2rtl reproduce table5 --list-only
  vit2rtl reproduce table2 --models digit_detector --count 20 --out runs/table2
  vit2rtl reproduce table3 --models mnist_vit --cluster slurm --print-job
""")
@click.argument("name", metavar="TABLE", type=click.Choice(sorted([*TABLES, table2.NAME])))
@click.option("--images", "folder", type=options.FOLDER,
              help="Labelled image folder: class sub-folders, or flat with labels.csv. For table2 "
                   "any folder: its first image calibrates.")
@click.option("--coco", type=options.FOLDER,
              help="For table2: the COCO folder that is measured on, annotations/ beside val2017/.")
@click.option("--calibration-list", type=options.FILE,
              help="Images of the folder that calibrate, and are not measured, one name a line. "
                   "By default 32 drawn ones.")
@click.option("--weights-dir", type=options.FOLDER,
              help="Folder of float weights, NAME.safetensors by timm's names. By default timm "
                   "downloads them. For table2 a folder with a detector's folder of each name.")
@click.option("--models", metavar="NAME,...",
              help=f"Of {', '.join(MODELS)}; for table2 of {', '.join(table2.MODELS)}; the last "
                   "ones need no images. By default the table's.")
@click.option("--methods", default="", metavar="NAME,...",
              help="Only these methods. By default all of the table that are methods here.")
@click.option("--bits", default="", metavar="BITS,...", help="Only these widths: w4a4,w6a6.")
@click.option("--count", type=click.IntRange(min=1),
              help="Measure so many images, evenly over the classes, each class's first by name.")
@click.option("--psaq-iterations", type=click.IntRange(1, 100_000),
              help="Make 32 images from noise for method psaq, by so many steps (the authors: "
                   "1000). Without it that method has no figure.")
@click.option("--seed", type=options.SEED, default=0, show_default=True,
              help="Seed of the draw of calibration images, and of noise.")
@options.device
@farm_options.farmed
@farm_options.time_limit
@click.option("--list-only", is_flag=True, help="Show the cells, and run none.")
@click.option("--out", type=options.FOLDER,
              help="Folder for results and table. What is there already is not measured again.")
def command(
    name: str,
    folder: str | None,
    coco: str | None,
    calibration_list: str | None,
    weights_dir: str | None,
    models: str | None,
    methods: str,
    bits: str,
    count: int | None,
    psaq_iterations: int | None,
    seed: int,
    device: str,
    cluster: str,
    jobs: int,
    time_limit: float | None,
    list_only: bool,
    out: str | None,
) -> None:
    """Measure a TABLE of the RepQ-ViT paper again: table1 to table5.

    Each cell has three numbers: ours, the published one and their difference, with the noise of as
    many images. RepQ-ViT, PTQ4ViT and FQ-ViT are computed as their authors' code does (profile
    official). Results are kept a file each: the same command goes on where it was interrupted, and
    measures nothing twice.
    """
    if name == table2.NAME:
        for option, value in (("--calibration-list", calibration_list), ("--methods", methods),
                              ("--psaq-iterations", psaq_iterations),
                              ("--device", device != "cpu")):
            if value:
                raise click.UsageError(f"{option} is not for {table2.NAME}")
        reproduce_detectors.reproduce(reproduce_detectors.Request(
            _split(models or ""), _widths(bits), coco, folder, weights_dir, count, list_only, out),
            cluster_of(cluster, jobs, time_limit))
        return
    if coco:
        raise click.UsageError(f"--coco is for {table2.NAME}")
    table = TABLES[name]
    chosen = _split(models) if models else [*table.models]
    check_names(chosen)
    cells = cells_of(table, chosen, _widths(bits), _methods(methods),
                     without=() if psaq_iterations else ("psaq",))
    if list_only:
        for cell in cells:
            click.echo(f"{MODELS[cell.model].name}  {cell.line.bits or 'float'}  "
                       f"{cell.line.title}")
        return
    if out is None:
        raise click.UsageError("Missing option '--out': a folder for results and table")
    atomic.check_folder(Path(out))
    if folder is None and any(model != EMBEDDED for model in chosen):
        raise click.UsageError("Missing option '--images': a folder of labelled images")
    if folder:
        options.check_images(folder, model_name="")
    listed = read_list(calibration_list) if calibration_list else None
    workers, store = cluster_of(cluster, jobs, time_limit), Store(out)
    # All that can be refused at once has been: torch takes seconds to load.
    from vit2rtl.models import devices
    from vit2rtl.reproduction.measure import Made, Source, bench_of

    if cluster == LOCAL:
        devices.find(device)
    made = Made(Path(out) / "generated", psaq_iterations) if psaq_iterations else None
    source = Source(folder, tuple(listed) if listed else None, count, weights_dir, seed, made)
    benches = {model: bench_of(model, source, device) for model in chosen}
    noise = [benches[model].task_of_images() for model in chosen
             if any(cell.line.method == "psaq" and cell.model == model for cell in cells)]
    farm_options.measured(noise, store, workers, title="images from noise", unit="model")
    measured = farm_options.measured(
        [benches[cell.model].task(name, cell.line) for cell in cells], store, workers, title=name,
        unit="cell")
    results = dict(zip(places(table.lines, cells), measured, strict=True))
    text = page.markdown(table, chosen, results)
    _write(Path(out), name, table, chosen, results, text)
    click.echo(text, nl=False)
    click.echo(f"written to {out}: {name}.md, {name}.json, {name}.png")


def _write(
    out: Path, name: str, table: Table, models: Sequence[str], results: page.Results, text: str
) -> None:
    from vit2rtl.report.page import report
    from vit2rtl.report.table_chart import Bar, table_chart

    bars = []
    for model in models:
        rows = []
        for place, line in enumerate(table.lines):
            result = results.get((place, model))
            title = f"{line.title} {line.bits.upper()}".rstrip()
            published = line.top1.get(model)
            if result is None:
                rows.append(Bar(title, None, 0.0, published))
            else:
                noise = page.half_width(result["top1"], result["images"])
                rows.append(Bar(title, result["top1"], noise, published))
        bars.append(rows)
    figure = table_chart(table.title, [MODELS[model].title for model in models], bars)
    document = json.dumps(page.document(table, models, results), indent=1, sort_keys=True)
    atomic.files(out, {f"{name}.md": text.encode(), f"{name}.json": f"{document}\n".encode()})
    report([figure], out / f"{name}.png")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _widths(text: str) -> list[str]:
    for bits in _split(text):
        parse_bits(bits)
    return [bits.lower() for bits in _split(text)]


def _methods(text: str) -> list[str]:
    for method in _split(text):
        if method not in METHODS:
            raise ValueError(f"Methods must be of {', '.join(METHODS)}, not {method!r}")
    return _split(text)
