"""The quantized model: calibration by its method, integer or fake-quantized inference."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import nn

from vit2rtl.models.family import family_of
from vit2rtl.models.surgery import quantize_modules
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import NormedLinear

if TYPE_CHECKING:
    from vit2rtl.origin import Origin

MIN_CALIBRATION_IMAGES = 2
# Pixels that go through the network together: activations of a few images stay in the cache.
_PIXELS_TOGETHER = 4 * 3 * 224 * 224


class QuantizedViT(nn.Module):
    """A timm Vision Transformer quantized after training, by the method of its recipe.

    Takes the model over: ``network`` is the same object with its matmuls replaced, and computes on
    the device where the model was; images must be there, too.

    family      what the model is, see :mod:`vit2rtl.models.family`
    structure   its quantized parts by role, see :mod:`vit2rtl.quantization.structure`
    origin      the float model and its images, where known
    """

    origin: "Origin | None" = None

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.family = family_of(model)
        self.structure = quantize_modules(model, recipe)
        self.network = model.eval().requires_grad_(False)
        # Quantizers are made on the CPU.
        self.network.to(next(model.parameters()).device)

    def known_origin(self) -> "Origin":
        """The origin; a ValueError where nobody has said it."""
        if self.origin is None:
            raise ValueError("The model does not know what it was quantized from: "
                             "make it by vit2rtl.quantize, or set its origin")
        return self.origin

    @property
    def normed_linears(self) -> list[NormedLinear]:
        """LayerNorms and the linear layers they feed, in network order."""
        return self.structure.normed

    def layers(self) -> list[tuple[str, QuantLinear]]:
        """(name, QuantLinear) pairs, named as in the timm model, in network order."""
        return [(layer.name, layer.module) for layer in self.structure.layers]

    def attentions(self) -> list[tuple[str, QuantAttention]]:
        """(name, QuantAttention) pairs."""
        return [(attention.name, attention.module) for attention in self.structure.attentions]

    @torch.inference_mode()
    def calibrate(
        self, images: torch.Tensor, *, observe: Callable[["QuantizedViT"], None] | None = None
    ) -> "QuantizedViT":
        """Calibrate on one batch by the recipe's method, and freeze.

        images   float32[n, channels, height, width], preprocessed
        observe  called with this model before it is frozen; by method ``repq`` between calibration
                 and reparameterization, for those who want to look at the channel-wise state
        returns  self
        """
        if len(images) < MIN_CALIBRATION_IMAGES:
            raise ValueError(
                f"Calibration needs at least {MIN_CALIBRATION_IMAGES} images, not {len(images)}"
            )
        if any(layer.weight is None for _, layer in self.layers()):
            raise ValueError("The model is calibrated already; make a new QuantizedViT")
        self._check_size(images)
        self.recipe.setting.calibrate(
            self.structure, images, observe=lambda: observe(self) if observe else None
        )
        return self.freeze()

    def freeze(self) -> "QuantizedViT":
        """Weights to codes, and the integer path where the recipe has it."""
        self.structure.freeze(integer=self.recipe.integer)
        return self

    @torch.inference_mode()
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """float32[n, channels, height, width] -> float32[n, classes] logits"""
        self._check_size(images)
        together = max(1, _PIXELS_TOGETHER // images[:1].numel())
        return torch.cat([self.network(part).float() for part in images.split(together)])

    def _check_size(self, images: torch.Tensor) -> None:
        size = self.structure.input_size
        if images.ndim != 4 or tuple(images.shape[1:]) != size:
            due = ", ".join(map(str, size))
            raise ValueError(f"Images must have shape (n, {due}), not {tuple(images.shape)}")
