"""A quantized detector's backbone as commands take it that know checkpoints of classifiers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vit2rtl.detection import checkpoint_schema

if TYPE_CHECKING:
    from vit2rtl.detection.fixed import FixedBackbone


def is_detector(folder: str) -> bool:
    """Whether it is a quantized detector's folder."""
    return checkpoint_schema.parts(Path(folder)) is not None


def load(folder: str, height: int, width: int) -> "tuple[FixedBackbone, dict[str, Any]]":
    """The backbone for images of one size; "model", "preprocessing" and "calibration" as
    checkpoints of classifiers have them."""
    checkpoint_schema.describe(folder)
    from vit2rtl.detection import checkpoint
    from vit2rtl.detection.fixed import FixedBackbone, preprocessing

    quantized, description = checkpoint.load(folder)
    return FixedBackbone(quantized, height, width), {
        "model": {"name": Path(description["detector"]["name"]).name},
        "preprocessing": preprocessing(quantized.config, height, width),
        "calibration": description["calibration"]}
