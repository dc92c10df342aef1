"""Vision Transformers of random integers: programs of any shape and width, without a network."""

from dataclasses import dataclass, replace

import numpy as np

from vit2rtl.golden.arithmetic import layernorm, matmul, softmax
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift
from vit2rtl.golden.program.attention import value_bound, value_multipliers
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.kinds.average import mean_of
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor

STREAM = Tensor("", (), 16, True, scale=2.0**-10)


@dataclass(frozen=True)
class Shape:
    """Of a program.

    image      channels, height and width; square patches
    prefix     tokens in front of the patches; ``ends`` of them have a head each
    bits       of codes, of weights, of attention's codes
    """

    image: tuple[int, int, int] = (1, 6, 8)
    patch: int = 2
    channels: int = 8
    heads: int = 2
    hidden: int = 12
    depth: int = 1
    prefix: int = 1
    ends: int = 1
    classes: int = 5
    bits: int = 4
    image_bits: int = 8
    weight_bits: int = 4
    softmax_bits: int = 4
    v_bits: int = 4


class Maker:
    """Adds op after op; every op is one that a program's reader accepts."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.ops, self.tensors = [], {}

    def emit(self, name, kind, inputs, output, tensors=None, **attributes):
        op = Op(name, kind, tuple(one.name for one in inputs), output, attributes, tensors or {})
        problem = KINDS[kind].problem(op, inputs)
        assert problem is None, f"{name}: {problem}"
        self.ops.append(op)
        return output

    def codes(self, name, shape, bits):
        return Tensor(name, shape, bits, scale=0.5, zero_point=int(self.rng.integers(1 << bits)))

    def linear(self, name, x, output, weight_bits):
        """Sums are spread over the output's codes, some beyond them."""
        rng, (width, out) = self.rng, (x.shape[-1], output.shape[-1])
        weight = rng.integers(0, 1 << weight_bits, (out, width)).astype(np.uint8)
        zero_point = rng.integers(0, 1 << weight_bits, out).astype(np.int32)
        centered = weight.astype(int) - zero_point[:, None]
        spread = np.abs(centered).sum() / out * x.reach / np.sqrt(width)
        bias = rng.integers(-int(spread), int(spread) + 1, out)
        low, high = output.limits()
        factor = (high - low) / 2 / spread * rng.uniform(0.3, 1.2, out)
        multiplier, shift = multiplier_and_shift(factor)
        bound = matmul.linear_bounds(centered, bias, x.zero_point, x.limits()[1]).accumulator
        tensors = {
            "weight": weight, "weight_zero_point": zero_point,
            "bias": matmul.fold(bias, centered, x.zero_point),
            "multiplier": multiplier.astype(np.int32), "shift": shift.astype(np.uint8),
        }
        return self.emit(name, "linear", [x], output, tensors, weight_bits=weight_bits,
                         accumulator_bound=bound, input_zero_point=x.zero_point,
                         input_top=x.limits()[1])

    def layernorm(self, name, x, output):
        channels = x.shape[-1]
        step = (1 << output.bits) / 4
        parameters = layernorm.parameters_of(
            self.rng.uniform(0.5, 1.5, channels) * step, self.rng.normal(size=channels), 1.0,
            output.zero_point, input_scale=x.scale, epsilon=1e-6)
        return self.emit(name, "layernorm", [x], output,
                         {"gain": parameters.gain, "offset": parameters.offset},
                         shift=parameters.shift, epsilon=parameters.epsilon)

    def attention(self, name, x, stream, s):
        tokens, channels = x.shape
        q, k, v = (
            self.linear(f"{name}.{part}", x,
                        self.codes(f"{name}.{part}", (tokens, channels), bits), s.weight_bits)
            for part, bits in (("q", s.bits), ("k", s.bits), ("v", s.v_bits)))
        width = 12
        shape = (s.heads, tokens, tokens)
        bound = matmul.query_key_bound(q.reach, k.reach, channels // s.heads)
        (multiplier,), (shift,) = multiplier_and_shift(2.0**width / bound)
        logits = self.emit(
            f"{name}.query_key", "query_key", [q, k],
            Tensor(f"{name}.logits", shape, width, True, scale=0.004), heads=s.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=bound,
            accumulator_bound=bound, multiplier=int(multiplier), shift=int(shift), width=width)
        codes = Tensor(f"{name}.softmax", shape, s.softmax_bits, encoding="log_sqrt2", scale=0.6)
        parameters = softmax.parameters(logits.scale, codes.scale, bits=codes.bits, width=width)
        self.emit(f"{name}.softmax", "softmax", [logits], codes, **parameters._asdict())
        mixed = self.codes(f"{name}.mixed", (tokens, channels), s.bits)
        mixed = replace(mixed, scale=v.scale * (1 << s.v_bits) / (1 << s.bits) / 2)
        self.emit(
            f"{name}.attention_value", "attention_value", [codes, v], mixed, heads=s.heads,
            v_zero_point=v.zero_point, softmax_bits=codes.bits, zero_code="top",
            multipliers=[*value_multipliers(codes.scale, v.scale, mixed.scale, codes.bits, "top")],
            accumulator_bound=value_bound(codes, v, "top"))
        branch = self.linear(f"{name}.proj", mixed,
                             replace(STREAM, name=f"{name}.branch", shape=stream.shape),
                             s.weight_bits)
        return self.add(f"{name}.add", stream, branch)

    def add(self, name, stream, branch):
        return self.emit(name, "add", [stream, branch], replace(stream, name=f"{name}.out"))

    def mlp(self, name, x, stream, s):
        hidden = self.linear(f"{name}.fc1", x,
                             self.codes(f"{name}.fc1", (x.shape[0], s.hidden), 6), s.weight_bits)
        table = self.rng.integers(0, 1 << s.bits, 1 << hidden.bits).astype(np.uint8)
        active = self.emit(f"{name}.act", "table", [hidden],
                           self.codes(f"{name}.active", hidden.shape, s.bits), {"table": table})
        branch = self.linear(f"{name}.fc2", active,
                             replace(STREAM, name=f"{name}.branch", shape=stream.shape),
                             s.weight_bits)
        return self.add(f"{name}.add", stream, branch)


def random_program(seed, **shape):
    """A program of a :class:`Shape`, variant ``integer``."""
    s, maker = Shape(**shape), Maker(seed)
    image = Tensor("image", s.image, s.image_bits, scale=0.5, zero_point=3)
    count = s.image[1] // s.patch * (s.image[2] // s.patch)
    patches = replace(image, name="patches", shape=(count, s.image[0] * s.patch**2))
    maker.emit("patches", "patches", [image], patches, patch=[s.patch, s.patch])
    embedded = maker.linear("proj", patches,
                            replace(STREAM, name="embedded", shape=(count, s.channels)),
                            s.weight_bits)
    tokens = count + s.prefix
    constants = maker.rng.integers(-9000, 9000, (tokens, s.channels)).astype(np.int16)
    stream = maker.emit("embed", "embed", [embedded],
                        replace(STREAM, name="x", shape=(tokens, s.channels)),
                        {"constants": constants})
    for block in range(s.depth):
        for name, part in ((f"{block}.attn", maker.attention), (f"{block}.mlp", maker.mlp)):
            x = maker.layernorm(f"{name}.norm", stream,
                                maker.codes(f"{name}.normed", stream.shape, s.bits))
            stream = part(name, x, stream, s)
    heads = []
    for n in range(s.ends):
        token = maker.emit(f"token{n}", "select", [stream],
                           replace(stream, name=f"token{n}", shape=(1, s.channels)), tokens=[n])
        x = maker.layernorm(f"norm{n}", token, maker.codes(f"normed{n}", token.shape, s.bits))
        heads.append(maker.linear(f"head{n}", x, Tensor(
            f"head{n}", (1, s.classes), 12, True, scale=0.01), s.weight_bits))
    maker.emit("logits", "average", heads, mean_of(heads, "logits"))
    pixel_codes = np.tile(np.arange(256, dtype=np.uint8) >> 8 - s.image_bits, (s.image[0], 1))
    channels = [0.5] * s.image[0]
    return IntegerProgram(
        "integer", image, pixel_codes, maker.ops,
        {"input_size": list(s.image), "interpolation": "bicubic", "mean": channels,
         "std": channels}, "random", {})


def random_image(program, seed):
    """Codes of an image."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 1 << program.image.bits, program.image.shape).astype(np.uint8)
