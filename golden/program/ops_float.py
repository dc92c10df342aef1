"""The float64 ops of variant ``hardware``: what a vector unit computes between integer matmuls.

Each is a few lines of numpy in double precision, rounding half to even where it quantizes.
"""

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2

PROBABILITY_BITS = 16
# What timm adds to logits out of a window's reach.
_MASKED = -100.0


def layer_norm(op, x):
    """``clip(rint(((x - mean) / √(var + eps) · γ + β) / s) + z)``"""
    mean = x.mean(axis=-1, keepdims=True)
    y = x - mean
    variance = np.einsum("...c,...c->...", y, y)[..., np.newaxis] / x.shape[-1]
    y /= np.sqrt(variance + op.attributes["epsilon"])
    y *= op.tensors["gamma"]
    y += op.tensors["beta"]
    if op.output.encoding == "float64":
        return y
    return quantize(op.output, y)


def quantize(tensor, y):
    """Reals to codes of a uniform tensor; ``y`` is overwritten."""
    y /= tensor.scale
    np.rint(y, out=y)
    y += tensor.zero_point
    low, high = tensor.limits()
    np.clip(y, low, high, out=y)
    return y.astype(np.uint8 if high < 256 and low >= 0 else np.int32)


def softmax(op, acc):
    """``p = exp(l - max) / Σ``, l the accumulators times their scale plus bias; p is rounded to 16
    bits, half to even, and its log√2 code found by integer thresholds, from a table."""
    y = acc * op.attributes["logit_scale"]
    if "bias" in op.tensors:
        y += op.tensors["bias"]
    if "mask" in op.tensors:
        y += _MASKED * op.tensors["mask"][:, np.newaxis]
    y -= y.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y *= (1 << PROBABILITY_BITS) / y.sum(axis=-1, keepdims=True)
    np.rint(y, out=y)
    np.minimum(y, (1 << PROBABILITY_BITS) - 1, out=y)
    if "codes" not in op.cache:
        a = op.attributes
        op.cache["codes"] = log_sqrt2.quantize(
            np.arange(1 << PROBABILITY_BITS), a["threshold_a"], a["threshold_b"],
            bits=op.output.bits, zero_code=a["zero_code"],
        ).astype(np.uint8)
    return op.cache["codes"].take(y.astype(np.intp))


def embed(op, codes):
    """Class tokens in front, position embedding on top."""
    a = op.attributes
    constants = op.tensors["constants"] * a["constant_scale"]
    stream = np.repeat(constants[np.newaxis], len(codes), axis=0)
    stream[:, len(constants) - codes.shape[1]:] += _real(codes, a)
    return stream


def add(op, stream, codes):
    """Residual plus dequantized codes."""
    return stream + _real(codes, op.attributes)


def real(op, codes):
    """What codes stand for."""
    return _real(codes, op.attributes)


def pool(op, x):
    """Mean of the tokens; quantized where the output is codes."""
    y = x.mean(axis=1, keepdims=True)
    return y if op.output.encoding == "float64" else quantize(op.output, y)


def average(op, *heads):
    """Mean of the heads' logits."""
    scales, zero_points = op.attributes["scales"], op.attributes["zero_points"]
    parts = [(head.astype(np.float64) - z) * s
             for head, s, z in zip(heads, scales, zero_points, strict=True)]
    return (sum(parts) / len(parts)).reshape(len(parts[0]), -1)


def _real(codes, attributes):
    real = codes.astype(np.float64)
    real -= attributes["zero_point"]
    real *= attributes["scale"]
    return real
