"""How many bits a network has on average, where layers have different ones."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.structure import Attention, Layer, Structure


@dataclass(frozen=True)
class MeanBits:
    """Mean widths.

    by_macs      of what is multiplied: a multiplication's bits are the mean of its two factors'
    by_weights   of the linear layers' weights
    """

    by_macs: float
    by_weights: float


@torch.inference_mode()
def mean_bits(structure: Structure, image: torch.Tensor) -> MeanBits:
    """The means of a calibrated network.

    image   float32[1, channels, height, width]; how often a layer is used is counted on it
    """
    counts: list[tuple[int, float]] = []
    asking = {attention.module.qkv: attention.module.queries for attention in structure.attentions}
    hooks = [layer.module.register_forward_hook(_of_layer(layer, counts, asking))
             for layer in structure.layers]
    for attention in structure.attentions:
        attention.module.tap = _of_attention(attention, counts)
    try:
        structure.network(image)
    finally:
        for hook in hooks:
            hook.remove()
        for attention in structure.attentions:
            attention.module.tap = None
    weights = [(layer.module.weight_codes.numel(), float(layer.module.weight_quantizer.bits))
               for layer in structure.layers]
    return MeanBits(_mean(counts), _mean(weights))


def _of_layer(
    layer: Layer, counts: list[tuple[int, float]], asking: dict[QuantLinear, int | None]
) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        macs = output.numel() * layer.module.weight_codes.shape[1]
        queries = asking.get(layer.module)
        if queries:  # q of few tokens
            tokens = output.shape[1]
            macs = macs * (queries + 2 * tokens) // (3 * tokens)
        bits = layer.module.input_quantizer.bits, layer.module.weight_quantizer.bits
        counts.append((macs, sum(bits) / 2))

    return hook


def _of_attention(
    attention: Attention, counts: list[tuple[int, float]]
) -> Callable[..., None]:
    def tap(module: nn.Module, probabilities: torch.Tensor) -> None:
        q, k, v = (quantizer.bits for quantizer in attention.module.qkv.outputs)
        softmax = attention.module.softmax_quantizer.bits
        macs = probabilities.numel() * (len(attention.module.qkv.bias) // 3
                                        // attention.module.heads)
        counts.extend([(macs, (q + k) / 2), (macs, (softmax + v) / 2)])

    return tap


def _mean(counts: list[tuple[int, float]]) -> float:
    return sum(count * bits for count, bits in counts) / sum(count for count, _ in counts)
