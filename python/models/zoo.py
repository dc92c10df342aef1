"""The float model: created by timm, with weights from a file, a download, or this package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from vit2rtl.models import architectures, embedded, names
from vit2rtl.models.library import timm

_HEAD_KEYS = ("head.weight", "head.fc.weight")


def create(name: str, *, weights: str | Path | None = None, **arguments: Any) -> nn.Module:
    """A timm model in evaluation mode, with finite weights.

    name       a timm model name, one of a hub, or ``mnist_vit`` for the embedded model
    weights    safetensors file; None for the weights that timm downloads. The number of classes is
               read off the file's head.
    arguments  for ``timm.create_model``, e.g. ``img_size``
    raises     ValueError naming what is wrong with name, arguments or weights; what is not
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
    state = load_weights(weights)
    classes = next((len(state[key]) for key in _HEAD_KEYS if key in state), None)
    if classes:
        settled = architectures.settled(known, {"num_classes": classes, **settled})
    _check(architectures.skeleton(known, settled), state, weights)
    model = timm.create_model(known, **settled)
    model.load_state_dict(state)
    return model.eval()


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


def architecture(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The float model with arbitrary weights; raises what :func:`check` does."""
    known, settled = check(name, arguments)
    if name == embedded.MODEL_NAME:
        return embedded.architecture()
    return timm.create_model(known, **settled)


def _pretrained(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    try:
        return timm.create_model(name, pretrained=True, **arguments)
    except Exception as error:
        raise ValueError(
            f"Could not download pretrained weights of {name} "
            f"({architectures.first_line(error)}); give them with --weights FILE (safetensors)"
        ) from error


def load_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """state dict of a safetensors file; every tensor finite, else a ValueError that names it."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"Weights file {path} does not exist")
    try:
        state = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(f"Weights file {path} is not a safetensors file ({error})") from error
    for key, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"Weights file {path}: {key} holds NaN or infinity")
    return {key: t.float() if t.is_floating_point() else t for key, t in state.items()}


def _check(model, state, path):
    """Raise unless a state dict is one of the model's."""
    own = model.state_dict()
    missing, extra = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has an unexpected {extra[0]!r}"
        more = len(missing) + len(extra) - 1
        raise ValueError(f"Weights file {path} {what}{f' and {more} more differ' if more else ''}")
    for key, tensor in own.items():
        if tensor.shape != state[key].shape:
            raise ValueError(
                f"Weights file {path}: {key} has shape {tuple(state[key].shape)}, "
                f"the model wants {tuple(tensor.shape)}"
            )
