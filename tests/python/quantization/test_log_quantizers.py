import itertools

import numpy as np
import pytest
import torch

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.quantization import calibration
from vit2rtl.quantization.quantizers import Log2Quantizer, LogSqrt2Quantizer

from .. import oracle

WIDTHS = range(2, 9)
ZERO_CODES = ("top", "extra", "none")


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
