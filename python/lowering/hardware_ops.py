"""The ops that lowering makes of each module, variant ``hardware``."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from vit2rtl.golden.arithmetic import matmul, twin
from vit2rtl.golden.program.program import Tensor
from vit2rtl.lowering.attention_ops import AttentionOps
from vit2rtl.lowering.tensors import codes_of, float_stream, input_of
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.embeddings import step_of
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Layer, Mlp


class HardwareOps(AttentionOps):
    """What :class:`vit2rtl.models.ops.Ops` asks for."""

    def __init__(self) -> None:
        super().__init__()
        # Of streams that are codes, by name: the channels' powers of two.
        self._factors: dict[str, dict[str, np.ndarray]] = {}

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
        output = float_stream(out, constants.shape)
        scale = step_of(np.abs(constants).max())
        rounded = np.rint(constants / scale)
        if (rounded * scale != constants).any():
            raise ValueError("The position embedding has more than 16 bits: the checkpoint is of "
                             "an older version, quantize the model again")
        return self.emit("embed", "embed_float", [codes], output,
                         {"constants": rounded.astype(np.int16)}, constant_scale=scale,
                         scale=codes.scale, zero_point=codes.zero_point)

    def take(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        """Codes where the norm quantizes it."""
        if not isinstance(norm, IntegerLayerNorm) or stream.encoding == "power_of_two":
            return stream
        output = Tensor(f"{name}.codes", stream.shape, norm.stream.bits, False, "power_of_two",
                        norm.unit, int(norm.stream.zero_point[0]))
        self._factors[output.name] = {"factors": norm.factors.numpy()}
        return self.emit(output.name, "quantize_factors_float", [stream], output,
                         self._factors[output.name])

    def _real(self, stream: Tensor) -> Tensor:
        """A stream in float64, which it is but where a norm has quantized it."""
        if stream.encoding != "power_of_two":
            return stream
        output = float_stream(f"{stream.name.removesuffix('.codes')}.stream", stream.shape)
        return self.emit(output.name, "real_factors_float", [stream], output,
                         self._factors[stream.name], scale=stream.scale,
                         zero_point=stream.zero_point)

    def add(self, name: str, stream: Tensor, codes: Tensor, out: str) -> Tensor:
        stream = self._real(stream)
        return self.emit(name, "add_float", [stream, codes], float_stream(out, stream.shape),
                         scale=codes.scale, zero_point=codes.zero_point)

    def layer_norm(
        self, name: str, norm: nn.LayerNorm, stream: Tensor, target: Layer, out: str = ""
    ) -> Tensor:
        return self._layer_norm_float(name, norm, stream, input_of(target, stream.shape, out))

    def _layer_norm_float(
        self, name: str, norm: nn.LayerNorm, stream: Tensor, output: Tensor
    ) -> Tensor:
        """On codes of the stream where the norm takes such and a layer is behind it."""
        taken = self.take(name, norm, stream)
        if not isinstance(norm, IntegerLayerNorm) or norm.step is None:
            return self.emit(name, "layernorm_float", [self._real(taken)], output, _affine(norm),
                             epsilon=norm.eps)
        return self.emit(
            name, "layernorm_factors_float", [taken], output,
            _affine(norm) | {"factors": norm.factors.numpy()},
            input_zero_point=taken.zero_point, step=norm.step)

    def enter(self, streams: Sequence[str]) -> None:
        """The streams named share one scale from here on; float64 needs none."""

    def stream_of(self, codes: Tensor, out: str) -> Tensor:
        """A branch's codes as a residual stream of their own."""
        output = float_stream(out, codes.shape)
        return self.emit(f"{codes.name}.real", "real_float", [codes], output, scale=codes.scale,
                         zero_point=codes.zero_point)

    def gather(
        self, name: str, x: Tensor, index: np.ndarray, shape: Sequence[int], out: str,
        pad: np.ndarray | None = None,
    ) -> Tensor:
        """Tokens in another order, some of them side by side; ``pad`` is one behind the last."""
        constants = {"index": index.astype(np.int32)} | ({} if pad is None else {"pad": pad})
        return self.emit(name, "gather", [x], replace(x, name=out, shape=tuple(shape)), constants)

    def norm_to_stream(self, name: str, norm: nn.LayerNorm, stream: Tensor, out: str) -> Tensor:
        """LayerNorm from stream to stream."""
        return self._layer_norm_float(name, norm, stream, float_stream(out, stream.shape))

    def norm_for_pool(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        return self.norm_to_stream(name, norm, stream, f"{name}.output")

    def pool_stream(self, name: str, x: Tensor, out: str) -> Tensor:
        """Mean of the tokens, a residual stream of one token."""
        return self.emit(name, "pool_float", [x], float_stream(out, (1, x.shape[-1])))

    def pool(self, name: str, x: Tensor, out: str, quantizer: UniformQuantizer) -> Tensor:
        """Mean of the tokens, quantized."""
        output = codes_of(out, (1, x.shape[-1]), quantizer)
        return self.emit(name, "pool_float", [x], output)

    def mlp(self, mlp: Mlp, stream: Tensor, out: str) -> Tensor:
        normed = mlp.normed
        stream = self.take(normed.norm_name, normed.norm, stream)
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


def _affine(norm: nn.LayerNorm) -> dict[str, np.ndarray]:
    return {"gamma": norm.weight.detach().double().numpy(),
            "beta": norm.bias.detach().double().numpy()}


def weights_of(module: QuantLinear, channels: slice = slice(None)) -> dict[str, np.ndarray]:
    """Codes and zero points of some rows of a layer's weights."""
    zero_point = module.weight_quantizer.zero_point[channels]
    return {"weight": module.weight_codes[channels].numpy(),
            "weight_zero_point": zero_point.double().numpy().astype(np.int32)}
