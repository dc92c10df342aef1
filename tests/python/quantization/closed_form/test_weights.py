"""Weights on their levels, against slow implementations in numpy."""

import numpy as np
import pytest
import torch

from vit2rtl.quantization.closed_form import weights

OUT, CHANNELS = 4, 90  # more channels than GPTQ takes in one block


@pytest.fixture(scope="module")
def problem():
    """(weight float64[out, in], inputs float32[n, in] with a mean, their moments)"""
    random = np.random.default_rng(7)
    mixing = random.normal(size=(CHANNELS, CHANNELS)) / CHANNELS**0.5
    x = random.normal(size=(400, CHANNELS)) * np.linspace(0.3, 2, CHANNELS) @ mixing + 0.5
    x = torch.from_numpy(x).float()
    return torch.from_numpy(random.normal(size=(OUT, CHANNELS))), x, weights.Moments(x)


def test_moments_of_more_inputs_than_are_summed_together():
    x = torch.randn(2 * 4096 + 5, 3) * torch.tensor([1.0, 1e-3, 30.0]) + 100
    moments, exact = weights.Moments(x), x.double().numpy()
    np.testing.assert_allclose(moments.mean, exact.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(exact.T, bias=True), rtol=1e-3, atol=1e-6)
    assert moments.count == len(x) and not moments.flat()
    assert weights.Moments(torch.full((5000, 2), 3.0)).flat()


