"""Patch similarity and its entropy, against loops over Python's own numbers."""

from itertools import pairwise
from math import exp, log, pi, sqrt

import pytest
import torch

from vit2rtl.quantization.psaq.similarity import entropy, similarities


def slow_similarities(tokens):
    def norm(a):
        return sqrt(sum(x * x for x in a))

    return [sum(x * y for x, y in zip(a, b, strict=True)) / norm(a) / norm(b)
            for a in tokens for b in tokens]


def slow_entropy(rows):
    low, high = min(map(min, rows)), max(map(max, rows))
    places = [low + (high - low) * n / 9 for n in range(10)]
    total = 0.0
    for row in rows:
        heights = []
        for place in places:
            density = sum(exp(-((x - place) / 0.01)**2 / 2) for x in row) / (
                len(row) * 0.01 * sqrt(2 * pi)) + 1e-4
            heights.append(-density * log(density))
        total += sum((a + b) / 2 * (high - low) / 9
                     for a, b in pairwise(heights))
    return total / len(rows)


def test_similarities():
    features = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
    due = torch.tensor([slow_similarities(image.tolist()) for image in features])
    torch.testing.assert_close(similarities(features), due)


@pytest.mark.parametrize("spread", [1.0, 0.02])
def test_entropy(spread):
    values = spread * torch.rand(3, 40, generator=torch.Generator().manual_seed(2))
    assert float(entropy(values)) == pytest.approx(slow_entropy(values.tolist()), rel=1e-4)


def test_entropy_of_equal_values_is_nothing_and_has_a_gradient():
    values = torch.ones(1, 9, requires_grad=True)
    value = entropy(values)
    value.backward()
    assert float(value.detach()) == 0
    assert torch.isfinite(values.grad).all()
