"""vit2rtl vectors: golden vectors of the hardware units, or of a whole network op by op."""

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from vit2rtl import checkpoint_schema
from vit2rtl.cli import MismatchError
from vit2rtl.commands import completion, farm_options, options, vectors_slices
from vit2rtl.farm.cluster import LOCAL
from vit2rtl.golden.program.program import GRAPH, IntegerProgram
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.bundle import FORMATS, convert, read_bundle
from vit2rtl.golden.vectors.bundle_schema import SCHEMA_NAME as UNIT_SCHEMA
from vit2rtl.golden.vectors.bundle_schema import schema_of
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_replay import replay
from vit2rtl.golden.vectors.program_vectors_schema import SCHEMA_NAME, select
from vit2rtl.golden.vectors.program_vectors_writer import Plan, check_place
from vit2rtl.vectors import replay_units, write_program_vectors

# Figures for --json, and a line of text.
Summary = tuple[dict[str, Any], str]


@dataclass(frozen=True)
class _Request:
    """The options of a recording."""

    source: str
    out: str
    folder: str | None
    listed: str | None
    count: int
    seed: int
    lanes: int
    patterns: Sequence[str]
    formats: Sequence[str]
    cluster: str
    jobs: int

    @property
    def farmed(self) -> bool:
        return farm_options.is_farm(self.cluster, self.jobs)

    def farm(self) -> AbstractContextManager[vectors_slices.Farm]:
        return vectors_slices.farm(self.cluster, self.jobs, Path(self.out), self.source,
                                   self.folder)


@click.command(epilog="""\b
Examples:
  vit2rtl vectors deit-w4a4 --images val/ --out vectors
  vit2rtl vectors mnist-w4a4 --count 8 --lanes 8 --out vectors
  vit2rtl vectors deit-w4a4.program --images val/ --ops 'blocks.0.*' --out stages
  vit2rtl vectors deit-w4a4.program --images val/ --count 100 --jobs 4 --out stages
  vit2rtl vectors stages --check
  vit2rtl vectors vectors --format coe --format c --out vectors
""")
@click.argument("source", metavar="FOLDER", type=options.FOLDER)
@options.images
@options.only
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True,
              help="Images to record; --list takes all it names.")
@click.option("--seed", type=options.SEED, default=0, show_default=True,
              help="Seed of the draw of images.")
@click.option("--lanes", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Elements of a beat.")
@click.option("--ops", "patterns", multiple=True, metavar="PATTERN",
              shell_complete=completion.ops,
              help="Of a program, only the ops whose names match; * stands for anything. May be "
                   "given several times. `vit2rtl inspect` lists the names.  [default: all]")
@click.option("--out", type=options.FOLDER, help="Folder for the bundle.")
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS),
              help="Also write .coe (Xilinx), .mif (Intel) or a C header; repeatable.")
@farm_options.farmed_models
@click.option("--check", is_flag=True,
              help="FOLDER is a bundle: validate it and compute its expected output again.")
@options.as_json
def command(
    source: str,
    folder: str | None,
    listed: str | None,
    count: int,
    seed: int,
    lanes: int,
    patterns: tuple[str, ...],
    out: str | None,
    formats: tuple[str, ...],
    cluster: str,
    jobs: int,
    check: bool,
    as_json: bool,
) -> None:
    """Record golden vectors from the checkpoint or the integer program in FOLDER, at work on real
    images.

    Of a checkpoint, those of the hardware units. For every block: post-Softmax probabilities, their
    log√2 codes and dequantized values; accumulators, multipliers, shifts and output codes of q, k,
    v, proj, fc1 and fc2. Directed corner cases of every unit are added.

    Of an integer program (vit2rtl lower), those of every op: what it takes, all its constants and
    what it must give, from patches to logits. Needs no torch. DeiT-Tiny makes 60 to 80 MB an
    image: see --ops.

    Of a bundle of hardware units, the same vectors again, in other formats: see --format.

    The same call writes the same bytes.
    """
    recorded = [name for name, value in (("--images", folder), ("--list", listed),
                                         ("--ops", patterns),
                                         ("--cluster", cluster != LOCAL), ("--jobs", jobs > 1))
                if value]
    if check:
        given = [*recorded, *(["--out"] if out else []), *(["--format"] if formats else [])]
        if given:
            raise click.UsageError(f"--check takes a bundle and no {given[0]}")
        _check(Path(source), as_json)
        return
    if not out:
        raise click.UsageError("Missing option '--out'.")
    if (schema_of(Path(source)) or "").startswith(f"{UNIT_SCHEMA}/"):
        if recorded:
            raise click.UsageError(f"FOLDER is a bundle: its vectors are there, no {recorded[0]}")
        write = _of_bundle
    elif (Path(source) / GRAPH).is_file():
        if formats:
            raise click.UsageError("--format is for vectors of hardware units")
        write = _of_program
    elif (Path(source) / checkpoint_schema.DESCRIPTION).is_file():
        if patterns:
            raise click.UsageError("--ops is for integer programs, see vit2rtl lower")
        write = _of_checkpoint
    else:
        raise ValueError(f"{source} is neither a checkpoint (vit2rtl quantize) nor an integer "
                         "program (vit2rtl lower)")
    figures, text = write(_Request(source, out, folder, listed, count, seed, lanes, patterns,
                                   formats, cluster, jobs))
    if as_json:
        options.show_json(figures | {"out": out})
    else:
        click.echo(f"{text}: {out}")


