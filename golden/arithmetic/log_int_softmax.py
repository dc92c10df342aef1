"""Softmax on integers, straight to log2 codes: Log-Int-Softmax (Lin et al., IJCAI 2022).

Logits are codes of one step s. One that lies x steps below its row's largest has ``exp(-s x)``, a
shift by whole octaves and a polynomial of what is left (Kim et al., I-BERT, ICML 2021), here an
integer e in units of ``a s**2 / 2**30``. With S the sum of a row the code is log2 of the rounded
quotient ``S / e``, itself rounded to the nearest power in the sense of ``1.5 * 2**n``: so many
comparisons of shifted sums, and no division. Of e = 100 and S = 560 the quotient is 5.6, rounded 6,
which is ``1.5 * 2**2``: code 3; 1120 >= 300, 1219 >> 1 and 1220 >> 2 are not below 300, 1220 >> 3
is.
"""

from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vit2rtl.golden.arithmetic.integers import integers, smallest, wide

# exp(x) of -ln 2 < x <= 0 is a (x + b)**2 + c, here divided by a.
LN2, LINEAR, CONSTANT = 0.6931, 0.96963238 / 0.35815147, 1 / 0.35815147
# Octaves below the largest logit; what is below them is as small as they.
OCTAVES = 30
# A row's sum is below 2**61: four times that is a signed number of 64 bits.
SUM_BITS = 61


class Parameters(NamedTuple):
    """What follows from the step of the logits, all of them integers.

    octave     steps to a halving, rounded up
    linear     of the polynomial ``rest * (rest - linear) + constant``, rest steps below an octave
    constant   0 where steps are too wide for any exponential
    """

    octave: int
    linear: int
    constant: int

    @property
    def longest_row(self) -> int:
        """Keys whose sum fits, however large their logits."""
        return ((1 << SUM_BITS - OCTAVES) - 1) // max(self.constant, 1)


def parameters(step: float) -> Parameters:
    """Of the logits' step, a positive number; the quotients are those of binary64."""
    return Parameters(ceil(LN2 / step), floor(LINEAR / step), floor(CONSTANT / step**2))


def exponentials(
    codes: ArrayLike, parameters: Parameters, hidden: np.ndarray | None = None
) -> np.ndarray:
    """Codes of logits to ``2**30`` times I-BERT's exponentials.

    codes    int[..., keys]   of any zero point
    hidden   bool, broadcast to codes: keys that are not seen, whose exponential is zero
    returns  int64[..., keys] (Python integers for such)  0 .. constant * 2**30, exact

    Raises ValueError where a sum of so many might not fit 61 bits.
    """
    (codes,) = wide(integers("Code", codes))
    octave, linear, constant = parameters
    if codes.shape[-1] > parameters.longest_row:
        raise ValueError(f"Rows of {codes.shape[-1]} logits are too long for Log-Int-Softmax in "
                         f"steps as small as these: {parameters.longest_row} are the most")
    seen = codes if hidden is None else np.where(hidden, codes.min(), codes)
    below = np.minimum(seen.max(-1, keepdims=True) - seen, OCTAVES * octave)
    octaves = below // octave
    rest = below - octaves * octave
    e = np.maximum(rest * (rest - linear) + constant, 0) << OCTAVES - octaves
    return e if hidden is None else np.where(hidden, 0, e)


def log2_codes(exponentials: np.ndarray, *, bits: int) -> np.ndarray:
    """Exponentials to the codes of their share of the row.

    returns  uint8[..., keys], uint16 of 8 bits   0 .. 2**bits: ``2**-code``, the last one zero

    ``[2 S >= 3 e] + [2 S > 5 e]`` and the number of ``j = 2 .. 2**bits - 1`` that have
    ``2 S >= e (3 * 2**j - 1)``, as ``(2 S + e) >> j >= 3 e``. Where e is zero, zero.
    """
    total = exponentials.sum(-1, keepdims=True)
    doubled = 2 * total + exponentials
    # Never reached where there is no share.
    triple = np.where(exponentials == 0, 4 * total, 3 * exponentials)
    codes = (2 * total >= triple).astype(np.int64) + (doubled - 1 >> 1 >= triple)
    for step in range(2, min(1 << bits, SUM_BITS + 3)):
        codes += doubled >> step >= triple
    last = 1 << bits
    return np.where(exponentials == 0, last, codes).astype(smallest(0, last))


def quantize(
    codes: ArrayLike, parameters: Parameters, *, bits: int, hidden: np.ndarray | None = None
) -> np.ndarray:
    """Codes of logits to codes of probabilities, see the two parts."""
    return log2_codes(exponentials(codes, parameters, hidden), bits=bits)
