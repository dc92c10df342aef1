"""What passes through a quantized model, under the names that lowering gives to tensors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from vit2rtl.golden.program.program import Tensor
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Attention, Layer, Role

if TYPE_CHECKING:
    from vit2rtl.models.family import Quantized, Stream

# Takes a tensor's name, its elements, and their scale and zero point.
Record = Callable[..., None]


@dataclass(frozen=True)
class Traced:
    """An array of codes, with images first, and what they stand for; or reals, with scale 1."""

    array: np.ndarray
    scale: float = 1.0
    zero_point: int = 0

    def encode(self, tensor: Tensor) -> np.ndarray:
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

    def real(self) -> np.ndarray:
        return (self.array.astype(np.float64) - self.zero_point) * self.scale


@torch.inference_mode()
def trace(quantized: "Quantized", images: torch.Tensor) -> dict[str, Traced]:
    """{tensor name: Traced} of a few images, float32[n, channels, height, width]."""
    seen: dict[str, Traced] = {}
    count = len(images)

    def record(
        name: str, values: torch.Tensor, scale: float = 1.0, zero_point: int = 0
    ) -> None:
        values = values.detach().cpu()
        # Copies: a norm that quantizes the stream does it in place.
        array = (values.double() if values.is_floating_point() else values).numpy().copy()
        seen[name] = Traced(array.reshape(count, -1, array.shape[-1]), scale, zero_point)

    with _hooked(quantized, record):
        logits = quantized.network(images)
    record("logits", logits)
    for attention in quantized.structure.attentions:
        name, queries = attention.name, f"{attention.name}.qkv.q"
        q = seen[queries]
        seen[queries] = Traced(q.array[:, :attention.module.queries], q.scale, q.zero_point)
        acc = _accumulators(attention, *(seen[f"{name}.qkv.{p}"] for p in "qk"))
        seen[f"{name}.accumulators"] = acc
        seen[f"{name}.logits"] = _logits(attention, acc, count)
    return seen


def _logits(attention: Attention, acc: Traced, count: int) -> Traced:
    """What softmax takes: the accumulators' reals, with Swin's bias and mask."""
    if attention.module.relative_position_bias is None:
        return acc
    bias = attention.module.relative_position_bias.double().numpy()
    logits = acc.real().reshape(-1, *bias.shape[1:]) + bias
    if attention.mask is not None:
        tokens, mask = logits.shape[-1], attention.mask.double().numpy()
        logits = logits.reshape(count, len(mask), -1, tokens, tokens)
        logits = logits + mask[:, np.newaxis]
    return Traced(logits.reshape(count, -1, logits.shape[-1]))


def _accumulators(attention: Attention, q: Traced, k: Traced) -> Traced:
    """q·kᵀ without bias and mask."""
    module = attention.module
    left, right = ((x.array.astype(np.float64) - x.zero_point) for x in (q, k))
    channels, heads = left.shape[-1], module.heads
    if module.relative_position_bias is not None:
        tokens = module.relative_position_bias.shape[-1]
        left, right = (x.reshape(-1, tokens, channels) for x in (left, right))
    left, right = (x.reshape(*x.shape[:2], heads, channels // heads).swapaxes(1, 2)
                   for x in (left, right))
    acc = (left @ right.swapaxes(-1, -2)).astype(np.int32)
    return Traced(acc.reshape(len(q.array), -1, acc.shape[-1]), q.scale * k.scale * module.scale)


@contextmanager
def _hooked(quantized: "Quantized", record: Record) -> Iterator[None]:
    structure = quantized.structure
    handles = [layer.module.register_forward_pre_hook(_input_hook(layer, record))
               for layer in structure.layers]
    handles += [_watch(stream, record) for stream in quantized.family.streams(structure)]
    for layer in structure.layers:
        layer.module.tap = _layer_tap(layer, record)
    for attention in structure.attentions:
        attention.module.tap = _softmax_tap(attention.name, record)
    norms = {name: module for name, module in structure.network.named_modules()
             if isinstance(module, IntegerLayerNorm)}
    for name, norm in norms.items():
        norm.tap = _stream_tap(name, record)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for _, module in quantized.layers() + quantized.attentions():
            module.tap = None
        for norm in norms.values():
            norm.tap = None


def _watch(stream: "Stream", record: Record) -> torch.utils.hooks.RemovableHandle:
    if stream.output:
        return stream.module.register_forward_hook(lambda _, x, y: record(stream.name, y))
    return stream.module.register_forward_pre_hook(lambda _, x: record(stream.name, x[0]))


def _input_hook(layer: Layer, record: Record) -> Callable[..., None]:
    name = "image" if layer.role is Role.PATCH_EMBEDDING else f"{layer.name}.input"

    def hook(module, x):
        quantizer = module.input_quantizer
        zero_point = quantizer.zero_point if isinstance(quantizer, UniformQuantizer) else 0
        record(name, quantizer.codes(x[0]), quantizer.unit, int(zero_point))

    return hook


def _layer_tap(layer: Layer, record: Record) -> Callable[..., None]:
    names = [f"{layer.name}.{part}" for part in "qkv"] if layer.role is Role.QKV else [layer.name]

    def tap(module, _, centered):
        codes = (centered.to(torch.int64) + module.integer.zero_point).chunk(len(names), dim=-1)
        for part, name, quantizer in zip(codes, names, module.outputs, strict=True):
            record(name, part, float(quantizer.scale), int(quantizer.zero_point))

    return tap


def _stream_tap(name: str, record: Record) -> Callable[..., None]:
    def tap(norm, centered, stream):
        zero_point = int(norm.stream.zero_point[0])
        record(f"{name}.codes", centered.to(torch.int64) + zero_point, norm.unit, zero_point)
        record(f"{name}.stream", stream)

    return tap


def _softmax_tap(name: str, record: Record) -> Callable[..., None]:
    def tap(attention, seen):
        quantizer = attention.softmax_quantizer
        codes = seen if quantizer.takes_logits else quantizer.codes(seen)
        record(f"{name}.softmax", codes, quantizer.unit)

    return tap
