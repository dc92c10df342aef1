"""Correlation and order against loops, and the search against one of everything."""

import itertools
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
import torch

from vit2rtl.quantization.ptq4vit.operands import Uniform, Unsigned
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.ranking import search
from vit2rtl.quantization.ranking.search import (
    CorrelatedAttention,
    CorrelatedLinear,
    RankedAttention,
    correlation,
    moments,
    ranking,
)

COUNT = 15
ENDS = 0.5, 1.2
FRACTIONS = [0.5 + 0.7 * n / COUNT for n in range(COUNT)]
IMAGES = 12  # in three groups of four, of which the first and the third judge


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def rounded(x, scale, bits):
    half = 2 ** (bits - 1)
    return np.clip(np.round(x / scale), -half, half - 1) * scale


def judged(x):
    """Of images in front the ones that judge."""
    rows = len(x) // IMAGES
    return np.concatenate([x[:4 * rows], x[8 * rows:]])


def test_correlation_is_pearson_s_in_fractions():
    generator = torch.Generator().manual_seed(2)
    for _ in range(20):
        o, d = (torch.randint(-9, 10, (3, 5), generator=generator) for _ in "od")
        xs, ys = [[Fraction(v) for v in t.flatten().tolist()] for t in (o, o + d)]
        means = sum(xs) / 15, sum(ys) / 15
        over = sum((x - means[0]) * (y - means[1]) for x, y in zip(xs, ys, strict=True))
        under = sum((x - means[0]) ** 2 for x in xs) * sum((y - means[1]) ** 2 for y in ys)
        found = correlation(*moments(o.float(), d.float()).tolist())
        assert found == pytest.approx(float(over) / sqrt(under), abs=1e-9)


def test_correlations_of_what_is_constant_are_none_and_of_what_is_near_differ():
    x = random(50)
    assert correlation(*moments(torch.zeros(50), x).tolist()) == 0
    assert correlation(*moments(x, -x).tolist()) == 0
    # A double tells the two apart, where 1 - r is 5e-9 and 2e-8; a single correlation would not.
    near, far = (correlation(*moments(x, step * random(50, seed=1)).tolist())
                 for step in (1e-4, 2e-4))
    assert 1 > near > far > 1 - 1e-6


def test_the_ranking_loss_is_a_hinge_over_pairs():
    a, quantized = random(2, 3, 11), random(2, 3, 11, seed=1)
    due, pairs = 0.0, 0
    for n, row, distance, i in itertools.product(range(2), range(3), (1, 2, 4, 8), range(11)):
        j = (i + distance) % 11
        order = np.sign(float(a[n, row, i]) - float(a[n, row, j]))
        due += max(0.0, 0.2 - (float(quantized[n, row, i]) - float(quantized[n, row, j])) * order)
        pairs += 1
    lost, count = ranking(a, quantized)
    assert float(lost) == pytest.approx(due, rel=1e-5) and int(count) == pairs
    assert [float(v) for v in ranking(random(4, 1), random(4, 1))] == [0, 0]
    apart = torch.arange(11.0).expand(2, 3, 11)
    assert float(ranking(apart, apart)[0]) == 0 < float(ranking(apart, -apart)[0])


def test_a_linear_layer_takes_the_scales_of_the_best_correlation():
    bits, rounds = 3, 2
    # So many weights that none of the scales leaves all codes as another one does.
    weight, x = random(60, 50, seed=1), random(IMAGES * 3, 50, seed=2)
    pair = (Uniform(weight[None], UniformQuantizer(bits, 0, symmetric=True), COUNT, 0, ENDS),
            Uniform(x, UniformQuantizer(bits, symmetric=True), COUNT, None, ENDS))
    CorrelatedLinear(*pair, torch.zeros(len(x), 60), IMAGES).search(rounds)
    w, a = weight.double().numpy(), x.double().numpy()
    firsts = [np.abs(t).max() / (2 ** (bits - 1) - 0.5) for t in (w, a)]
    scales = list(firsts)

    def score(w_scale, a_scale):
        output = rounded(judged(a), a_scale, bits) @ rounded(w, w_scale, bits).T
        return np.corrcoef((judged(a) @ w.T).ravel(), output.ravel())[0, 1]

    for _ in range(rounds):
        scales[0] = max((firsts[0] * f for f in FRACTIONS), key=lambda s: score(s, scales[1]))
        scales[1] = max((firsts[1] * f for f in FRACTIONS), key=lambda s: score(scales[0], s))
    assert [float(factor.scale) for factor in pair] == pytest.approx(scales, rel=1e-5)


