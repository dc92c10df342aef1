"""Saving a quantized model and loading it again to the same codes: JSON and safetensors."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from vit2rtl import __version__
from vit2rtl.checkpoint_schema import (
    DESCRIPTION,
    SCHEMA,
    TENSORS,
    TITLE,
    check_calibration,
    current,
    describe,
    parts,
)
from vit2rtl.golden.files import atomic, documents
from vit2rtl.golden.program.images import check_prepared
from vit2rtl.models import zoo as timm_models
from vit2rtl.models.weights import digest
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.restoring import restore
from vit2rtl.quantized_vit import QuantizedViT


def save(
    folder: str | Path,
    quantized: QuantizedViT,
    *,
    model: dict[str, Any],
    preprocessing: dict[str, Any],
    calibration: dict[str, Any],
) -> None:
    """Write a checkpoint folder, whole or not at all.

    model          {"name", "arguments", "weights"}: what :func:`float_model` needs
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`
    calibration    {"images": names, "seed": of their draw}, for the record
    """
    description, tensors = contents(
        quantized, model=model, preprocessing=preprocessing, calibration=calibration
    )
    with atomic.folder(folder, kind=TITLE, parts=parts) as new:
        (new / TENSORS).write_bytes(tensors)
        text = json.dumps(description, indent=1, sort_keys=True) + "\n"
        (new / DESCRIPTION).write_text(text, encoding="utf-8")


def contents(
    quantized: QuantizedViT,
    *,
    model: dict[str, Any],
    preprocessing: dict[str, Any],
    calibration: dict[str, Any],
) -> tuple[dict[str, Any], bytes]:
    """What :func:`save` writes: the description, as :func:`~.checkpoint_schema.describe` gives it,
    and the tensors."""
    check_prepared(preprocessing)
    check_calibration(calibration)
    _check_input_size(quantized, preprocessing)
    state = {key: _as_stored(value) for key, value in quantized.network.state_dict().items()}
    tensors = safetensors.torch.save(state, {"recipe": _canonical(quantized.recipe)})
    description = {
        "schema": SCHEMA,
        "vit2rtl": __version__,
        "model": model,
        "recipe": quantized.recipe.as_dict(),
        "preprocessing": preprocessing,
        "calibration": calibration,
        "tensors": {"file": TENSORS, "sha256": documents.sha256_of(tensors)},
    }
    return description, tensors


def _canonical(recipe):
    return json.dumps(recipe.as_dict(), sort_keys=True)


def load(
    folder: str | Path, device: torch.device | str = "cpu"
) -> tuple[QuantizedViT, dict[str, Any]]:
    """(QuantizedViT, description) of a checkpoint; the same codes as when it was saved.

    device   to compute on; lowering, ONNX and vectors take a model on the CPU
    """
    folder = Path(folder)
    description = describe(folder)
    try:
        recipe = Recipe(**description["recipe"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{folder / DESCRIPTION}: recipe: {error}") from error
    tensors = folder / TENSORS
    documents.check_written_with(
        tensors, DESCRIPTION, description["tensors"].get("sha256"), kind=TITLE)
    state = _read(tensors, recipe)
    model = description["model"]
    network = timm_models.architecture(model["name"], model["arguments"])
    quantized = QuantizedViT(network, recipe)
    try:
        restore(quantized.structure, recipe, state)
    except ValueError as error:
        raise ValueError(f"{tensors}{error}") from error
    try:
        _check_input_size(quantized, description["preprocessing"])
    except ValueError as error:
        raise ValueError(f"{folder / DESCRIPTION}: {error}") from error
    return quantized.to(device).freeze(), description


def _check_input_size(quantized: QuantizedViT, preprocessing: dict[str, Any]) -> None:
    due, stated = [*quantized.structure.input_size], preprocessing["input_size"]
    if stated != due:
        raise ValueError(f"input_size must be {due}, as the model takes it, not {stated}")


def _as_stored(tensor):
    """Reals in float32, which what computes in double precision came from."""
    return (tensor.float() if tensor.is_floating_point() else tensor).cpu().contiguous()


def _read(path, recipe):
    """The tensors; made with another recipe, they would load and mean something else."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            made_with = (file.metadata() or {}).get("recipe")
        state = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file ({error})") from error
    if _recipe(made_with) != recipe:
        raise ValueError(f"{path} was made with another recipe than {DESCRIPTION} states")
    return state


def _recipe(text):
    """The recipe that tensors were made with; fields that are younger than they have defaults."""
    try:
        return Recipe(**current(documents.parse(text, "recipe")))
    except (TypeError, ValueError, AttributeError):
        return None


def check_architecture(quantized: QuantizedViT, model: dict[str, Any]) -> None:
    """A ValueError where a checkpoint could not be loaded: timm makes no such network by name."""
    where = f"{model['name']} with {model['arguments']}"
    try:
        network = timm_models.architecture(model["name"], model["arguments"])
        rebuilt = QuantizedViT(network, quantized.recipe)
    except ValueError as error:
        raise ValueError(f"Only what timm makes by name can be saved ({error})") from error
    weights = {name: layer.weight.shape for name, layer in rebuilt.layers()}
    others = dict(rebuilt.network.named_parameters())
    codes = {name: layer.weight_codes.shape for name, layer in quantized.layers()}
    same = weights == codes and all(
        name in others and others[name].shape == parameter.shape
        for name, parameter in quantized.network.named_parameters()
    )
    if not same:
        raise ValueError(f"Only what timm makes by name can be saved; the model is not {where}: "
                         "give the arguments it was made with")


def float_model(description: dict[str, Any], weights: str | Path | None = None) -> nn.Module:
    """The float model that a checkpoint was made from, for comparison.

    weights  a file in place of the recorded one, which may have moved; it must be the same file
    """
    model = description["model"]
    recorded = model["weights"]
    if recorded.get("source") == "module" and weights is None:
        raise ValueError(f"The float weights of {model['name']} were those of a module and are not "
                         "recorded; give the float model, or its weights with --weights FILE")
    file = weights or recorded.get("file")
    if recorded.get("source") == "file":
        if not Path(file or "").is_file():
            raise ValueError(f"Float weights {file} are gone; name their place with --weights FILE")
        if digest(file) != recorded.get("sha256"):
            raise ValueError(f"{file} is not the weights file that the checkpoint was made from")
    return timm_models.create(model["name"], weights=file, **model["arguments"])
