"""Softmax and the log√2 quantizer behind it, fused, without a divider (R4)."""

from functools import lru_cache
from math import frexp, isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.arithmetic.integers import bit_length, blocks, check, integers, smallest, wide
from vit2rtl.golden.arithmetic.requantizer import multiplier_and_shift, rescale

LOG2_E = 1.4426950408889634
THRESHOLD_BITS = 32
# Sums of a row's exponentials stay below this, times a threshold below 2**62.
SUM_LIMIT = 1 << 30
# Octaves below a row's largest exponential at most: no threshold lies as deep, see `parameters`.
OCTAVES = 255
# Smallest and largest of the widths of Softmax, and the largest threshold_shift.
LOGIT_BITS, ROM_BITS, EXP_BITS = (4, 31), (2, 12), (8, 22)
THRESHOLD_SHIFT = THRESHOLD_BITS + 30


class Softmax(NamedTuple):
    """Integer parameters of :func:`quantize`.

    multiplier, shift         of the exponent: ``log2(e) * 2**rom_bits`` times the logits' scale
    threshold_a, threshold_b  ``s * 2**-1/4`` and ``s * 2**-3/4``, in units of 2**-threshold_shift,
                              rounded up to 32 bits
    bits, zero_code           of the codes
    width                     of the logits, signed
    rom_bits                  the ROM of ``2**(-f / 2**rom_bits)`` has 2**rom_bits entries
    exp_bits                  fraction bits of a ROM entry and of the sum; 1.0 is 2**exp_bits
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
    exp_bits: int = 17

    @property
    def masked(self) -> int:
        """The logit that adds nothing to its row: the smallest number of ``width`` bits."""
        return -(1 << (self.width - 1))


def quantize(logits: ArrayLike, p: Softmax) -> np.ndarray:
    """Logits to log√2 codes of their softmax, row by row.

    logits   int[..., rows, tokens]    -2**(width-1) .. 2**(width-1) - 1; the smallest is masked
    p        Softmax                   see :func:`parameters`
    returns  uint8[..., rows, tokens]  0 .. code_count(bits, zero_code) - 1 (uint16 where 257 codes)

        u = max - logit                t = (u * multiplier + 2**(shift-1)) >> shift
        m = ROM[t mod 2**rom_bits]     x = min(t >> rom_bits, 255)
        e = m * 2**-x                  S = Σ (m >> x), nothing for a masked logit
        code = #{k : e * 2**j < S * threshold_ab / 2**threshold_shift}    j = k >> 1; a for even k

    The code is the count of comparisons that hold, of a mantissa and an exponent each: e itself is
    never shifted, so that the smallest probability has all the bits of the largest. t has one
    rounding, half up; the sum's terms are floored by their shift. A masked logit's e is 0, below
    every threshold; a row that is masked altogether gets the last code everywhere. Bits at the
    default widths: u 12, the product 28, m 18, S 26 for a row of 197 tokens; each row takes two
    products of S with 32 bits.
    """
    logits = integers("Logit", logits)
    check("Logit", logits, p.masked, -p.masked - 1)
    tokens = logits.shape[-1]
    if tokens << p.exp_bits >= SUM_LIMIT:
        most = (SUM_LIMIT >> p.exp_bits) - 1
        raise ValueError(f"A row must have at most {most} logits, not {tokens}")
    last, exact = log_sqrt2.code_count(p.bits, p.zero_code) - 1, logits.dtype == object
    rows = logits.reshape(-1, tokens)
    count = _count_one_by_one if exact else _count_by_exponent
    return count(rows, p, last).reshape(logits.shape)


def exponentials(logits: ArrayLike, p: Softmax) -> tuple[np.ndarray, np.ndarray]:
    """``exp(s_t * (logit - max))`` of rows as mantissas and octaves: ``m / 2**(exp_bits + x)``.

    logits   int[rows, tokens]
    returns  m  int[rows, tokens], 2**(exp_bits-1) .. 2**exp_bits; 0 for a masked logit
             x  int[rows, tokens], 0 .. 255
    """
    logits = wide(integers("Logit", logits))[0]
    mantissas, octaves = _exponential(logits.max(axis=1, keepdims=True) - logits, p)
    return np.where(logits == p.masked, 0, mantissas), octaves


def _exponential(below, p):
    t = below * p.multiplier + (1 << (p.shift - 1)) >> p.shift
    entry = (t & ((1 << p.rom_bits) - 1)).astype(np.int64)
    table = rom(p.rom_bits, p.exp_bits).astype(below.dtype)
    return table[entry], np.minimum(t >> p.rom_bits, OCTAVES)


def _count_one_by_one(logits, p, last):
    """The definition, in Python integers."""
    mantissas, octaves = exponentials(logits, p)
    total = (mantissas >> octaves).sum(axis=1, keepdims=True)
    codes = mantissas - mantissas
    for k in range(last):
        threshold = total * (p.threshold_b if k & 1 else p.threshold_a)
        below = mantissas << (p.threshold_shift + (k >> 1)) < threshold << octaves
        codes += below | (mantissas == 0)
    return codes


def _count_by_exponent(logits, p, last):
    """The same count, from keys that order exponentials and thresholds.

    A number ``m * 2**-x`` with m between ``2**w`` and ``2**(w+1)`` has the key ``m - x * 2**w``: a
    larger number has a larger key, and halving subtracts ``2**w``. Rounding a threshold up to such
    a number changes no comparison with one; then e is below as many halvings of it as steps of
    ``2**w`` fit in between.
    """
    keys, totals = np.empty(logits.shape, np.int32), np.empty(len(logits), np.int64)
    for block in blocks(*logits.shape):
        terms, keys[block] = _terms_and_keys(logits[block], p)
        terms.sum(axis=1, dtype=np.int64, out=totals[block])
    octave = p.exp_bits - 1
    marks = [_key_above(totals * threshold, p.threshold_shift, octave) + (1 << octave) - 1
             for threshold in (p.threshold_a, p.threshold_b)]
    codes = np.empty(logits.shape, smallest(0, last))
    for block in blocks(*logits.shape):
        codes[block] = sum(
            np.clip(mark[block, np.newaxis] - keys[block] >> octave, 0, most)
            for mark, most in zip(marks, ((last + 1) // 2, last // 2), strict=True)
        )
    return codes


def _terms_and_keys(logits, p):
    """Two int32[rows, tokens]: the terms of the rows' sums, and the keys."""
    # The difference of two signed numbers fits the unsigned type of their width.
    kind = np.uint16 if p.width <= 16 else np.uint32
    below = np.subtract(logits.max(axis=1, keepdims=True), logits, dtype=kind, casting="unsafe")
    if p.width <= 16:
        terms, keys = (table.take(below) for table in _tables(p))
    else:
        terms, keys = _of_differences(below.astype(np.int64), p)
    if logits.min() == p.masked:
        masked = logits == p.masked
        terms[masked], keys[masked] = 0, -(OCTAVES << p.exp_bits - 1)
    return terms, keys


