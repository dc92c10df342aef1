"""Detectors on annotated images, float beside quantized: average precision, and pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from vit2rtl.detection.coco import Coco
from vit2rtl.detection.scores import FIGURES, Detections, Scores, detect, scores
from vit2rtl.golden.files import atomic
from vit2rtl.report import detections as drawing

# What is found with less is not drawn.
LEAST_SCORE = 0.5


@dataclass(frozen=True)
class Measured:
    """What a detector finds in each image, and its figures."""

    found: list[Detections]
    scores: Scores


def measure(
    detectors: Mapping[str, nn.Module], coco: Coco, category_ids: Sequence[int]
) -> dict[str, Measured]:
    """Detectors by title, each on all images.

    category_ids  of their classes, see :func:`vit2rtl.detection.scores.scores`
    """
    measured = {}
    for title, detector in detectors.items():
        found = detect(detector, coco, title=title)
        measured[title] = Measured(found, scores(found, coco, category_ids))
    return measured


def table(rows: Mapping[str, Scores]) -> str:
    """A line for each figure that is there, boxes above masks, a column for each detector."""
    lines = [["", *rows]]
    for kind in ("box", "mask"):
        for name, (title, _) in FIGURES.items():
            values = [getattr(one, kind)[name] for one in rows.values()]
            if any(value is not None for value in values):
                lines.append([f"{kind} {title}", *(shown(value) for value in values)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join([f"{line[0]:<{widths[0]}}", *(
        f"{text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines)


def shown(value: float | None) -> str:
    """A figure as text; a dash where there is none."""
    return "-" if value is None else f"{value:.1f}"


def pictures(
    measured: Mapping[str, Measured], coco: Coco, classes: Sequence[str], count: int
) -> Iterable[tuple[str, drawing.Picture]]:
    """(name of the image, picture) of the first images: what each detector finds, side by side."""
    for index in range(min(count, len(coco))):
        panels = {title: _sure(one.found[index], classes) for title, one in measured.items()}
        yield coco.images[index]["file_name"], drawing.picture(coco.pixels(index), panels)


def write_pictures(
    out: str | Path, measured: Mapping[str, Measured], coco: Coco, classes: Sequence[str],
    count: int,
) -> list[Path]:
    """The pictures as PNG files in a folder, named as the images are, ``/`` as ``_``."""
    out = Path(out)
    contents = {f"{Path(name).with_suffix('').as_posix().replace('/', '_')}.png": drawing.png(one)
                for name, one in pictures(measured, coco, classes, count)}
    atomic.files(out, contents)
    return [out / name for name in contents]


def sheet(
    measured: Mapping[str, Measured], coco: Coco, classes: Sequence[str], count: int
) -> bytes:
    """The pictures one below the other, as the bytes of a PNG file."""
    return drawing.png(drawing.stacked(
        [one for _, one in pictures(measured, coco, classes, count)]))


def _sure(found: Detections, classes: Sequence[str]) -> drawing.Found:
    """What is worth drawing, the surest last and so on top."""
    chosen = [n for n in found["scores"].argsort().tolist()
              if found["scores"][n] >= LEAST_SCORE]
    titles = [f"{classes[int(found['labels'][n]) - 1]} {float(found['scores'][n]):.2f}"
              for n in chosen]
    return drawing.Found(found["boxes"][chosen].numpy(), found["masks"][chosen].numpy(), titles)
