import itertools

import numpy as np
import pytest
import torch

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.quantization import calibration
from vit2rtl.quantization.quantizers import (
    Log2Quantizer,
    LogSqrt2Quantizer,
    Quantizer,
    UniformQuantizer,
)

from .. import oracle

WIDTHS = range(2, 9)
ZERO_CODES = ("top", "extra", "none")


def uniform(bits, scale, zero_point):
    quantizer = UniformQuantizer(bits)
    quantizer.set(torch.tensor(scale), torch.tensor(float(zero_point)))
    return quantizer


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("zero_point", [0, 1, 3, -40, 700])
def test_uniform_codes_are_those_of_equation_7(bits, zero_point, generator):
    scale = 0.0371
    quantizer = uniform(bits, scale, zero_point)
    steps = torch.rand(3000, generator=generator) * 1.4 * 2**bits - 0.2 * 2**bits
    x = (steps - zero_point) * scale
    scale = float(quantizer.scale)
    codes, skipped = quantizer.codes(x), 0
    for value, code in zip(x.tolist(), codes.tolist(), strict=True):
        if oracle.near_tie(value, scale):
            skipped += 1
        else:
            assert code == oracle.uniform(value, scale, zero_point, bits)
    assert skipped < 30
    assert set(codes.tolist()) == set(range(2**bits))
    assert quantizer(x).equal((codes - zero_point) * quantizer.scale)


@pytest.mark.parametrize("bits", WIDTHS)
def test_ties_round_half_to_even(bits):
    quantizer = uniform(bits, 0.25, 0)
    steps = torch.arange(2**bits - 1)
    ties = (steps + 0.5) * 0.25
    assert quantizer.codes(ties).tolist() == [k + (k & 1) for k in steps.tolist()]
    assert quantizer.codes(ties).tolist() == [
        oracle.uniform(value, 0.25, 0, bits) for value in ties.tolist()
    ]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_channels_have_scales_of_their_own(axis, generator):
    x = torch.randn(4, 5, 6, generator=generator)
    spread = torch.linspace(0.1, 9, x.shape[axis])
    x = (x.movedim(axis, -1) * spread + spread).movedim(-1, axis).contiguous()
    quantizer = UniformQuantizer(5, axis)
    quantizer.calibrate(x)
    assert quantizer.scale.shape == quantizer.zero_point.shape == (x.shape[axis],)
    assert quantizer.codes(x).dtype == torch.int32
    for channel in range(x.shape[axis]):
        single = UniformQuantizer(5)
        single.calibrate(x.select(axis, channel))
        assert single.scale.equal(quantizer.scale[channel])
        for method in ("codes", "forward", "centered"):
            want = getattr(single, method)(x.select(axis, channel))
            assert getattr(quantizer, method)(x).select(axis, channel).equal(want)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bits", WIDTHS)
def test_a_channel_of_one_sign_has_its_zero_point_outside_the_codes(sign, bits, generator):
    x = sign * (torch.rand(4000, generator=generator) * 0.5 + 20)
    quantizer = UniformQuantizer(bits)
    quantizer.calibrate(x)
    zero_point = float(quantizer.zero_point)
    assert zero_point < 0 if sign > 0 else zero_point > 2**bits - 1
    codes = quantizer.codes(x)
    assert codes.min() == 0 and codes.max() == 2**bits - 1
    scale = float(quantizer.scale)
    assert all(
        code == oracle.uniform(value, scale, int(zero_point), bits)
        for value, code in zip(x.tolist(), codes.tolist(), strict=True)
        if not oracle.near_tie(value, scale)
    )
    # Half a step, less what the percentile clips.
    assert (quantizer(x) - x).abs().max() <= 0.51 * scale + 0.01


@pytest.mark.parametrize("zero_point", [7.4, 7.5, 0.3, 14.9, -3.25, -20.3, 30.7, -760.1, 5e4 + 0.3])
def test_a_fractional_zero_point_makes_one_level_more(zero_point):
    quantizer = uniform(4, 0.125, zero_point)
    zero_point = float(quantizer.zero_point)
    x = (torch.linspace(-3, 19, 4001) - zero_point) * 0.125
    values, codes = quantizer(x), quantizer.codes(x)
    levels = sorted(set(values.tolist()))
    assert len(levels) == 17
    assert sorted(set(codes.tolist())) == list(range(17))
    # As the authors' code has it: round, add the float, clip.
    x_int = (torch.round(x.double() / 0.125) + zero_point).clamp(0, 15)
    torch.testing.assert_close(
        values.double(), (x_int - zero_point) * 0.125, rtol=1e-6, atol=1e-6
    )
    pairs = set(zip(codes.tolist(), values.tolist(), strict=True))
    assert sorted(pairs) == list(enumerate(levels))


