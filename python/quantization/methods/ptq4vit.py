"""PTQ4ViT (Yuan et al., ECCV 2022): twin uniform quantizers, scales searched.

Every matmul is searched by itself, with what the float network gives it: of a hundred scales of
each factor the one that changes the outputs least, where each output counts by the square of the
loss's gradient by it (second order). No zero points anywhere; weights have one scale a matrix, q,
k and v one a head.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from vit2rtl.quantization.layers import OUTPUT_BITS, OUTPUT_HEADROOM, QuantLinear
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods.repq import IMAGE_BITS
from vit2rtl.quantization.ptq4vit import factors, samples, search
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer
from vit2rtl.quantization.settings import PROFILES, check_search
from vit2rtl.quantization.structure import Place, Role, Structure
from vit2rtl.quantization.twin_quantizers import (
    TwinActivationQuantizer,
    TwinSoftmaxQuantizer,
    Unquantized,
)


@dataclass(frozen=True)
class PTQ4ViT(Method):
    """A setting of PTQ4ViT, checked.

    profile      ``official``  the authors' code: probabilities above the split are the sum of both
                               regions, the two scales of GELU are any numbers, the image is float
                 ``paper``     the text: one region or the other, scales of GELU a power of two
                               apart
                 ``hardware``  one region or the other, any two scales, an image of 8 bits, one
                               scale for each of q, k and v; integers in every matmul and quantizer
    hessian      ``fisher``    the gradient of -log p(y), y drawn from the network's own p
                 ``authors``   of the float network's divergence from itself, which is zero but for
                               roundings
    candidates   scales that are tried of each factor of a matmul
    rounds       how often each factor has its turn
    """

    profile: str = "hardware"
    hessian: str = "fisher"
    candidates: int = 100
    rounds: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.profile not in PROFILES:
            raise ValueError(
                f"Profile must be one of {', '.join(PROFILES)}, not {self.profile!r}")
        check_search(self.candidates, self.rounds, self.hessian)

    has_units = False

    @property
    def integer(self) -> bool:
        return self.profile == "hardware"

    def lacks_integers(self) -> str | None:
        if self.integer:
            return None
        return f"profile hardware; this checkpoint has profile {self.profile}"

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(self.width(place.weight), axis=0, symmetric=True)
        axis = None if self.integer else 1
        outputs = tuple(UniformQuantizer(self.width(name), axis, symmetric=True)
                        for name in place.outputs)
        if self.integer and not outputs:
            outputs = (UniformQuantizer(OUTPUT_BITS),)
        return LayerQuantizers(self._input(place), weight, outputs)

    def _input(self, place: Place) -> Quantizer:
        if place.role is Role.PATCH_EMBEDDING:
            if self.profile == "hardware":
                return UniformQuantizer(IMAGE_BITS, symmetric=True)
            return Unquantized()
        bits = self.width(place.input)
        if place.role is Role.FC2:
            return TwinActivationQuantizer(bits)
        return UniformQuantizer(bits, symmetric=True)

    def softmax_quantizer(self, place: Place) -> Quantizer:
        return TwinSoftmaxQuantizer(self.width(place.softmax), both=self.profile == "official",
                                    fixed_point=self.integer)

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        from tqdm import tqdm

        loss = samples.loss_of(self.hessian, classes=bool(structure.heads))
        with tqdm(total=len(samples.sites(structure)), desc="ptq4vit", unit="matmul",
                  leave=False, disable=None) as bar:
            for site, sample in samples.samples(structure, images, loss):
                pair = factors.of_matmul(
                    site, sample, self.candidates, doubled=self.profile == "paper")
                search.product_of(
                    site.product, pair, sample.gradient, len(images)).search(self.rounds)
                factors.give(pair)
                if self.integer and site.role not in (None, Role.QKV):
                    _observe_output(site.module, *sample.operands)
                bar.update()
        observe()


def _observe_output(layer: QuantLinear, x: torch.Tensor) -> None:
    """Of a layer whose output the float vector unit takes, in 16 bits."""
    y = F.linear(x, layer.weight, layer.bias)
    layer.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)


METHOD = PTQ4ViT
