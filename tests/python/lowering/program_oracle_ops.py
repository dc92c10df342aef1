"""Every kind of op in plain Python: attributes, constants, the output's description, inputs.

Nothing of the package is used, see :mod:`.program_oracle`.
"""

import math
from fractions import Fraction

import numpy as np

from .program_oracle_factors import KINDS as FACTORS
from .program_oracle_numbers import clip, dot, half_up, limits, objects, rows, split


def patches(a, t, output, image):
    channels, height, width = image.shape
    ph, pw = a["patch"]
    return objects([
        [image[c, top + y, left + x] for c in range(channels) for y in range(ph) for x in range(pw)]
        for top in range(0, height - ph + 1, ph) for left in range(0, width - pw + 1, pw)
    ])


def linear(a, t, output, x):
    low, high = limits(output)
    weights = [[w - z for w in row]
               for row, z in zip(rows(t["weight"]), t["weight_zero_point"], strict=True)]
    made = []
    for q in rows(x):
        for n, weight in enumerate(weights):
            acc = dot(q, weight) + t["bias"][n]
            assert abs(acc) <= a["accumulator_bound"] < 1 << a["accumulator_bits"] - 1
            code = half_up(acc * t["multiplier"][n], t["shift"][n]) + output["zero_point"]
            made.append(clip(code, low, high))
    return objects(made)


def query_key(a, t, output, q, k):
    low, high = limits(output)
    made = []
    for w, (left, right) in enumerate(zip(split(q, a["heads"]), split(k, a["heads"]), strict=True)):
        for h, (queries, keys) in enumerate(zip(left, right, strict=True)):
            for i, query in enumerate(queries):
                query = [x - a["q_zero_point"] for x in query]
                for j, key in enumerate(keys):
                    acc = dot(query, [y - a["k_zero_point"] for y in key])
                    if "bias" in t:
                        acc += t["bias"][h, i, j]
                    assert abs(acc) <= a["accumulator_bound"]
                    if "multiplier" in a:
                        acc = clip(half_up(acc * a["multiplier"], a["shift"]), low + 1, high)
                        if "mask" in t and t["mask"][w, i, j]:
                            acc = low
                    made.append(acc)
    return objects(made)


