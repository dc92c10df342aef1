import numpy as np
import pytest
import torch

from vit2rtl.quantization import calibration

LONG = 700_001


def quantiles(rows):
    """(lower, upper) as torch.quantile has them: it sorts, percentile_ranges does not."""
    return tuple(
        torch.stack([torch.quantile(rows, end, dim=1) for end in ends])
        for ends in ([1 - p for p in calibration.PERCENTILES], calibration.PERCENTILES)
    )


def same(got, want):
    return all(a.equal(b) for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 63, 192, 1000, 1001, 5000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_ranges_equal_torch_quantile_bit_for_bit(n, channels, generator):
    rows = torch.randn(channels, n, generator=generator) * 3 + 1
    assert same(calibration.percentile_ranges(rows), quantiles(rows))


def test_ranges_keep_float64(generator):
    rows = torch.randn(3, 4000, generator=generator, dtype=torch.float64)
    lower, upper = calibration.percentile_ranges(rows)
    assert lower.dtype == upper.dtype == torch.float64
    assert same((lower, upper), quantiles(rows))


def periodic(low, high):
    """The values that a strided sample sees are all from one end, most of them from nowhere else.

    Fewer values pass the threshold that the sample suggests than are wanted.
    """
    values = torch.linspace(0, 1, LONG)
    sampled = values[:: LONG // (2 * calibration._CHUNK)]
    sampled.copy_(torch.linspace(low, high, len(sampled)))
    return values


LONG_ROWS = {
    "normal": lambda g: torch.randn(LONG, generator=g),
    "four values": lambda g: torch.randint(0, 4, (LONG,), generator=g).float(),
    "one value": lambda g: torch.full((LONG,), 2.5),
    "mostly zero": lambda g: torch.relu(torch.randn(LONG, generator=g) - 3.5),
    "one outlier": lambda g: torch.cat([torch.zeros(LONG - 1), torch.ones(1)]),
    "rising": lambda g: torch.arange(LONG).float(),
    "falling": lambda g: torch.arange(LONG).float().flip(0),
    "sampled high": lambda g: periodic(2, 3),
    "sampled low": lambda g: periodic(-3, -2),
    "probabilities": lambda g: torch.randn(LONG // 197, 197, generator=g)
    .mul_(3).softmax(1).flatten(),
}


@pytest.mark.parametrize("kind", LONG_ROWS)
def test_ranges_of_a_long_row_equal_torch_quantile_bit_for_bit(kind, generator):
    rows = LONG_ROWS[kind](generator)[None]
    assert rows.numel() > 600_000
    assert same(calibration.percentile_ranges(rows), quantiles(rows))


def test_two_long_rows_have_ranges_of_their_own(generator):
    rows = torch.randn(2, LONG, generator=generator) * torch.tensor([[1.0], [30.0]])
    assert same(calibration.percentile_ranges(rows), quantiles(rows))


def test_of_a_long_row_about_twice_as_many_values_are_sorted_as_are_wanted(generator, monkeypatch):
    rows, sizes, topk = torch.randn(1, LONG, generator=generator), [], torch.Tensor.topk
    monkeypatch.setattr(torch.Tensor, "topk", lambda x, *given, **named: (
        sizes.append(len(x)), topk(x, *given, **named))[1])
    calibration.percentile_ranges(rows)
    sampled, sorted_ = sizes[::2], sizes[1::2]
    assert all(60_000 < size < 80_000 for size in sampled)
    assert all(1.6 < size / (LONG / 1000) < 2.7 for size in sorted_)


def test_ranges_beyond_the_limit_of_torch_quantile_have_float64_ranks():
    n = (1 << 24) + 3
    row = torch.zeros(n)
    # Small numbers at both ends: a rank off by one shows.
    row[:20_000], row[-20_000:] = torch.arange(-20_000, 0), torch.arange(1, 20_001)
    with pytest.raises(RuntimeError):
        torch.quantile(row, 0.5)
    lower, upper = calibration.percentile_ranges(row[None])
    ordered = row.double().numpy()
    for got, ends in ((upper, calibration.PERCENTILES),
                      (lower, [1 - p for p in calibration.PERCENTILES])):
        ranks = np.array(ends) * (n - 1)
        want = np.interp(ranks, np.arange(n), ordered)
        np.testing.assert_allclose(got[:, 0].numpy(), want, rtol=1e-6)


def fake_quantize(x, scale, zero_point, levels):
    """Eqs. 7-8 in float64."""
    code = (torch.round(x / scale) + zero_point).clamp(0, levels - 1)
    return (code - zero_point) * scale


def brute_force(row, levels):
    """(scale, zero point, winner, errors) of a row by trying each percentile, in float64."""
    tried = []
    for percentile in calibration.PERCENTILES:
        high, low = torch.quantile(row, percentile), torch.quantile(row, 1 - percentile)
        scale = (high - low) / (levels - 1)
        zero_point = torch.round(-low / scale)
        wide = fake_quantize(row.double(), scale.double(), zero_point.double(), levels)
        tried.append((float((wide - row.double()).square().mean()), scale, zero_point))
    winner = min(range(3), key=lambda n: tried[n][0])
    return *tried[winner][1:], winner, [error for error, *_ in tried]


@pytest.mark.parametrize("levels", [4, 16, 64, 256])
def test_the_search_picks_the_percentile_of_least_error(levels, generator):
    heavy = torch.randn(12, 20_000, generator=generator)
    heavy = heavy * heavy.abs() ** torch.linspace(0, 4, 12)[:, None] + 1
    scale, zero_point, constant = calibration.best_uniform(heavy, levels)
    for n, row in enumerate(heavy):
        best_scale, best_zero_point, _, errors = brute_force(row, levels)
        gap = sorted(errors)[1] / sorted(errors)[0]
        assert gap > 1 + 1e-6, "the candidates are too close for this test"
        assert (scale[n], zero_point[n]) == (best_scale, best_zero_point)
    assert not constant.any()


def test_every_percentile_can_win(generator):
    plain = torch.randn(100_000, generator=generator)
    outliers = plain.clone()
    outliers[:8] *= 60
    won = set()
    for row, levels in ((plain, 16), (plain, 256), (outliers, 256)):
        scale, _, winner, _ = brute_force(row, levels)
        assert calibration.best_uniform(row[None], levels)[0] == scale
        won.add(winner)
    assert won == {0, 1, 2}


@pytest.mark.parametrize("levels", [4, 16, 256])
def test_symmetric_ranges_reach_as_far_below_zero_as_above(levels, generator):
    rows = torch.randn(6, 5000, generator=generator) + torch.linspace(-2, 2, 6)[:, None]
    rows[2] **= 3
    scale, zero_point, constant = calibration.best_uniform(rows, levels, symmetric=True)
    assert zero_point.tolist() == [levels // 2] * 6 and not constant.any()
    for n, row in enumerate(rows):
        scales = torch.stack([
            2 * torch.maximum(torch.quantile(row, p).abs(), torch.quantile(row, 1 - p).abs())
            / (levels - 1) for p in calibration.PERCENTILES])
        errors = [float((fake_quantize(row.double(), one.double(), levels // 2, levels)
                         - row.double()).square().mean()) for one in scales]
        assert scale[n] == scales[min(range(3), key=errors.__getitem__)]


@pytest.mark.parametrize("value", [0.0, 0.3, -2.0])
def test_a_symmetric_constant_is_exact_beside_the_middle(value):
    rows = torch.full((1, 50), value)
    scale, zero_point, _ = calibration.best_uniform(rows, 16, symmetric=True)
    assert zero_point.tolist() == [8.0]
    assert calibration.uniform(rows, scale, zero_point, 16).equal(rows)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_row_is_constant_up_to_the_last_bits_of_its_magnitude(sign):
    ends = torch.tensor([[1 - 2.0**-16, 1.0], [1 - 2.0**-16 - 2.0**-24, 1.0]]) * sign
    assert calibration.best_uniform(ends, 16)[2].tolist() == [True, False]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.1, -3.7, 1e-20, -1e-20, 1e20, 255.5])
@pytest.mark.parametrize("levels", [4, 16, 256])
def test_a_constant_row_is_represented_exactly(value, levels):
    rows = torch.full((1, 500), value)
    scale, zero_point, constant = calibration.best_uniform(rows, levels)
    assert constant.tolist() == [True]
    assert calibration.uniform(rows, scale, zero_point, levels).equal(rows)
    assert fake_quantize(rows.double(), scale.double(), zero_point, levels).float().equal(rows)
    assert scale[0] == (abs(rows[0, 0]) if value else 1)
    assert zero_point[0] == (1 if value < 0 else 0)


def test_a_constant_row_does_not_change_its_neighbours(generator):
    rows = torch.randn(2, 500, generator=generator)
    alone = [calibration.best_uniform(row[None], 16) for row in rows]
    mixed = calibration.best_uniform(
        torch.stack([rows[0], torch.full((500,), 0.25), rows[1]]), 16
    )
    assert mixed[2].tolist() == [False, True, False]
    for n, at in ((0, 0), (1, 2)):
        assert (mixed[0][at], mixed[1][at]) == (alone[n][0][0], alone[n][1][0])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_row_constant_but_for_an_outlier_gets_its_full_range(sign):
    rows = torch.zeros(1, 1_000_000)
    rows[0, 77] = sign * 3.0
    scale, zero_point, constant = calibration.best_uniform(rows, 16)
    assert not constant
    assert scale[0] == pytest.approx(3 / 15)
    quantized = calibration.uniform(rows, scale, zero_point, 16)
    assert quantized[0, 77] == pytest.approx(sign * 3.0)
    assert quantized[0, 0] == 0


def test_a_row_of_rounding_noise_but_for_an_outlier_gets_its_full_range():
    rows = torch.zeros(1, 1_000_000)
    rows[0, ::2], rows[0, 77] = 2.0**-16, 1.0
    assert calibration.best_uniform(rows, 16)[0][0] == pytest.approx(1 / 15)


@pytest.mark.parametrize("levels", [16, 256])
@pytest.mark.parametrize("tiny", [1e-36, 1e-38, 1e-41, 1e-44, 1.5e-45])
def test_denormal_rows_have_a_usable_scale(tiny, levels):
    rows = torch.stack([torch.linspace(-1, 1, 400), torch.linspace(-1, 1, 400) * tiny])
    scale, zero_point, _ = calibration.best_uniform(rows, levels)
    assert torch.isfinite(scale).all() and (scale > 0).all()
    assert torch.isfinite(zero_point).all()
    quantized = calibration.uniform(rows, scale[:, None], zero_point[:, None], levels)
    assert (quantized[1] - rows[1]).abs().max() <= tiny


def test_a_channel_of_one_sign_keeps_its_offset(generator):
    rows = torch.rand(1, 5000, generator=generator) + 50
    scale, zero_point, _ = calibration.best_uniform(rows, 16)
    assert zero_point[0] == pytest.approx(-50 * 15, rel=0.01)
    error = (calibration.uniform(rows, scale, zero_point, 16) - rows).abs().max()
    assert error <= 0.51 * scale[0] + 2e-5


@pytest.mark.parametrize("shape", [(1, 10_000), (7, 1300), (300, 40)])
@pytest.mark.parametrize("chunk", [1, 64, 1 << 30])
def test_pieces_give_what_one_piece_gives(shape, chunk, generator, monkeypatch):
    rows = torch.randn(shape, generator=generator)
    want = calibration.best_uniform(rows, 16)

    def fake(x, at):
        return calibration.uniform(x, want[0][at], want[1][at], 16)

    errors = calibration.squared_error(rows, fake)
    whole = calibration.uniform(rows, want[0][:, None], want[1][:, None], 16)
    monkeypatch.setattr(calibration, "_CHUNK", chunk if shape[0] > 1 or chunk > 1 else 16)
    assert same(calibration.best_uniform(rows, 16), want)
    torch.testing.assert_close(
        calibration.squared_error(rows, fake), errors, rtol=1e-5, atol=0
    )
    torch.testing.assert_close(
        errors, (whole.double() - rows.double()).square().mean(1), rtol=1e-5, atol=0
    )


def test_the_scale_of_a_logarithmic_quantizer_is_the_percentile_of_least_error(generator):
    values = torch.randn(1000, 197, generator=generator).mul_(2).softmax(1).flatten()

    def fake(x, scale):
        return torch.round(x / scale * 7) / 7 * scale

    candidates = [torch.quantile(values, p) for p in calibration.PERCENTILES]
    errors = [float((fake(values, s).double() - values.double()).square().sum())
              for s in candidates]
    best = min(range(3), key=errors.__getitem__)
    assert calibration.best_scale(values, fake) == candidates[best]


def test_a_logarithmic_quantizer_of_zeros_has_a_positive_scale():
    assert calibration.best_scale(torch.zeros(100), lambda x, s: x) > 0