def _of_bundle(request: _Request) -> Summary:
    formats = convert(request.source, request.out, request.formats)
    return ({"formats": formats},
            f"{request.source} again, further formats {', '.join(formats) or 'none'}")


def _of_checkpoint(request: _Request) -> Summary:
    quantized, description = options.load_checkpoint(request.source)
    from vit2rtl.recording import write_bundle

    available = options.find_images(
        request.folder, description["preprocessing"],
        model_name=description["model"]["name"], split="held_out",
    )
    chosen = options.choose(available, request.listed)
    if not request.listed:
        chosen = chosen.sample(request.count, request.seed)
    out = Path(request.out).resolve()
    with request.farm() if request.farmed else nullcontext() as farm:
        entries, records, beats = write_bundle(
            request.out, quantized, description, chosen, lanes=request.lanes,
            formats=request.formats, fill=vectors_slices.units_of_images(farm) if farm else None,
            announce=lambda size, needed: _announce(_counted(len(chosen)), size, needed, out),
        )
    return ({"instances": entries, "records": records, "beats": beats},
            f"{records} records of {entries} unit instances, {beats:,} beats")


def _of_program(request: _Request) -> Summary:
    program = read_program(request.source)
    ops = select(program, request.patterns or ["*"])
    out = Path(request.out)
    check_place(out)
    names, codes = _images(program, request)
    plan = Plan.of(program, ops, images=len(names), lanes=request.lanes)
    # Arrays lie there twice until they are in their .npz file, and once more of a farm.
    _announce(f"{len(plan.ops)} ops on {_counted(plan.images)}", plan.bytes(),
              (3 if request.farmed else 2) * plan.bytes(), out.resolve(),
              fewer="images, or ops by --ops")
    if request.farmed:
        with request.farm() as farm:
            parts = vectors_slices.ops_of_images(farm, ops, names, request.lanes)
            write_program_vectors(out, program, names, codes, ops=ops, lanes=request.lanes,
                                  parts=parts)
    else:
        with tqdm(total=plan.images * len(plan.tensors), desc="vectors", unit="tensor",
                  leave=False, disable=None) as bar:
            write_program_vectors(out, program, names, codes, ops=ops, lanes=request.lanes,
                                  progress=bar.update)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    figures = {"ops": len(ops), "tensors": len(plan.tensors), "images": plan.images,
               "bytes": size}
    return figures, f"{len(ops)} ops, {len(plan.tensors)} tensors, {size / 1e6:.1f} MB"


def _images(program: IntegerProgram, request: _Request) -> tuple[list[str], np.ndarray]:
    """(names, uint8[images, channels, height, width]) of the images to run."""
    available = options.program_images(request.folder, program)
    names = (options.choose_names(available.names, request.listed) if request.listed
             else available.draw(request.count, request.seed))
    return names, available.codes(names)


def _announce(what: str, size: int, needed: int, out: Path, fewer: str = "images") -> None:
    """Say how much there will be, before it is written; ValueError where there is no room.

    needed   bytes while it is made
    """
    click.echo(f"{what}: about {size / 1e6:.1f} MB", err=True)
    place = next(folder for folder in (out, *out.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise ValueError(f"Writing needs {needed / 1e6:.1f} MB, and {place} has "
                         f"{free / 1e6:.1f} MB free: choose fewer {fewer}")


def _counted(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"


def _check(folder: Path, as_json: bool) -> None:
    """Print what was checked; MismatchError where a golden function gives something else."""
    if (schema_of(folder) or "").startswith(f"{SCHEMA_NAME}/"):
        vectors = read_vectors(folder)
        with tqdm(total=vectors.images * len(vectors.ops), desc="check", unit="op", leave=False,
                  disable=None) as bar:
            results = replay(vectors, progress=bar.update)
        what = "ops"
    else:
        results = list(replay_units(read_bundle(folder)))
        what = "records"
    if as_json:
        options.show_json({what: [asdict(result) for result in results]})
    elements = sum(result.elements for result in results)
    wrong = [result for result in results if result.mismatches]
    if wrong:
        first = wrong[0]
        raise MismatchError(f"{len(wrong)} of {len(results)} {what} differ, first {first.op}: "
                            f"{first.mismatches} of {first.elements} elements, {first.first}")
    if not as_json:
        click.echo(f"{len(results)} {what}, {elements:,} elements of output computed again: "
                   "all equal")