def test_codes_of_any_fractional_zero_point_tell_the_levels_apart(generator):
    zero_points = torch.cat([
        torch.rand(200, generator=generator) * 15,
        torch.rand(200, generator=generator) * 200 - 100,
        torch.arange(-20, 30) + 1 / 1024,
        torch.arange(-20, 30) - 1 / 1024,
        torch.tensor([7 + 2.0**-21]),  # the last bit: its top level rounds up to a code too high
    ])
    zero_points = zero_points[zero_points != zero_points.round()]
    quantizer = UniformQuantizer(4, axis=0)
    quantizer.set(torch.ones_like(zero_points), zero_points)
    x = torch.arange(-3, 19)[None] - zero_points.round()[:, None]
    codes, values = quantizer.codes(x), quantizer(x)
    for n in range(len(zero_points)):
        levels = sorted(set(values[n].tolist()))
        assert [levels.index(v) for v in values[n].tolist()] == codes[n].tolist(), zero_points[n]


@pytest.mark.parametrize("bits", [1, 17, 0, -4])
def test_uniform_widths_are_checked(bits):
    with pytest.raises(ValueError) as error:
        UniformQuantizer(bits)
    assert str(error.value) == f"Bits must be between 2 and 16, not {bits}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_calibration_refuses_values_that_are_not_finite(value):
    with pytest.raises(ValueError) as error:
        UniformQuantizer(4).calibrate(torch.tensor([1.0, value, 2.0]))
    assert str(error.value) == "Calibration met values that are not finite (NaN or infinity)"


@pytest.mark.parametrize("value", [0.0, 0.3, -2.0])
def test_a_constant_tensor_is_exact(value):
    quantizer = UniformQuantizer(4)
    quantizer.calibrate(torch.full((3, 4), value))
    assert quantizer(torch.full((5,), value)).equal(torch.full((5,), value))


def test_symmetric_calibration_leaves_headroom(generator):
    x = torch.randn(1000, generator=generator)
    quantizer = UniformQuantizer(16)
    quantizer.calibrate_symmetric(x, 2.0)
    assert quantizer.zero_point == 32768
    assert quantizer.scale == pytest.approx(2 * x.abs().max().item() / 32768)
    assert (quantizer(x) - x).abs().max() <= quantizer.scale
    quantizer.calibrate_symmetric(torch.zeros(3), 2.0)
    assert (quantizer.scale, quantizer.zero_point) == (1, 32768)


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_a_symmetric_quantizer_keeps_its_zero_point_in_the_middle(bits):
    quantizer = UniformQuantizer(bits, 0, symmetric=True)
    quantizer.set(torch.tensor([0.5, 2.0]), torch.tensor([0.0, 3.0]))
    assert quantizer.scale.tolist() == [0.5, 2.0]
    assert quantizer.zero_point.tolist() == [2 ** (bits - 1)] * 2
    quantizer.calibrate(torch.tensor([[0.0, 1.0], [3.0, 4.0]]))
    assert quantizer.zero_point.tolist() == [2 ** (bits - 1)] * 2


def test_golden_takes_scale_zero_point_and_the_largest_code():
    golden = uniform(5, 0.25, -3).golden()
    assert (golden.scale, golden.zero_point, golden.top) == (0.25, -3, 31)


def test_a_quantizer_says_what_it_is_and_what_it_lacks():
    assert repr(UniformQuantizer(3, -1)) == "UniformQuantizer(bits=3, axis=-1)"
    for name in ("calibrate", "codes"):
        with pytest.raises(NotImplementedError, match=rf"^Quantizer has no {name}$"):
            getattr(Quantizer(), name)(torch.zeros(1))


def logarithmic(kind, bits, zero_code, scale, **options):
    quantizer = kind(bits, zero_code, **options)
    quantizer.scale = torch.tensor(scale)
    return quantizer


def spread(generator, scale, count=400):
    """Values over all octaves that 8 bits reach, 0 and more than the scale among them."""
    exponents = torch.rand(count, generator=generator) * 20 - 18.5
    few = torch.tensor([0.0, scale, scale * 1.5, scale / 2])
    return torch.cat([2**exponents * scale, few])


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("kind", [Log2Quantizer, LogSqrt2Quantizer])
def test_log_codes_are_those_of_equations_10_and_18(kind, bits, zero_code, generator):
    quantizer = logarithmic(kind, bits, zero_code, 0.43)
    steps, scale = kind.steps_per_octave, float(quantizer.scale)
    last = 2**bits - 1 + (zero_code == "extra")
    x = spread(generator, scale)
    # A value within float32's rounding of a threshold may fall on either side.
    distance = -steps * (x.double() / scale).log2()
    safe = ((distance - distance.floor() - 0.5).abs() > 1e-4) | (x == 0)
    codes = quantizer.codes(x)
    want = [oracle.logarithmic(value, scale, last, steps) for value in x[safe].tolist()]
    assert codes[safe].tolist() == want
    assert safe.sum() > 390 and codes[x == 0].tolist() == [last]
    values = quantizer.values()
    assert len(values) == last + 1
    torch.testing.assert_close(
        quantizer(x), (values[codes.long()] * scale).float(), rtol=1e-6, atol=0
    )
    if zero_code == "none":
        assert quantizer(x).min() > 0 or 2.0 ** (-last / steps) < 1e-45
    else:
        assert (quantizer(x) == 0).equal(codes == last)