def softmax(a, t, output, logits):
    masked, last = -(1 << a["width"] - 1), (1 << a["bits"]) - 1
    assert a["zero_code"] == "top"
    for f, entry in enumerate(t["rom"]):
        assert abs(entry - 2 ** (a["exp_bits"] - f / 2 ** a["rom_bits"])) <= 0.5 + 1e-6
    made = []
    for row in rows(logits):
        exponentials, total = [], 0
        for logit in row:
            scaled = half_up((max(row) - logit) * a["multiplier"], a["shift"])
            octave, f = divmod(scaled, 1 << a["rom_bits"])
            e = Fraction(0 if logit == masked else t["rom"][f], 1 << min(octave, 255))
            exponentials.append(e)
            total += math.floor(e)
        unit = Fraction(total, 1 << a["threshold_shift"])
        for e in exponentials:
            below = [e * 2 ** (k // 2) < unit * a["threshold_b" if k % 2 else "threshold_a"]
                     for k in range(last)]
            made.append(sum(below) if e else last)
    return objects(made)


def probabilities(a, t, acc):
    """Of every element, in units of 2**-16."""
    made = []
    for place in np.ndindex(acc.shape[:-1]):
        y = [float(q) * a["logit_scale"] for q in acc[place]]
        if "bias" in t:
            y = [u + b for u, b in zip(y, t["bias"][place[-2:]], strict=True)]
        if "mask" in t:
            y = [u - 100.0 * m for u, m in zip(y, t["mask"][place[0], place[-1]], strict=True)]
        e = [math.exp(u - max(y)) for u in y]
        scale = 2.0 ** a["probability_bits"] / math.fsum(e)
        made += [min(round(x * scale), 2 ** a["probability_bits"] - 1) for x in e]
    return made


def softmax_float(a, t, output, acc):
    last, made = (1 << output["bits"]) - 1, []
    assert a["zero_code"] == "top"
    for p in probabilities(a, t, acc):
        below = sum(p * 2 ** (k // 2) < a["threshold_b" if k % 2 else "threshold_a"]
                    for k in range(last))
        made.append(below if p else last)
    return objects(made)


def softmax_twin_float(a, t, output, acc):
    half = 1 << output["bits"] - 1
    split, made = Fraction(1, 1 << a["split"]), []
    for n in probabilities(a, t, acc):
        p = Fraction(n, 1 << a["probability_bits"])
        if n and p >= split:
            made.append(half + half_up(p * (half - 1), 0))
        else:
            made.append(min(half_up(p / split * (half - 1), 0), half - 1))
    return objects(made)


def attention_value_twin(a, t, output, codes, v):
    coarse, fine, shift = a["multipliers"]
    half = 1 << a["softmax_bits"] - 1
    windows = codes.reshape(-1, a["heads"], *codes.shape[-2:])
    made = []
    for w, values in enumerate(split(v, a["heads"])):
        for i in range(codes.shape[-2]):
            for h in range(a["heads"]):
                for channel in zip(*values[h], strict=True):
                    terms = [(k, x - a["v_zero_point"])
                             for k, x in zip(windows[w, h, i], channel, strict=True)]
                    above = sum((k - half) * x for k, x in terms if k >= half)
                    below = sum(k * x for k, x in terms if k < half)
                    assert max(abs(above), abs(below)) <= a["accumulator_bound"]
                    code = half_up(above * coarse + below * fine, shift) + output["zero_point"]
                    made.append(clip(code, *limits(output)))
    return objects(made)


def linear_twin(a, t, output, x):
    made = []
    for q in rows(x):
        for n, row in enumerate(rows(t["weight"])):
            weight = [w - t["weight_zero_point"][n] for w in row]
            above = dot([max(c, 0) for c in q], weight) + t["bias"][n]
            below = dot([min(c, 0) for c in q], weight)
            assert max(abs(above), abs(below)) <= a["accumulator_bound"]
            total = above * t["multiplier"][n] + below * t["low_multiplier"][n]
            made.append(clip(half_up(total, t["shift"][n]) + output["zero_point"],
                             *limits(output)))
    return objects(made)


def attention_value(a, t, output, codes, v):
    low, high = limits(output)
    heads, fraction, zero = a["heads"], a["fraction_bits"], (1 << a["softmax_bits"]) - 1
    m_even, m_odd, shift = a["multipliers"]
    assert a["zero_code"] == "top"
    windows = codes.reshape(-1, heads, *codes.shape[-2:])
    made = []
    for probabilities, values in zip(windows, split(v, heads), strict=True):
        for i in range(codes.shape[-2]):
            for h in range(heads):
                for channel in zip(*values[h], strict=True):
                    sums = [0, 0]
                    for k, x in zip(probabilities[h, i], channel, strict=True):
                        right = fraction - (k + 1) // 2
                        if k != zero and right >= 0:
                            sums[k % 2] += (x - a["v_zero_point"]) << right
                    assert max(map(abs, sums)) <= a["accumulator_bound"]
                    y = half_up(sums[0] * m_even + sums[1] * m_odd, shift)
                    made.append(clip(y + output["zero_point"], low, high))
    return objects(made)


def reciprocal_sqrt(value, seeds):
    """(r, k): 1/√value as r / 2**k."""
    pairs = (value.bit_length() - 21) // 2
    m = value // 4**pairs if pairs >= 0 else value * 4**-pairs
    y = seeds[m // 2**14] * 2**10
    for _ in range(2):
        y = (y * ((3 * 2**44 - m * (y * y // 2**16)) // 2**22) + 2**22) // 2**23
    r, k = min((y + 4) // 8, 2**17 - 1), pairs + 27
    assert abs(r / 2**k * math.sqrt(value) - 1) < 2**-16.6
    return r, k


def layernorm(a, t, output, x):
    low, high = limits(output)
    made = []
    for row in rows(x):
        d, total = len(row), sum(row)
        variance = d * dot(row, row) - total * total + a["epsilon"]
        r, k = reciprocal_sqrt(variance, t["seeds"])
        for n, q in enumerate(row):
            product = (d * q - total) * r * t["gain"][n]
            # The offset has 16 fraction bits; what the product has below them is floored.
            scaled = math.floor(product * Fraction(2) ** (16 - a["shift"] - k)) + t["offset"][n]
            made.append(clip(half_up(scaled, 16) + min(low, 0), low, high))
    return objects(made)


def layernorm_float(a, t, output, x):
    made = []
    for row in rows(x):
        mean = math.fsum(row) / len(row)
        centered = [v - mean for v in row]
        root = math.sqrt(math.fsum(v * v for v in centered) / len(row) + a["epsilon"])
        made += [v / root * g + b for v, g, b in zip(centered, t["gamma"], t["beta"], strict=True)]
    return objects(quantized(output, made))


def quantized(output, reals):
    if output["encoding"] == "float64":
        return reals
    return [clip(round(y / output["scale"]) + output["zero_point"], *limits(output)) for y in reals]


def table(a, t, output, x):
    return objects([t["table"][q] for q in x.flat])


def embed(a, t, output, x):
    made = rows(t["constants"])
    prefix = len(made) - len(x)
    for row, own in zip(x, made[prefix:], strict=True):
        own[:] = [clip(c + q, *limits(output)) for c, q in zip(own, row, strict=True)]
    return objects(made)


def embed_float(a, t, output, x):
    made = [[a["constant_scale"] * c for c in row] for row in rows(t["constants"])]
    for row, own in zip(rows(real_float(a, t, output, x)), made[len(made) - len(x):],
                        strict=True):
        own[:] = [c + q for c, q in zip(own, row, strict=True)]
    return objects(made)


def real_float(a, t, output, x):
    made = objects([a["scale"] * (q - a["zero_point"]) for q in x.flat])
    return made.reshape(x.shape)


def add(a, t, output, x, y):
    return objects([clip(p + q, *limits(output)) for p, q in zip(x.flat, y.flat, strict=True)])


def add_float(a, t, output, x, y):
    return x + real_float(a, t, output, y)


def select(a, t, output, x):
    return objects([list(x[n]) for n in a["tokens"]])


def gather(a, t, output, x):
    tokens = [*rows(x), *([[*t["pad"]]] if "pad" in t else [])]
    return objects([tokens[n] for n in t["index"].flat])


def pool(a, t, output, x):
    made = []
    for column in zip(*rows(x), strict=True):
        acc = sum(q - a["input_zero_point"] for q in column)
        assert abs(acc) <= a["accumulator_bound"]
        code = half_up(acc * a["multiplier"], a["shift"]) + output["zero_point"]
        made.append(clip(code, *limits(output)))
    return objects(made)


def pool_float(a, t, output, x):
    return objects(quantized(output, [math.fsum(c) / len(c) for c in zip(*rows(x), strict=True)]))


def average(a, t, output, *heads):
    return objects([sum(logits) for logits in zip(*(h.flat for h in heads), strict=True)])


def average_float(a, t, output, *heads):
    made = [[(q - z) * s for q in h.flat]
            for h, s, z in zip(heads, a["scales"], a["zero_points"], strict=True)]
    return objects([math.fsum(reals) / len(reals) for reals in zip(*made, strict=True)])


KINDS = {f.__name__: f for f in (
    patches, linear, query_key, softmax, softmax_float, attention_value, layernorm,
    layernorm_float, table, embed, embed_float, add, add_float, select, gather, real_float, pool,
    pool_float, average, average_float, softmax_twin_float, attention_value_twin, linear_twin,
)} | FACTORS
