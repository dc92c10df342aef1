"""The ops that lowering makes of each module, variant ``integer``: no float at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.arithmetic import layernorm, softmax
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift
from vit2rtl.golden.program.attention import matrix_shape
from vit2rtl.golden.program.kinds.average import mean_of
from vit2rtl.golden.program.program import MOST_BITS, Tensor
from vit2rtl.lowering.attention_ops import mask_of, query_key_bound
from vit2rtl.lowering.hardware_ops import HardwareOps
from vit2rtl.lowering.tensors import codes_of, input_of
from vit2rtl.lowering.tracing import Traced, trace
from vit2rtl.quantization.layers import OUTPUT_HEADROOM
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Attention, Layer, Mlp

if TYPE_CHECKING:
    from vit2rtl.models.family import Quantized

STREAM_BITS = 16
# Logits of the network, what its heads give.
LOGIT_BITS = 12
HIDDEN_BITS = 12
# Room above the largest value seen, for images not seen.
STREAM_HEADROOM = 2.0
HEADROOM = 1.25
# Activation functions are all but zero, or constant, below, but for those that go on.
_ACTIVE, _CONSTANT = 8.0, 2.0**-7
_TOGETHER = 4


@dataclass(frozen=True)
class Ranges:
    """Largest magnitudes seen: of each residual stream, and of the logits of each attention."""

    streams: dict[str, float]
    logits: dict[str, float]

    @classmethod
    def of(cls, quantized: "Quantized", images: torch.Tensor) -> "Ranges":
        """Measured on images, float32[n, channels, height, width], a few at a time."""
        logits = {name: 0.0 for name, _ in quantized.attentions()}
        streams = dict.fromkeys(
            (stream.name for stream in quantized.family.streams(quantized.structure)), 0.0)
        for part in images.split(_TOGETHER):
            seen = trace(quantized, part)
            for name in streams:
                streams[name] = max(streams[name], _largest(seen[name]))
            for name in logits:
                logits[name] = max(logits[name], _largest(seen[f"{name}.logits"]))
        return cls(streams, logits)


def _largest(traced: Traced) -> float:
    return float(np.abs(traced.real()).max())


class IntegerOps(HardwareOps):
    """Makes ops of R3 to R9, with scales from :class:`Ranges`."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self.ranges = ranges
        self.stream_scale = 1.0

    def enter(self, streams: Sequence[str]) -> None:
        """One scale for the streams named, from the largest magnitude of any of them."""
        largest = max(self.ranges.streams[name] for name in streams)
        self.stream_scale = (largest or 1.0) * STREAM_HEADROOM / (1 << (STREAM_BITS - 1))

    def _stream(self, name: str, shape: Sequence[int]) -> Tensor:
        return Tensor(name, tuple(shape), STREAM_BITS, True, scale=self.stream_scale)

    def branch(self, layer: Layer, x: Tensor) -> Tensor:
        """Straight from the accumulator to the stream's scale (R7)."""
        output = self._stream(layer.name, (*x.shape[:-1], len(layer.module.bias)))
        return self.linear(layer.name, layer, x, output)

    def embed(self, codes: Tensor, constants: np.ndarray, out: str) -> Tensor:
        limit = 1 << (STREAM_BITS - 1)
        rounded = np.clip(np.floor(constants / self.stream_scale + 0.5), -limit, limit - 1)
        return self.emit("embed", "embed", [codes], self._stream(out, constants.shape),
                         {"constants": rounded.astype(np.int16)})

    def add(self, name: str, stream: Tensor, codes: Tensor, out: str) -> Tensor:
        return self.emit(name, "add", [stream, codes], self._stream(out, stream.shape))

    def stream_of(self, codes: Tensor, out: str) -> Tensor:
        """A branch is in the stream's scale already."""
        return codes

    def layer_norm(
        self, name: str, norm: nn.LayerNorm, stream: Tensor, target: Layer, out: str = ""
    ) -> Tensor:
        output = input_of(target, stream.shape, out)
        return self._layer_norm(name, norm, stream, output, output.zero_point)

    def norm_to_stream(self, name: str, norm: nn.LayerNorm, stream: Tensor, out: str) -> Tensor:
        half = 1 << (STREAM_BITS - 1)
        return self._layer_norm(name, norm, stream, self._stream(out, stream.shape), half)

    def norm_for_pool(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        """16 bits for all that LayerNorm can give: √channels times the largest factor."""
        half = 1 << (STREAM_BITS - 1)
        gamma, beta = (float(p.detach().abs().max()) for p in (norm.weight, norm.bias))
        scale = (gamma * stream.shape[-1] ** 0.5 + beta or 1.0) / half
        output = Tensor(f"{name}.output", stream.shape, STREAM_BITS, scale=scale, zero_point=half)
        return self._layer_norm(name, norm, stream, output, half)

    def pool_stream(self, name: str, x: Tensor, out: str) -> Tensor:
        """Sum of the tokens, in a scale of its own: means are small."""
        self.enter([out])
        return self._pool(name, x, self._stream(out, (1, x.shape[-1])))

    def pool(self, name: str, x: Tensor, out: str, quantizer: UniformQuantizer) -> Tensor:
        """Sum of the tokens, requantized."""
        return self._pool(name, x, codes_of(out, (1, x.shape[-1]), quantizer))

    def _pool(self, name: str, x: Tensor, output: Tensor) -> Tensor:
        (multiplier,), (shift,) = multiplier_and_shift(x.scale / x.shape[0] / output.scale)
        return self.emit(
            name, "pool", [x], output, input_zero_point=x.zero_point, multiplier=int(multiplier),
            shift=int(shift), accumulator_bound=x.shape[0] * x.reach,
        )

    def _layer_norm(
        self, name: str, norm: nn.LayerNorm, stream: Tensor, output: Tensor, zero_point: int
    ) -> Tensor:
        gamma, beta = (p.detach().double().numpy() for p in (norm.weight, norm.bias))
        try:
            parameters = layernorm.parameters_of(
                gamma, beta, output.scale, zero_point,
                input_scale=stream.scale, epsilon=norm.eps,
            )
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        return self.emit(name, "layernorm", [stream], output,
                         {"gain": parameters.gain, "offset": parameters.offset},
                         shift=parameters.shift, epsilon=parameters.epsilon)

    def query_key(self, attention: Attention, q: Tensor, k: Tensor) -> Tensor:
        """Logits of 12 or 16 bits; 1/√D is in their multiplier (R3)."""
        name, module = attention.name, attention.module
        width = softmax.widths(module.softmax_quantizer.bits)["width"]
        products = query_key_bound(attention, q, k)
        unit = q.scale * k.scale * module.scale
        scale = (self.ranges.logits[name] or 1.0) * HEADROOM / ((1 << (width - 1)) - 1)
        (multiplier,), (shift,) = multiplier_and_shift(unit / scale)
        output = Tensor(f"{name}.logits", matrix_shape(q, k, module.heads), width, True,
                        scale=scale)
        tensors, bound = {}, products
        if module.relative_position_bias is not None:
            bias = module.relative_position_bias[0].double().numpy()
            bias = np.floor(bias / unit + 0.5).astype(np.int32)
            tensors["bias"], bound = bias, products + int(np.abs(bias).max())
        tensors |= mask_of(attention)
        return self.emit(
            f"{name}.query_key", "query_key", [q, k], output, tensors, heads=module.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=products,
            accumulator_bound=bound, multiplier=int(multiplier), shift=int(shift),
            width=width,
        )

    def softmax(self, attention: Attention, logits: Tensor) -> Tensor:
        name, quantizer = attention.name, attention.module.softmax_quantizer
        output = codes_of(f"{name}.softmax", logits.shape, quantizer)
        parameters = softmax.parameters(
            logits.scale, float(quantizer.scale), bits=quantizer.bits,
            zero_code=quantizer.zero_code, **softmax.widths(quantizer.bits),
        )
        return self.emit(f"{name}.softmax", "softmax", [logits], output, **parameters._asdict())

    def hidden(self, mlp: Mlp, x: Tensor) -> Tensor:
        """fc1's output for the activation's table: 12 bits, the negative side cut at -8 where the
        function is as good as constant below."""
        layer, function = mlp.normed.layer, mlp.activation.function
        high = _largest_seen(layer) * HEADROOM
        low = min(high, _ACTIVE)
        if abs(function(-high) - function(-low)) > _CONSTANT:
            low = high
        scale = (high + low) / ((1 << HIDDEN_BITS) - 1)
        output = Tensor(layer.name, (*x.shape[:-1], len(layer.module.bias)), HIDDEN_BITS,
                        scale=scale, zero_point=round(low / scale))
        return self.linear(layer.name, layer, x, output)

    def heads(self, heads: Sequence[tuple[Layer, Tensor]]) -> list[Tensor]:
        """Logits of 12 bits, of one scale where there are two heads."""
        largest = max(_largest_seen(head) for head, _ in heads) * HEADROOM
        scale = largest / (1 << (LOGIT_BITS - 1))
        return [
            self.linear(head.name, head, x,
                        Tensor(head.name, (1, len(head.module.bias)), LOGIT_BITS, True,
                               scale=scale))
            for head, x in heads
        ]

    def average(self, logits: Sequence[Tensor]) -> Tensor:
        output = mean_of(logits, "logits")
        if output.bits > MOST_BITS:
            raise ValueError(f"The mean of {len(logits)} tokens' features takes {output.bits} "
                             f"bits, and variant integer has {MOST_BITS}: use variant hardware")
        return self.emit("logits", "average", logits, output)


def _largest_seen(layer: Layer) -> float:
    """Largest magnitude that calibration saw of an output; its quantizer leaves room above."""
    quantizer = layer.module.outputs[0]
    return float(quantizer.scale) * (quantizer.levels // 2) / OUTPUT_HEADROOM
