"""How diverse patches are: the entropy of how similar they are to each other (Li et al., Eqs. 4-6).

What attention gives for patches of a natural image differs between things and their background; for
noise it is all alike.
"""

from math import pi, sqrt

import torch
from torch.nn import functional as F

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.fq_vit.layer_norm import StreamLayerNorm
from vit2rtl.quantization.layers import QuantLinear

# Width of the kernels of the density, places at which it is looked at, and what is added to it.
_WIDTH, _PLACES, _FLOOR = 0.01, 10, 1e-4


def similarities(features: torch.Tensor) -> torch.Tensor:
    """Cosine of every pair of tokens.

    features   float[n, tokens, channels]
    returns    float[n, tokens * tokens]
    """
    unit = F.normalize(features, dim=-1)
    return (unit @ unit.mT).flatten(1)


def entropy(values: torch.Tensor) -> torch.Tensor:
    """Differential entropy of each row's density, estimated with Gaussian kernels: the mean of all.

    The density is looked at in ten places from the least of all values to the largest.

    values   float[n, values]
    """
    low, high = (float(one) for one in (values.detach().min(), values.detach().max()))
    places = torch.linspace(low, high, _PLACES, device=values.device)
    scale = 1 / (values.shape[1] * _WIDTH * sqrt(2 * pi))
    density = torch.stack([
        ((values - place) / _WIDTH).square().mul(-0.5).exp().sum(1) for place in places], 1)
    density = density * scale + _FLOOR
    return torch.trapezoid(-density * density.log(), places, dim=1).mean()


class PatchEntropy:
    """Watches a forward pass; :attr:`total` is the sum of all blocks' entropies.

    images    in the batch: windows of one have one density
    patches   of an image; tokens in front of them are left out
    """

    def __init__(self, images: int, patches: int) -> None:
        self._images, self._patches = images, patches
        self.total = torch.zeros(())

    def linear(self, layer: QuantLinear, x: torch.Tensor, y: torch.Tensor) -> None:
        """Nothing of it."""

    def attention(
        self, attention: QuantAttention, logits: torch.Tensor, mixed: torch.Tensor
    ) -> None:
        """The heads' mean is a patch's feature; where few tokens ask there are no pairs of all."""
        if attention.queries is None:
            features = mixed.mean(1)[:, -self._patches:]
            values = similarities(features).view(self._images, -1)
            self.total = self.total + entropy(values)

    def norm(self, norm: StreamLayerNorm, x: torch.Tensor) -> None:
        """Nothing of it."""
