"""Closed form: RepQ-ViT's grids and hardware, with weights, ranges and bias solved for.

One pass through the network, the float one and the quantized one side by side; every layer, as the
data reaches it, is changed so that its output comes near the float network's. What is exact is
folded (balancing within heads, a reparameterized head), what is not is least squares: ridge
regression towards the residual stream's target, GPTQ with coordinate descent, the bias. The scales,
codes, requantizers and tables are RepQ-ViT's, and so is the RTL.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from vit2rtl.quantization.layers import OUTPUT_BITS
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods.repq import IMAGE_BITS
from vit2rtl.quantization.quantizers import (
    LayerQuantizers,
    LogSqrt2Quantizer,
    Quantizer,
    UniformQuantizer,
)
from vit2rtl.quantization.settings import STEPS, check_steps
from vit2rtl.quantization.structure import Place, Role, Structure


@dataclass(frozen=True)
class ClosedForm(Method):
    """A setting of the closed form, checked; always in the arithmetic of hardware.

    symmetric_weights  weights' zero points in the middle of their codes
    without            steps that are left out, of :data:`vit2rtl.quantization.settings.STEPS`, with
                       commas between them
    mirrors            calibrate on mirror images, too: not for digits and text
    """

    symmetric_weights: bool = False
    without: str = ""
    mirrors: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_steps(self.without)
        for name in ("symmetric_weights", "mirrors"):
            if not isinstance(getattr(self, name), bool):
                title = name.replace("_", " ").capitalize()
                raise ValueError(f"{title} must be true or false, not {getattr(self, name)!r}")

    # What reports name beside the widths, as of RepQ-ViT.
    profile = "hardware"

    @property
    def integer(self) -> bool:
        return True

    def lacks_integers(self) -> str | None:
        return None

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(
            self.width(place.weight), axis=0, symmetric=self.symmetric_weights)
        outputs = tuple(UniformQuantizer(self.width(name)) for name in place.outputs)
        return LayerQuantizers(
            self._input(place), weight, outputs or (UniformQuantizer(OUTPUT_BITS),))

    def _input(self, place: Place) -> UniformQuantizer:
        if place.role is Role.PATCH_EMBEDDING:
            return UniformQuantizer(IMAGE_BITS)
        return UniformQuantizer(self.width(place.input), -1 if place.role.normed else None)

    def softmax_quantizer(self, place: Place) -> Quantizer:
        return LogSqrt2Quantizer(self.width(place.softmax), "top", fixed_point=True)

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        from tqdm import tqdm

        from vit2rtl.quantization.closed_form.walk import Walk

        if self.mirrors:
            images = torch.cat([images, images.flip(-1).roll((8, 8), (-2, -1))])
        left_out = [name.strip() for name in self.without.split(",")]
        steps = [step for step in STEPS if step not in left_out]
        with tqdm(total=len(structure.layers), desc="closed form", unit="layer",
                  leave=False, disable=None) as bar:
            Walk(structure, steps, lambda name: bar.update()).run(images)
        observe()


METHOD = ClosedForm