def test_moments_of_rows_that_count_are_those_of_repeated_rows(problem):
    weight, x, _ = problem
    x, times = x[:60], torch.arange(60) % 3
    counts = times[:, None] / times.float().mean()
    residual = torch.randn(60, OUT, generator=torch.Generator().manual_seed(2)) + 1
    some, all_ = weights.Moments(x, counts), weights.Moments(x.repeat_interleave(times, 0))
    torch.testing.assert_close(some.mean, all_.mean, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(some.covariance, all_.covariance, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(
        weights.ridge(weight, residual, x, some),
        weights.ridge(weight, residual.repeat_interleave(times, 0),
                      x.repeat_interleave(times, 0), all_), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(some.covariance, weights.Moments(x).covariance, rtol=1e-2)


def nearest(column, scale, zero_point, levels):
    return np.clip(np.round(column / scale), -zero_point, levels - 1 - zero_point) * scale


def optimal_brain_quantizer(weight, covariance, scale, zero_point, levels, damping=0.01):
    """Column by column in order of variance, with the inverse of what is left each time."""
    order = np.argsort(-np.diag(covariance), kind="stable")
    damped = covariance + damping * np.diag(covariance).mean() * np.eye(len(covariance))
    hessian = damped[order][:, order]
    rest, chosen = weight[:, order].copy(), np.zeros_like(weight)
    for at in range(len(order)):
        inverse = np.linalg.inv(hessian[at:, at:])
        chosen[:, order[at]] = nearest(rest[:, at], scale, zero_point, levels)
        error = (rest[:, at] - chosen[:, order[at]]) / inverse[0, 0]
        rest[:, at:] -= np.outer(error, inverse[0])
    return chosen, damped, order


def descend(chosen, weight, hessian, order, scale, zero_point, levels):
    """One pass: each column to the level that is best with all others as they are."""
    for at in order:
        others = (chosen - weight) @ hessian[at] - (chosen - weight)[:, at] * hessian[at, at]
        chosen[:, at] = nearest(weight[:, at] - others / hessian[at, at],
                                scale, zero_point, levels)


@pytest.mark.parametrize("levels", [4, 16, 256])
@pytest.mark.parametrize("descents", [0, 1, 3])
def test_gptq_is_the_optimal_brain_quantizer(levels, descents, problem):
    weight, _, moments = problem
    scale, zero_point = weights.row_ranges(weight, moments.covariance.diagonal(), levels)
    found = weights.gptq(weight, moments.covariance, scale, zero_point, levels, descents=descents)
    grid = scale.numpy(), zero_point.numpy(), levels
    want, hessian, order = optimal_brain_quantizer(
        weight.numpy(), moments.covariance.numpy(), *grid)
    for _ in range(descents):
        descend(want, weight.numpy(), hessian, order, *grid)
    assert found.dtype == torch.float64
    steps = np.abs(found.numpy() - want) / scale.numpy()[:, None]
    # A tie may fall to either side in float32, and what follows in its row with it.
    assert (steps < 0.01).mean(1).min() > 0.5 and (steps < 0.01).mean() > 0.85


def test_damping_is_a_share_of_the_mean_variance(problem):
    weight, _, moments = problem
    grid = weights.row_ranges(weight, moments.covariance.diagonal(), 4)
    chosen = [weights.gptq(weight, moments.covariance, *grid, 4, descents=0, damping=damping)
              for damping in (0.01, 0.5)]
    want, _, _ = optimal_brain_quantizer(
        weight.numpy(), moments.covariance.numpy(), *(part.numpy() for part in grid), 4, 0.5)
    same = [(np.abs(found.numpy() - want) < 0.01 * grid[0].numpy()[:, None]).mean()
            for found in chosen]
    assert same[0] < 0.85 < same[1]


def test_row_ranges_are_the_best_shrunk_ranges(problem):
    weight, _, moments = problem
    importance = moments.covariance.diagonal()
    for levels, symmetric in ((4, False), (16, False), (256, False), (4, True), (16, True)):
        scales, zero_points = weights.row_ranges(weight, importance, levels, symmetric=symmetric)
        for n, row in enumerate(weight.numpy()):
            low, high = min(row.min(), 0), max(row.max(), 0)
            if symmetric:
                low, high = -max(-low, high), max(-low, high)
            errors = {}
            for shrink in weights.SHRINKS:
                scale = shrink * (high - low) / (levels - 1)
                zero_point = levels // 2 if symmetric else round(-low * shrink / scale)
                difference = nearest(row, scale, zero_point, levels) - row
                errors[(difference**2) @ importance.numpy()] = scale, zero_point
            want = errors[min(errors)]
            assert (float(scales[n]), float(zero_points[n])) == pytest.approx(want)


@pytest.mark.parametrize("kind", ["normal", "even", "heavy"])
@pytest.mark.parametrize("levels", [4, 16, 256])
def test_no_finer_search_finds_much_better_row_ranges(kind, levels):
    torch.manual_seed(0)
    weight = {"normal": torch.randn(1, 300), "even": torch.rand(1, 300) * 2 - 1,
              "heavy": torch.randn(1, 300) ** 3}[kind].double()
    scale, zero_point = weights.row_ranges(weight, torch.ones(300).double(), levels)
    found = (weights.nearest(weight, scale, zero_point, levels) - weight).square().sum()
    width = weight.max() - weight.min()
    for fraction in np.linspace(0.5, 1.2, 71):
        other = (width * fraction / (levels - 1)).view(1)
        middle = (-weight.min() * fraction / other).round().view(1)
        error = (weights.nearest(weight, other, middle, levels) - weight).square().sum()
        assert found <= 1.15 * error


def test_ranges_of_ever_smaller_weights_shrink_along():
    weight = torch.linspace(-1, 1, 9, dtype=torch.float64)[None] * 1e-9
    scale, _ = weights.row_ranges(weight, torch.ones(9, dtype=torch.float64), 16)
    assert 0.5e-9 * 2 / 15 <= scale[0] <= 1.01e-9 * 2 / 15
    scale, zero_point = weights.row_ranges(weight * 0, torch.ones(9, dtype=torch.float64), 16)
    assert 0 < scale[0] < 1e-10 and zero_point[0] == 0


def test_moments_of_large_means_keep_small_variances():
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(1)) * 1e-3 + 100
    moments = weights.Moments(x)
    want = np.cov(x.double().numpy().T, bias=True)
    np.testing.assert_allclose(moments.covariance.numpy(), want, rtol=0.02, atol=2e-9)


def test_inputs_are_flat_where_no_channel_moves():
    x = torch.ones(6, 3)
    assert weights.Moments(x).flat() is True
    x[0, 1] = 2
    assert weights.Moments(x).flat() is False


def test_ridge_is_the_solution_of_the_normal_equations(problem):
    weight, x, moments = problem
    random = np.random.default_rng(3)
    target = random.normal(size=(len(x), OUT)) + 3
    residual = target - x.double().numpy() @ weight.numpy().T
    found = weights.ridge(weight, torch.from_numpy(residual).float(), x, moments)
    centered = x.double().numpy() - x.double().numpy().mean(0)
    penalty = weights.RIDGE * centered.var(0).mean() * len(x)
    # As more rows of a least squares problem, which knows no covariance.
    rows = np.vstack([centered, penalty**0.5 * np.eye(CHANNELS)])
    values = np.vstack([residual - residual.mean(0), np.zeros((CHANNELS, OUT))])
    change = np.linalg.lstsq(rows, values, rcond=None)[0].T
    np.testing.assert_allclose((found - weight).numpy(), change, rtol=1e-3, atol=1e-5)
