"""vit2rtl vectors: golden vectors of the hardware units, or of a whole network op by op."""

import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from vit2rtl import __version__
from vit2rtl.cli import MismatchError
from vit2rtl.commands import options
from vit2rtl.commands.run import choose
from vit2rtl.golden import read_bundle
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.program import images
from vit2rtl.golden.program.program import GRAPH
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.bundle import FORMATS, convert
from vit2rtl.golden.vectors.bundle_schema import SCHEMA_NAME as UNIT_SCHEMA
from vit2rtl.golden.vectors.bundle_schema import schema_of
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_replay import replay
from vit2rtl.golden.vectors.program_vectors_schema import SCHEMA_NAME, select
from vit2rtl.golden.vectors.program_vectors_writer import Plan, check_place, write_vectors

# What a checkpoint has; its own module needs torch.
_CHECKPOINT = "model.json"


@click.command(epilog="""\b
Examples:
  vit2rtl vectors deit-w4a4 --images val/ --out vectors
  vit2rtl vectors mnist-w4a4 --count 8 --lanes 8 --out vectors
  vit2rtl vectors deit-w4a4.program --images val/ --ops 'blocks.0.*' --out stages
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
              help="Of a program, only the ops whose names match; * stands for anything. May be "
                   "given several times. `vit2rtl inspect` lists the names.  [default: all]")
@click.option("--out", type=options.FOLDER, help="Folder for the bundle.")
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS),
              help="Also write .coe (Xilinx), .mif (Intel) or a C header; repeatable.")
@click.option("--check", is_flag=True,
              help="FOLDER is a bundle: validate it and compute its expected output again.")
@options.as_json
def command(source, folder, listed, count, seed, lanes, patterns, out, formats, check,
            as_json):
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
                                         ("--ops", patterns)) if value]
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
        write = partial(_of_bundle, formats=formats)
    elif (Path(source) / GRAPH).is_file():
        if formats:
            raise click.UsageError("--format is for vectors of hardware units")
        write = partial(_of_program, patterns=patterns or ["*"])
    elif (Path(source) / _CHECKPOINT).is_file():
        if patterns:
            raise click.UsageError("--ops is for integer programs, see vit2rtl lower")
        write = partial(_of_checkpoint, formats=formats)
    else:
        raise ValueError(f"{source} is neither a checkpoint (vit2rtl quantize) nor an integer "
                         "program (vit2rtl lower)")
    figures, text = write(source, folder, listed, count, seed, lanes, out)
    if as_json:
        options.show_json(figures | {"out": out})
    else:
        click.echo(f"{text}: {out}")


def _of_bundle(source, folder, listed, count, seed, lanes, out, *, formats):
    """(figures for --json, a line of text)"""
    formats = convert(source, out, formats)
    return {"formats": formats}, f"{source} again, further formats {', '.join(formats) or 'none'}"


def _of_checkpoint(source, folder, listed, count, seed, lanes, out, *, formats):
    """(figures for --json, a line of text)"""
    from vit2rtl import checkpoint
    from vit2rtl.recording import write_bundle

    quantized, description = checkpoint.load(source)
    found = options.find_images(
        folder, description["preprocessing"],
        model_name=description["model"]["name"], split="held_out",
    )
    found = options.choose(found, listed)
    if not listed:
        found = found.sample(count, seed)
    entries, records, beats = write_bundle(
        out, quantized, description, found, lanes=lanes, formats=formats
    )
    return ({"instances": entries, "records": records, "beats": beats},
            f"{records} records of {entries} unit instances, {beats:,} beats")


def _of_program(source, folder, listed, count, seed, lanes, out, *, patterns):
    """(figures for --json, a line of text)"""
    program = read_program(source)
    chosen = select(program, patterns)
    check_place(out)
    names, codes = _images(program, folder, listed, count, seed)
    plan = Plan.of(program, chosen, images=len(names), lanes=lanes)
    _announce(plan, Path(out).resolve())
    provenance = {"producer": f"vit2rtl {__version__}", "images": names,
                  "program_sha256": sha256(Path(source) / GRAPH)}
    with tqdm(total=plan.images * len(plan.tensors), desc="vectors", unit="tensor", leave=False,
              disable=None) as bar:
        write_vectors(out, program, codes, ops=chosen, lanes=lanes, provenance=provenance,
                      progress=bar.update)
    size = sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file())
    figures = {"ops": len(chosen), "tensors": len(plan.tensors), "images": plan.images,
               "bytes": size}
    return figures, f"{len(chosen)} ops, {len(plan.tensors)} tensors, {size / 1e6:.1f} MB"


def _images(program, folder, listed, count, seed):
    """(names, uint8[images, channels, height, width]) of the images to run."""
    if not folder:
        from vit2rtl.models import embedded

        found = options.find_images(folder, None, model_name=program.model, split="held_out")
        found = options.choose(found, listed)
        found = found if listed else found.sample(count, seed)
        pixels = embedded.pixels_of(found.batch(range(len(found)))).numpy()
        return found.names, program.pixel_codes[0][pixels][:, np.newaxis]
    images.check_preprocessing(program.preprocessing)
    names, _ = choose(folder, listed, None, None)
    if not listed:
        if count > len(names):
            raise ValueError(f"{count} images are asked for, but there are only {len(names)}")
        drawn = np.random.default_rng(seed).permutation(len(names))[:count]
        names = [names[n] for n in drawn]
    return names, images.codes([Path(folder) / name for name in names], program)


def _announce(plan, out):
    """Say how much there will be, before it is written; ValueError where there is no room."""
    size = plan.bytes()
    number = "1 image" if plan.images == 1 else f"{plan.images} images"
    click.echo(f"{len(plan.ops)} ops on {number}: about {size / 1e6:.1f} MB", err=True)
    place = next(folder for folder in (out, *out.parents) if folder.is_dir())
    # Arrays lie there twice until they are in their .npz file.
    free = shutil.disk_usage(place).free
    if free < 2 * size:
        raise ValueError(f"Writing needs {2 * size / 1e6:.1f} MB, and {place} has "
                         f"{free / 1e6:.1f} MB free: choose fewer images, or ops by --ops")


def _check(folder, as_json):
    """Print what was checked; MismatchError where a golden function gives something else."""
    if (schema_of(folder) or "").startswith(f"{SCHEMA_NAME}/"):
        vectors = read_vectors(folder)
        with tqdm(total=vectors.images * len(vectors.ops), desc="check", unit="op", leave=False,
                  disable=None) as bar:
            found = [asdict(result) for result in replay(vectors, progress=bar.update)]
        what = "ops"
    else:
        found = list(_replay_units(read_bundle(folder)))
        what = "records"
    if as_json:
        options.show_json({what: found})
    elements = sum(result["elements"] for result in found)
    wrong = [result for result in found if result["mismatches"]]
    if wrong:
        first = wrong[0]
        raise MismatchError(f"{len(wrong)} of {len(found)} {what} differ, first {first['op']}: "
                            f"{first['mismatches']} of {first['elements']} elements, "
                            f"{first['first']}")
    if not as_json:
        click.echo(f"{len(found)} {what}, {elements:,} elements of output computed again: "
                   "all equal")


def _replay_units(bundle):
    """The same figures of each record of a bundle of hardware units."""
    for entry in bundle.entries:
        for record in entry.records:
            made = entry.instance.evaluate(record.inputs(), record.configuration)
            result = {"op": f"{entry.instance.name}/{record.name}",
                      "kind": entry.instance.unit.name, "elements": record.elements,
                      "mismatches": 0, "first": None}
            for name, want in record.outputs().items():
                different = np.asarray(made[name]) != want
                result["mismatches"] += int(different.sum())
                if different.any() and result["first"] is None:
                    n = int(different.argmax())
                    result["first"] = f"element {n}: got {made[name][n]}, want {want[n]}"
            yield result
