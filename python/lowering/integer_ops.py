"""The ops that lowering makes of each module, variant ``integer``: no float at all."""

from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.arithmetic import layernorm, softmax
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift
from vit2rtl.golden.program.program import Tensor
from vit2rtl.lowering.hardware_ops import HardwareOps, codes_of, log_codes, matrix, tensor_reach
from vit2rtl.lowering.tracing import trace
from vit2rtl.quantization.layers import OUTPUT_HEADROOM

STREAM_BITS = 16
# Logits of the network, what its heads give.
LOGIT_BITS = 12
HIDDEN_BITS = 12
# Room above the largest value seen, for images not seen.
STREAM_HEADROOM = 2.0
HEADROOM = 1.25
# Log√2 codes of up to so many bits stop at 2**-7, where logits of few bits suffice.
_SHALLOW = 4
# Activation functions are all but zero, or constant, below.
_ACTIVE = 8.0
_TOGETHER = 4
# How tracing ends the names of streams: inputs of LayerNorms and of PatchMerging.
_STREAMS = ("norm.input", "norm_pre.input", "norm1.input", "norm2.input", "downsample.input",
            "stream")


@dataclass(frozen=True)
class Ranges:
    """Largest magnitudes seen: of each LayerNorm's input, and of the logits of each attention."""

    streams: dict
    logits: dict

    @classmethod
    def of(cls, quantized, images):
        """Measured on images, float32[n, channels, height, width], a few at a time."""
        logits = {name: 0.0 for name, _ in quantized.attentions()}
        streams = {}
        for part in images.split(_TOGETHER):
            seen = trace(quantized, part)
            for name in (name for name in seen if name.endswith(_STREAMS)):
                streams[name] = max(streams.get(name, 0.0), _largest(seen[name]))
            for name in logits:
                logits[name] = max(logits[name], _largest(seen[f"{name}.logits"]))
        return cls(streams, logits)


def softmax_widths(bits):
    """Widths of
    :func:`vit2rtl.golden.arithmetic.softmax.parameters`, from the bits of the log√2 codes.

    Codes of 5 bits and more reach so far down that nearly every probability has one of its own,
    and each is a chance to differ. With these widths at most 0.25 % of codes differ from those of
    an exact softmax, see docs/arithmetic.md.
    """
    width, rom_bits = (12, 8) if bits <= _SHALLOW else (16, 10)
    return {"width": width, "rom_bits": rom_bits}


def _largest(traced):
    return float(np.abs(traced.real()).max())