def test_log_sqrt2_values_are_those_of_equations_19_and_20():
    quantizer = logarithmic(LogSqrt2Quantizer, 5, "none", 0.7)
    want = [oracle.shifted_value(code, 0.7) for code in range(32)]
    assert (quantizer.values() * 0.7).tolist() == pytest.approx(want, rel=1e-12)
    assert log_sqrt2.code_count(5, "none") == 32


def golden_codes(quantizer, fixed):
    a, b = log_sqrt2.thresholds(float(quantizer.scale))
    return log_sqrt2.quantize(fixed, a, b, bits=quantizer.bits, zero_code=quantizer.zero_code)


SCALES = [1.0, 0.9999, 0.7310585, 0.5, 0.2513, 0.0312, 1 / 197, 2.0**-15, 1e-9, 1.2e-38]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("bits", "zero_code"), list(itertools.product((2, 4, 6, 8), ZERO_CODES)))
def test_fixed_point_codes_are_golden_for_every_probability(bits, zero_code, scale):
    quantizer = logarithmic(LogSqrt2Quantizer, bits, zero_code, scale, fixed_point=True)
    fixed = np.arange(1 << 16)
    codes = quantizer.codes(torch.from_numpy(fixed) / 65536.0)
    assert np.array_equal(codes.numpy(), golden_codes(quantizer, fixed))
    values = quantizer(torch.from_numpy(fixed) / 65536.0)
    assert values.equal((quantizer.values()[codes.long()] * quantizer.scale.double()).float())


def test_fixed_point_codes_follow_the_exact_thresholds():
    quantizer = logarithmic(LogSqrt2Quantizer, 4, "top", 0.7310585, fixed_point=True)
    scale = float(quantizer.scale)
    chosen = list(range(0, 65536, 127))
    codes = quantizer.codes(torch.tensor(chosen) / 65536.0)
    want = [oracle.logarithmic(p / 65536, scale, 15, 2) for p in chosen]
    assert codes.tolist() == want and set(want) == set(range(16))


def test_probabilities_become_fixed_point_half_to_even_and_saturate():
    quantizer = LogSqrt2Quantizer(4, "top", fixed_point=True)
    x = torch.tensor([0.0, 0.5, 1.5, 2.5, 65534.5, 65535.4, 65535.5, 65536.0]) / 65536
    assert quantizer.fixed(x).tolist() == [0, 0, 2, 2, 65534, 65535, 65535, 65535]


def test_a_new_calibration_replaces_the_table(generator):
    quantizer = LogSqrt2Quantizer(4, "top", fixed_point=True)
    wide = torch.rand(1000, generator=generator)
    narrow = wide / 50
    quantizer.calibrate(wide)
    first = quantizer(wide)
    quantizer.calibrate(narrow)
    assert quantizer.scale < 0.1 and not quantizer(wide).equal(first)
    quantizer.calibrate(wide)
    assert quantizer(wide).equal(first)


@pytest.mark.parametrize("kind", [Log2Quantizer, LogSqrt2Quantizer])
def test_scales_do_not_depend_on_the_zero_code(kind):
    # Without a zero a large scale costs much on all that is small; with one it costs nothing.
    x = torch.cat([torch.full((100_000,), 1e-7), torch.full((120,), 0.02), torch.full((3,), 0.3)])
    scales, alone = [], set()
    for zero_code in ZERO_CODES:
        quantizer = kind(3, zero_code)
        quantizer.calibrate(x)
        scales.append(float(quantizer.scale))
        alone.add(float(calibration.best_scale(x, quantizer.fake_quantize)))
    assert len(set(scales)) == 1 < len(alone)
    assert scales[0] in [float(torch.quantile(x, p)) for p in (0.999, 0.9999, 0.99999)]


@pytest.mark.parametrize("kind", [Log2Quantizer, LogSqrt2Quantizer])
def test_log_quantizers_check_their_parameters(kind):
    with pytest.raises(ValueError) as error:
        kind(9, "top")
    assert str(error.value) == "Bits must be between 2 and 8, not 9"
    with pytest.raises(ValueError) as error:
        kind(4, "zero")
    assert str(error.value) == "Zero code must be one of top, extra, none, not 'zero'"


def test_the_state_is_in_buffers():
    names = {
        kind.__name__: sorted(kind(*arguments).state_dict())
        for kind, arguments in (
            (UniformQuantizer, (4,)), (Log2Quantizer, (4, "top")), (LogSqrt2Quantizer, (4, "top")),
        )
    }
    assert names == {
        "UniformQuantizer": ["scale", "zero_point"],
        "Log2Quantizer": ["scale"],
        "LogSqrt2Quantizer": ["scale"],
    }
