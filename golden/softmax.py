"""Softmax and the log√2 quantizer behind it, fused, without a divider (R4)."""

from functools import lru_cache
from math import frexp, isqrt
from typing import NamedTuple

import numpy as np

from vit2rtl.golden import log_sqrt2
from vit2rtl.golden.integers import bit_length, blocks, check, integers, smallest
from vit2rtl.golden.requantizer import multiplier_and_shift, rescale

LOG2_E = 1.4426950408889634
THRESHOLD_BITS = 32
# Sums of a row's exponentials stay below this, times a threshold below 2**62.
SUM_LIMIT = 1 << 30
# One octave in the bits of a float32, and a power of two that takes e's exponents so far above zero
# that zero is below all thresholds there are.
_OCTAVE = 1 << 23
_RAISE = np.float32(2.0**64)
_BIAS = 127 + 64


class Softmax(NamedTuple):
    """Integer parameters of :func:`quantize`.

    multiplier, shift         of the exponent: ``log2(e) * 2**rom_bits`` times the logits' scale
    threshold_a, threshold_b  ``s * 2**-1/4`` and ``s * 2**-3/4``, in units of 2**-threshold_shift,
                              rounded up to 32 bits
    bits, zero_code           of the codes
    width                     of the logits, signed
    rom_bits                  the ROM of ``2**(-f / 2**rom_bits)`` has 2**rom_bits entries
    exp_bits                  fraction bits of an exponential; 1.0 is 2**exp_bits
    """

    multiplier: int
    shift: int
    threshold_a: int
    threshold_b: int
    threshold_shift: int
    bits: int = 4
    zero_code: str = "top"
    width: int = 12
    rom_bits: int = 8
    exp_bits: int = 16

    @property
    def masked(self):
        """The logit that adds nothing to its row: the smallest number of ``width`` bits."""
        return -(1 << (self.width - 1))


def quantize(logits, p):
    """Logits to log√2 codes of their softmax, row by row.

    logits   int[..., rows, tokens]    -2**(width-1) .. 2**(width-1) - 1; the smallest is masked
    p        Softmax                   see :func:`parameters`
    returns  uint8[..., rows, tokens]  0 .. code_count(bits, zero_code) - 1 (uint16 where 257 codes)

        u = max - logit                              t = (u * multiplier + 2**(shift-1)) >> shift
        e = ROM[t mod 2**rom_bits] >> (t >> rom_bits)   S = Σ e, a masked logit's e being 0
        code = #{k : e * 2**j < S * threshold_ab / 2**threshold_shift}    j = k >> 1; a for even k

    The code is the count of comparisons that hold, of integers. t has one rounding, half up; e is
    floored by its shift; S is exact. Bits at the default widths: u 12, the product 28, e 17, S 25
    for a row of 197 tokens; each row takes two products of S with 32 bits. A row that is masked
    altogether gets the last code everywhere.
    """
    logits = integers("Logit", logits)
    check("Logit", logits, p.masked, -p.masked - 1)
    tokens = logits.shape[-1]
    if tokens << p.exp_bits >= SUM_LIMIT:
        most = (SUM_LIMIT >> p.exp_bits) - 1
        raise ValueError(f"A row must have at most {most} logits, not {tokens}")
    last, exact = log_sqrt2.code_count(p.bits, p.zero_code) - 1, logits.dtype == object
    rows = logits.reshape(-1, tokens)
    e = np.empty(rows.shape, object if exact else np.int32)
    for block in blocks(*rows.shape):
        e[block] = exponentials(rows[block], p)
    sums = e.sum(axis=1, dtype=None if exact else np.int64)
    products = sums * p.threshold_a, sums * p.threshold_b
    count = _count_one_by_one if exact else _count_by_exponent
    return count(e, products, p.threshold_shift, last).reshape(logits.shape)


def exponentials(logits, p):
    """``2**exp_bits * exp(s_t * (logit - max))`` of rows, 0 for masked ones.

    logits   int[rows, tokens]
    returns  int32[rows, tokens], Python integers for such logits
    """
    if logits.dtype == object:
        below = logits.max(axis=1, keepdims=True) - logits
        e = _exponential(below, p, rom(p.rom_bits, p.exp_bits).astype(object))
        return np.where(logits == p.masked, 0, e)
    # The difference of two signed numbers fits the unsigned type of their width.
    kind = np.uint16 if p.width <= 16 else np.uint32
    below = np.subtract(logits.max(axis=1, keepdims=True), logits, dtype=kind, casting="unsafe")
    if p.width <= 16:
        e = _table(p).take(below)
    else:
        e = _exponential(below.astype(np.int64), p, rom(p.rom_bits, p.exp_bits)).astype(np.int32)
    if logits.min() == p.masked:
        e[logits == p.masked] = 0
    return e


