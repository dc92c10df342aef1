"""Folders of detectors: ``detector.json`` says what it is, ``detector.safetensors`` has weights."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from vit2rtl.detection.config import DetectorConfig
from vit2rtl.golden.files import atomic, documents

if TYPE_CHECKING:
    from vit2rtl.detection.detector import Detector

SCHEMA_NAME = "vit2rtl.detector"
SCHEMA = f"{SCHEMA_NAME}/1"
DESCRIPTION = "detector.json"
TENSORS = "detector.safetensors"
TITLE = "detector"
# Names of those that come with the package: folders in EMBEDDED.
NAMES = ("digit_detector",)
EMBEDDED = Path(__file__).with_name("embedded")


def place(name: str | Path) -> Path:
    """The folder of a detector: an embedded one's by its name, else as it is given."""
    return EMBEDDED / name if name in NAMES else Path(name)


def config(name: str | Path) -> DetectorConfig:
    """What a detector is; a ValueError names what is wrong with its folder."""
    folder = place(name)
    document = documents.read(folder, DESCRIPTION, SCHEMA, kind=TITLE,
                              maker="vit2rtl convert-detector")
    try:
        return DetectorConfig.of_dict(document.get("config"))
    except ValueError as error:
        raise ValueError(f"{folder / DESCRIPTION}: {error}") from error


def load(name: str | Path) -> "Detector":
    """A detector in eval mode, from its folder or by the name of an embedded one.

    raises  ValueError naming the folder, the file, and what is wrong in it
    """
    from vit2rtl.detection.detector import build
    from vit2rtl.models import weights

    file = place(name) / TENSORS
    detector = build(config(name))
    weights.load_exactly(detector, weights.plain(file), file)
    return detector.eval()


def save(detector: "Detector", folder: str | Path, *, half: bool = False) -> None:
    """Write a detector's folder, whole or not at all; ``half``: weights as float16."""
    import safetensors.torch
    import torch

    state = {name: tensor.to(torch.float16 if half and tensor.is_floating_point()
                             else tensor.dtype).contiguous()
             for name, tensor in detector.state_dict().items()}
    tensors = safetensors.torch.save(state)
    description = {"schema": SCHEMA, "config": detector.config.as_dict()}
    with atomic.folder(folder, kind=TITLE, parts=parts) as new:
        (new / TENSORS).write_bytes(tensors)
        (new / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def parts(folder: Path) -> set[str] | None:
    """Names of what belongs into a detector's folder; None for another folder."""
    schema = documents.schema_of(folder / DESCRIPTION) or ""
    return {DESCRIPTION, TENSORS} if schema.startswith(SCHEMA_NAME) else None


def check_place(folder: str | Path) -> None:
    """A ValueError now rather than later, if a detector could not be there."""
    atomic.check(folder, kind=TITLE, parts=parts)
