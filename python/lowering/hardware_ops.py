"""The ops that lowering makes of each module, variant ``hardware``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from vit2rtl.golden.arithmetic import matmul, twin
from vit2rtl.golden.program.attention import matrix_shape, value_bound
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.embeddings import step_of
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import Quantizer, UniformQuantizer
from vit2rtl.quantization.structure import Attention, Layer, Mlp


class HardwareOps:
    """Makes ops one after the other, in ``ops``; every method returns the output's Tensor.

    What :class:`vit2rtl.models.ops.Ops` asks for.
    """

    def __init__(self) -> None:
        self.ops: list[Op] = []

    def emit(
        self, name: str, kind: str, inputs: Sequence[Tensor], output: Tensor,
        tensors: Mapping[str, np.ndarray] | None = None, **attributes: Any,
    ) -> Tensor:
        names = tuple(tensor.name for tensor in inputs)
        self.ops.append(Op(name, kind, names, output, attributes, dict(tensors or {})))
        return output

    def patches(self, image: Tensor, embedding: Layer) -> Tensor:
        channels, height, width = image.shape
        ph, pw = embedding.module.patch
        shape = (height // ph * (width // pw), channels * ph * pw)
        output = Tensor("patches", shape, image.bits, scale=image.scale,
                        zero_point=image.zero_point)
        return self.emit("patches", "patches", [image], output, patch=[ph, pw])

    def linear(
        self, name: str, layer: Layer, x: Tensor, output: Tensor, channels: slice = slice(None)
    ) -> Tensor:
        """A linear layer, or some of its channels: codes in, codes of ``output`` out."""
        if x.encoding == "twin_activation":
            return self._linear_twin(name, layer, x, output)
        module = layer.module
        weights = module.weight_quantizer
        top = x.limits()[1]
        try:
            constants = matmul.layer_of(
                module.centered_codes()[channels].long().numpy(),
                weights.scale[channels].double().numpy(), module.bias[channels].double().numpy(),
                matmul.Codes(x.scale, x.zero_point, top), output.scale,
            )
        except ValueError as error:
            raise ValueError(f"Layer {name}: {error}") from error
        tensors = weights_of(module, channels) | {
            "bias": constants.folded, "multiplier": constants.multiplier.astype(np.int32),
            "shift": constants.shift.astype(np.uint8),
        }
        return self.emit(
            name, "linear", [x], output, tensors, weight_bits=weights.bits,
            accumulator_bound=constants.bound, input_zero_point=x.zero_point, input_top=top,
        )

    def _linear_twin(self, name: str, layer: Layer, x: Tensor, output: Tensor) -> Tensor:
        """A linear layer behind codes of two regions."""
        module = layer.module
        try:
            constants = twin.layer_of(
                module.centered_codes().long().numpy(),
                module.weight_quantizer.scale.double().numpy(), module.bias.double().numpy(),
                (x.scale, x.low_scale), output.scale, bits=x.bits)
        except ValueError as error:
            raise ValueError(f"Layer {name}: {error}") from error
        above, below, shift = constants.multipliers
        tensors = weights_of(module) | {
            "bias": constants.bias, "multiplier": above.astype(np.int32),
            "low_multiplier": below.astype(np.int32), "shift": shift.astype(np.uint8),
        }
        return self.emit(name, "linear_twin", [x], output, tensors,
                         weight_bits=module.weight_quantizer.bits,
                         accumulator_bound=constants.bound)

    def query_key_value(
        self, layer: Layer, x: Tensor, queries: int | None = None
    ) -> list[Tensor]:
        """Three linear ops: q, k and v have a scale each."""
        asking = x if queries is None else self.select(
            f"{layer.name}.queries", x, list(range(queries)))
        step = len(layer.module.bias) // 3
        return [
            self.linear(f"{layer.name}.{part}", layer, tokens,
                        codes_of(f"{layer.name}.{part}", (*tokens.shape[:-1], step),
                                 layer.module.outputs[n]),
                        slice(n * step, (n + 1) * step))
            for n, (part, tokens) in enumerate(zip("qkv", (asking, x, x), strict=True))
        ]

    def branch(self, layer: Layer, x: Tensor) -> Tensor:
        module = layer.module
        output = codes_of(layer.name, (*x.shape[:-1], len(module.bias)), module.outputs[0])
        return self.linear(layer.name, layer, x, output)

    def heads(self, heads: Sequence[tuple[Layer, Tensor]]) -> list[Tensor]:
        return [self.branch(*head) for head in heads]

    def embed(self, codes: Tensor, constants: np.ndarray, out: str) -> Tensor:
        """The constants are 16-bit codes of one scale, a power of two, since surgery."""
        output = _stream(out, constants.shape)
        scale = step_of(np.abs(constants).max())
        rounded = np.rint(constants / scale)
        if (rounded * scale != constants).any():
            raise ValueError("The position embedding has more than 16 bits: the checkpoint is of "
                             "an older version, quantize the model again")
        return self.emit("embed", "embed_float", [codes], output,
                         {"constants": rounded.astype(np.int16)}, constant_scale=scale,
                         scale=codes.scale, zero_point=codes.zero_point)

    def add(self, name: str, stream: Tensor, codes: Tensor, out: str) -> Tensor:
        return self.emit(name, "add_float", [stream, codes], _stream(out, stream.shape),
                         scale=codes.scale, zero_point=codes.zero_point)

    def layer_norm(self, name: str, norm: nn.LayerNorm, stream: Tensor, target: Layer) -> Tensor:
        output = input_of(target, stream.shape)
        return self.emit(name, "layernorm_float", [stream], output, _affine(norm),
                         epsilon=norm.eps)

    def enter(self, streams: Sequence[str]) -> None:
        """The streams named share one scale from here on; float64 needs none."""

    def stream_of(self, codes: Tensor, out: str) -> Tensor:
        """A branch's codes as a residual stream of their own."""
        return self.emit(f"{codes.name}.real", "real_float", [codes], _stream(out, codes.shape),
                         scale=codes.scale, zero_point=codes.zero_point)

    def gather(
        self, name: str, x: Tensor, index: np.ndarray, shape: Sequence[int], out: str
    ) -> Tensor:
        """Tokens in another order, some of them side by side."""
        return self.emit(name, "gather", [x], replace(x, name=out, shape=tuple(shape)),
                         {"index": index.astype(np.int32)})

    def norm_to_stream(self, name: str, norm: nn.LayerNorm, stream: Tensor, out: str) -> Tensor:
        """LayerNorm from stream to stream."""
        return self.emit(name, "layernorm_float", [stream], _stream(out, stream.shape),
                         _affine(norm), epsilon=norm.eps)

    def norm_for_pool(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        return self.norm_to_stream(name, norm, stream, f"{name}.output")

    def pool_stream(self, name: str, x: Tensor, out: str) -> Tensor:
        """Mean of the tokens, a residual stream of one token."""
        return self.emit(name, "pool_float", [x], _stream(out, (1, x.shape[-1])))

    def pool(self, name: str, x: Tensor, out: str, quantizer: UniformQuantizer) -> Tensor:
        """Mean of the tokens, quantized."""
        output = codes_of(out, (1, x.shape[-1]), quantizer)
        return self.emit(name, "pool_float", [x], output)

    def attention(self, attention: Attention, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        codes = self.softmax(attention, self.query_key(attention, q, k))
        return self.attention_value(attention, codes, v)

    def query_key(self, attention: Attention, q: Tensor, k: Tensor) -> Tensor:
        name, module = attention.name, attention.module
        bound = query_key_bound(attention, q, k)
        scale = q.scale * k.scale * module.scale
        output = Tensor(f"{name}.accumulators", matrix_shape(q, k, module.heads),
                        bound.bit_length() + 1, True, "accumulator", scale, 0, bound)
        return self.emit(
            f"{name}.query_key", "query_key", [q, k], output, heads=module.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=bound,
            accumulator_bound=bound,
        )

    def softmax(self, attention: Attention, logits: Tensor) -> Tensor:
        name, quantizer = attention.name, attention.module.softmax_quantizer
        tensors = {}
        if attention.module.relative_position_bias is not None:
            tensors["bias"] = attention.module.relative_position_bias[0].double().numpy()
        tensors |= mask_of(attention)
        output = codes_of(f"{name}.softmax", logits.shape, quantizer)
        if output.encoding == "twin_softmax":
            return self.emit(f"{name}.softmax", "softmax_twin_float", [logits], output, tensors,
                             logit_scale=logits.scale, split=quantizer.exponent)
        a, b = quantizer.thresholds()
        return self.emit(
            f"{name}.softmax", "softmax_float", [logits], output, tensors,
            logit_scale=logits.scale, threshold_a=a, threshold_b=b, zero_code=quantizer.zero_code,
        )

    def attention_value(self, attention: Attention, codes: Tensor, v: Tensor) -> Tensor:
        name, module = attention.name, attention.module
        if module.value is None:
            raise ValueError(f"{name} has no integer form of attention times V")
        quantizer = module.softmax_quantizer
        output = input_of(attention.last, (*v.shape[:-2], codes.shape[-2], v.shape[-1]))
        if codes.encoding == "twin_softmax":
            split = quantizer.exponent
            bound = _fitting(name, twin.bound(v.shape[-2], v.reach, split, bits=codes.bits))
            return self.emit(
                f"{name}.attention_value", "attention_value_twin", [codes, v], output,
                heads=module.heads, v_zero_point=v.zero_point, softmax_bits=codes.bits,
                split=split, multipliers=list(module.value.multipliers), accumulator_bound=bound)
        bound = _fitting(name, value_bound(codes, v, quantizer.zero_code))
        return self.emit(
            f"{name}.attention_value", "attention_value", [codes, v], output,
            heads=module.heads, v_zero_point=v.zero_point, softmax_bits=quantizer.bits,
            zero_code=quantizer.zero_code, multipliers=list(module.value.multipliers),
            accumulator_bound=bound,
        )

    def mlp(self, mlp: Mlp, stream: Tensor, out: str) -> Tensor:
        normed = mlp.normed
        x = self.layer_norm(normed.norm_name, normed.norm, stream, normed.layer)
        hidden = self.hidden(mlp, x)
        x = self.activation(f"{mlp.name}.act", mlp.activation, hidden, mlp.last)
        branch = self.branch(mlp.last, x)
        return self.add(f"{mlp.name}.add", stream, branch, out)

    def activation(
        self, name: str, activation: QuantActivation, hidden: Tensor, target: Layer
    ) -> Tensor:
        """The activation function up to fc2's codes, a table over fc1's codes."""
        output = input_of(target, hidden.shape)
        entries = target.module.input_quantizer.table_of(
            activation.function, hidden.scale, hidden.zero_point, hidden.bits)
        return self.emit(name, "table", [hidden], output, {"table": entries})

    def hidden(self, mlp: Mlp, x: Tensor) -> Tensor:
        """fc1's output, which the activation's table takes."""
        return self.branch(mlp.normed.layer, x)

    def select(self, name: str, stream: Tensor, tokens: list[int]) -> Tensor:
        """Some of the tokens."""
        output = Tensor(name, (len(tokens), stream.shape[-1]), stream.bits, stream.signed,
                        stream.encoding, stream.scale, stream.zero_point)
        return self.emit(name, "select", [stream], output, tokens=tokens)

    def average(self, logits: Sequence[Tensor]) -> Tensor:
        output = Tensor("logits", (logits[0].shape[-1],), 64, True, "float64")
        return self.emit("logits", "average_float", logits, output,
                         scales=[t.scale for t in logits],
                         zero_points=[t.zero_point for t in logits])


def _fitting(name: str, bound: int) -> int:
    """The bound of an accumulator, which has 32 bits: ValueError for a larger one."""
    if bound >= matmul.ACCUMULATOR_LIMIT:
        raise ValueError(f"{name}: accumulator bound {bound} does not fit 32 bits")
    return bound


def _affine(norm: nn.LayerNorm) -> dict[str, np.ndarray]:
    return {"gamma": norm.weight.detach().double().numpy(),
            "beta": norm.bias.detach().double().numpy()}


def weights_of(module: QuantLinear, channels: slice = slice(None)) -> dict[str, np.ndarray]:
    """Codes and zero points of some rows of a layer's weights."""
    zero_point = module.weight_quantizer.zero_point[channels]
    return {"weight": module.weight_codes[channels].numpy(),
            "weight_zero_point": zero_point.double().numpy().astype(np.int32)}


def codes_of(name: str, shape: Sequence[int], quantizer: Quantizer) -> Tensor:
    """Tensor of a quantizer's codes; a ValueError where programs do not know what they mean."""
    match quantizer.encoding:
        case "uniform":
            return Tensor(name, tuple(shape), quantizer.bits, scale=float(quantizer.scale),
                          zero_point=int(quantizer.zero_point))
        case "log_sqrt2":
            return Tensor(name, tuple(shape), quantizer.bits, False, "log_sqrt2",
                          float(quantizer.scale))
        case "twin_softmax" | "twin_activation" as twins:
            scale, low_scale = quantizer.scales()
            return Tensor(name, tuple(shape), quantizer.bits, twins == "twin_activation", twins,
                          scale, low_scale=low_scale)
    raise ValueError(f"{name}: codes of {type(quantizer).__name__}, encoding "
                     f"{quantizer.encoding!r}, cannot be lowered")


def input_of(layer: Layer, shape: Sequence[int]) -> Tensor:
    """The codes that a layer takes."""
    return codes_of(f"{layer.name}.input", shape, layer.module.input_quantizer)


def query_key_bound(attention: Attention, q: Tensor, k: Tensor) -> int:
    channels = q.shape[-1] // attention.module.heads
    return _fitting(attention.name, matmul.query_key_bound(q.reach, k.reach, channels))


def mask_of(attention: Attention) -> dict[str, np.ndarray]:
    """``mask`` uint8[windows, tokens, tokens], 1 where a key is out of reach (Swin); or nothing."""
    if attention.mask is None:
        return {}
    return {"mask": (attention.mask.numpy() != 0).astype(np.uint8)}


def _stream(name: str, shape: Sequence[int]) -> Tensor:
    return Tensor(name, tuple(shape), 64, True, "float64")
