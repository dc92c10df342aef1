"""The ops that lowering makes of each module, variant ``hardware``."""


from dataclasses import replace
from math import frexp

import numpy as np

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.lowering.activation_table import activation_table
from vit2rtl.models.surgery import EMBEDDING_BITS
from vit2rtl.quantization.quantizers import PROBABILITY_WIDTH


class HardwareOps:
    """Makes ops one after the other, in ``made``; every method returns the output's Tensor."""

    def __init__(self):
        self.made = []

    def emit(self, name, kind, inputs, output, tensors=None, **attributes):
        names = tuple(tensor.name for tensor in inputs)
        self.made.append(Op(name, kind, names, output, attributes, tensors or {}))
        return output

    def patches(self, image, embedding):
        channels, height, width = image.shape
        ph, pw = embedding.patch
        shape = (height // ph * (width // pw), channels * ph * pw)
        output = Tensor("patches", shape, image.bits, scale=image.scale,
                        zero_point=image.zero_point)
        return self.emit("patches", "patches", [image], output, patch=[ph, pw])

    def linear(self, name, layer, x, output, channels=slice(None)):
        """A linear layer, or some of its channels: codes in, codes of ``output`` out."""
        weights = layer.weight_quantizer
        codes = layer.weight_codes[channels].numpy()
        zero_point = weights.zero_point.double()[channels].numpy().astype(np.int64)
        scale = x.scale * weights.scale.double()[channels].numpy()
        centered = codes.astype(np.int64) - zero_point[:, np.newaxis]
        bias = np.floor(layer.bias.double()[channels].numpy() / scale + 0.5).astype(np.int64)
        top = x.limits()[1]
        reach = max(x.zero_point, top - x.zero_point)
        folded = bias - x.zero_point * centered.sum(axis=1)
        bound = int((np.abs(centered).sum(axis=1) * reach + np.abs(bias)).max())
        if bound >> 31:
            raise ValueError(f"Layer {name}: accumulator bound {bound} does not fit 32 bits")
        multiplier, shift = multiplier_and_shift(scale / output.scale)
        tensors = {
            "weight": codes, "weight_zero_point": zero_point.astype(np.int32),
            "bias": folded, "multiplier": multiplier.astype(np.int32),
            "shift": shift.astype(np.uint8),
        }
        return self.emit(
            name, "linear", [x], output, tensors, weight_bits=weights.bits,
            accumulator_bound=bound, input_zero_point=x.zero_point, input_top=top,
        )

    def query_key_value(self, name, layer, x):
        """Three linear ops: q, k and v have a scale each."""
        step = len(layer.bias) // 3
        return [
            self.linear(f"{name}.{part}", layer, x,
                        codes_of(f"{name}.{part}", (*x.shape[:-1], step), layer.outputs[n]),
                        slice(n * step, (n + 1) * step))
            for n, part in enumerate("qkv")
        ]

    def branch(self, name, layer, x):
        output = codes_of(name, (*x.shape[:-1], len(layer.bias)), layer.outputs[0])
        return self.linear(name, layer, x, output)

    def heads(self, heads):
        """The heads of (name, layer, input codes) triples."""
        return [self.branch(*head) for head in heads]

    def embed(self, codes, constants, out):
        """The constants are 16-bit codes of one scale, a power of two, since surgery."""
        output = _stream(out, constants.shape)
        scale = 2.0 ** (frexp(np.abs(constants).max())[1] - EMBEDDING_BITS + 1)
        rounded = np.rint(constants / scale)
        if (rounded * scale != constants).any():
            raise ValueError("The position embedding has more than 16 bits: the checkpoint is of "
                             "an older version, quantize the model again")
        return self.emit("embed", "embed_float", [codes], output,
                         {"constants": rounded.astype(np.int16)}, constant_scale=scale,
                         scale=codes.scale, zero_point=codes.zero_point)

    def add(self, name, stream, codes, out):
        return self.emit(name, "add_float", [stream, codes], _stream(out, stream.shape),
                         scale=codes.scale, zero_point=codes.zero_point)

    def layer_norm(self, name, norm, stream, target_name, target):
        output = codes_of(f"{target_name}.input", stream.shape, target.input_quantizer)
        return self.emit(name, "layernorm_float", [stream], output, _affine(norm),
                         epsilon=norm.eps)

    def enter(self, streams):
        """The streams named share one scale from here on; float64 needs none."""

    def stream_of(self, codes, out):
        """A branch's codes as a residual stream of their own."""
        return self.emit(f"{codes.name}.real", "real_float", [codes], _stream(out, codes.shape),
                         scale=codes.scale, zero_point=codes.zero_point)

    def gather(self, name, x, index, shape, out):
        """Tokens in another order, some of them side by side."""
        return self.emit(name, "gather", [x], replace(x, name=out, shape=tuple(shape)),
                         {"index": index.astype(np.int32)})

    def norm_to_stream(self, name, norm, stream, out):
        """LayerNorm from stream to stream."""
        return self.emit(name, "layernorm_float", [stream], _stream(out, stream.shape),
                         _affine(norm), epsilon=norm.eps)

    def norm_for_pool(self, name, norm, stream):
        return self.norm_to_stream(name, norm, stream, f"{name}.output")

    def pool_stream(self, name, x, out):
        """Mean of the tokens, a residual stream of one token."""
        return self.emit(name, "pool_float", [x], _stream(out, (1, x.shape[-1])))

    def pool(self, name, x, out, quantizer):
        """Mean of the tokens, quantized."""
        output = codes_of(out, (1, x.shape[-1]), quantizer)
        return self.emit(name, "pool_float", [x], output)

    def attention(self, name, attention, q, k, v, mask=None):
        """``mask``: bool[windows, tokens, tokens], True where a key is out of reach (Swin)."""
        logits = self.query_key(name, attention, q, k, mask)
        codes = self.softmax(name, attention, logits, mask)
        return self.attention_value(name, attention, codes, v)

    def query_key(self, name, attention, q, k, mask):
        reach = tensor_reach(q) * tensor_reach(k) * (q.shape[-1] // attention.heads)
        scale = q.scale * k.scale * attention.scale
        output = Tensor(f"{name}.accumulators", matrix(attention, q), reach.bit_length() + 1, True,
                        "accumulator", scale, 0, reach)
        return self.emit(
            f"{name}.query_key", "query_key", [q, k], output, heads=attention.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=reach,
            accumulator_bound=reach,
        )

    def softmax(self, name, attention, logits, mask):
        quantizer = attention.softmax_quantizer
        tensors = {}
        if attention.relative_position_bias is not None:
            tensors["bias"] = attention.relative_position_bias[0].double().numpy()
        if mask is not None:
            tensors["mask"] = mask.astype(np.uint8)
        a, b = quantizer.thresholds()
        return self.emit(
            f"{name}.softmax", "softmax_float", [logits],
            log_codes(f"{name}.softmax", logits.shape, quantizer), tensors,
            logit_scale=logits.scale, threshold_a=a, threshold_b=b, zero_code=quantizer.zero_code,
        )

    def attention_value(self, name, attention, codes, v):
        quantizer = attention.softmax_quantizer
        rule = {"bits": quantizer.bits, "zero_code": quantizer.zero_code}
        output = codes_of(f"{name}.proj.input", v.shape, attention.proj.input_quantizer)
        tokens = v.shape[-2]
        # Rounding to 16 bits may raise each probability by half a unit.
        scale = codes.scale / (1 + tokens * 2.0 ** -(PROBABILITY_WIDTH + 1))
        bound = attention_value.bound(tokens, tensor_reach(v), scale=scale, **rule)
        if bound >> 31:
            raise ValueError(f"{name}: accumulator bound {bound} does not fit 32 bits")
        return self.emit(
            f"{name}.attention_value", "attention_value", [codes, v], output,
            heads=attention.heads, v_zero_point=v.zero_point, softmax_bits=quantizer.bits,
            zero_code=quantizer.zero_code, multipliers=list(attention.value.multipliers),
            accumulator_bound=bound,
        )

    def mlp(self, name, block, stream, out):
        """The second half of a block: LayerNorm, MLP, and its addition to the stream."""
        mlp = block.mlp
        x = self.layer_norm(f"{name}.norm2", block.norm2, stream, f"{name}.mlp.fc1", mlp.fc1)
        x = self.activation(f"{name}.mlp", mlp, x)
        branch = self.branch(f"{name}.mlp.fc2", mlp.fc2, x)
        return self.add(f"{name}.mlp.add", stream, branch, out)

    def activation(self, name, mlp, x):
        """fc1 and the activation function up to fc2's codes, a table over fc1's codes."""
        hidden = self.hidden(f"{name}.fc1", mlp.fc1, x)
        output = codes_of(f"{name}.fc2.input", hidden.shape, mlp.fc2.input_quantizer)
        entries = activation_table(mlp.act.activation, hidden, output)
        return self.emit(f"{name}.act", "table", [hidden], output, {"table": entries})

    def hidden(self, name, layer, x):
        return self.branch(name, layer, x)

    def select(self, name, stream, tokens):
        """Some of the tokens."""
        output = Tensor(name, (len(tokens), stream.shape[-1]), stream.bits, stream.signed,
                        stream.encoding, stream.scale, stream.zero_point)
        return self.emit(name, "select", [stream], output, tokens=tokens)

    def average(self, logits):
        output = Tensor("logits", (logits[0].shape[-1],), 64, True, "float64")
        return self.emit("logits", "average_float", logits, output,
                         scales=[t.scale for t in logits],
                         zero_points=[t.zero_point for t in logits])


def _affine(norm):
    return {"gamma": norm.weight.detach().double().numpy(),
            "beta": norm.bias.detach().double().numpy()}


def codes_of(name, shape, quantizer):
    """Tensor of a uniform quantizer's codes."""
    return Tensor(name, tuple(shape), quantizer.bits, scale=float(quantizer.scale),
                  zero_point=int(quantizer.zero_point))


def log_codes(name, shape, quantizer):
    return Tensor(name, tuple(shape), quantizer.bits, False, "log_sqrt2", float(quantizer.scale))


def _stream(name, shape):
    return Tensor(name, tuple(shape), 64, True, "float64")


def matrix(attention, q):
    return (*q.shape[:-2], attention.heads, q.shape[-2], q.shape[-2])


def tensor_reach(tensor):
    low, high = tensor.limits()
    return max(tensor.zero_point - low, high - tensor.zero_point)
