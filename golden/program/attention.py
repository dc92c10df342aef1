"""What the ops of attention share: heads, relative position bias, masks, log√2 codes."""

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, log_sqrt2
from vit2rtl.golden.program.program import Op, Tensor

# Of a probability in variant hardware, a fixed-point fraction.
PROBABILITY_BITS = 16


def split_heads(x: np.ndarray, heads: int) -> np.ndarray:
    """[..., tokens, channels] -> [..., heads, tokens, channels / heads]"""
    split = x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)
    return split.swapaxes(-2, -3)


def matrix_shape(q: Tensor, k: Tensor, heads: int) -> tuple[int, ...]:
    """(..., heads, queries, tokens) of what attention makes of q and k."""
    return (*k.shape[:-2], heads, q.shape[-2], k.shape[-2])


def divided_by_heads(op: Op, x: Tensor) -> str | None:
    """What is wrong with ``heads``, or None."""
    heads = op.attributes["heads"]
    if heads < 1 or len(x.shape) < 2 or x.shape[-1] % heads:
        return f"{heads} heads do not divide the shape {x.shape}"
    return None


def bias_and_mask(op: Op, shape: tuple[int, ...]) -> str | None:
    """What is wrong with ``bias`` and ``mask`` for logits [..., heads, tokens, tokens], or None."""
    for role, size in (("bias", shape[-3:]), ("mask", (*shape[:-3], *shape[-2:]))):
        if role in op.tensors and op.tensors[role].shape != size:
            return f"{role} must have the shape {size}, not {op.tensors[role].shape}"
    return None


def log_sqrt2_codes(op: Op, logits: Tensor) -> str | None:
    """What is wrong with the output and the thresholds of a softmax, or None."""
    a = op.attributes
    if op.output.shape != logits.shape or op.output.encoding != "log_sqrt2":
        return "output must be log_sqrt2 codes of the input's shape"
    if a["zero_code"] not in log_sqrt2.ZERO_CODES or not 2 <= op.output.bits <= 8:
        return f"zero code {a['zero_code']!r} with {op.output.bits} bits is not possible"
    if op.output.scale > 1:
        return f"output scale must be at most 1, not {op.output.scale!r}"
    due = log_sqrt2.thresholds(
        op.output.scale, width=a.get("threshold_shift", PROBABILITY_BITS))
    if (a["threshold_a"], a["threshold_b"]) != due:
        return f"thresholds of the output's scale are {due[0]} and {due[1]}"
    return None


def value_multipliers(
    scale: float, v_scale: float, output_scale: float, bits: int, zero_code: str
) -> attention_value.Multipliers:
    """M_E and M_O from the scales of softmax's codes, of v and of the output (R5)."""
    fraction = attention_value.fraction_bits(bits, zero_code)
    return attention_value.multipliers(scale * v_scale * 2.0**-fraction / output_scale)


def value_bound(codes: Tensor, v: Tensor, zero_code: str) -> int:
    """Largest magnitude of attention × V's accumulators, codes those of rows of a softmax (R6)."""
    tokens = v.shape[-2]
    # Rounding to 16 bits may raise each probability by half a unit.
    scale = codes.scale / (1 + tokens * 2.0 ** -(PROBABILITY_BITS + 1))
    return attention_value.bound(tokens, v.reach, bits=codes.bits, zero_code=zero_code, scale=scale)
