"""Bits of everything between a row and its codes, from the width of elements and their number."""

from dataclasses import dataclass
from math import isqrt

from amaranth.hdl import Shape, signed, unsigned

from vit2rtl.golden.arithmetic.layernorm import FRACTION, GAIN_BITS, MANTISSA_BITS, OFFSET_BITS


@dataclass(frozen=True)
class Budget:
    """With D channels of W bits; in brackets for 192 of 16. Nothing wraps that is not said to.

    total      S1 = Σx, signed: at most D 2**(W-1) [24]
    squares    S2 = Σx², at most D 4**(W-1) [38]
    variance   V = D S2 - S1² + epsilon: the first two at most (D (2**W - 1))² / 4, epsilon as wide
               as that, so one bit more [47], rounded up to pairs [48]; D S2 alone may wrap
    factor     D r, r of 17 bits [25]
    normal     x D r - S1 r = (D x - S1) r, signed: at most (D - 1) (2**W - 1) 2**17 [42]
    mean       S1 r, signed [41]
    scaled     times a gain of 16 bits and sign [58]
    kept       scaled shifted, signed: r / 2**k is 1/√V, and no element of a row is √D deviations
               from the mean, so it stays below √D 2**(16 + 16), 16 fraction bits among them [37]
    """

    width: int
    channels: int

    @property
    def element(self) -> Shape:
        return signed(self.width)

    @property
    def columns(self) -> Shape:
        return unsigned(self.channels.bit_length())

    @property
    def total(self) -> Shape:
        return signed(self.width + (self.channels - 1).bit_length())

    @property
    def squares(self) -> Shape:
        return unsigned((self.channels << 2 * (self.width - 1)).bit_length())

    @property
    def epsilon(self) -> Shape:
        return unsigned(((self.channels * self._span) ** 2 // 4).bit_length())

    @property
    def variance(self) -> Shape:
        return unsigned((self.epsilon.width + 2) // 2 * 2)

    @property
    def factor(self) -> Shape:
        return unsigned(self.columns.width + MANTISSA_BITS)

    @property
    def mean(self) -> Shape:
        return signed(self.total.width + MANTISSA_BITS)

    @property
    def normal(self) -> Shape:
        return signed(((self.channels - 1) * self._span << MANTISSA_BITS).bit_length() + 1)

    @property
    def scaled(self) -> Shape:
        return signed(self.normal.width + GAIN_BITS)

    @property
    def kept(self) -> Shape:
        bound = (isqrt(self.channels - 1) + 1) << GAIN_BITS + FRACTION
        return signed((bound - 1).bit_length() + 1)

    @property
    def gain(self) -> Shape:
        return signed(GAIN_BITS + 1)

    @property
    def offset(self) -> Shape:
        """Half a code is added to it where it is stored."""
        return signed(OFFSET_BITS + 2)

    @property
    def _span(self) -> int:
        return (1 << self.width) - 1


# Of a lane's shift: beyond it nothing is left but the sign.
AMOUNT_BITS = 6
