"""APQ-ViT (Ding et al., ACM MM 2022), a re-implementation: there is no public code.

PTQ4ViT's search with two changes. A candidate's error counts where it leaves the block, with what
the block has calibrated so far quantized and the least important outputs left out (bottom
elimination); and probabilities are uniform from zero to their maximum (Matthew effect preserving).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from vit2rtl.quantization.apq import blocks
from vit2rtl.quantization.apq.search import product_of
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods.repq import IMAGE_BITS
from vit2rtl.quantization.ptq4vit import factors, samples, search
from vit2rtl.quantization.quantizers import LayerQuantizers, Quantizer, UniformQuantizer
from vit2rtl.quantization.settings import check_search
from vit2rtl.quantization.structure import Place, Role, Structure
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer


@dataclass(frozen=True)
class APQViT(Method):
    """A setting of APQ-ViT, checked; its options are those of
    :class:`~vit2rtl.quantization.methods.ptq4vit.PTQ4ViT`."""

    hessian: str = "fisher"
    candidates: int = 100
    rounds: int = 3

    # What reports name beside the widths, as of RepQ-ViT.
    profile = "hardware"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_search(self.candidates, self.rounds, self.hessian)

    def lacks_integers(self) -> str | None:
        return "method repq or closed-form; this checkpoint has method apq"

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(self.width(place.weight), axis=0, symmetric=True)
        outputs = tuple(UniformQuantizer(self.width(name), axis=1, symmetric=True)
                        for name in place.outputs)
        return LayerQuantizers(self._input(place), weight, outputs)

    def _input(self, place: Place) -> Quantizer:
        match place.role:
            case Role.PATCH_EMBEDDING:
                return UniformQuantizer(IMAGE_BITS, symmetric=True)
            case Role.FC2:
                return TwinActivationQuantizer(self.width(place.input))
        return UniformQuantizer(self.width(place.input), symmetric=True)

    def softmax_quantizer(self, place: Place) -> Quantizer:
        """Without a zero point: codes begin at a probability of zero. A scale for each head."""
        return UniformQuantizer(self.width(place.softmax), axis=1)

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        """What is in no block first, by PTQ4ViT's own score, then one block after the other."""
        from tqdm import tqdm

        loss = samples.loss_of(self.hessian, classes=bool(structure.heads))
        every = samples.sites(structure)
        inner = {block.name: [*blocks.sites_of(block, every)] for block in structure.blocks}
        others = [site for site in every if all(site not in own for own in inner.values())]
        with tqdm(total=len(every), desc="apq", unit="matmul", leave=False, disable=None) as bar:
            for site, sample in samples.samples(structure, images, loss, chosen=others):
                pair = factors.of_matmul(site, sample, self.candidates)
                search.product_of(
                    site.product, pair, sample.gradient, len(images)).search(self.rounds)
                factors.give(pair)
                bar.update()
            passages = blocks.passages(structure, images, loss)
            generator = torch.Generator().manual_seed(0)
            for block in structure.blocks:
                passage, own = passages.pop(block.name), inner[block.name]
                for n, site in enumerate(own):
                    seen = blocks.sample(structure, block, site, own[:n], passage, generator)
                    pair = factors.of_matmul(site, seen, self.candidates)
                    product_of(site.product, pair, seen, len(images)).search(self.rounds)
                    factors.give(pair)
                    bar.update()
        observe()


METHOD = APQViT
