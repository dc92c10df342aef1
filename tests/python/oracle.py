"""RepQ-ViT from its equations, slowly: rationals and comparisons, no logarithm, no tensor."""

from fractions import Fraction


def uniform(x, scale, zero_point, bits):
    """Eq. 7 on exact rationals; Python rounds a Fraction half to even."""
    code = round(Fraction(x) / Fraction(scale)) + zero_point
    return min(max(code, 0), (1 << bits) - 1)


def near_tie(x, scale, ulps=2):
    """Whether float32 may round ``x / scale`` the other way: a tie within a few of its ulps."""
    exact = Fraction(x) / Fraction(scale)
    distance = abs(exact - (exact.__floor__() + Fraction(1, 2)))
    return distance <= ulps * abs(exact) * Fraction(1, 1 << 24)


def logarithmic(x, scale, last, steps_per_octave):
    """Eqs. 10 and 18: the code is the number of thresholds ``2**(-(k + 1/2) / steps)`` above x / s.

    Compared without a root: ``(x / s)**(2 steps) < 2**-(2k + 1)``.
    """
    power = (Fraction(x) / Fraction(scale)) ** (2 * steps_per_octave)
    return sum(power < Fraction(1, 1 << (2 * k + 1)) for k in range(last))


def shifted_value(code, scale):
    """Eqs. 19-20: dequantized by a shift of ceil(code / 2), the parity factor in the scale."""
    parity = code % 2
    return scale * (parity * (2**0.5 - 1) + 1) * 2.0 ** -((code + 1) // 2)


def layer_wise(scales, zero_points, gamma, beta, weight, bias, s_mean, z_mean):
    """Eqs. 13-17 for lists of floats: the new LayerNorm factors, weights and bias."""
    channels = range(len(scales))
    r1 = [scales[i] / s_mean for i in channels]
    r2 = [zero_points[i] - z_mean for i in channels]
    new_gamma = [gamma[i] / r1[i] for i in channels]
    new_beta = [(beta[i] + scales[i] * r2[i]) / r1[i] for i in channels]
    new_weight = [[row[i] * r1[i] for i in channels] for row in weight]
    new_bias = [
        b - sum(scales[i] * r2[i] * row[i] for i in channels)
        for b, row in zip(bias, weight, strict=True)
    ]
    return new_gamma, new_beta, new_weight, new_bias


def requantize(acc, multiplier, shift, zero_point, bits):
    """R1 with Python integers."""
    scaled = (acc * multiplier + (1 << (shift - 1))) >> shift
    return min(max(scaled + zero_point, 0), (1 << bits) - 1)