@lru_cache(maxsize=64)
def _tables(p):
    """Two int32[2**width]: of every difference the term of the sum, and the key."""
    return _of_differences(np.arange(1 << p.width), p)


def _of_differences(below, p):
    mantissas, octaves = _exponential(below, p)
    keys = mantissas - (octaves << p.exp_bits - 1)
    return (mantissas >> octaves).astype(np.int32), keys.astype(np.int32)


def _key_above(products, shift, octave):
    """int32[...]: key of the smallest number not below ``products / 2**shift``.

    The product of a row that is masked altogether is zero; its key is above all masked ones, which
    lie 255 octaves down, by more octaves than there are thresholds.
    """
    length = bit_length(products)
    excess = np.maximum(length - octave - 1, 0)
    # A mantissa rounded up to 2**(octave+1) carries into the exponent.
    mantissas = -(-products >> excess) << np.maximum(octave + 1 - length, 0)
    return (mantissas + (length - octave - 1 - shift << octave)).astype(np.int32)


def logits(
    acc: ArrayLike, multiplier: ArrayLike, shift: ArrayLike, *, bias: ArrayLike | None = None,
    mask: ArrayLike | None = None, width: int = 12,
) -> np.ndarray:
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


def parameters(
    logit_scale: float, scale: float, *, bits: int, zero_code: str = "top", width: int = 12,
    rom_bits: int = 8, exp_bits: int = 17,
) -> Softmax:
    """Integer parameters, off line.

    logit_scale  real   s_t, the step of the logits
    scale        real   s of the log√2 codes, 2**-31 <= s <= 1
    """
    log_sqrt2.code_count(bits, zero_code)
    for name, value, (low, high) in (
        ("Logit width", width, LOGIT_BITS), ("ROM bits", rom_bits, ROM_BITS),
        ("Exp bits", exp_bits, EXP_BITS),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must be between {low} and {high}, not {value!r}")
    multiplier, shift = multiplier_and_shift(float(logit_scale) * LOG2_E * 2**rom_bits)
    threshold_shift = THRESHOLD_BITS - frexp(scale)[1]
    a, b = log_sqrt2.thresholds(scale, width=threshold_shift)
    if threshold_shift > THRESHOLD_SHIFT:
        raise ValueError(f"Scale must be at least 2**-31, not {scale!r}")
    return Softmax(int(multiplier[0]), int(shift[0]), a, b, threshold_shift,
                   bits, zero_code, width, rom_bits, exp_bits)


# Log√2 codes of up to so many bits stop at 2**-7, where logits of few bits suffice.
_SHALLOW = 4


def widths(bits: int) -> dict[str, int]:
    """``width`` and ``rom_bits`` of :func:`parameters`, from the bits of the log√2 codes.

    Codes of 5 bits and more reach so far down that nearly every probability has one of its own,
    and each is a chance to differ. With these widths at most 0.25 % of codes differ from those of
    an exact softmax, see docs/arithmetic.md.
    """
    width, rom_bits = (12, 8) if bits <= _SHALLOW else (16, 10)
    return {"width": width, "rom_bits": rom_bits}


@lru_cache(maxsize=8)
def rom(rom_bits: int, exp_bits: int) -> np.ndarray:
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