def test_attention_is_chosen_by_correlation_less_what_loses_its_order(monkeypatch):
    bits, scale = 3, 0.5
    q, k = random(IMAGES, 2, 5, 4, seed=1), random(IMAGES, 2, 6, 4, seed=2)

    def chosen():
        pair = [Uniform(x, UniformQuantizer(bits, symmetric=True), COUNT, None, ENDS)
                for x in (q, k)]
        RankedAttention(*pair, torch.zeros(IMAGES, 2, 5, 6), IMAGES, scale).search(1)
        return [float(factor.scale) for factor in pair]

    a, b = (judged(x.double().numpy()) for x in (q, k))
    firsts = [float(x.abs().max()) / (2 ** (bits - 1) - 0.5) for x in (q, k)]
    due = a @ b.swapaxes(2, 3)

    def score(a_scale, b_scale, weight):
        output = rounded(a, a_scale, bits) @ rounded(b, b_scale, bits).swapaxes(2, 3)
        lost = [np.maximum(0, 0.2 - scale * (output - np.roll(output, -n, 3))
                           * np.sign(due - np.roll(due, -n, 3))) for n in (1, 2, 4)]
        return np.corrcoef(due.ravel(), output.ravel())[0, 1] - weight * np.mean(lost)

    def best(weight):
        first = max((firsts[0] * f for f in FRACTIONS), key=lambda s: score(s, firsts[1], weight))
        return [first, max((firsts[1] * f for f in FRACTIONS),
                           key=lambda s: score(first, s, weight))]

    assert chosen() == pytest.approx(best(0.1), rel=1e-5)
    # The order alone chooses otherwise: were it left out, or did it count for all, it would show.
    monkeypatch.setattr(search, "_WEIGHT", 1e6)
    assert chosen() == pytest.approx(best(1e6), rel=1e-5)
    assert best(1e6) != pytest.approx(best(0), rel=1e-5)


def test_probabilities_times_v_by_correlation():
    bits = 3
    p, v = (3 * random(IMAGES, 2, 5, 6, seed=1)).softmax(-1), random(IMAGES, 2, 6, 4, seed=2)
    softmax = UniformQuantizer(bits)
    pair = (Unsigned(p, softmax, COUNT, None, ENDS),
            Uniform(v, UniformQuantizer(bits, symmetric=True), COUNT, None, ENDS))
    CorrelatedAttention(*pair, torch.zeros(IMAGES, 2, 5, 4), IMAGES, transposed=False).search(1)
    pair[0].give()
    a, b = (judged(x.double().numpy()) for x in (p, v))
    coarse = rounded(b, float(v.abs().max()) / 3.5, bits)

    def score(scale):
        output = np.clip(np.round(a / scale), 0, 7) * scale @ coarse
        return np.corrcoef((a @ b).ravel(), output.ravel())[0, 1]

    due = max((float(p.max()) / 7 * f for f in FRACTIONS), key=score)
    assert float(softmax.scale) == pytest.approx(due, rel=1e-5)
    assert float(softmax.zero_point) == 0


def test_scores_that_are_not_finite_are_one_sentence():
    x = random(IMAGES, 5)
    x[0, 0] = torch.nan
    pair = (Uniform(random(1, 3, 5), UniformQuantizer(4, 0, symmetric=True), COUNT, 0, ENDS),
            Uniform(x, UniformQuantizer(4, symmetric=True), COUNT, None, ENDS))
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        CorrelatedLinear(*pair, torch.zeros(IMAGES, 3), IMAGES).search(1)
