"""The quantized model: calibration, reparameterization, integer or fake-quantized inference."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from vit2rtl.models.surgery import quantize_modules
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.reparameterize import reparameterize

if TYPE_CHECKING:
    from vit2rtl.origin import Origin

MIN_CALIBRATION_IMAGES = 2
# Pixels that go through the network together: activations of a few images stay in the cache.
_PIXELS_TOGETHER = 4 * 3 * 224 * 224


class QuantizedViT(nn.Module):
    """A timm Vision Transformer quantized after training by RepQ-ViT (algorithm 1).

    Takes the model over: ``network`` is the same object with its matmuls replaced.

    recipe   :class:`vit2rtl.quantization.recipe.Recipe`
    origin   the float model and its images, where known
    """

    origin: "Origin | None" = None

    def __init__(self, model, recipe):
        super().__init__()
        self.recipe = recipe
        self.normed_linears = quantize_modules(model, recipe)
        self.network = model.eval().requires_grad_(False)

    def known_origin(self) -> "Origin":
        """The origin; a ValueError where nobody has said it."""
        if self.origin is None:
            raise ValueError("The model does not know what it was quantized from: "
                             "make it by vit2rtl.quantize, or set its origin")
        return self.origin

    def layers(self):
        """(name, QuantLinear) pairs, named as in the timm model, in network order."""
        return self._named(QuantLinear)

    def attentions(self):
        """(name, QuantAttention) pairs."""
        return self._named(QuantAttention)

    def _named(self, kind):
        return [(name, m) for name, m in self.network.named_modules() if isinstance(m, kind)]

    @torch.inference_mode()
    def calibrate(self, images, *, observe=None):
        """Calibrate on one batch, reparameterize, recalibrate weights, freeze.

        images   float32[n, channels, height, width], preprocessed
        observe  called with this model between calibration and reparameterization, for those who
                 want to look at the channel-wise state
        returns  self

        One forward pass: every quantizer is calibrated on inputs that all quantizers upstream have
        damaged, as in the authors' code. The second pass of algorithm 1 (step 7) needs none.
        """
        if len(images) < MIN_CALIBRATION_IMAGES:
            raise ValueError(
                f"Calibration needs at least {MIN_CALIBRATION_IMAGES} images, not {len(images)}"
            )
        if any(layer.weight is None for _, layer in self.layers()):
            raise ValueError("The model is calibrated already; make a new QuantizedViT")
        for _, layer in self.layers():
            layer.calibrate_weight()
        self._set_calibrating(True)
        self._calibration_pass(images)
        self._set_calibrating(False)
        if observe:
            observe(self)
        if self.recipe.layernorm == "reparam":
            for pair in self.normed_linears:
                reparameterize(
                    pair.norm, pair.linear,
                    fractional_zero_point=self.recipe.profile == "official",
                )
                pair.linear.calibrate_weight()
        return self.freeze()

    def _calibration_pass(self, images):
        try:
            self.network(images)
        except AssertionError as error:
            raise ValueError(str(error)) from error

    def _set_calibrating(self, calibrating):
        for _, module in self.layers() + self.attentions():
            module.calibrating = calibrating

    def freeze(self):
        """Weights to codes, and the integer path where the recipe has it.

        With it, all between the matmuls is in double precision: LayerNorm and Softmax, where a
        rounding error could make another code, and the residual stream.
        """
        for name, layer in self.layers():
            try:
                layer.freeze(integer=self.recipe.integer)
            except ValueError as error:
                raise ValueError(f"Layer {name}: {error}") from error
        if self.recipe.integer:
            for module in self.network.modules():
                if isinstance(module, (QuantAttention, QuantActivation)):
                    module.freeze()
                elif isinstance(module, nn.LayerNorm):
                    module.double()
        return self

    @torch.inference_mode()
    def forward(self, images):
        """float32[n, channels, height, width] -> float32[n, classes] logits"""
        together = max(1, _PIXELS_TOGETHER // images[:1].numel())
        return torch.cat([self.network(part).float() for part in images.split(together)])
