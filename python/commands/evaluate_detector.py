"""What vit2rtl evaluate does with --coco: average precision of a detector, and pictures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vit2rtl import checkpoint_schema
from vit2rtl.commands import options
from vit2rtl.detection import checkpoint_schema as quantized_schema
from vit2rtl.detection import folder as detector_folder

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Request:
    """What is asked for.

    name      folder of a detector, float or quantized, or an embedded one's name
    coco      a COCO folder, or its annotations alone
    images    folder of the images, where it is not beside the annotations
    limit     measure the first so many images; None for all
    baseline  the float detector, too
    show      write pictures of the first so many into ``out``
    """

    name: str
    coco: str
    images: str | None
    limit: int | None
    baseline: bool
    show: int
    out: str


def evaluate(request: Request, *, as_json: bool) -> None:
    """Print a detector's figures, and write pictures where some are asked for."""
    description = _description(request.name)
    from vit2rtl import detector_evaluation
    from vit2rtl.detection.coco import open_coco
    from vit2rtl.detection.config import DetectorConfig

    config = DetectorConfig.of_dict(description["config"])
    coco = open_coco(request.coco, request.images)
    coco.check_categories(dict(zip(config.category_ids, config.classes, strict=True)))
    coco = coco.first(request.limit)
    detectors = _detectors(request, description)
    measured = detector_evaluation.measure(detectors, coco, config.category_ids)
    rows = {title: one.scores for title, one in measured.items()}
    if as_json:
        of_quantized = {key: description[key] for key in ("recipe", "scope") if key in description}
        options.show_json({"model": request.name, **of_quantized,
                           **{title: asdict(row) for title, row in rows.items()}})
    else:
        click.echo(f"{request.name} on {len(coco)} images with {len(coco.annotations)} objects; "
                   "average precision in %\n" + detector_evaluation.table(rows))
    if request.show:
        files = detector_evaluation.write_pictures(
            request.out, measured, coco, config.classes, request.show)
        click.echo(f"{len(files)} pictures written to {request.out}", err=True)


def _description(name: str) -> dict[str, Any]:
    """The JSON of a quantized detector's folder; of a float one its configuration alone."""
    if checkpoint_schema.parts(Path(name)) is not None:
        raise ValueError(f"{name} is a classifier, which has no boxes to measure: leave out --coco")
    if quantized_schema.parts(Path(name)) is not None:
        return quantized_schema.describe(name)
    return {"config": detector_folder.config(name).as_dict()}


def _detectors(request: Request, description: Mapping[str, Any]) -> dict[str, "nn.Module"]:
    """Those that are asked for by title, the float one first."""
    from vit2rtl.detection import checkpoint

    if "recipe" not in description:
        return {"float": detector_folder.load(request.name)}
    quantized, description = checkpoint.load(request.name)
    # Pictures show what the float detector finds beside it.
    if request.baseline or request.show:
        return {"float": checkpoint.float_detector(description), "quantized": quantized}
    return {"quantized": quantized}


def check_is_classifier(name: str) -> None:
    """A ValueError for a detector's folder or an embedded one's name."""
    schemas = detector_folder, quantized_schema
    if name in detector_folder.NAMES or any(
            one.parts(Path(name)) is not None for one in schemas):
        raise ValueError(f"{name} is a detector: measure it on annotated images, --coco DIR")
