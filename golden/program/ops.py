"""The ops of an integer program: one function per kind, on a few images at a time.

Every function takes the op and its inputs, arrays of integers with the images as their first axis,
and returns the output. Arrays of Python integers (``dtype=object``) go through the golden
functions alone; machine integers take roads through float BLAS that are exact within the bounds
that the program states, see :mod:`vit2rtl.golden.arithmetic.matmul`.
"""

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, layernorm, matmul, residual, softmax
from vit2rtl.golden.arithmetic.integers import smallest
from vit2rtl.golden.arithmetic.requantizer import rescale


def dtype_of(tensor):
    """The machine type that a tensor travels in."""
    return np.float64 if tensor.encoding == "float64" else smallest(*tensor.limits())


def patches(op, image):
    """uint8[images, channels, height, width] -> [images, patches, channels * ph * pw]"""
    count, channels, height, width = image.shape
    ph, pw = op.attributes["patch"]
    cut = image.reshape(count, channels, height // ph, ph, width // pw, pw)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(count, *op.output.shape)


def centered_weight(op):
    """int16[out, in]: weight codes less their row's zero point (R2)."""
    weight, zero_point = op.tensors["weight"], op.tensors["weight_zero_point"]
    return weight.astype(np.int64) - zero_point[:, np.newaxis]


def linear(op, x):
    """Codes to codes: ``x · w' + bias`` (R2), requantized (R1)."""
    limits = op.output.limits()
    if x.dtype == object:
        acc = matmul.linear(x, centered_weight(op).astype(object), op.tensors["bias"])
        check_bound(op, acc)
        return rescale(acc, op.tensors["multiplier"], op.tensors["shift"],
                       np.int64(op.output.zero_point), *limits)
    made = op.cache.get("linear") or op.cache.setdefault("linear", _prepare_linear(op))
    rows = x.reshape(-1, x.shape[-1])
    codes = np.empty((len(rows), op.output.shape[-1]), dtype_of(op.output))
    low, high = (limit - op.output.zero_point for limit in limits)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        acc = (rows[part].astype(made["weight"].dtype) - made["zero_point"]) @ made["weight"]
        if max(-acc.min(), acc.max()) > made["bound"]:
            raise ValueError(f"Op {op.name}: an accumulator exceeds its bound")
        y = np.multiply(acc, made["factor"], dtype=np.float64)
        y += made["offset"]
        np.floor(y, out=y)
        np.clip(y, low, high, out=y)
        y += op.output.zero_point
        codes[part] = y
    return codes.reshape(x.shape[:-1] + codes.shape[1:])


_ROWS = 197


def _prepare_linear(op):
    """Weights as the narrowest float that holds every sum of centered codes exactly.

    Bias, rounding constant and zero point of the input are one float64 per channel: multiples of
    2**-shift, below 2**53 of them.
    """
    weight, t = centered_weight(op), op.tensors
    zero_point, top = op.attributes["input_zero_point"], op.attributes["input_top"]
    bound = int(np.abs(weight).sum(axis=1).max()) * max(zero_point, top - zero_point)
    kind = np.float32 if bound <= 1 << 24 else np.float64
    factor = t["multiplier"].astype(np.int64) * 2.0 ** -t["shift"].astype(np.int64)
    bias = t["bias"].astype(np.int64) + zero_point * weight.sum(axis=1)
    return {
        "weight": np.ascontiguousarray(weight.T.astype(kind)), "zero_point": kind(zero_point),
        "bound": bound, "factor": factor, "offset": bias * factor + 0.5,
    }


def check_bound(op, acc):
    """The program's promise about an accumulator, asserted."""
    bound = op.attributes["accumulator_bound"]
    if acc.size and max(-int(acc.min()), int(acc.max())) > bound:
        raise ValueError(f"Op {op.name}: an accumulator exceeds its bound of {bound}")


def query_key(op, q, k):
    """[..., tokens, channels] twice -> [..., heads, tokens, tokens] (R3): accumulators, or with a
    multiplier logits."""
    a = op.attributes
    q, k = heads_of(q, a["heads"]), heads_of(k, a["heads"])
    if q.dtype == object:
        acc = matmul.query_key(q, k, a["q_zero_point"], a["k_zero_point"])
    else:
        kind = np.float32 if a["product_bound"] <= 1 << 24 else np.float64
        left, right = (np.subtract(x, z, dtype=kind)
                       for x, z in ((q, a["q_zero_point"]), (k, a["k_zero_point"])))
        acc = (left @ right.swapaxes(-1, -2)).astype(np.int32)
    bias = op.tensors.get("bias")
    if "multiplier" not in a:
        check_bound(op, acc)
        return acc
    if bias is not None:
        acc = acc + bias
    check_bound(op, acc)
    mask = op.tensors.get("mask")
    return softmax.logits(acc, np.int64(a["multiplier"]), np.int64(a["shift"]), width=a["width"],
                          mask=None if mask is None else mask[:, np.newaxis].astype(bool))


def heads_of(x, heads):
    """[..., tokens, channels] -> [..., heads, tokens, channels / heads]"""
    split = x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)
    return split.swapaxes(-2, -3)


