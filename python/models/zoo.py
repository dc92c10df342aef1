"""The float model: created by timm, with weights from a file, a download, or this package."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from vit2rtl.models import architectures, embedded, hub, names
from vit2rtl.models.library import timm
from vit2rtl.models.surgery import operate
from vit2rtl.models.weights import Say, State, load, read, silent
from vit2rtl.quantization.recipe import Recipe

_HEAD_KEYS = ("head.weight", "head.fc.weight")


def create(
    name: str,
    *,
    weights: str | Path | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    say: Say = silent,
    **arguments: Any,
) -> nn.Module:
    """A timm model in evaluation mode, with finite weights.

    name           a timm model name, one of a hub, or ``mnist_vit`` for the embedded model
    weights        a file that :mod:`vit2rtl.models.weights` reads; None for the weights that timm
                   downloads. The number of classes is read off the file's head.
    preprocessing  what of timm's configuration of the images is otherwise, such as ``mean``
    say            told what was done to the weights
    arguments      for ``timm.create_model``, e.g. ``img_size``
    raises         ValueError naming what is wrong with name, arguments or weights; what is not
                   supported is refused before anything is downloaded or read
    """
    if name == embedded.MODEL_NAME:
        if weights is not None:
            raise ValueError(f"{name} is embedded with its weights; it takes no weights file")
        check(name, arguments)
        return embedded.create()
    known, settled = check(name, arguments, pretrained=weights is None)
    if weights is None:
        return _pretrained(known, settled).eval()
    state = read(weights, say)
    settled = architectures.settled(known, {**_classes(state, settled, say), **settled})
    skeleton = architectures.skeleton(known, settled)
    _check_distillation(name, skeleton, state, weights)
    _check_layers(skeleton, state, weights)
    model = timm.create_model(known, **settled)
    load(model, state, weights, say)
    if preprocessing:
        model.pretrained_cfg = {**model.pretrained_cfg, **preprocessing}
    return model.eval()


def _classes(state: State, arguments: Mapping[str, Any], say: Say) -> dict[str, int]:
    """The number of classes that the weights have a head for."""
    head = next((state[key] for key in _HEAD_KEYS if key in state), None)
    if head is not None:
        return {"num_classes": len(head)}
    if not any(key.startswith("head.") for key in state) and "num_classes" not in arguments:
        say("Weights: there is no head: a model that gives features (num_classes=0)")
        return {"num_classes": 0}
    return {}


def _check_distillation(name: str, model: nn.Module, state: State, path: str | Path) -> None:
    """A ValueError that names the model with a distillation token, or without, that fits."""
    distilled = "dist_token" in state
    if distilled == hasattr(model, "dist_token"):
        return
    plain = name.partition(".")[0].replace("_distilled", "")
    other = re.sub(r"^(vit|deit)_([a-z]+)_", r"deit_\2_distilled_", plain) if distilled else plain
    hint = f": quantize {other}" if timm.is_model(other) else ""
    what = "a distilled model" if distilled else "a model without distillation token"
    raise ValueError(f"Weights file {path} is of {what}, and {name} is not{hint}")


def _check_layers(model: nn.Module, state: State, path: str | Path) -> None:
    """A ValueError where a layer's weights have another shape, before memory is taken for them."""
    for name, tensor in model.state_dict().items():
        given = state.get(name, tensor)
        if name.endswith(".weight") and tensor.ndim == 2 and given.shape != tensor.shape:
            raise ValueError(f"Weights file {path}: {name} has shape {tuple(given.shape)}, "
                             f"the model wants {tuple(tensor.shape)}")


def check(
    name: str, arguments: Mapping[str, Any], *, pretrained: bool = False
) -> tuple[str, dict[str, Any]]:
    """Name and arguments as timm takes them; a ValueError, one sentence, for a name that it does
    not know, arguments that the model does not take, and what is not supported.

    pretrained   whether timm's own weights have to fit
    """
    if name == embedded.MODEL_NAME:
        if arguments:
            raise ValueError(f"{name} takes no model arguments, not even {next(iter(arguments))}")
        return name, {}
    known = names.resolved(name)
    return known, architectures.settled(known, arguments, pretrained=pretrained)


def check_recipe(name: str, arguments: Mapping[str, Any], recipe: Recipe) -> None:
    """A ValueError where a recipe gives bits to what the model of :func:`check` does not have."""
    if recipe.bits_of:
        operate(embedded.architecture() if name == embedded.MODEL_NAME
                else architectures.skeleton(name, arguments), recipe)


def architecture(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The float model with arbitrary weights; raises what :func:`check` does."""
    known, settled = check(name, arguments)
    if name == embedded.MODEL_NAME:
        return embedded.architecture()
    return timm.create_model(known, **settled)


def _pretrained(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    try:
        with hub.reached():
            return timm.create_model(name, pretrained=True, **arguments)
    except Exception as error:
        raise ValueError(
            f"Could not download pretrained weights of {name} "
            f"({architectures.first_line(error)}); give them with --weights FILE (safetensors)"
        ) from error


