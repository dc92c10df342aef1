"""A model's architecture on torch's meta device: made and checked in a moment, without weights.

What is not supported, and arguments that make no model, are refused here, before anything is
downloaded, read or allocated.
"""

import difflib
import inspect
import math
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vit2rtl.models.family import Family, family_of
from vit2rtl.models.library import timm
from vit2rtl.models.surgery import operate, refuse
from vit2rtl.quantization.recipe import Recipe

# The largest supported model of timm's takes 7.4e9 bytes and has 1,100 modules.
MOST_BYTES = 12 * 10**9
MOST_MODULES = 5_000
LARGEST_INTEGER = 1 << 17
CHANNELS = (1, 3)
# Arguments of timm's models that say what to compute on.
_PLACES = {"self", "device", "dtype"}


def settled(
    name: str, arguments: Mapping[str, Any], *, pretrained: bool = False
) -> dict[str, Any]:
    """The arguments that a supported model is made with, those among them that fix its image size.

    name        in timm's registry, or of a hub
    pretrained  whether timm's own weights have to fit
    raises      ValueError, one sentence, where timm makes no such model, or it is not supported
    """
    plain = _made(name, {})
    family = family_of(plain)
    _check_arguments(name, type(plain), arguments)
    model = _made(name, arguments) if arguments else plain
    fixed = family.fixed_arguments(model)
    arguments = {**arguments, **fixed}
    if fixed:
        model = _made(name, arguments)
    if pretrained and _matmuls(plain, family) != _matmuls(model, family):
        raise ValueError(f"The pretrained weights of {name} do not fit {_given(arguments)}; "
                         "give others with --weights FILE")
    small = _made(name, {**arguments, **family.one_block}) if family.one_block else model
    _check(name, model, small, family, arguments)
    return arguments


def skeleton(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The model on the meta device, from settled arguments: its weights' names and shapes."""
    return _made(name, arguments)


def problem(name: str, arguments: Mapping[str, Any]) -> str | None:
    """Why timm's model of that name is not supported; None where it is.

    arguments   that make it smaller without changing what it is made of
    """
    try:
        model = _made(name, arguments)
        family = family_of(model)
        fixed = family.fixed_arguments(model)
        if fixed:
            model = _made(name, {**arguments, **fixed})
        _check(name, model, model, family, arguments)
    except ValueError as error:
        return str(error)
    return None


def first_line(error: Exception) -> str:
    """What an exception says, as far as it fits into one sentence."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if isinstance(error, AssertionError) and not str(error) and error.__traceback__:
        said = traceback.extract_tb(error.__traceback__)[-1].line or said  # assert a in (b, c)
    return f"there is no {said}" if isinstance(error, KeyError) else said


def misfit(name: str, arguments: Mapping[str, Any], why: str) -> ValueError:
    """The error of arguments that make no model."""
    given = f" with {_given(arguments)}" if arguments else ""
    return ValueError(f"timm cannot make {name}{given} ({why})")


def _given(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in arguments.items())


def _made(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """timm's model on the meta device; whatever it raises, the arguments are to blame."""
    try:
        with torch.device("meta"), _Empty(), _few_modules(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return timm.create_model(name, **arguments).eval()
    except Exception as error:
        raise misfit(name, arguments, first_line(error)) from error


class _Empty(TorchFunctionMode):
    """Leaves out what only fills weights: most of what a model on the meta device costs."""

    _fills = frozenset(getattr(torch.Tensor, name) for name in (
        "uniform_", "normal_", "erfinv_", "mul_", "add_", "clamp_", "fill_", "zero_"))

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return args[0] if func in self._fills else func(*args, **(kwargs or {}))


@contextmanager
def _few_modules() -> Iterator[None]:
    """Stops a model of too many modules before it fills the memory."""
    count = 0

    def register(*_: object) -> None:
        nonlocal count
        count += 1
        if count > MOST_MODULES:
            raise ValueError(f"more than {MOST_MODULES} modules")

    handle = nn.modules.module.register_module_module_registration_hook(register)
    try:
        yield
    finally:
        handle.remove()


def _check_arguments(name: str, kind: type[nn.Module], arguments: Mapping[str, Any]) -> None:
    """Names must be those of the architecture's, numbers such as a model can have."""
    made_by = [vars(base)["__init__"] for base in kind.__mro__
               if base is not nn.Module and "__init__" in vars(base)]
    known = {key: parameter.default for init in reversed(made_by)
             for key, parameter in inspect.signature(init).parameters.items()
             if key not in _PLACES}
    for key, value in arguments.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"{name} has no argument {key!r}{hint}")
        _check_type(f"Argument {key} of {name}", value, known[key])
        for number in _numbers(value):
            if isinstance(number, int) and not 0 <= number <= LARGEST_INTEGER:
                raise ValueError(f"Argument {key} of {name} must be between 0 and "
                                 f"{LARGEST_INTEGER}, not {number}")
            if not math.isfinite(number):
                raise ValueError(f"Argument {key} of {name} must be finite, not {number}")


def _check_type(what: str, value: Any, default: Any) -> None:
    """Text is no number, and only true and false are what is true or false by default."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{what} must be true or false, not {value!r}")
    elif isinstance(default, (int, float)) and isinstance(value, (bool, str)):
        kind = "an integer" if isinstance(default, int) else "a number"
        raise ValueError(f"{what} must be {kind}, not {value!r}")


def _numbers(value: Any) -> Iterator[int | float]:
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def _matmuls(model: nn.Module, family: Family) -> list[torch.Size]:
    """Shapes of the linear layers' weights, in the order of the network, without the heads'."""
    heads = {id(head) for head in family.heads(model)}
    return [module.weight.shape for module in model.modules()
            if isinstance(module, nn.Linear) and id(module) not in heads]


def _check(
    name: str, model: nn.Module, small: nn.Module, family: Family, arguments: Mapping[str, Any]
) -> None:
    """Raise unless the model is of a size that can be, runs, and has what its family supports.

    small   it, or where a family's blocks are all alike one of them for all
    """
    size = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    if size > MOST_BYTES:
        raise misfit(name, arguments, f"{size:.2g} bytes of weights, more than {MOST_BYTES:.2g}")
    if not all(parameter.numel() for parameter in model.parameters()):
        raise misfit(name, arguments, "a layer would be empty")
    family.check(model)
    if type(model.patch_embed) is not timm.layers.PatchEmbed:
        refuse("patch_embed", model.patch_embed)
    channels = model.patch_embed.proj.in_channels
    if channels not in CHANNELS:
        raise ValueError(f"Images have {' or '.join(map(str, CHANNELS))} channels, "
                         f"{name} with in_chans={channels} cannot take them")
    _run(name, small, family, arguments)


def _run(
    name: str, model: nn.Module, family: Family, arguments: Mapping[str, Any]
) -> None:
    """Raise unless a model gives a vector for an image, and all it has can be quantized."""
    channels = model.patch_embed.proj.in_channels
    try:
        with torch.inference_mode():
            image = torch.empty(1, channels, *family.image_size(model), device="meta")
            output = model(image)
    except Exception as error:
        raise misfit(name, arguments, first_line(error)) from error
    if output.ndim != 2:
        raise ValueError(f"{name} gives a vector for each token, not one for the image: "
                         "choose another global_pool")
    operate(model, Recipe())
