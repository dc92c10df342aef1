"""vit2rtl compare: an integer program against the simulation it was lowered from."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from vit2rtl.checkpoint_schema import current
from vit2rtl.commands import backbone, farm_options, options
from vit2rtl.farm.cluster import cluster_of

if TYPE_CHECKING:
    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.models.family import Quantized


@click.command(epilog="""\b
Examples:
  vit2rtl compare deit-w4a4 deit-w4a4.program --images val/ --count 32
  vit2rtl compare deit-w4a4 deit-w4a4.integer --images val/ --baseline
  vit2rtl compare deit-w4a4 deit-w4a4.integer --images val/ --jobs 4
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.images
@options.only
@click.option("--exclude", type=options.FILE,
              help="Leave out the images named in this file, e.g. those of calibration.")
@click.option("--count", type=click.IntRange(min=1), help="Use only the first images.")
@click.option("--baseline", is_flag=True,
              help="Show the SQNR of both against the float model, too.")
@click.option("--weights", type=options.FILE, help="The float weights, if their file has moved.")
@farm_options.farmed_models
@farm_options.store
@options.as_json
def command(
    checkpoint_folder: str,
    program_folder: str,
    folder: str | None,
    listed: str | None,
    exclude: str | None,
    count: int | None,
    baseline: bool,
    weights: str | None,
    cluster: str,
    jobs: int,
    store: Path | None,
    as_json: bool,
) -> None:
    """Compare the integer program in PROGRAM with the checkpoint in FOLDER it was lowered from.

    Op by op, each fed the simulation's own codes: the share of output codes that differ, by how
    much at most, and why; and how many agree when the program runs from the image on. Names the
    first op that differs, if any. A difference is a figure here and no failure: exit code 0.

    Variant hardware equals the simulation bit for bit. In variant integer residual stream, logits
    and fc1 have scales of their own, whose roundings show. At 6 and 8 bits it also has other
    softmax codes for small probabilities, since the simulation's probability is a 16-bit fraction;
    from those of an exact softmax at most 0.1 % differ (DeiT-Tiny, see docs/integer-program.md).

    Of a quantized detector its backbone is compared, at the program's image size.
    """
    program = options.read_program(program_folder)
    if backbone.is_detector(checkpoint_folder) and (baseline or weights):
        raise click.UsageError("--baseline and --weights are for classifiers")
    quantized, description = loaded(checkpoint_folder, program)
    from vit2rtl import checkpoint, comparison
    from vit2rtl.commands import compare_slices

    _check_origin(program, program_folder, quantized, description)
    available = options.find_images(
        folder, description["preprocessing"],
        model_name=description["model"]["name"], split="held_out",
    )
    images = options.choose(available, listed, exclude)
    if count:
        images = images.subset(range(min(count, len(images))))
    if farm_options.is_farm(cluster, jobs, store):
        source = compare_slices.Source(checkpoint_folder, program_folder, folder, baseline, weights)
        with farm_options.kept_in(store, cluster) as kept:
            parts = compare_slices.compared(source, images.names, kept, cluster_of(cluster, jobs))
        result = comparison.summary(program, parts, images.labels)
    else:
        reference = checkpoint.float_model(description, weights) if baseline else None
        with tqdm(total=len(images), desc="compare", unit="image", leave=False,
                  disable=None) as bar:
            result = comparison.compare(quantized, program, images, float_model=reference,
                                        progress=bar.update)
    if as_json:
        options.show_json(result)
    else:
        click.echo(_table(result))


def loaded(
    checkpoint_folder: str, program: "IntegerProgram"
) -> "tuple[Quantized, dict[str, Any]]":
    """A checkpoint, or a detector's backbone at the program's image size, and its description."""
    if backbone.is_detector(checkpoint_folder):
        _, height, width = program.image.shape
        return backbone.load(checkpoint_folder, height, width)
    return options.load_checkpoint(checkpoint_folder)


def _check_origin(
    program: "IntegerProgram",
    program_folder: str,
    quantized: "Quantized",
    description: Mapping[str, Any],
) -> None:
    """A ValueError for a program of another model or recipe."""
    origin = {"model": program.model, **current(program.recipe)}
    for what, due in {"model": description["model"]["name"], **quantized.recipe.as_dict()}.items():
        if origin.get(what) != due:
            raise ValueError(f"{program_folder} was lowered from another checkpoint: its {what} is "
                             f"{origin.get(what)}, not {due}")


def _agreement(result: Mapping[str, Any], noise: str) -> str:
    if result["top1_agreement"] is None:
        return f"features against the simulation: {noise}, {result['images']} images"
    return (f"logits against the simulation: {noise}, top-1 agrees on "
            f"{result['top1_agreement']:.1f} % of {result['images']} images")


def _table(result: Mapping[str, Any]) -> str:
    size = max(len(row["op"]) for row in result["ops"])
    lines = [f"{'op':<{size}}  {'mismatch':>9}  {'largest':>9}  {'agrees':>9}"]
    for row in result["ops"]:
        line = (f"{row['op']:<{size}}  {row['mismatch']:>9.2e}  {row['largest']:>9.3g}  "
                f"{100 * row['agreement']:>7.2f} %  {row['cause'] or ''}")
        lines.append(line.rstrip())
    noise = "no noise" if result["sqnr"] is None else f"{result['sqnr']:.2f} dB"
    lines += [
        "",
        f"first op that differs, given the simulation's codes: "
        f"{result['first_differing_op'] or 'none'}",
        f"first op that differs, from the image on: "
        f"{result['first_differing_end_to_end'] or 'none'}",
        _agreement(result, noise),
    ]
    for key, unit in (("top1", "%"), ("sqnr_to_float", "dB")):
        if key in result:
            title = {"top1": "top-1", "sqnr_to_float": "SQNR against float"}[key]
            lines.append(f"{title}: program {result[key]['program']:.2f} {unit}, "
                         f"simulation {result[key]['simulation']:.2f} {unit}")
    return "\n".join(lines)
