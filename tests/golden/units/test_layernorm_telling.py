"""Rows of the LayerNorm quantizer's directed record show the bits of the root's table."""

from math import isqrt

from vit2rtl.golden.units.layernorm_quantizer.telling import differences


def root(m, y, square):
    """Two steps of Newton from an entry's y of 10 bits and its square."""
    y <<= 10
    for a in (square << 4, None):
        a = y * y // 2**16 if a is None else a
        y = (y * ((3 * 2**44 - m * a) // 2**22) + 2**22) // 2**23
    return min((y + 4) // 8, 2**17 - 1)


def test_most_single_bits_of_the_table_show():
    shown = {}
    for difference in differences(65535, 16):
        variance = 16 * difference**2 + 1
        pairs = (variance.bit_length() - 21) // 2
        m = variance * 4**-pairs if pairs < 0 else variance // 4**pairs
        entry = m >> 14
        y = (isqrt((4 << 40) // ((2 * entry + 1) << 13)) + 1) // 2
        exact = root(m, y, y * y)
        flips = [(y ^ 1 << bit, y * y) for bit in range(10)]
        flips += [(y, y * y ^ 1 << bit) for bit in range(20)]
        shown.setdefault(entry, set()).update(
            n for n, flip in enumerate(flips) if root(m, *flip) != exact)
    assert sorted(shown) == list(range(64, 256))
    # The lowest bits of y² show in so few mantissas that some rows of this kind have none of them.
    assert sum(map(len, shown.values())) > 0.85 * 192 * 30
    assert sum(10 in bits for bits in shown.values()) > 0.4 * 192
