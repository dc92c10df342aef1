"""Tensors of a program by what makes their elements."""

from collections.abc import Sequence

from vit2rtl.golden.program.program import Tensor
from vit2rtl.quantization.quantizers import Quantizer
from vit2rtl.quantization.structure import Layer


def codes_of(name: str, shape: Sequence[int], quantizer: Quantizer) -> Tensor:
    """Tensor of a quantizer's codes; a ValueError where programs do not know what they mean."""
    match quantizer.encoding:
        case "uniform":
            return Tensor(name, tuple(shape), quantizer.bits, scale=float(quantizer.scale),
                          zero_point=int(quantizer.zero_point))
        case "log_sqrt2":
            return Tensor(name, tuple(shape), quantizer.bits, False, "log_sqrt2",
                          float(quantizer.scale))
        case "log2_softmax":
            return Tensor(name, tuple(shape), quantizer.bits + 1, False, "log2_softmax")
        case "twin_softmax" | "twin_activation" as twins:
            scale, low_scale = quantizer.scales()
            return Tensor(name, tuple(shape), quantizer.bits, twins == "twin_activation", twins,
                          scale, low_scale=low_scale)
    raise ValueError(f"{name}: codes of {type(quantizer).__name__}, encoding "
                     f"{quantizer.encoding!r}, cannot be lowered")


def input_of(layer: Layer, shape: Sequence[int], name: str = "") -> Tensor:
    """The codes that a layer takes; by another name those that become its input."""
    return codes_of(name or f"{layer.name}.input", shape, layer.module.input_quantizer)


def float_stream(name: str, shape: Sequence[int]) -> Tensor:
    """A residual stream of variant ``hardware``."""
    return Tensor(name, tuple(shape), 64, True, "float64")
