"""FQ-ViT's kinds of op in plain Python, as :mod:`.program_oracle_ops` has the others."""

import math
from fractions import Fraction

import numpy as np

from .program_oracle_numbers import clip, dot, half_up, limits, objects, rows, split


def quantize_factors_float(a, t, output, x):
    made = []
    for row in rows(x):
        made += [clip(round(v / (output["scale"] * 2 ** f)) + output["zero_point"],
                      *limits(output)) for v, f in zip(row, t["factors"], strict=True)]
    return objects(made)


def real_factors_float(a, t, output, x):
    return objects([
        (q - a["zero_point"]) * a["scale"] * 2.0 ** f
        for row in rows(x) for q, f in zip(row, t["factors"], strict=True)])


def layernorm_factors_float(a, t, output, x):
    made = []
    for row in rows(x):
        shifted = [q - a["input_zero_point"] << f
                   for q, f in zip(row, t["factors"], strict=True)]
        total = sum(shifted)
        root = math.sqrt(len(row) * dot(shifted, shifted) - total * total)
        for v, gamma, beta in zip(shifted, t["gamma"], t["beta"], strict=True):
            gain = gamma / root if root else 0.0
            scaled = gain * (len(row) / a["step"])
            n = clip(8 - math.frexp(scaled)[1], 0, 31) if scaled else 31
            m = min(math.floor(abs(scaled) * 2 ** n), 255)
            b = round((beta - gain * total) * (2 ** n / a["step"]))
            b = clip(b, -(2 ** 47), 2 ** 47)
            made.append(round(Fraction(int(math.copysign(m, scaled)) * v + b, 2 ** n)))
    if output["encoding"] == "float64":
        return objects([y * a["step"] for y in made])
    return objects([clip(y + output["zero_point"], *limits(output)) for y in made])


def softmax_log2_float(a, t, output, acc):
    made, bits = [], output["bits"] - 1
    for place in np.ndindex(acc.shape[:-1]):
        y = [float(q) * a["logit_scale"] for q in acc[place]]
        if "bias" in t:
            y = [u + b for u, b in zip(y, t["bias"][place[-2:]], strict=True)]
        codes = [clip(round(u / a["step"]) + a["step_zero_point"], 0, 2 ** a["step_bits"] - 1)
                 for u in y]
        seen = [True] * len(codes)
        if "mask" in t:
            seen = [not m for m in t["mask"][place[0], place[-1]]]
        most = max(code for code, one in zip(codes, seen, strict=True) if one)
        e = []
        for code, one in zip(codes, seen, strict=True):
            x = min(max(most - code, 0), a["octaves"] * a["octave"])
            q, r = divmod(x, a["octave"])
            polynomial = max(r * (r - a["linear"]) + a["constant"], 0)
            e.append(polynomial * 2 ** (a["octaves"] - q) * one)
        for one in e:
            if not one:
                made.append(2 ** bits)
                continue
            quotient = round(Fraction(sum(e), one))
            n = quotient.bit_length() - 1
            made.append(min(n + (2 * (quotient - 2 ** n) >= 2 ** n), 2 ** bits))
    return objects(made)


def attention_value_log2(a, t, output, codes, v):
    windows = codes.reshape(-1, a["heads"], *codes.shape[-2:])
    zero, made = 2 ** a["softmax_bits"], []
    for w, values in enumerate(split(v, a["heads"])):
        for i in range(codes.shape[-2]):
            for h in range(a["heads"]):
                for channel in zip(*values[h], strict=True):
                    acc = sum(x - a["v_zero_point"] << a["fraction_bits"] - n
                              for n, x in zip(windows[w, h, i], channel, strict=True)
                              if n < zero and n <= a["fraction_bits"])
                    assert abs(acc) <= a["accumulator_bound"]
                    code = half_up(acc * a["multiplier"], a["shift"]) + output["zero_point"]
                    made.append(clip(code, *limits(output)))
    return objects(made)


KINDS = {f.__name__: f for f in (
    quantize_factors_float, real_factors_float, layernorm_factors_float, softmax_log2_float,
    attention_value_log2,
)}
