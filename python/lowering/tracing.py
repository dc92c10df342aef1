"""What passes through a quantized model, under the names that lowering gives to tensors."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vit2rtl.models.surgery import timm
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding

PatchMerging = timm.models.swin_transformer.PatchMerging
VisionTransformer = timm.models.vision_transformer.VisionTransformer


@dataclass(frozen=True)
class Traced:
    """An array of codes, with images first, and what they stand for; or reals, with scale 1."""

    array: np.ndarray
    scale: float = 1.0
    zero_point: int = 0

    def encode(self, tensor):
        """The array as elements of a program's tensor: the codes themselves where it has the same
        scale, the nearest codes otherwise."""
        shape = (len(self.array), *tensor.shape)
        array = self.array.reshape(shape)
        if tensor.encoding == "float64":
            return self.real().reshape(shape)
        if (self.scale, self.zero_point) == (tensor.scale, tensor.zero_point):
            return array
        codes = np.rint(self.real().reshape(shape) / tensor.scale) + tensor.zero_point
        return np.clip(codes, *tensor.limits()).astype(np.int32)

    def real(self):
        return (self.array.astype(np.float64) - self.zero_point) * self.scale


@torch.inference_mode()
def trace(quantized, images):
    """{tensor name: Traced} of a few images, float32[n, channels, height, width]."""
    seen = {}
    count = len(images)

    def record(name, array, scale=1.0, zero_point=0):
        array = array.detach()
        array = array.double().cpu().numpy() if array.is_floating_point() else array.cpu().numpy()
        seen[name] = Traced(array.reshape(count, -1, array.shape[-1]), scale, zero_point)

    with _hooked(quantized, record):
        logits = quantized.network(images)
    record("logits", logits)
    for name, attention in quantized.attentions():
        acc = _accumulators(attention, *(seen[f"{name}.qkv.{p}"] for p in "qk"))
        seen[f"{name}.accumulators"] = acc
        seen[f"{name}.logits"] = _logits(quantized.network, name, attention, acc, count)
    return seen


def _logits(network, name, attention, acc, count):
    """What softmax takes: the accumulators' reals, with Swin's bias and mask."""
    if attention.relative_position_bias is None:
        return acc
    bias = attention.relative_position_bias.double().numpy()
    logits = acc.real().reshape(-1, *bias.shape[1:]) + bias
    mask = getattr(network.get_submodule(name.rpartition(".")[0]), "attn_mask", None)
    if mask is not None:
        tokens = logits.shape[-1]
        logits = logits.reshape(count, len(mask), -1, tokens, tokens)
        logits = logits + mask.double().numpy()[:, np.newaxis]
    return Traced(logits.reshape(count, -1, logits.shape[-1]))


def _accumulators(attention, q, k):
    """q·kᵀ without bias and mask."""
    (left, right) = (
        (x.array.astype(np.float64) - x.zero_point) for x in (q, k)
    )
    channels, heads = left.shape[-1], attention.heads
    if attention.relative_position_bias is not None:
        tokens = attention.relative_position_bias.shape[-1]
        left, right = (x.reshape(-1, tokens, channels) for x in (left, right))
    batch, tokens, _ = left.shape
    left, right = (x.reshape(batch, tokens, heads, channels // heads).swapaxes(1, 2)
                   for x in (left, right))
    acc = (left @ right.swapaxes(-1, -2)).astype(np.int32)
    return Traced(acc.reshape(len(q.array), -1, tokens), q.scale * k.scale * attention.scale)


@contextmanager
def _hooked(quantized, record):
    handles, tapped = [], []
    for name, module in quantized.network.named_modules():
        if isinstance(module, QuantLinear):
            handles.append(module.register_forward_pre_hook(_input_hook(name, record)))
            module.tap = _layer_tap(name, record)
        elif isinstance(module, (nn.LayerNorm, PatchMerging)):
            handles.append(module.register_forward_pre_hook(
                lambda _, x, name=name: record(f"{name}.input", x[0])))
        else:
            continue
    if isinstance(quantized.network, VisionTransformer):
        handles.append(quantized.network.blocks.register_forward_hook(
            lambda _, x, y: record("stream", y)))
    for name, attention in quantized.attentions():
        attention.tap = _softmax_tap(name, record)
    tapped = [module for _, module in quantized.layers() + quantized.attentions()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for module in tapped:
            module.tap = None


def _input_hook(name, record):
    def hook(layer, x):
        quantizer = layer.input_quantizer
        tensor = "image" if isinstance(layer, QuantPatchEmbedding) else f"{name}.input"
        record(tensor, quantizer.codes(x[0]), float(quantizer.scale), int(quantizer.zero_point))

    return hook


def _layer_tap(name, record):
    def tap(layer, _, centered):
        codes = centered.to(torch.int64) + layer.integer.zero_point
        step = codes.shape[-1] // len(layer.outputs)
        for n, quantizer in enumerate(layer.outputs):
            part = name if len(layer.outputs) == 1 else f"{name}.{'qkv'[n]}"
            record(part, codes[..., n * step:(n + 1) * step], float(quantizer.scale),
                   int(quantizer.zero_point))

    return tap


def _softmax_tap(name, record):
    def tap(attention, probabilities):
        quantizer = attention.softmax_quantizer
        record(f"{name}.softmax", quantizer.codes(probabilities), float(quantizer.scale))

    return tap
