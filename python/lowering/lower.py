"""Lowering: a quantized model to an integer program, equal to it op by op.

Tensors are named after the module they enter: ``blocks.0.norm1.input`` is what LayerNorm takes,
``blocks.0.attn.qkv.input`` its codes, ``blocks.0.attn.proj`` the layer's own output.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vit2rtl.golden.program.program import (
    FEATURES,
    LOGITS,
    VARIANTS,
    IntegerProgram,
    Tensor,
)
from vit2rtl.lowering.hardware_ops import HardwareOps
from vit2rtl.lowering.integer_ops import IntegerOps, Ranges
from vit2rtl.quantization.quantizers import UniformQuantizer

if TYPE_CHECKING:
    from vit2rtl.models.family import Quantized


def lower(
    quantized: "Quantized", *, variant: str, model: str, preprocessing: dict[str, Any],
    images: torch.Tensor | None = None,
) -> IntegerProgram:
    """The integer program of a calibrated model.

    quantized      :class:`vit2rtl.quantized_vit.QuantizedViT`, profile ``hardware``
    variant        ``hardware``: LayerNorm, softmax, residual in float64; ``integer``: no float
    model          its name, for the record
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`
    images         float32[n, channels, height, width] for variant ``integer``: the ranges of the
                   residual stream and of the logits come from them
    raises         ValueError naming what has no integer form
    """
    recipe = quantized.recipe
    recipe.require_integers("Lowering needs")
    structure = quantized.structure
    if variant not in VARIANTS:
        raise ValueError(f"Variant must be one of {', '.join(VARIANTS)}, not {variant!r}")
    if variant == "hardware":
        ops = HardwareOps()
    elif images is None or not len(images):
        raise ValueError("Variant integer needs images, for the range of the residual stream")
    else:
        recipe.require_units("Variant integer needs")
        ops = IntegerOps(Ranges.of(quantized, images))
    quantizer = structure.patch_embedding.input_quantizer
    shape = structure.input_size
    image = Tensor("image", shape, quantizer.bits, scale=float(quantizer.scale),
                   zero_point=int(quantizer.zero_point))
    quantized.family.walk(structure, ops, image)
    return IntegerProgram(
        variant, image, _pixel_codes(quantizer, shape[0], preprocessing), ops.ops,
        preprocessing, model, recipe.as_dict(), LOGITS if structure.heads else FEATURES,
    )


def _pixel_codes(
    quantizer: UniformQuantizer, channels: int, preprocessing: dict[str, Any]
) -> np.ndarray:
    """uint8[channels, 256]: pixel to [0, 1], normalized, quantized, in float32 as torch does it."""
    pixels = torch.arange(256, dtype=torch.float32).div(255).expand(channels, 256).clone()
    mean, std = (torch.tensor(preprocessing[key], dtype=torch.float32)[:, None]
                 for key in ("mean", "std"))
    return quantizer.codes(pixels.sub_(mean).div_(std)).to(torch.uint8).numpy()
