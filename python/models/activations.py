"""Activation functions of torch and timm, and the golden functions that they are."""

from collections.abc import Callable
from functools import partial
from math import tanh
from typing import Any

from torch import nn

from vit2rtl.golden.arithmetic import activations, gelu
from vit2rtl.models.library import timm

Function = Callable[[float], float]


def _gelu(module: nn.Module) -> Function:
    return {"none": gelu.gelu, "tanh": activations.gelu_tanh}[module.approximate]


def _slope(module: nn.Module) -> Function:
    """The slope is a weight, which may come after the model was made."""
    return lambda x: activations.leaky_relu(x, float(module.weight.detach()))


# By torch's or timm's type: the function of a module.
_OF_TORCH: dict[type[nn.Module], Callable[[Any], Function]] = {
    nn.Identity: lambda m: activations.identity,
    nn.ReLU: lambda m: activations.relu,
    nn.ReLU6: lambda m: activations.relu6,
    nn.LeakyReLU: lambda m: partial(activations.leaky_relu, slope=m.negative_slope),
    nn.PReLU: _slope,
    nn.ELU: lambda m: partial(activations.elu, alpha=m.alpha),
    nn.CELU: lambda m: partial(activations.celu, alpha=m.alpha),
    nn.SELU: lambda m: activations.selu,
    nn.GELU: _gelu,
    nn.SiLU: lambda m: activations.silu,
    nn.Mish: lambda m: activations.mish,
    nn.Sigmoid: lambda m: activations.sigmoid,
    nn.Tanh: lambda m: tanh,
    nn.Hardsigmoid: lambda m: activations.hard_sigmoid,
    nn.Hardswish: lambda m: activations.hard_swish,
}
_OF_TIMM: dict[str, Callable[[Any], Function]] = {
    "GELU": lambda m: gelu.gelu,
    "GELUTanh": lambda m: activations.gelu_tanh,
    "QuickGELU": lambda m: activations.quick_gelu,
    "Swish": lambda m: activations.silu,
    "Mish": lambda m: activations.mish,
    "Sigmoid": lambda m: activations.sigmoid,
    "Tanh": lambda m: tanh,
    "PReLU": _slope,
    "HardSigmoid": lambda m: activations.hard_sigmoid,
    "HardSwish": lambda m: activations.hard_swish,
    "HardMish": lambda m: activations.hard_mish,
}
# timm has some twice, once to save memory in training.
_FUNCTIONS = _OF_TORCH | {
    getattr(file, name + ending): function
    for file, ending in ((timm.layers.activations, ""), (timm.layers.activations_me, "Me"))
    for name, function in _OF_TIMM.items() if hasattr(file, name + ending)}


def function_of(module: nn.Module) -> Function | None:
    """The golden function that an activation module computes of each element; None if none is
    known."""
    function = _FUNCTIONS.get(type(module))
    if function is None or sum(p.numel() for p in module.parameters()) > 1:
        return None
    return function(module)
