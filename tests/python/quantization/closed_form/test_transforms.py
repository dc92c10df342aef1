"""Changes of basis: what they promise of orthogonality and balance."""

import math

import pytest
import torch

from vit2rtl.quantization.closed_form import transforms

EYE = torch.eye(8, dtype=torch.float64)


def moments(seed, scale=1.0):
    x = torch.randn(8, 200, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x @ x.T / 200 * scale


@pytest.mark.parametrize("size", [3, 5, 6, 12, 48])
def test_rows_of_the_cosine_transform_change_sign_more_and_more_often(size):
    matrix = transforms.orthogonal(size)
    torch.testing.assert_close(matrix[0], torch.full((size,), 1 / math.sqrt(size)).double())
    for number, row in enumerate(matrix):
        signs = row[row.abs() > 1e-9].sign()
        assert int((signs[1:] != signs[:-1]).sum()) == number
        assert float(row @ row) == pytest.approx(1)


@pytest.mark.parametrize(("signal", "importance"), [(1, 1), (1e4, 1), (1, 1e-6), (1e3, 1e3)])
def test_balanced_moments_are_nearly_one_even_matrix(signal, importance):
    """Nearly, as a fiftieth of each mean is added before: dead channels have no inverse."""
    c, m = moments(1, signal), moments(2, importance)
    t, inverse = transforms.balancing(c, m)
    torch.testing.assert_close(t @ inverse, EYE)
    one, other = t.T @ c @ t, inverse @ m @ inverse.T
    size = math.sqrt(signal * importance)
    assert (one - other).abs().max() < 0.05 * size
    for matrix in (one, other):
        diagonal = matrix.diagonal()
        assert 0.5 * size < diagonal.mean() < 1.5 * size
        assert diagonal.std() < 0.05 * diagonal.mean()


def test_balancing_takes_dead_channels():
    c, m = moments(3), moments(4)
    c[2], c[:, 2] = 0, 0
    t, inverse = transforms.balancing(c, m)
    torch.testing.assert_close(t @ inverse, EYE)
    assert t.isfinite().all() and t.abs().max() < 100


@pytest.mark.parametrize("dead", ["signal", "importance"])
def test_a_side_of_zeros_is_only_spread(dead):
    sides = {"signal": moments(5), "importance": moments(6)} | {dead: 0 * EYE}
    t, inverse = transforms.balancing(sides["signal"], sides["importance"])
    assert t.equal(transforms.orthogonal(8)) and inverse.equal(t.T)
