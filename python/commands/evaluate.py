"""vit2rtl evaluate: accuracy of a checkpoint, beside the float model; of a detector, too."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vit2rtl.commands import evaluate_detector, farm_options, options
from vit2rtl.farm.cluster import cluster_of

if TYPE_CHECKING:
    from vit2rtl.evaluation import FeatureScores, Scores
    from vit2rtl.models.images import Images
    from vit2rtl.quantization.recipe import Recipe


@click.command(epilog="""\b
Examples:
  vit2rtl evaluate deit-w4a4 --images val/ --baseline
  vit2rtl evaluate deit-w4a4 --images imagenet250/ --exclude imagenet250/calibration.txt --json
  vit2rtl evaluate deit-w4a4 --images val/ --device cuda
  vit2rtl evaluate deit-w4a4 --images val/ --cluster slurm --jobs 50 --store /shared/trials
  vit2rtl evaluate mask-rcnn-w4a4 --coco coco/ --limit 500 --baseline --show 8 --out pictures/
""")
@click.argument("checkpoint_folder", metavar="FOLDER", type=options.FOLDER)
@options.images
@options.only
@click.option("--exclude", type=options.FILE,
              help="Leave out the images named in this file, e.g. those of calibration.")
@click.option("--baseline", is_flag=True, help="Show the float model's accuracy, too.")
@click.option("--weights", type=options.FILE, help="The float weights, if their file has moved.")
@options.device
@click.option("--coco", type=click.Path(path_type=str),
              help="Measure a detector on a COCO folder: annotations/instances_val2017.json beside "
                   "val2017/. Or on such a JSON file, its images in --images.")
@click.option("--limit", type=click.IntRange(min=1),
              help="With --coco: measure the first so many images.")
@click.option("--show", type=click.IntRange(min=0), default=0,
              help="With --coco: write pictures of so many, boxes and masks, into --out.")
@click.option("--out", type=options.FOLDER, default="pictures", show_default=True,
              help="Folder for the pictures.")
@farm_options.farmed_models
@farm_options.store
@options.as_json
def command(
    checkpoint_folder: str,
    folder: str | None,
    listed: str | None,
    exclude: str | None,
    baseline: bool,
    weights: str | None,
    device: str,
    coco: str | None,
    limit: int | None,
    show: int,
    out: str,
    cluster: str,
    jobs: int,
    store: Path | None,
    as_json: bool,
) -> None:
    """Measure the checkpoint in FOLDER on labelled images.

    Prints top-1 and top-5, the points of top-1 lost, how often the answer is the float model's, and
    how near the logits are to its own: signal to quantization noise ratio, of the sum and as the
    mean of the images, and KL divergence. ± is one standard error of the draw of images. On a few
    hundred images top-1 has points of it: rank close settings by agreement, mean SQNR and KL
    divergence. A model without classes gives features: of these SQNR and the mean cosine against
    the float model's, and images need no labels.

    Of a detector, with --coco: average precision of boxes and masks, as COCO measures it.
    """
    farm = farm_options.is_farm(cluster, jobs, store)
    if coco is not None:
        for option, value in (("--list", listed), ("--exclude", exclude), ("--weights", weights),
                              ("--device", device != "cpu"),
                              ("--cluster, --jobs or --store", farm)):
            if value:
                raise click.UsageError(f"{option} is for classifiers: leave it out with --coco")
        evaluate_detector.evaluate(evaluate_detector.Request(
            checkpoint_folder, coco, folder, limit, baseline, show, out), as_json=as_json)
        return
    if limit is not None or show:
        raise click.UsageError("--limit and --show are for detectors, with --coco")
    evaluate_detector.check_is_classifier(checkpoint_folder)
    quantized, description = options.load_checkpoint(checkpoint_folder, device)
    from vit2rtl import checkpoint, evaluation
    from vit2rtl.commands import evaluate_slices

    name = description["model"]["name"]
    available = options.find_images(
        folder, description["preprocessing"], model_name=name, split="held_out"
    )
    images = options.choose(available, listed, exclude)
    reference = checkpoint.float_model(description, weights).to(device)
    classes = reference.num_classes
    if classes:
        _check_classes(images, classes)
    if farm:
        source = evaluate_slices.Source(checkpoint_folder, weights, folder, device)
        with farm_options.kept_in(store, cluster) as kept:
            logits = evaluate_slices.logits(
                source, images.names, kept, cluster_of(cluster, jobs))
    else:
        logits = {title: evaluation.logits(model, images, title=title, device=device)
                  for title, model in (("float", reference), ("quantized", quantized))}
    rows: dict[str, Scores | FeatureScores] = {}
    if not classes:
        rows["quantized"] = evaluation.feature_scores(logits["quantized"], logits["float"])
    else:
        rows["quantized"] = evaluation.scores(logits["quantized"], images.labels, logits["float"])
        if baseline:
            rows["float"] = evaluation.scores(logits["float"], images.labels)
    if as_json:
        options.show_json({
            "model": name,
            "recipe": description["recipe"],
            **{key: asdict(row) for key, row in rows.items()},
        })
    else:
        click.echo(_text(name, quantized.recipe, rows))


def _check_classes(images: "Images", classes: int) -> None:
    from vit2rtl.models.images import check_labels

    check_labels(images.labels, classes)
    if images.folders is not None:
        options.warn_of_folders(images.folders, classes)


def _text(name: str, recipe: "Recipe", rows: "Mapping[str, Scores | FeatureScores]") -> str:
    """A line for each figure, a column for each model, and what must be known of them."""
    from vit2rtl.evaluation import FIGURES, FeatureScores, shown

    measured = rows["quantized"]
    titles = {"quantized": recipe.title, "float": "float"}
    columns = {key: [shown(row, figure) for figure in FIGURES] for key, row in rows.items()}
    widths = {key: max(map(len, [titles[key], *texts])) for key, texts in columns.items()}
    left = max(len(title) for title, _, _ in FIGURES.values())
    lines = [f"{name} on {measured.images} images; ± is one standard error of the draw of images"]
    if isinstance(measured, FeatureScores):
        lines.append(f"no classes, so no top-1; its {measured.features} features against the "
                     "float model's:")
    table = [("", titles), *(
        (title, {key: texts[n] for key, texts in columns.items()})
        for n, (title, _, _) in enumerate(FIGURES.values()))]
    for title, cells in table:
        texts = [f"{cells[key]:>{width}}" for key, width in widths.items()]
        if any(text.strip() for text in texts):
            lines.append("  ".join([f"{title:<{left}}", *texts]).rstrip())
    if not isinstance(measured, FeatureScores):
        lines.append(f"KL(float ‖ quantized) with the quantized logits divided by "
                     f"{measured.temperature:.2f}, which fits best")
    return "\n".join(lines)
