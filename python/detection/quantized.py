"""The quantized detector: calibration on images of any size, and what it finds then."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from vit2rtl.detection.calibration import FloatPass
from vit2rtl.detection.detector import Detector
from vit2rtl.detection.family import Detectors
from vit2rtl.detection.settings import check_method, check_scope
from vit2rtl.models.surgery import Surgeon
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Structure
from vit2rtl.quantization.widths import check_names

BACKBONE = "backbone.swin"


class QuantizedDetector(nn.Module):
    """A detector quantized after training by RepQ-ViT; takes the float one over.

    The backbone computes as the recipe's profile says, in integers where it is ``hardware``; what
    is behind it multiplies dequantized values and adds in float.

    scope      "all": every convolution and linear layer, as the authors do; "backbone": Swin alone
    structure  its quantized parts by role, see :mod:`vit2rtl.quantization.structure`
    network    the detector with its layers replaced
    """

    def __init__(self, detector: Detector, recipe: Recipe, *, scope: str = "all") -> None:
        super().__init__()
        check_method(recipe.method)
        check_scope(scope)
        self.recipe, self.scope, self.config = recipe, scope, detector.config
        self.structure = _operate(detector, recipe, scope)
        self.network = detector.eval().requires_grad_(False)

    def layers(self) -> list[tuple[str, QuantLinear]]:
        """(name, layer) pairs, named as in the float detector, in network order."""
        return [(layer.name, layer.module) for layer in self.structure.layers]

    def attentions(self) -> list[tuple[str, QuantAttention]]:
        """(name, QuantAttention) pairs."""
        return [(attention.name, attention.module) for attention in self.structure.attentions]

    @torch.inference_mode()
    def calibrate(
        self, images: Sequence[torch.Tensor], *,
        observe: Callable[["QuantizedDetector"], None] | None = None,
    ) -> "QuantizedDetector":
        """Calibrate on images, and freeze.

        Box and mask heads see what the float detector proposes and finds. With profile
        ``official`` the layers of the region proposal network, which all levels of the pyramid
        share, are calibrated on the first one alone, as in the authors' code.

        images   float32[3, height, width] RGB in 0..1 each, one is enough
        observe  called with this detector before parameters are folded
        returns  self
        raises   ValueError where there are none, or no object is proposed in them
        """
        if not images:
            raise ValueError("Calibration needs an image")
        if any(layer.weight is None for _, layer in self.layers()):
            raise ValueError("The detector is calibrated already; make a new QuantizedDetector")
        batch = self.network.transform([*images])[0].tensors
        heads = self.scope == "all"
        float_pass = FloatPass.of(self.network, self.structure, images) if heads else None
        first = self.recipe.profile == "official"

        def calibration_pass(batch: torch.Tensor) -> None:
            if float_pass is None:
                self.network.backbone.swin(batch)
            else:
                float_pass.again(self.network, batch, first_level=first)

        self.structure.calibration_pass = calibration_pass
        try:
            self.recipe.setting.calibrate(
                self.structure, batch, observe=lambda: observe(self) if observe else None)
        finally:
            self.structure.calibration_pass = None
        return self.freeze()

    def freeze(self) -> "QuantizedDetector":
        """Weights to codes, and the backbone's integer path where the recipe has it."""
        self.structure.freeze(integer=self.recipe.integer)
        return self

    @torch.inference_mode()
    def forward(self, images: Sequence[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        """What is found in each image, as the float detector gives it."""
        return self.network([*images])


def _operate(detector: Detector, recipe: Recipe, scope: str) -> Structure:
    surgeon = Surgeon(detector, Detectors(), recipe.setting)
    whole = scope == "all"
    surgeon.visit(detector if whole else detector.get_submodule(BACKBONE),
                  "" if whole else f"{BACKBONE}.")
    for module in detector.modules():
        # How often they were trained, which says nothing of what they do.
        if isinstance(module, nn.BatchNorm2d):
            module.num_batches_tracked.zero_()
    check_names(recipe.setting.bits_of, surgeon.structure.quantities())
    return surgeon.structure
