"""Standard errors against what they stand for: the spread over many draws of images."""

import math

import numpy as np
import pytest
import torch

from vit2rtl.evaluation import image_sqnr, loss_noise, noise, sqnr

DRAWS = 4000


def spread(statistic, *arrays):
    """The standard deviation of a statistic over draws of as many images, with replacement."""
    generator, n = np.random.default_rng(0), len(arrays[0])
    return np.std([statistic(*(array[chosen] for array in arrays))
                   for chosen in generator.integers(0, n, (DRAWS, n))])


def test_a_share_has_the_error_of_a_binomial():
    hits = np.repeat([1.0, 0.0], [157, 61])
    want = spread(lambda drawn: 100 * drawn.mean(), hits)
    assert noise.error_of_share(157, 218) == pytest.approx(want, rel=0.05)


def test_a_share_of_none_or_all_has_an_error():
    # Half an image more on either side: 0.5 of 11.
    want = pytest.approx(100 * math.sqrt(0.5 * 10.5 / 121 / 11))
    assert noise.error_of_share(0, 10) == want and noise.error_of_share(10, 10) == want


def test_a_loss_has_the_error_of_paired_draws():
    outcomes = np.repeat([1.0, -1.0, 0.0], [30, 12, 458])  # lost, won, no difference
    want = spread(lambda drawn: 100 * drawn.mean(), outcomes)
    assert noise.error_of_loss(30, 12, 500) == pytest.approx(want, rel=0.05)
    assert loss_noise(30, 12, 500) == pytest.approx(1.96 * want, rel=0.05)


def test_noise_of_a_loss_by_hand():
    # Four cells with half an image more: 1.5 lost, 0.5 won, of 12.
    want = 1.96 * math.sqrt((2 - 1 / 12) / 144)
    assert loss_noise(1, 0, 10) == pytest.approx(100 * want)
    assert 0 < loss_noise(0, 0, 1000) < 0.2


def test_a_mean_by_hand():
    # Deviations -2, -1, 3 of the mean 3: a variance of 14 / 2.
    values = torch.tensor([1.0, 2, 6], dtype=torch.float64)
    assert noise.error_of_mean(values) == pytest.approx(math.sqrt(7 / 3))
    assert math.isnan(noise.error_of_mean(values[:1]))


def test_the_errors_of_both_sqnrs_are_the_spread_of_draws():
    generator = torch.Generator().manual_seed(1)
    reference = torch.randn(200, 10, generator=generator)
    loudness = torch.rand(200, 1, generator=generator) ** 2  # few images with much noise
    other = reference + loudness * torch.randn(200, 10, generator=generator)
    powers = [x.double().square().sum(1).numpy() for x in (reference, other - reference)]
    of_sum = spread(lambda s, n: 10 * math.log10(s.sum() / n.sum()), *powers)
    got = noise.error_of_sqnr(*map(torch.from_numpy, powers))
    assert got == pytest.approx(of_sum, rel=0.05)
    each = image_sqnr(reference, other)
    assert noise.error_of_mean(each) == pytest.approx(spread(np.mean, each.numpy()), rel=0.05)
    assert sqnr(reference, other) < each.mean()
