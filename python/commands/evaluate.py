"""vit2rtl evaluate: accuracy of a checkpoint, beside the float model."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vit2rtl.commands import options

if TYPE_CHECKING:
    from vit2rtl.evaluation import FeatureScores, Scores
    from vit2rtl.quantization.recipe import Recipe


@click.command(epilog="""\b
Examples:
  vit2rtl evaluate deit-w4a4 --images val/ --baseline
  vit2rtl evaluate deit-w4a4 --images imagenet250/ --exclude imagenet250/calibration.txt --json
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@options.images
@options.only
@click.option("--exclude", type=options.FILE,
              help="Leave out the images named in this file, e.g. those of calibration.")
@click.option("--baseline", is_flag=True, help="Show the float model's accuracy, too.")
@click.option("--weights", type=options.FILE, help="The float weights, if their file has moved.")
@options.as_json
def command(
    checkpoint_folder: str,
    folder: str | None,
    listed: str | None,
    exclude: str | None,
    baseline: bool,
    weights: str | None,
    as_json: bool,
) -> None:
    """Measure the checkpoint in FOLDER on labelled images.

    Prints top-1 and top-5, how often the top-1 agrees with the float model's, and the signal to
    quantization noise ratio of the logits against the float model's; then the loss of top-1 with
    its noise. On a few hundred images that noise is points: rank close settings by SQNR. A model
    without classes gives features: of these SQNR and the mean cosine against the float model's, and
    images need no labels.
    """
    quantized, description = options.load_checkpoint(checkpoint_folder)
    from vit2rtl import checkpoint, evaluation
    from vit2rtl.models.images import check_labels

    name = description["model"]["name"]
    available = options.find_images(
        folder, description["preprocessing"], model_name=name, split="held_out"
    )
    images = options.choose(available, listed, exclude)
    reference = checkpoint.float_model(description, weights)
    if not reference.num_classes:
        vectors = [evaluation.logits(model, images, title=title)
                   for model, title in ((reference, "float"), (quantized, "quantized"))]
        scores = evaluation.feature_scores(vectors[1], vectors[0])
        if as_json:
            options.show_json({"model": name, "recipe": description["recipe"],
                               "quantized": asdict(scores)})
        else:
            click.echo(_features(name, quantized.recipe, scores))
        return
    check_labels(images.labels, reference.num_classes)
    if images.folders not in (None, reference.num_classes):
        click.echo(
            f"Warning: {images.folders} class sub-folders for {reference.num_classes} classes; "
            "they count as classes 0, 1, ... in alphabetical order (labels.csv names any)",
            err=True,
        )
    float_logits = evaluation.logits(reference, images, title="float")
    quantized_logits = evaluation.logits(quantized, images, title="quantized")
    rows = {"quantized": evaluation.scores(quantized_logits, images.labels, float_logits)}
    if baseline:
        rows = {"float": evaluation.scores(float_logits, images.labels), **rows}
    if as_json:
        options.show_json({
            "model": name,
            "recipe": description["recipe"],
            **{key: asdict(row) for key, row in rows.items()},
        })
    else:
        click.echo(_table(name, quantized.recipe, rows))


def _features(name: str, recipe: "Recipe", scores: "FeatureScores") -> str:
    return (f"{name} {recipe.bits} {recipe.profile}: no classes, so no top-1; its "
            f"{scores.features} features against the float model's:\n"
            f"SQNR {scores.sqnr:.2f} dB, mean cosine {scores.cosine:.4f}, {scores.images} images")


def _table(name: str, recipe: "Recipe", rows: "Mapping[str, Scores]") -> str:
    titles = {"float": f"{name} float", "quantized": f"{name} {recipe.bits} {recipe.profile}"}
    width = max(len(title) for title in titles.values()) + 2
    lines = [f"{'':<{width}}{'top-1':>8}{'top-5':>8}{'agrees':>9}{'SQNR':>10}"]
    for key, row in rows.items():
        agreement = "" if row.agreement is None else f"{row.agreement:.1f} %"
        sqnr = "" if row.sqnr is None else f"{row.sqnr:.2f} dB"
        line = f"{titles[key]:<{width}}{row.top1:>6.1f} %{row.top5:>6.1f} %{agreement:>9}{sqnr:>10}"
        lines.append(line.rstrip())
    measured = rows["quantized"]
    lines.append(f"{measured.images} images")
    if measured.loss is not None:
        lines[-1] += (f"; {measured.loss:.1f} points of top-1 lost, ± {measured.noise:.1f} "
                      "(95 % of draws of as many images)")
    return "\n".join(lines)
