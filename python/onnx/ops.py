"""Ops of an integer program as ONNX nodes: each value stands for what the op's codes mean."""

import math

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, log_sqrt2
from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.kinds.softmax_float import PROBABILITY_BITS

_MASKED = -100.0
# For a channel whose multiplier is zero: with accumulators below 2^31, all of its codes are zero.
_NOTHING = 2.0**-62


class Converter:
    """Turns the ops of a program of variant ``hardware`` into nodes, one method a kind.

    Values are reals: a uniform tensor is its codes less the zero point times the scale, as its
    quantizer node gives it. Only log√2 codes travel as codes, from their quantizer to the look-up
    of what they stand for.
    """

    def __init__(self, program, graph, quantizers):
        self.program, self.graph, self.quantizers = program, graph, quantizers
        self.tensors = program.tensors()
        self.values = {}

    def convert(self, images, output):
        """Nodes from the value ``images`` to the value ``output``, the logits."""
        program, graph = self.program, self.graph
        graph.scope = program.image.name
        self.values[program.image.name] = self.quantizers.image(images, program.image)
        for op in program.ops:
            graph.scope = op.name
            inputs = [self.values[name] for name in op.inputs]
            self.values[op.output.name] = getattr(self, op.kind)(op, *inputs)
        logits = self.values[op.output.name]
        if graph.dtype != np.float32:
            graph.node("Cast", logits, to=1, output=output)
        else:
            graph.node("Identity", logits, output=output)

    def patches(self, op, image):
        channels, height, width = self.program.image.shape
        ph, pw = op.attributes["patch"]
        cut = self._reshape(image, channels, height // ph, ph, width // pw, pw)
        cut = self.graph.node("Transpose", cut, perm=[0, 2, 4, 1, 3, 5])
        return self._reshape(cut, *op.output.shape)

    def linear(self, op, x):
        """The weights' scale is ``s_y M / (2^n s_x)``: what the requantizer makes of theirs."""
        graph, t, source = self.graph, op.tensors, self.tensors[op.inputs[0]]
        factor = np.ldexp(t["multiplier"].astype(np.float64), -t["shift"].astype(np.int64))
        step = op.output.scale * np.where(factor, factor, _NOTHING)
        zero_point = t["weight_zero_point"].astype(np.int64)
        weight = self.quantizers.weight(
            t["weight"].T.astype(np.int64), (step / source.scale)[np.newaxis],
            zero_point[np.newaxis], op.attributes["weight_bits"])
        bias = t["bias"].astype(np.int64) + source.zero_point * centered_weight(op).sum(axis=1)
        y = graph.node("MatMul", x, weight)
        y = graph.node("Add", y, graph.constant(
            "bias", bias * step + self._half_up(op.output, t["shift"])))
        return self.quantizers.activation(y, op.output)

    def query_key(self, op, q, k):
        q, k = (self._heads(op, which, x, transposed=which) for which, x in enumerate((q, k)))
        return self.graph.node("MatMul", q, k)

    def softmax_float(self, op, products):
        """Softmax, rounded half to even to 16 bits, and its log√2 code."""
        graph, a = self.graph, op.attributes
        q, k = (self.tensors[name].scale for name in self._producer(op.inputs[0]).inputs)
        x = graph.node("Mul", products, graph.constant("logit_scale", a["logit_scale"] / (q * k)))
        shift = 0.0 + op.tensors.get("bias", 0.0)
        if "mask" in op.tensors:
            shift = shift + _MASKED * op.tensors["mask"][:, np.newaxis]
        if np.ndim(shift):
            x = graph.node("Add", x, graph.constant("bias", shift))
        x = graph.node("Softmax", x, axis=-1)
        x = graph.node("Mul", x, graph.shared("probability/one", 1 << PROBABILITY_BITS))
        x = graph.node("Min", graph.node("Round", x),
                       graph.shared("probability/top", (1 << PROBABILITY_BITS) - 1))
        return self.log_sqrt2_code(x, op.output, a["zero_code"])

    def log_sqrt2_code(self, probability, output, zero_code):
        """Codes of probabilities in units of 2^-16: ``round(-2 log2(p / s))``, clipped.

        No probability of 16 bits is so near a threshold that float64 would decide otherwise than
        the integers of
        :func:`vit2rtl.golden.arithmetic.log_sqrt2.quantize`; a zero gives infinity, and the
        last code.
        """
        graph = self.graph
        x = graph.node("Mul", graph.node("Log", probability),
                       graph.shared("log_sqrt2/steps", -2 / math.log(2)))
        whole = output.scale * (1 << PROBABILITY_BITS)
        x = graph.node("Add", x, graph.constant("log_sqrt2_offset", 2 * math.log2(whole)))
        last = log_sqrt2.code_count(output.bits, zero_code) - 1
        x = graph.node("Clip", graph.node("Round", x), graph.shared("zero", 0),
                       graph.shared(f"log_sqrt2/last/{last}", last))
        return graph.node("Cast", x, to=7, output=output.name)

    def attention_value(self, op, codes, v):
        """Each code's share of ``(E M_E + O M_O) / 2^n`` as a factor (R5), then one matmul."""
        graph, a, output = self.graph, op.attributes, op.output
        multipliers = attention_value.Multipliers(*a["multipliers"])
        even, odd = attention_value.shifted_ones(a["softmax_bits"], a["zero_code"])
        shares = even * multipliers.even + odd * multipliers.odd
        shares = np.ldexp(shares.astype(np.float64), -multipliers.shift)
        step = output.scale / self.tensors[op.inputs[1]].scale
        factors = graph.node("Gather", graph.constant("factors", shares * step), codes)
        y = graph.node("MatMul", factors, self._heads(op, 1, v))
        y = graph.node("Transpose", y, perm=_swapped(len(output.shape) - 2))
        y = self._reshape(y, *output.shape)
        half = self._half_up(output, multipliers.shift)
        if half:
            y = graph.node("Add", y, graph.constant("half_up", half))
        return self.quantizers.activation(y, output)

    def layernorm_float(self, op, x):
        graph = self.graph
        factors = (graph.constant(role, op.tensors[role]) for role in ("gamma", "beta"))
        y = graph.node("LayerNormalization", x, *factors, axis=-1,
                       epsilon=op.attributes["epsilon"])
        return self._quantized(op, y)

    def table(self, op, x):
        """The activation function for every code of its input; that is found from the value."""
        graph, source, output = self.graph, self.tensors[op.inputs[0]], op.output
        index = graph.node("Div", x, graph.constant("index_scale", source.scale))
        index = graph.node("Add", index, graph.constant("index_zeropt", source.zero_point))
        index = graph.node("Clip", graph.node("Round", index),
                           *(graph.shared(f"index/{limit}", limit) for limit in source.limits()))
        index = graph.node("Cast", index, to=7)
        y = graph.node("Gather", graph.constant("table", op.tensors["table"], np.uint8), index)
        y = graph.node("Cast", y, to=graph.type)
        y = graph.node("Sub", y, graph.constant("table_zeropt", output.zero_point))
        y = graph.node("Mul", y, graph.constant("table_scale", output.scale))
        return self.quantizers.activation(y, output)

    def embed_float(self, op, tokens):
        graph = self.graph
        constants = op.tensors["constants"] * op.attributes["constant_scale"]
        missing = len(constants) - self.tensors[op.inputs[0]].shape[0]
        if missing:
            tokens = graph.node("Pad", tokens,
                                graph.constant("pads", [0, missing, 0, 0, 0, 0], np.int64))
        return graph.node("Add", tokens, graph.constant("constants", constants[np.newaxis]))

    def add_float(self, op, stream, branch):
        return self.graph.node("Add", stream, branch)

    def real_float(self, op, x):
        return x

    def select(self, op, x):
        index = self.graph.constant("tokens", op.attributes["tokens"], np.int64)
        return self.graph.node("Gather", x, index, axis=1)

    def gather(self, op, x):
        shape = self.tensors[op.inputs[0]].shape
        if len(shape) > 2:
            x = self._reshape(x, math.prod(shape[:-1]), shape[-1])
        index = self.graph.constant("index", op.tensors["index"].reshape(-1), np.int64)
        return self._reshape(self.graph.node("Gather", x, index, axis=1), *op.output.shape)

    def pool_float(self, op, x):
        return self._quantized(op, self.graph.node("ReduceMean", x, axes=[1], keepdims=1))

    def average_float(self, op, *heads):
        total, *others = heads
        for head in others:
            total = self.graph.node("Add", total, head)
        if others:
            total = self.graph.node("Div", total, self.graph.constant("heads", len(heads)))
        return self._reshape(total, *op.output.shape)

    def _quantized(self, op, y):
        """LayerNorm and pooling may have a quantizer behind them."""
        if op.output.encoding == "float64":
            return y
        return self.quantizers.activation(y, op.output)

    def _heads(self, op, which, x, transposed=False):
        """[..., tokens, channels] to [..., heads, tokens, channels / heads], or transposed."""
        *lead, tokens, channels = self.tensors[op.inputs[which]].shape
        heads = op.attributes["heads"]
        x = self._reshape(x, *lead, tokens, heads, channels // heads)
        perm = _swapped(len(lead))
        if transposed:
            perm[-2:] = perm[:-3:-1]
        return self.graph.node("Transpose", x, perm=perm)

    def _reshape(self, x, *sizes):
        count = f"shape/{'x'.join(map(str, sizes))}"
        return self.graph.node("Reshape", x, self.graph.shape(count, 0, *sizes))

    def _producer(self, name):
        return next(op for op in self.program.ops if op.output.name == name)

    def _half_up(self, output, shift):
        """A sum is a multiple of ``2^-n`` steps of the output: half of that added, ties round up,
        as the requantizer's do (R1), and nothing else changes."""
        if self.graph.dtype != np.float64:
            return 0.0
        return output.scale * np.ldexp(0.5, -np.asarray(shift, np.int64))


def _swapped(lead):
    """The permutation that swaps tokens and heads behind images and ``lead`` axes."""
    return [*range(lead + 1), lead + 2, lead + 1, lead + 3]