def softmax_parameters(op):
    a = op.attributes
    return softmax.Softmax(**{name: a[name] for name in softmax.Softmax._fields})


def softmax_codes(op, logits):
    """Logits to log√2 codes (R4)."""
    return softmax.quantize(logits, softmax_parameters(op))


def attend(op, codes, v):
    """Codes [..., heads, tokens, tokens], v [..., tokens, channels] -> codes like v (R5)."""
    a, shape = op.attributes, v.shape
    v = heads_of(v, a["heads"])
    rule = {"bits": a["softmax_bits"], "zero_code": a["zero_code"]}
    if v.dtype == object:
        even, odd = attention_value.accumulate(codes, v, a["v_zero_point"], **rule)
    else:
        kind = np.float32 if a["accumulator_bound"] <= 1 << 24 else np.float64
        tables = attention_value.shifted_ones(rule["bits"], rule["zero_code"]).astype(kind)
        centered = np.subtract(v, a["v_zero_point"], dtype=kind)
        index = codes.astype(np.intp)
        even, odd = ((t.take(index) @ centered).astype(np.int32) for t in tables)
    for acc in (even, odd):
        check_bound(op, acc)
    multipliers = attention_value.Multipliers(*a["multipliers"])
    y = attention_value.requantize(
        even, odd, multipliers, op.output.zero_point, bits=op.output.bits
    )
    return y.swapaxes(-2, -3).reshape(shape)


def table(op, codes):
    """Look every code up (R9)."""
    entries = op.tensors["table"]
    if codes.dtype == object:
        return entries.astype(object)[codes.astype(np.int64)]
    return entries.take(codes)


def layer_norm(op, x):
    """The residual stream to codes (R8)."""
    gain, offset = (op.tensors[role].astype(np.int64) for role in ("gain", "offset"))
    parameters = layernorm.LayerNorm(gain, offset, op.attributes["shift"], op.attributes["epsilon"])
    codes = layernorm.layer_norm(x, parameters, bits=op.output.bits)
    if not op.output.signed:
        return codes
    wide = codes if codes.dtype == object else codes.astype(np.int32)
    return (wide - (1 << (op.output.bits - 1))).astype(
        object if codes.dtype == object else dtype_of(op.output))


def embed(op, tokens):
    """Class tokens in front, position embedding on top (R7): constants of the stream's scale."""
    constants = op.tensors["constants"]
    kind = object if tokens.dtype == object else constants.dtype
    stream = np.broadcast_to(constants.astype(kind), (len(tokens), *constants.shape)).copy()
    prefix = len(constants) - tokens.shape[1]
    stream[:, prefix:] = residual.add(stream[:, prefix:], tokens, bits=op.output.bits)
    return stream


def add(op, stream, branch):
    """Saturating addition (R7)."""
    return residual.add(stream, branch, bits=op.output.bits)


def select(op, x):
    """Some tokens of all."""
    return x[:, op.attributes["tokens"]]


def gather(op, x):
    """Tokens in another order, some of them side by side: Swin's windows and merged patches."""
    tokens = x.reshape(len(x), -1, x.shape[-1])
    return tokens[:, op.tensors["index"].reshape(-1)].reshape(len(x), *op.output.shape)


def pool(op, x):
    """Sum over the tokens less zero points, requantized (R1); the factor has the division."""
    acc = x.astype(object if x.dtype == object else np.int64) - op.attributes["input_zero_point"]
    acc = acc.sum(axis=1, keepdims=True)
    check_bound(op, acc)
    codes = rescale(acc, np.int64(op.attributes["multiplier"]), np.int64(op.attributes["shift"]),
                    np.int64(op.output.zero_point), *op.output.limits())
    return codes if codes.dtype == object else codes.astype(dtype_of(op.output))


def average(op, *heads):
    """Sum of the heads' logits; the output's scale divides by their number."""
    kind = object if heads[0].dtype == object else dtype_of(op.output)
    return sum(head.astype(kind) for head in heads).reshape(len(heads[0]), -1)
