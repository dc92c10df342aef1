"""What a checkpoint's folder has and what its JSON must say; none of it needs torch."""

from pathlib import Path
from typing import Any

from vit2rtl.golden.files import atomic, documents
from vit2rtl.golden.program.images import check_prepared
from vit2rtl.quantization.settings import METHODS

SCHEMA_NAME = "vit2rtl.checkpoint"
SCHEMA = f"{SCHEMA_NAME}/1"
DESCRIPTION = "model.json"
TENSORS = "model.safetensors"
TITLE = "checkpoint"


def describe(folder: str | Path) -> dict[str, Any]:
    """The checkpoint's JSON as a dict, its schema checked."""
    path = Path(folder) / DESCRIPTION
    description = documents.read(folder, DESCRIPTION, SCHEMA, kind=TITLE)
    for key in ("model", "recipe", "preprocessing", "tensors"):
        if not isinstance(description.get(key), dict):
            raise ValueError(f"{path} lacks {key!r}")
    for key, kind in (("name", str), ("arguments", dict), ("weights", dict)):
        if not isinstance(description["model"].get(key), kind):
            raise ValueError(f"{path} lacks 'model.{key}'")
    for key, value in description["model"]["weights"].items():
        if not isinstance(value, str):
            raise ValueError(f"{path}: 'model.weights.{key}' must be text, not {value!r}")
    description["recipe"] = current(description["recipe"])
    try:
        check_calibration(description.get("calibration"))
        check_prepared(description["preprocessing"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return description


def current(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe as it is written now; older ones had ``first_last_bits``, of both ends, and no
    ``method`` where it was RepQ-ViT's."""
    recipe = {"bits_of": [], "method": METHODS[0], **recipe}
    ends = recipe.pop("first_last_bits", None)
    return recipe if ends is None else recipe | {"bits_of": [f"patch_embed.*,head*={ends}"]}


def check_calibration(calibration: Any) -> None:
    """A ValueError unless it says which images there were, and how they were drawn."""
    if not isinstance(calibration, dict):
        raise ValueError(f"'calibration' must be an object, not {calibration!r}")
    names, seed = calibration.get("images"), calibration.get("seed")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"'calibration.images' must be a list of names, not {names!r}")
    if seed is not None and (type(seed) is not int or seed < 0):
        raise ValueError(f"'calibration.seed' must be an integer of at least 0, not {seed!r}")


def parts(folder: Path) -> set[str] | None:
    """Names of what belongs into a checkpoint's folder; None for another folder."""
    schema = documents.schema_of(folder / DESCRIPTION) or ""
    if not schema.startswith(SCHEMA_NAME):
        return None  # others have a model.json, too
    plots = (path.name for path in folder.glob("*.png"))  # by quantize --plots
    return {DESCRIPTION, TENSORS, *plots}


def check_place(folder: str | Path) -> None:
    """A ValueError now rather than after calibration, if a checkpoint could not be there."""
    atomic.check(folder, kind=TITLE, parts=parts)
