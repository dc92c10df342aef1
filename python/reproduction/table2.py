"""Table 2 of RepQ-ViT (Li et al., ICCV 2023): detectors, published figures, the page of ours."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = "table2"
TITLE = "Table 2: object detection and instance segmentation"
# The embedded detector stands for nothing in the paper: it shows how it goes, without COCO.
EMBEDDED = "digit_detector"
MODELS = {
    "mask_rcnn_swin_tiny": "Mask R-CNN, Swin-T",
    "mask_rcnn_swin_small": "Mask R-CNN, Swin-S",
    "cascade_mask_rcnn_swin_tiny": "Cascade Mask R-CNN, Swin-T",
    "cascade_mask_rcnn_swin_small": "Cascade Mask R-CNN, Swin-S",
    EMBEDDED: "digits",
}
COLUMNS = tuple(key for key in MODELS if key != EMBEDDED)
_KINDS = ("box", "mask")


@dataclass(frozen=True)
class Line:
    """A row of the table.

    bits       as ``--bits`` takes them; empty for the float detector
    settings   arguments of a recipe beside the bits; None where there is nothing to run
    published  (box AP, mask AP) in percent on COCO val2017 by model
    """

    title: str
    bits: str = ""
    settings: Mapping[str, Any] | None = None
    published: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return not self.bits or self.settings is not None


@dataclass(frozen=True)
class Cell:
    """A line for one model; ``model`` is a key of :data:`MODELS`."""

    model: str
    line: Line


def _line(title: str, bits: str, settings: Mapping[str, Any] | None, *figures: float) -> Line:
    pairs = zip(figures[::2], figures[1::2], strict=True)
    return Line(title, bits, settings, dict(zip(COLUMNS, pairs, strict=True)))


# As the authors' code: the whole detector, the RPN's quantizers set at their first call.
_REPQ = {"method": "repq", "profile": "official"}
LINES = (
    _line("Full precision", "", None, 46.0, 41.6, 48.5, 43.3, 50.4, 43.7, 51.9, 45.0),
    _line("PTQ4ViT", "w4a4", None, 6.9, 7.0, 26.7, 26.6, 14.7, 13.5, 0.5, 0.5),
    _line("APQ-ViT", "w4a4", None, 23.7, 22.6, 44.7, 40.1, 27.2, 24.4, 47.7, 41.1),
    _line("RepQ-ViT", "w4a4", _REPQ, 36.1, 36.0, 44.2, 40.2, 47.0, 41.4, 49.3, 43.1),
    _line("PTQ4ViT", "w6a6", None, 5.8, 6.8, 6.5, 6.6, 14.7, 13.6, 12.5, 10.8),
    _line("APQ-ViT", "w6a6", None, 45.4, 41.2, 47.9, 42.9, 48.6, 42.5, 50.5, 43.9),
    _line("RepQ-ViT", "w6a6", _REPQ, 45.1, 41.2, 47.8, 43.0, 50.0, 43.5, 51.4, 44.6),
)
# Measured figures, by place of the line in LINES and key of the model.
Results = Mapping[tuple[int, str], Mapping[str, Any]]


def check_names(models: Iterable[str]) -> None:
    """A ValueError unless these are models of the table."""
    for model in models:
        if model not in MODELS:
            raise ValueError(f"Models of table2 must be of {', '.join(MODELS)}, not {model!r}")


def cells_of(models: Iterable[str], bits: Collection[str]) -> list[Cell]:
    """Those that can be run; of these bits, or all where there are none."""
    return [Cell(model, line) for model in models for line in LINES
            if line.runs and (not line.bits or not bits or line.bits in bits)]


def markdown(models: Sequence[str], results: Results) -> str:
    """Title and table: box and mask AP of each model, ours beside the published one."""
    counts = sorted({result["images"] for result in results.values()})
    subset = f", on {' and '.join(f'{count:,}' for count in counts)} images" if counts else ""
    head = ["Method", "W/A", *(f"{MODELS[model]} {kind} AP" for model in models for kind in _KINDS)]
    lines = [f"# {TITLE}{subset}", "",
             "AP in percent: ours; published on COCO val2017 (5,000 images); the difference.", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for place, line in enumerate(LINES):
        bits = line.bits.upper().replace("A", "/A") or "32/32"
        cells = [_cell(line, results.get((place, model)), model, kind)
                 for model in models for kind in range(len(_KINDS))]
        lines.append("| " + " | ".join([line.title, bits, *cells]) + " |")
    return "\n".join([*lines, ""])


def _cell(line: Line, result: Mapping[str, Any] | None, model: str, kind: int) -> str:
    published = line.published.get(model)
    parts = []
    if result is None:
        parts.append("not run" if line.runs else "not reproduced")
    else:
        ours = result[_KINDS[kind]]["ap"]
        parts.append(f"{ours:.1f}")
    if published is not None:
        parts.append(f"{published[kind]:.1f}")
        if result is not None:
            parts.append(f"{ours - published[kind]:+.1f}")
    return "; ".join(parts)


def document(models: Sequence[str], results: Results) -> dict[str, Any]:
    """The same as JSON data."""
    return {"title": TITLE, "cells": [
        {"model": model, "method": line.title, "bits": line.bits or None,
         "published": dict(zip(_KINDS, line.published[model], strict=True))
         if model in line.published else None,
         "measured": dict(results[place, model]) if (place, model) in results else None}
        for place, line in enumerate(LINES) for model in models]}
