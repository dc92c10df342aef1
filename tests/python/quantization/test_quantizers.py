import pytest
import torch

from vit2rtl.quantization.quantizers import (
    Log2Quantizer,
    LogSqrt2Quantizer,
    Quantizer,
    UniformQuantizer,
)

from .. import oracle

WIDTHS = range(2, 9)


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
