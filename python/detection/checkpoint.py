"""Saving a quantized detector and loading it again to the same codes: JSON and safetensors."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch

from vit2rtl import __version__
from vit2rtl.detection import folder as float_folder
from vit2rtl.detection.checkpoint_schema import (
    DESCRIPTION,
    SCHEMA,
    TENSORS,
    TITLE,
    describe,
    parts,
)
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.detector import Detector, build
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.golden.files import atomic, documents
from vit2rtl.golden.files.paths import resolved
from vit2rtl.models import weights
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.restoring import restore


def save(
    folder: str | Path, quantized: QuantizedDetector, *, detector: dict[str, str],
    calibration: dict[str, Any],
) -> None:
    """Write a quantized detector's folder, whole or not at all.

    detector     what it was made from, as :func:`origin` gives it
    calibration  {"images": names, "seed": of their draw}, for the record
    """
    state = {name: (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
             for name, tensor in quantized.network.state_dict().items()}
    tensors = safetensors.torch.save(state)
    description = {
        "schema": SCHEMA,
        "vit2rtl": __version__,
        "detector": detector,
        "config": quantized.config.as_dict(),
        "scope": quantized.scope,
        "recipe": quantized.recipe.as_dict(),
        "calibration": calibration,
        "tensors": {"file": TENSORS, "sha256": documents.sha256_of(tensors)},
    }
    with atomic.folder(folder, kind=TITLE, parts=parts) as new:
        (new / TENSORS).write_bytes(tensors)
        text = json.dumps(description, indent=1, sort_keys=True) + "\n"
        (new / DESCRIPTION).write_text(text, encoding="utf-8")


def origin(name: str) -> dict[str, str]:
    """Of a float detector's folder, or an embedded one's name, what :func:`float_detector` needs.
    """
    place = name if name in float_folder.NAMES else str(resolved(name))
    return {"name": place,
            "sha256": documents.sha256(float_folder.place(name) / float_folder.TENSORS)}


def load(folder: str | Path) -> tuple[QuantizedDetector, dict[str, Any]]:
    """(QuantizedDetector, description); it finds the same as when it was saved.

    raises   ValueError naming the folder, the file, and what is wrong in it
    """
    folder = Path(folder)
    description = describe(folder)
    try:
        recipe = Recipe(**description["recipe"])
        network = build(DetectorConfig.of_dict(description["config"]))
        quantized = QuantizedDetector(network, recipe, scope=description["scope"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{folder / DESCRIPTION}: {error}") from error
    tensors = folder / TENSORS
    documents.check_written_with(
        tensors, DESCRIPTION, description["tensors"].get("sha256"), kind=TITLE)
    try:
        restore(quantized.structure, recipe, _read(tensors))
    except ValueError as error:
        raise ValueError(f"{tensors}{error}") from error
    return quantized.freeze(), description


def _read(path: Path) -> weights.State:
    try:
        return safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(f" is not a safetensors file ({error})") from error


def float_detector(description: dict[str, Any], name: str | None = None) -> Detector:
    """The float detector that one was made from, for comparison.

    name    a folder in place of the recorded one, which may have moved; it must be the same
    raises  ValueError where it is gone or another
    """
    recorded = description["detector"]
    name = name or recorded["name"]
    file = float_folder.place(name) / float_folder.TENSORS
    if not file.is_file():
        raise ValueError(f"The float detector {name} is gone: put its folder back")
    if documents.sha256(file) != recorded["sha256"]:
        raise ValueError(f"{name} is not the detector that the quantized one was made from")
    return float_folder.load(name)
