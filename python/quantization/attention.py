"""Multi-head attention with quantized matmuls.

Frozen with an *integer path* (profile ``hardware``) it computes what the accelerator computes:
q·kᵀ on integers (R3), Softmax in double precision to log√2 codes, attention times V with one
multiplier a layer for each parity, and one rounding (R5).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.arithmetic import attention_value, log2_value, matmul, twin
from vit2rtl.golden.program.attention import value_multipliers
from vit2rtl.quantization.exact_matmul import EXACT, Products
from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import (
    PROBABILITY_WIDTH,
    LogSqrt2Quantizer,
    Quantizer,
    UniformQuantizer,
)
from vit2rtl.quantization.twin_quantizers import TwinSoftmaxQuantizer

# Of a float64: a number whose last bits count steps of the 16-bit probability, and those bits.
_LAST_BITS_ARE_STEPS = 1.5 * 2.0 ** (52 - PROBABILITY_WIDTH)
_STEPS = (2 << PROBABILITY_WIDTH) - 1


class QuantAttention(nn.Module):
    """Multi-head self attention of ViT, DeiT and Swin with quantized matmuls (Eqs. 3-5).

    relative_position_bias  float32[1, heads, tokens, tokens] (Swin) or None
    queries                 how many tokens ask, the first ones; None where all do
    value                   :class:`AttentionValue` once frozen with the integer path
    """

    relative_position_bias: torch.Tensor | None

    def __init__(
        self, attention: nn.Module, qkv: QuantLinear, proj: QuantLinear,
        softmax_quantizer: Quantizer, relative_position_bias: torch.Tensor | None = None,
        queries: int | None = None,
    ) -> None:
        super().__init__()
        self.queries = queries
        self.heads, self.scale = attention.num_heads, attention.scale
        self.qkv, self.proj = qkv, proj
        self.softmax_quantizer = softmax_quantizer
        self.register_buffer("relative_position_bias", relative_position_bias)
        self.calibrating = False
        self.calibrator: Callable[..., torch.Tensor] | None = None
        self.products: Products | None = None
        self.logit_scale: float | None = None
        self.value: AttentionValue | None = None
        self.tap: Callable[..., None] | None = None

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None = None,
        attn_mask: torch.Tensor | None = None, is_causal: bool = False,
    ) -> torch.Tensor:
        """float[batch, tokens, channels] -> the same; Swin's mask is [windows, tokens, tokens]"""
        if attn_mask is not None or is_causal:
            raise ValueError("QuantAttention takes no attention mask but Swin's window mask")
        if self.calibrator:
            return self.calibrator(x, mask)
        parts = enumerate(self.split_heads(self.qkv(x)))
        q, k, v = (self._centered(part, n) for n, part in parts)
        takes_logits = self.softmax_quantizer.takes_logits
        seen = self._logits(q, k, None if takes_logits else mask)               # (B, H, Q, N)
        if not takes_logits:
            seen = seen.softmax(dim=-1)
        elif self.value is not None and isinstance(self.softmax_quantizer, LogIntSoftmax):
            seen = self.softmax_quantizer.codes(seen, self._hidden(seen, mask))
        if self.calibrating:
            self.softmax_quantizer.calibrate(seen)
        if self.tap:
            self.tap(self, seen)
        if self.value is not None:
            y = self.value(seen, v)
        else:
            attention = (self.softmax_quantizer(seen, self._hidden(seen, mask)) if takes_logits
                         else self.softmax_quantizer(seen))
            y = (attention @ v.to(attention.dtype)).mul_(_of_heads(self.qkv.outputs[2].scale))
        return self.proj(y.transpose(1, 2).flatten(2))

    def split_heads(self, qkv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What qkv gives, float[batch, tokens, 3 channels]
        -> q float[batch, heads, queries, depth], k and v float[batch, heads, tokens, depth]"""
        batch, tokens, _ = qkv.shape
        q, k, v = qkv.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return q[:, :, :self.queries], k, v

    def _logits(
        self, q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Exact accumulators times their scale, in double precision with the integer path."""
        logits = self.products(q, k) if self.products else q @ k.mT
        if self.logit_scale is None:
            q_scale, k_scale, _ = (quantizer.scale for quantizer in self.qkv.outputs)
            logits = logits.float().mul_(_of_heads(q_scale * k_scale) * self.scale)
        else:
            logits = logits.double().mul_(self.logit_scale)
        return self.add_bias(logits, mask)

    def add_bias(self, logits: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Logits float[batch, heads, tokens, tokens] with what is added to them, in place."""
        if self.relative_position_bias is not None:
            logits += self.relative_position_bias
        return logits if mask is None else self.add_mask(logits, mask)

    @staticmethod
    def add_mask(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits with Swin's window mask added, one of float[windows, tokens, tokens] each."""
        windows, shape = mask.shape[0], logits.shape
        return (logits.view(-1, windows, *shape[1:]) + mask[None, :, None]).view(shape)

    def _hidden(self, logits: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor | None:
        """Keys that a query does not see, where a quantizer takes logits without the mask."""
        return None if mask is None else self.add_mask(torch.zeros_like(logits), mask) < 0

    def freeze(self) -> None:
        """Prepare the integer path."""
        q, k, v = self.qkv.outputs
        head = len(self.qkv.bias) // 3 // self.heads
        bound = matmul.query_key_bound(q.golden().reach, k.golden().reach, head)
        self.products = Products(_range(q), _range(k), bound, q.scale.device)
        self.logit_scale = float(q.scale) * float(k.scale) * self.scale
        self.value = value_of(self.softmax_quantizer, v, self.proj.input_quantizer)

    def _centered(self, part: torch.Tensor, which: int) -> torch.Tensor:
        """Codes less zero point of q, k or v; the integer path of qkv has made them already."""
        if self.qkv.integer is not None:
            return part
        quantizer = self.qkv.outputs[which]
        if self.calibrating:
            quantizer.calibrate(part)
        return quantizer.centered(part)


def _of_heads(scale: torch.Tensor) -> torch.Tensor:
    """float32[] or float32[heads] -> the same, to meet [batch, heads, tokens, ...]"""
    return scale.view(-1, 1, 1) if scale.ndim else scale


def _range(quantizer: UniformQuantizer) -> tuple[int, int]:
    """The least and the largest code less zero point."""
    zero_point = quantizer.golden().zero_point
    return -zero_point, quantizer.levels - 1 - zero_point


class AttentionValue:
    """Attention times V by two accumulators (R5), exactly: probabilities and v to what proj takes.

    Where the factors of v fit into bytes, the two accumulators are two products of bytes. Else one
    matmul in float64 does both: they are requantized together, and a sum can be taken apart, with
    its code's share of ``(E M_E + O M_O) / 2**n`` as the factor of each element.

    multipliers   :class:`vit2rtl.golden.arithmetic.attention_value.Multipliers`
    factors       float64[65537], by probability in units of 2**-16, which saturates at 65535; or
                  float64[codes], by the codes of a quantizer of logits
    ones          int8[2, the same], what a v of one adds to -E and to -O; empty where not in bytes
    """

    def __init__(
        self, softmax: Quantizer, ones: np.ndarray, multipliers: attention_value.Multipliers,
        v: UniformQuantizer, output: UniformQuantizer, *, most: float,
    ) -> None:
        """ones int64[2, codes]: what a v of one adds to E and to O, by code; ``most``: how often
        the largest share may be in a row."""
        self.multipliers, self.most, self.output_scale = multipliers, most, float(output.scale)
        even, odd = ones
        shares = even * self.multipliers.even + odd * self.multipliers.odd
        self.largest = float(shares.max()) * v.golden().reach
        self._by_code, steps = softmax.takes_logits, 1 << PROBABILITY_WIDTH
        device = v.scale.device
        codes = (torch.arange(len(shares)) if self._by_code
                 else softmax.codes(torch.arange(
                     steps + 1, dtype=torch.float64, device=device) / steps).cpu().long())
        factors = torch.from_numpy(np.ldexp(shares, -self.multipliers.shift))
        self.factors = factors[codes].to(device)
        # Negative, as 4 bits need 2**7 and a byte holds no more than -2**7.
        negative = -np.stack([even, odd])
        self.products = Products((int(negative.min()), 0), _range(v), int(self.largest), device)
        by_probability = torch.from_numpy(negative)[:, codes]
        self.ones = (by_probability.to(torch.int8) if self.products.bytes
                     else by_probability[:0])
        self.low = -float(output.zero_point)
        self.high = self.low + output.levels - 1

    def __call__(self, seen: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Probabilities float64[..., tokens, tokens], or codes int64[..., tokens, tokens] of a
        quantizer of logits, codes float64[..., tokens, channels] less zero point
        -> float64[..., tokens, channels], codes of proj's input times their scale"""
        tokens = v.shape[-2]
        if min(tokens, self.most) * self.largest >= EXACT[torch.float64]:
            raise ValueError(f"Attention of {tokens} tokens is more than float64 holds exactly")
        # An ulp of the sum is a step of the probability: its last bits are the probability rounded
        # half to even, as LogSqrt2Quantizer.fixed rounds it.
        index = seen if self._by_code else (
            seen + _LAST_BITS_ARE_STEPS).view(torch.int64).bitwise_and_(_STEPS)
        in_bytes = self.products.in_bytes(index.shape, v.mT.shape)
        y = (self._in_bytes if in_bytes else self._in_floats)(index, v).add_(0.5).floor_()
        return y.clamp_(self.low, self.high).mul_(self.output_scale)

    def _in_floats(self, index: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Indices of probabilities and codes of v -> (E M_E + O M_O) / 2**n, float64."""
        attention = self.factors.index_select(0, index.view(-1)).view(index.shape)
        # Transposed, as BLAS is quicker with the shorter side first.
        return (v.double().mT @ attention.mT).mT

    def _in_bytes(self, index: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """The same by two accumulators."""
        even, odd = (self.products(ones.index_select(0, index.view(-1)).view(index.shape), v.mT)
                     for ones in self.ones)
        unit = 2.0 ** -self.multipliers.shift
        return even.double().mul_(-self.multipliers.even * unit).add_(
            odd.double(), alpha=-self.multipliers.odd * unit)


def value_of(
    softmax: Quantizer, v: UniformQuantizer, output: UniformQuantizer
) -> AttentionValue | None:
    """That of a quantizer whose codes are integers of hardware; None of others."""
    scales = float(v.scale), float(output.scale)
    match softmax:
        case LogSqrt2Quantizer(fixed_point=True):
            rule, scale = (softmax.bits, softmax.zero_code), float(softmax.scale)
            # Probabilities add up to one: what they are rounded to says at most 2 / s in all.
            return AttentionValue(
                softmax, attention_value.shifted_ones(*rule),
                value_multipliers(scale, *scales, *rule), v, output, most=2 / scale)
        case TwinSoftmaxQuantizer(fixed_point=True):
            return AttentionValue(
                softmax, twin.magnitudes(softmax.bits),
                twin.value_multipliers(softmax.unit, softmax.exponent, *scales), v, output,
                most=float("inf"))
        case LogIntSoftmax(fixed_point=True):
            ones = log2_value.shifted_ones(softmax.bits)
            # Powers of two of a row add up to 3/2.
            return AttentionValue(
                softmax, np.stack([ones, np.zeros_like(ones)]),
                log2_value.value_multipliers(*scales, bits=softmax.bits), v, output, most=1.5)
    return None
