"""Folders of quantized detectors: what they have and what their JSON must say, without torch."""

from pathlib import Path
from typing import Any

from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.settings import check_method, check_scope
from vit2rtl.golden.files import atomic, documents

SCHEMA_NAME = "vit2rtl.quantized_detector"
SCHEMA = f"{SCHEMA_NAME}/1"
DESCRIPTION = "quantized_detector.json"
TENSORS = "quantized_detector.safetensors"
TITLE = "quantized detector"


def describe(folder: str | Path) -> dict[str, Any]:
    """The JSON of a quantized detector as a dict, its schema checked.

    ``detector``     {"name": folder or an embedded one's name, "sha256": of its weights}
    ``config``       see :class:`vit2rtl.detection.config.DetectorConfig`
    ``scope``        see :data:`vit2rtl.detection.settings.SCOPES`
    ``recipe``       see :class:`vit2rtl.quantization.recipe.Recipe`
    ``calibration``  {"images": names, "seed": of their draw}
    """
    path = Path(folder) / DESCRIPTION
    description = documents.read(folder, DESCRIPTION, SCHEMA, kind=TITLE,
                                 maker="vit2rtl quantize")
    for key in ("detector", "config", "recipe", "calibration", "tensors"):
        if not isinstance(description.get(key), dict):
            raise ValueError(f"{path} lacks {key!r}")
    for key in ("name", "sha256"):
        if not isinstance(description["detector"].get(key), str):
            raise ValueError(f"{path} lacks 'detector.{key}'")
    try:
        DetectorConfig.of_dict(description["config"])
        check_scope(description.get("scope", ""))
        check_method(description["recipe"].get("method", ""))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return description


def parts(folder: Path) -> set[str] | None:
    """Names of what belongs into a quantized detector's folder; None for another folder."""
    schema = documents.schema_of(folder / DESCRIPTION) or ""
    return {DESCRIPTION, TENSORS} if schema.startswith(f"{SCHEMA_NAME}/") else None


def check_place(folder: str | Path) -> None:
    """A ValueError now rather than after calibration, if one could not be there."""
    atomic.check(folder, kind=TITLE, parts=parts)