def _exponential(below, p, table):
    t = below * p.multiplier + (1 << (p.shift - 1)) >> p.shift
    entry = (t & ((1 << p.rom_bits) - 1)).astype(np.int64)
    return table[entry] >> np.minimum(t >> p.rom_bits, p.exp_bits + 1)


@lru_cache(maxsize=64)
def _table(p):
    """int32[2**width]: the exponential of every difference."""
    differences = np.arange(1 << p.width)
    return _exponential(differences, p, rom(p.rom_bits, p.exp_bits)).astype(np.int32)


def _count_one_by_one(e, products, shift, last):
    """The definition. A zero is below every threshold, those of a masked row included."""
    codes = e - e
    for k in range(last):
        codes += (e << (shift + (k >> 1)) < products[k & 1][:, np.newaxis]) | (e == 0)
    return codes


def _count_by_exponent(e, products, shift, last):
    """The same count from the exponents and mantissas of e and of a row's two products.

    Numbers in the format of float32 are ordered as their bits are, and halving subtracts
    ``2**23`` from these. Every e is such a number, so that rounding a threshold up to one changes
    no comparison; then e is below as many halvings of it as steps of ``2**23`` fit in between.
    """
    codes = np.empty(e.shape, smallest(0, last))
    marks = [_round_up(product, shift) + (_OCTAVE - 1) for product in products]
    for block in blocks(*e.shape):
        bits = np.multiply(e[block], _RAISE, dtype=np.float32, casting="unsafe").view(np.int32)
        codes[block] = sum(
            np.clip(mark[block, np.newaxis] - bits >> 23, 0, most)
            for mark, most in zip(marks, ((last + 1) // 2, last // 2), strict=True)
        )
    return codes


def _round_up(values, shift):
    """int32[...]: bits of the smallest float32 not below ``2**64 * max(values / 2**shift, 1)``."""
    length = bit_length(values)
    excess = np.maximum(length - 24, 0)
    mantissa = -(-values >> excess) << np.maximum(24 - length, 0)
    # A mantissa rounded up to 2**24 carries into the exponent.
    rounded = (length - (1 + shift - _BIAS)) * _OCTAVE + mantissa - _OCTAVE
    return np.maximum(rounded, _BIAS * _OCTAVE).astype(np.int32)


def logits(acc, multiplier, shift, *, bias=None, mask=None, width=12):
    """Accumulators of q·kᵀ to signed logits of ``width`` bits (R1 with signed limits).

    acc         int[..., heads, tokens, tokens]
    multiplier  int, with ``shift`` the factor ``s_q · s_k / (√d · s_t)``
    bias        int[heads, tokens, tokens]  relative position bias in the accumulator's scale
    mask        bool, True where a key is out of a query's reach (Swin's shifted windows)
    returns     int16[...] (int32 for more than 16 bits)

    One rounding, half up; saturates to -2**(width-1) + 1 .. 2**(width-1) - 1. The constant
    -2**(width-1) is the masked logit's alone.
    """
    acc = integers("Accumulator", acc)
    if bias is not None:
        acc = acc + integers("Bias", bias)
    top = (1 << (width - 1)) - 1
    kind = smallest(-top - 1, top)
    codes = rescale(acc, multiplier, shift, np.int64(0), -top, top, dtype=kind)
    return codes if mask is None else np.where(mask, codes.dtype.type(-top - 1), codes)


def parameters(logit_scale, scale, *, bits, zero_code="top", width=12, rom_bits=8, exp_bits=16):
    """Integer parameters, off line.

    logit_scale  real   s_t, the step of the logits
    scale        real   s of the log√2 codes, 0 < s <= 1
    """
    log_sqrt2.code_count(bits, zero_code)
    for name, value, low, high in (
        ("Logit width", width, 4, 31), ("ROM bits", rom_bits, 2, 12), ("Exp bits", exp_bits, 8, 22),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must be between {low} and {high}, not {value!r}")
    multiplier, shift = multiplier_and_shift(float(logit_scale) * LOG2_E * 2**rom_bits)
    threshold_shift = THRESHOLD_BITS - frexp(scale)[1]
    a, b = log_sqrt2.thresholds(scale, width=threshold_shift)
    return Softmax(int(multiplier[0]), int(shift[0]), a, b, threshold_shift,
                   bits, zero_code, width, rom_bits, exp_bits)


@lru_cache(maxsize=8)
def rom(rom_bits=8, exp_bits=16):
    """int64[2**rom_bits]: ``2**(exp_bits - f / 2**rom_bits)``, rounded to nearest, exactly.

    By repeated integer square roots of ``2**(2**rom_bits * ... - f)``, each the floor of the exact
    root, and a last bit to round by.
    """
    entries = []
    for f in range(1 << rom_bits):
        power = 1 << ((exp_bits + 1 << rom_bits) - f)
        for _ in range(rom_bits):
            power = isqrt(power)
        entries.append((power + 1) >> 1)
    return np.array(entries)
