"""KL divergence and its temperature, against loops of Python's own floats."""

import math

import pytest
import torch

from vit2rtl.evaluation import fit_temperature, kl_divergence


def by_loops(reference, predicted, temperature):
    """One image's divergence from the definition."""
    p, q = ([math.exp(x / t) for x in row.tolist()]
            for row, t in ((reference, 1), (predicted, temperature)))
    return sum(a / sum(p) * math.log(a / sum(p) / (b / sum(q))) for a, b in zip(p, q, strict=True))


@pytest.fixture
def pair():
    """Logits of 40 images and 5 classes, and the same with noise, 1.7 times as large."""
    generator = torch.Generator().manual_seed(0)
    reference = 2 * torch.randn(40, 5, generator=generator)
    return reference, 1.7 * (reference + 0.5 * torch.randn(40, 5, generator=generator))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_divergence_is_the_definition_s(pair, temperature):
    want = [by_loops(*rows, temperature) for rows in zip(*pair, strict=True)]
    got = kl_divergence(*pair, temperature)
    assert got.dtype == torch.float64 and got.tolist() == pytest.approx(want, rel=1e-9)


def test_two_answers_by_hand():
    # (1/2, 1/2) against (3/4, 1/4): ½ log(2/3) + ½ log 2.
    got = kl_divergence(torch.zeros(1, 2), torch.tensor([[math.log(3), 0.0]]), 1.0)
    assert got.item() == pytest.approx(0.5 * math.log(4 / 3))


def test_no_temperature_has_a_smaller_mean_divergence(pair):
    fitted = fit_temperature(*pair)
    assert 1.5 < fitted < 2.2

    def mean(temperature):
        return sum(by_loops(*rows, temperature) for rows in zip(*pair, strict=True)) / 40

    grid = [fitted * 2 ** (n / 50) for n in range(-100, 101)]
    assert min(grid, key=mean) == fitted
    # The minimum's place: a parabola through three points around it.
    left, middle, right = (mean(fitted * factor) for factor in (0.999, 1, 1.001))
    assert abs(left - right) < 0.01 * (left + right - 2 * middle)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_a_factor_of_all_logits_is_no_divergence(pair, temperature):
    reference, _ = pair
    assert fit_temperature(reference, temperature * reference) == pytest.approx(temperature)
    assert kl_divergence(reference, temperature * reference, temperature).max() < 1e-9
    shifted = reference + torch.arange(40)[:, None]
    assert kl_divergence(reference, shifted, 1.0).max() < 1e-9


def test_logits_that_say_nothing_end_at_the_range_s_end(pair):
    reference, _ = pair
    for useless in (torch.zeros_like(reference), -reference):
        assert fit_temperature(reference, useless) == pytest.approx(16)


def test_far_logits_stay_finite():
    reference = torch.tensor([[0.0, 500.0], [900.0, 0.0]])
    predicted = torch.tensor([[0.0, 300.0], [700.0, -400.0]])
    assert kl_divergence(reference, predicted, fit_temperature(reference, predicted)).max() < 1e-9
    assert kl_divergence(reference[:1], -predicted[:1], 1.0).item() == pytest.approx(300)
