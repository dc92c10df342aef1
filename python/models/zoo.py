"""The float model: created by timm, with weights from a file, a download, or this package."""

import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from vit2rtl.models import embedded, torchvision_operators

torchvision_operators.declare()
timm = importlib.import_module("timm")

# What timm's models raise for arguments that do not fit.
_ARGUMENT_ERRORS = (AssertionError, ArithmeticError, TypeError)
_HEAD_KEYS = ("head.weight", "head.fc.weight")


def create(name: str, *, weights: str | Path | None = None, **arguments: Any) -> nn.Module:
    """A timm model in evaluation mode, with finite weights.

    name       a timm model name, or ``mnist_vit`` for the embedded model
    weights    safetensors file; None for the weights that timm downloads. The number of classes is
               read off the file's head.
    arguments  for ``timm.create_model``, e.g. ``img_size``
    raises     ValueError naming what is wrong with the name or the weights
    """
    if name == embedded.MODEL_NAME:
        if weights is not None:
            raise ValueError(f"{name} is embedded with its weights; it takes no weights file")
        if arguments:
            raise ValueError(f"{name} takes no model arguments, not even {next(iter(arguments))}")
        return embedded.create()
    check_name(name)
    if weights is None:
        return _pretrained(name, arguments).eval()
    state = load_weights(weights)
    classes = next((len(state[key]) for key in _HEAD_KEYS if key in state), None)
    if classes:
        arguments = {"num_classes": classes, **arguments}
    model = architecture(name, arguments)
    _load(model, state, weights)
    return model.eval()


def check_name(name: str) -> None:
    """A ValueError that suggests others for a name that is not ``mnist_vit`` and timm has not."""
    if name != embedded.MODEL_NAME and not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ValueError(f"timm has no model {name!r}{hint}")


def architecture(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The float model with arbitrary weights; a ValueError, one sentence, for a name that timm
    does not know or arguments that the model does not take."""
    if name == embedded.MODEL_NAME:
        return embedded.architecture()
    check_name(name)
    try:
        return timm.create_model(name, **arguments)
    except _ARGUMENT_ERRORS as error:
        raise _misfit(name, arguments, error) from error


def _misfit(name, arguments, error):
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return ValueError(f"timm cannot make {name} with {given} ({_first_line(error)})")


def _pretrained(name, arguments):
    try:
        return timm.create_model(name, pretrained=True, **arguments)
    except _ARGUMENT_ERRORS as error:
        raise _misfit(name, arguments, error) from error
    except Exception as error:
        raise ValueError(
            f"Could not download pretrained weights of {name} ({_first_line(error)}); "
            "give them with --weights FILE (safetensors)"
        ) from error


def _first_line(error):
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


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


def _load(model, state, path):
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
    model.load_state_dict(state)
