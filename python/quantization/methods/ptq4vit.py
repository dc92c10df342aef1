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
from vit2rtl.quantization.ptq4vit import operands, samples, search
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer
from vit2rtl.quantization.settings import HESSIANS, PROFILES
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
        for name, choices in (("profile", PROFILES), ("hessian", HESSIANS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name.capitalize()} must be one of {', '.join(choices)}, "
                                 f"not {getattr(self, name)!r}")
        for name, most in (("candidates", 1000), ("rounds", 10)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise ValueError(f"{name.capitalize()} must be an integer between 1 and {most}, "
                                 f"not {value!r}")

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

        classes = "authors" if self.hessian == "authors" else "fisher"
        loss = getattr(samples, classes if structure.heads else "features")
        roles = {layer.module: layer.role for layer in structure.layers}
        with tqdm(total=len(samples.sites(structure)), desc="ptq4vit", unit="matmul",
                  leave=False, disable=None) as bar:
            for site, sample in samples.samples(structure, images, loss):
                if isinstance(site.module, QuantLinear):
                    self._linear(site.module, roles[site.module], sample, len(images))
                else:
                    outputs = site.module.qkv.outputs, site.module.softmax_quantizer
                    self._attention(site.product, *outputs, sample, len(images))
                bar.update()
        observe()

    def _linear(self, layer: QuantLinear, role: Role, sample: samples.Sample, images: int) -> None:
        groups = {Role.QKV: 3, Role.PATCH_EMBEDDING: len(layer.weight)}.get(role, 1)
        rows = layer.weight.unflatten(0, (groups, -1))
        weights = operands.Uniform(rows, layer.weight_quantizer, self.candidates, axis=0)
        (x,), quantizer = sample.operands, layer.input_quantizer
        inputs: operands.Operand
        match quantizer:
            case TwinActivationQuantizer():
                inputs = operands.Activated(
                    x, quantizer, self.candidates, doubled=self.profile == "paper")
            case UniformQuantizer():
                inputs = operands.Uniform(x, quantizer, self.candidates)
            case _:
                inputs = operands.InFloat(x)
        search.LinearProduct(weights, inputs, sample.gradient, images).search(self.rounds)
        weights.give()
        inputs.give()
        if self.integer and role is not Role.QKV:
            y = F.linear(x, layer.weight, layer.bias)
            layer.outputs[0].calibrate_symmetric(y, OUTPUT_HEADROOM)

    def _attention(
        self, product: str, outputs: torch.nn.ModuleList, softmax: TwinSoftmaxQuantizer,
        sample: samples.Sample, images: int,
    ) -> None:
        first, second = sample.operands
        q, k, v = outputs
        pair: tuple[operands.Operand, operands.Operand]
        if product == "qk":
            pair = (operands.Uniform(first, q, self.candidates, q.axis),
                    operands.Uniform(second, k, self.candidates, k.axis))
        else:
            pair = (operands.Probabilities(first, softmax),
                    operands.Uniform(second, v, self.candidates, v.axis))
        a, b = pair
        search.AttentionProduct(
            a, b, sample.gradient, images, transposed=product == "qk").search(self.rounds)
        a.give()
        b.give()


METHOD = PTQ4ViT
