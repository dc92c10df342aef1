"""A forward pass of the float network before it is calibrated, with what passes by shown."""

from typing import Protocol

import torch

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.fq_vit.layer_norm import StreamLayerNorm
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.structure import Structure


class Watcher(Protocol):
    """Sees what layers take and give, in float; what it is given is not to be changed."""

    def linear(self, layer: QuantLinear, x: torch.Tensor, y: torch.Tensor) -> None:
        """Input [..., in] and output [..., out]."""

    def attention(
        self, attention: QuantAttention, logits: torch.Tensor, mixed: torch.Tensor
    ) -> None:
        """Logits [n, heads, queries, tokens] without a mask, and attention times V
        [n, heads, queries, depth]."""

    def norm(self, norm: StreamLayerNorm, x: torch.Tensor) -> None:
        """What a LayerNorm takes that will quantize it, [..., channels]."""


def float_pass(structure: Structure, images: torch.Tensor, watcher: Watcher) -> torch.Tensor:
    """The float network's outputs.

    images   float32[n, channels, height, width]
    """
    layers = [layer.module for layer in structure.layers]
    attentions = [attention.module for attention in structure.attentions]
    norms = [module for module in structure.network.modules()
             if isinstance(module, StreamLayerNorm)]

    def linear(layer: QuantLinear, x: torch.Tensor) -> torch.Tensor:
        y = layer.product(x, layer.weight)
        watcher.linear(layer, x, y)
        return y

    def attend(
        attention: QuantAttention, x: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        q, k, v = attention.split_heads(attention.qkv(x))
        logits = attention.add_bias(q @ k.mT * attention.scale, None)
        seen = logits if mask is None else attention.add_mask(logits, mask)
        mixed = seen.softmax(-1) @ v
        watcher.attention(attention, logits, mixed)
        return attention.proj(mixed.transpose(1, 2).flatten(2))

    for layer in layers:
        layer.calibrator = lambda x, layer=layer: linear(layer, x)
    for attention in attentions:
        attention.calibrator = lambda x, mask, one=attention: attend(one, x, mask)
    for norm in norms:
        norm.observer = lambda x, norm=norm: watcher.norm(norm, x)
    try:
        return structure.network(images)
    finally:
        for layer in layers:
            layer.calibrator = None
        for attention in attentions:
            attention.calibrator = None
        for norm in norms:
            norm.observer = None
