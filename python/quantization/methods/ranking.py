"""Post-training quantization by ranking (Liu et al., NeurIPS 2021), a stand-in: there is no public
code that could be had.

Uniform throughout, one scale a tensor, searched for the best correlation of each matmul's outputs;
attention's logits are to keep their order, too; biases take up the mean error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods.repq import IMAGE_BITS
from vit2rtl.quantization.ptq4vit import factors, samples
from vit2rtl.quantization.ptq4vit.operands import Operand, Uniform, Unsigned
from vit2rtl.quantization.ptq4vit.search import Product
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer
from vit2rtl.quantization.ranking.search import (
    CorrelatedAttention,
    CorrelatedLinear,
    RankedAttention,
)
from vit2rtl.quantization.settings import check_search
from vit2rtl.quantization.structure import Place, Role, Structure

# Of the scale whose codes end at the largest magnitude, the fractions tried.
_ENDS = 0.5, 1.2


@dataclass(frozen=True)
class Ranking(Method):
    """A setting of the stand-in, checked.

    candidates   scales that are tried of each factor of a matmul
    rounds       how often each factor has its turn
    """

    candidates: int = 100
    rounds: int = 3

    # What reports name beside the widths, as of RepQ-ViT.
    profile = "hardware"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_search(self.candidates, self.rounds)

    def lacks_integers(self) -> str | None:
        return "method repq or closed-form; this checkpoint has method ranking"

    def quantizers(self, place: Place) -> LayerQuantizers:
        image = place.role is Role.PATCH_EMBEDDING
        bits = IMAGE_BITS if image else self.width(place.input)
        return LayerQuantizers(
            UniformQuantizer(bits, symmetric=True),
            UniformQuantizer(self.width(place.weight), axis=0, symmetric=True),
            tuple(UniformQuantizer(self.width(name), symmetric=True) for name in place.outputs))

    def softmax_quantizer(self, place: Place) -> Quantizer:
        """Without a zero point: codes begin at a probability of zero."""
        return UniformQuantizer(self.width(place.softmax))

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        from tqdm import tqdm

        # Gradients are not looked at: any loss will do.
        loss = samples.loss_of("fisher", classes=bool(structure.heads))
        with tqdm(total=len(samples.sites(structure)), desc="ranking", unit="matmul",
                  leave=False, disable=None) as bar:
            for site, sample in samples.samples(structure, images, loss):
                pair, product = self._matmul(site, sample, len(images))
                product.search(self.rounds)
                factors.give(pair)
                if isinstance(site.module, QuantLinear):
                    _correct(site.module, *pair)
                bar.update()
        observe()

    def _matmul(
        self, site: samples.Site, sample: samples.Sample, images: int
    ) -> tuple[factors.Pair, Product]:
        options = self.candidates, None, _ENDS
        if isinstance(site.module, QuantLinear):
            (x,), layer = sample.operands, site.module
            weights = Uniform(layer.weight[None], layer.weight_quantizer, self.candidates, 0, _ENDS)
            linear = weights, Uniform(x, layer.input_quantizer, *options)
            return linear, CorrelatedLinear(*linear, sample.gradient, images)
        (first, second), (q, k, v) = sample.operands, site.module.qkv.outputs
        if site.product == "qk":
            logits = Uniform(first, q, *options), Uniform(second, k, *options)
            return logits, RankedAttention(*logits, sample.gradient, images, site.module.scale)
        softmax = site.module.softmax_quantizer
        values = Unsigned(first, softmax, *options), Uniform(second, v, *options)
        return values, CorrelatedAttention(*values, sample.gradient, images, transposed=False)


def _correct(layer: QuantLinear, weights: Operand, inputs: Operand) -> None:
    """Take the mean of what quantization adds to each output off its bias: E[Ŵ x̂ - W x], which is
    Ŵ E[x̂] - W E[x]."""
    quantized = weights.quantized().flatten(0, 1) @ inputs.quantized().mean(0)
    layer.bias.sub_(quantized - layer.weight @ inputs.x.mean(0))


METHOD = Ranking