class IntegerOps(HardwareOps):
    """Makes ops of R3 to R9, with scales from :class:`Ranges`."""

    def __init__(self, ranges):
        super().__init__()
        self.ranges = ranges
        self.stream_scale = None

    def enter(self, streams):
        """One scale for the streams named, from the largest magnitude of any of them."""
        reach = max(self.ranges.streams[name] for name in streams)
        self.stream_scale = (reach or 1.0) * STREAM_HEADROOM / (1 << (STREAM_BITS - 1))

    def _stream(self, name, shape):
        return Tensor(name, tuple(shape), STREAM_BITS, True, scale=self.stream_scale)

    def branch(self, name, layer, x):
        """Straight from the accumulator to the stream's scale (R7)."""
        return self.linear(name, layer, x, self._stream(name, (*x.shape[:-1], len(layer.bias))))

    def embed(self, codes, constants, out):
        limit = 1 << (STREAM_BITS - 1)
        rounded = np.clip(np.floor(constants / self.stream_scale + 0.5), -limit, limit - 1)
        return self.emit("embed", "embed", [codes], self._stream(out, constants.shape),
                         {"constants": rounded.astype(np.int16)})

    def add(self, name, stream, codes, out):
        return self.emit(name, "add", [stream, codes], self._stream(out, stream.shape))

    def stream_of(self, codes, out):
        """A branch is in the stream's scale already."""
        return codes

    def layer_norm(self, name, norm, stream, target_name, target):
        output = codes_of(f"{target_name}.input", stream.shape, target.input_quantizer)
        return self._layer_norm(name, norm, stream, output, output.zero_point)

    def norm_to_stream(self, name, norm, stream, out):
        half = 1 << (STREAM_BITS - 1)
        return self._layer_norm(name, norm, stream, self._stream(out, stream.shape), half)

    def norm_for_pool(self, name, norm, stream):
        """16 bits for all that LayerNorm can give: √channels times the largest factor."""
        half = 1 << (STREAM_BITS - 1)
        gamma, beta = (float(p.detach().abs().max()) for p in (norm.weight, norm.bias))
        scale = (gamma * stream.shape[-1] ** 0.5 + beta or 1.0) / half
        output = Tensor(f"{name}.output", stream.shape, STREAM_BITS, scale=scale, zero_point=half)
        return self._layer_norm(name, norm, stream, output, half)

    def pool_stream(self, name, x, out):
        """Sum of the tokens, in a scale of its own: means are small."""
        self.enter([out])
        return self._pool(name, x, self._stream(out, (1, x.shape[-1])))

    def pool(self, name, x, out, quantizer):
        """Sum of the tokens, requantized."""
        return self._pool(name, x, codes_of(out, (1, x.shape[-1]), quantizer))

    def _pool(self, name, x, output):
        (multiplier,), (shift,) = multiplier_and_shift(x.scale / x.shape[0] / output.scale)
        return self.emit(
            name, "pool", [x], output, input_zero_point=x.zero_point, multiplier=int(multiplier),
            shift=int(shift), accumulator_bound=x.shape[0] * tensor_reach(x),
        )

    def _layer_norm(self, name, norm, stream, output, zero_point):
        gamma, beta = (p.detach().double().numpy() for p in (norm.weight, norm.bias))
        try:
            made = layernorm.parameters_of(
                gamma, beta, output.scale, zero_point,
                input_scale=stream.scale, epsilon=norm.eps,
            )
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        return self.emit(name, "layernorm", [stream], output,
                         {"gain": made.gain, "offset": made.offset},
                         shift=made.shift, epsilon=made.epsilon)

    def query_key(self, name, attention, q, k, mask):
        """Logits of 12 or 16 bits; 1/√D is in their multiplier (R3)."""
        width = softmax_widths(attention.softmax_quantizer.bits)["width"]
        reach = tensor_reach(q) * tensor_reach(k) * (q.shape[-1] // attention.heads)
        scale = (self.ranges.logits[name] or 1.0) * HEADROOM / ((1 << (width - 1)) - 1)
        (multiplier,), (shift,) = multiplier_and_shift(
            q.scale * k.scale * attention.scale / scale
        )
        output = Tensor(f"{name}.logits", matrix(attention, q), width, True, scale=scale)
        tensors, bound = {}, reach
        if attention.relative_position_bias is not None:
            bias = attention.relative_position_bias[0].double().numpy()
            bias = np.floor(bias / (q.scale * k.scale * attention.scale) + 0.5).astype(np.int32)
            tensors["bias"], bound = bias, reach + int(np.abs(bias).max())
        if mask is not None:
            tensors["mask"] = mask.astype(np.uint8)
        return self.emit(
            f"{name}.query_key", "query_key", [q, k], output, tensors, heads=attention.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=reach,
            accumulator_bound=bound, multiplier=int(multiplier), shift=int(shift),
            width=width,
        )

    def softmax(self, name, attention, logits, mask):
        quantizer = attention.softmax_quantizer
        made = softmax.parameters(
            logits.scale, float(quantizer.scale), bits=quantizer.bits,
            zero_code=quantizer.zero_code, **softmax_widths(quantizer.bits),
        )
        return self.emit(f"{name}.softmax", "softmax", [logits],
                         log_codes(f"{name}.softmax", logits.shape, quantizer), **made._asdict())

    def hidden(self, name, layer, x):
        """fc1's output for the activation's table: 12 bits, the negative side cut at -8."""
        quantizer = layer.outputs[0]
        reach = _reach_seen(quantizer) * HEADROOM
        low = min(reach, _ACTIVE)
        scale = (reach + low) / ((1 << HIDDEN_BITS) - 1)
        output = Tensor(name, (*x.shape[:-1], len(layer.bias)), HIDDEN_BITS, scale=scale,
                        zero_point=round(low / scale))
        return self.linear(name, layer, x, output)

    def heads(self, heads):
        """Logits of 12 bits, of one scale where there are two heads."""
        reach = max(_reach_seen(head.outputs[0]) for _, head, _ in heads) * HEADROOM
        scale = reach / (1 << (LOGIT_BITS - 1))
        return [
            self.linear(name, head, x,
                        Tensor(name, (1, len(head.bias)), LOGIT_BITS, True, scale=scale))
            for name, head, x in heads
        ]

    def average(self, logits):
        bits = LOGIT_BITS + len(logits) - 1
        output = Tensor("logits", logits[0].shape[-1:], bits, True,
                        scale=logits[0].scale / len(logits))
        return self.emit("logits", "average", logits, output)


def _reach_seen(quantizer):
    """Largest magnitude that calibration saw of an output; its quantizer leaves room above."""
    return float(quantizer.scale) * (quantizer.levels // 2) / OUTPUT_HEADROOM
