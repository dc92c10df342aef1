from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
import torch
from torch import nn

from vit2rtl.models.zoo import timm
from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.attention import QuantAttention, value_of
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import LogSqrt2Quantizer, UniformQuantizer


def attention_of(module, softmax, *, bits, w_bits=None, bias=None):
    qkv = QuantLinear(module.qkv, UniformQuantizer(bits), w_bits or bits)
    qkv.outputs = nn.ModuleList(UniformQuantizer(bits) for _ in "qkv")
    proj = QuantLinear(module.proj, UniformQuantizer(bits), w_bits or bits)
    return QuantAttention(module, qkv, proj, softmax, bias)


def calibrate_attention(attention, *inputs):
    parts = (attention.qkv, attention.proj, attention)
    for part in parts:
        part.calibrating = True
    attention.qkv.calibrate_weight()
    attention.proj.calibrate_weight()
    with torch.no_grad():
        attention(*inputs)
    for part in parts:
        part.calibrating = False
    return attention


def test_attention_of_many_bits_is_float_attention(generator):
    module = timm.layers.Attention(48, num_heads=3, qkv_bias=True).eval()
    x = torch.randn(4, 20, 48, generator=generator)
    attention = calibrate_attention(attention_of(module, UniformQuantizer(16), bits=16), x)
    with torch.no_grad():
        want, got = module(x), attention(x)
    # What is left is the 0.001 % at either end that percentiles clip.
    assert (got - want).abs().max() < 0.02 * want.abs().max()
    assert (got - want).square().mean() < 1e-6 * want.square().mean()


@pytest.mark.parametrize("shifted", [False, True])
def test_window_attention_of_many_bits_is_float_attention(shifted, generator):
    windows, tokens = 4, 9
    module = timm.models.swin_transformer.WindowAttention(
        32, num_heads=4, window_size=3
    ).eval()
    with torch.no_grad():
        module.relative_position_bias_table.normal_(0, 1, generator=generator)
    x = torch.randn(3 * windows, tokens, 32, generator=generator)
    mask = None
    if shifted:
        mask = -100.0 * (torch.rand(windows, tokens, tokens, generator=generator) < 0.3)
        mask[:, range(tokens), range(tokens)] = 0
    bias = module._get_rel_pos_bias().detach()
    attention = attention_of(module, UniformQuantizer(16), bits=16, bias=bias)
    calibrate_attention(attention, x, mask)
    with torch.no_grad():
        want, got = module(x, mask), attention(x, mask)
        triangle = torch.full((windows, tokens, tokens), -1.0).triu()
        other = attention(x, None if shifted else triangle)
        attention.relative_position_bias = None
        unbiased = attention(x, mask)
    noise = (got - want).square().mean()
    assert noise < 1e-5 * want.square().mean()
    # The tolerance is tight enough to see the mask and the bias.
    assert (other - want).square().mean() > 100 * noise
    assert (unbiased - want).square().mean() > 100 * noise


def integer_attention(generator, bits, *, zero_code="top"):
    """(attention of 2 heads of 6 channels, frozen, its input)"""
    module = timm.layers.Attention(12, num_heads=2, qkv_bias=True).eval()
    x = torch.randn(2, 5, 12, generator=generator)
    softmax = LogSqrt2Quantizer(bits, zero_code, fixed_point=True)
    attention = calibrate_attention(attention_of(module, softmax, bits=bits), x)
    attention.qkv.emits_codes = True
    for part in (attention.qkv, attention.proj):
        part.freeze(integer=True)
    attention.freeze()
    return attention, x


def passing(attention, x):
    """(q, k, v codes less zero point, probabilities, what proj takes)"""
    seen = {}
    attention.tap = lambda _, probabilities: seen.update(probabilities=probabilities)
    hooks = [
        attention.qkv.register_forward_hook(lambda m, i, output: seen.update(qkv=output)),
        attention.proj.register_forward_pre_hook(lambda m, inputs: seen.update(y=inputs[0])),
    ]
    attention(x)
    for hook in hooks:
        hook.remove()
    return seen["qkv"].view(2, 5, 3, 2, 6), seen["probabilities"], seen["y"].view(2, 5, 2, 6)


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_frozen_attention_is_rule_5_in_python_integers(bits, generator, in_bytes):
    attention, x = integer_attention(generator, bits)
    # 4 bits shift v by up to 7 bits: a byte holds -2**7.
    assert attention.value.products.bytes == (in_bytes and bits <= 4)
    assert len(attention.value.ones) == (2 if in_bytes and bits <= 4 else 0)
    assert attention.value.factors.shape == (65537,)
    codes, probabilities, y = passing(attention, x)
    softmax, output = attention.softmax_quantizer, attention.proj.input_quantizer
    q_scale, k_scale, v_scale = (float(q.scale) for q in attention.qkv.outputs)
    fraction = min(2 ** (bits - 1) - 1, 16)
    factor = Fraction(float(softmax.scale) * v_scale * 2.0**-fraction / float(output.scale))
    m_even, m_odd, n = oracle_multipliers(factor)
    assert attention.value.multipliers == (m_even, m_odd, n)
    zero_point, top = int(output.zero_point), 2**bits - 1
    for image in range(2):
        for head in range(2):
            q, k, v = codes[image, :, :, head].unbind(1)
            logits = (q @ k.T) * q_scale * k_scale * 6**-0.5
            rows = probabilities[image, head]
            torch.testing.assert_close(rows, logits.softmax(-1), rtol=1e-12, atol=0)
            for token in range(5):
                factors = softmax.codes(rows[token]).tolist()
                for channel in range(6):
                    even = odd = 0
                    for code, value in zip(factors, v[:, channel].tolist(), strict=True):
                        right = fraction - (code + 1) // 2
                        if code == top or right < 0:
                            continue
                        if code % 2:
                            odd += int(value) << right
                        else:
                            even += int(value) << right
                    total = (even * m_even + odd * m_odd + (1 << (n - 1))) >> n
                    want = min(max(total + zero_point, 0), top) - zero_point
                    assert y[image, token, head, channel] == want * float(output.scale)


def uniform(bits, scale, zero_point):
    quantizer = UniformQuantizer(bits)
    quantizer.set(torch.tensor(scale), torch.tensor(float(zero_point)))
    return quantizer


def test_every_probability_is_weighted_as_its_code_says(in_bytes):
    """Halves of a 16-bit step among them: they are rounded to even."""
    softmax = LogSqrt2Quantizer(4, "top", fixed_point=True)
    softmax.set_scale(0.73)
    output = uniform(16, 2.0**-12, 0)
    value = value_of(softmax, uniform(4, 1.0, 8), output)
    halves = torch.arange((1 << 17) + 1, dtype=torch.float64) / (1 << 17)
    y = value(halves[:, None], torch.full((1, 1), 7.0).double())[:, 0]
    codes = softmax.codes(halves).tolist()
    m_even, m_odd, n = value.multipliers
    want = []
    for code in range(15):
        total = (7 << (7 - (code + 1) // 2)) * (m_odd if code % 2 else m_even)
        want.append(((total + (1 << (n - 1))) >> n) * 2.0**-12)
    want.append(0.0)
    assert len(set(want)) == 16
    assert y.tolist() == [want[code] for code in codes]


def test_the_range_of_a_quantizer_decides_about_bytes(generator, monkeypatch):
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: True)
    attention, _ = integer_attention(generator, 8)
    found = []
    for zero_point in (127, 128, 129):
        for quantizer in attention.qkv.outputs:
            quantizer.zero_point = torch.tensor(float(zero_point))
        attention.freeze()
        found.append(attention.products.bytes)
    assert found == [False, True, False]


@pytest.mark.parametrize(("reach", "exact"), [(1672, torch.float32), (1673, torch.float64)])
def test_products_of_q_and_k_have_a_float_that_holds_their_sums(reach, exact, generator):
    """Heads of 6 channels: 6 * 1672**2 is the last below 2**24."""
    attention, _ = integer_attention(generator, 4)
    for quantizer in attention.qkv.outputs[:2]:
        quantizer.zero_point = torch.tensor(float(15 - reach))
    attention.freeze()
    assert attention.products.type is exact


def test_q_k_and_v_are_calibrated_apart(generator):
    module = timm.layers.Attention(12, num_heads=2, qkv_bias=True).eval()
    with torch.no_grad():
        module.qkv.bias.copy_(torch.arange(36.0))
    x = torch.randn(2, 5, 12, generator=generator)
    attention = attention_of(module, UniformQuantizer(16), bits=16)
    assert not attention.calibrating and not attention.qkv.calibrating
    calibrate_attention(attention, x)
    with torch.no_grad():
        parts = module.qkv(x).chunk(3, -1)
    for part, quantizer in zip(parts, attention.qkv.outputs, strict=True):
        width = float(part.max() - part.min())
        assert float(quantizer.scale) == pytest.approx(width / 65535, rel=0.05)


def test_a_probability_of_one_is_the_largest_of_16_bits(generator):
    """It would be 2**16, and has the code of 2**16 - 1."""
    attention, _ = integer_attention(generator, 4)
    v = torch.arange(-6.0, 6).repeat(5).view(1, 1, 5, 12)
    one = attention.value(torch.eye(5, dtype=torch.float64).view(1, 1, 5, 5), v)
    largest = (1 - 2.0**-16) * torch.eye(5, dtype=torch.float64).view(1, 1, 5, 5)
    assert torch.equal(one, attention.value(largest, v))
    assert one.unique().numel() > 3


def oracle_multipliers(factor):
    """M_E, M_O of 17 bits and n, each the nearest integer, by Decimal's square root."""
    with localcontext() as context:
        context.prec = 80
        real = Decimal(factor.numerator) / Decimal(factor.denominator)
        root = real * Decimal(2).sqrt()
        n = max(n for n in range(1, 48) if int(root * 2**n + Decimal("0.5")) < 1 << 17)
        return *(int(f * 2**n + Decimal("0.5")) for f in (real, root)), n


def test_other_softmax_quantizers_keep_the_float_product(generator):
    """A softmax quantizer of another kind (an ablation) keeps the float product."""
    module = timm.layers.Attention(12, num_heads=2, qkv_bias=True).eval()
    x = torch.randn(2, 5, 12, generator=generator)
    attention = calibrate_attention(attention_of(module, UniformQuantizer(4), bits=4), x)
    attention.qkv.emits_codes = True
    for part in (attention.qkv, attention.proj, attention):
        part.freeze(**({} if part is attention else {"integer": True}))
    codes, probabilities, y = passing(attention, x)
    weights = attention.softmax_quantizer(probabilities)
    want = torch.einsum("bhnm,bmhc->bnhc", weights, codes[:, :, 2].double())
    torch.testing.assert_close(y, want * attention.qkv.outputs[2].scale, rtol=1e-12, atol=1e-12)


def test_sums_that_float64_does_not_hold_are_refused(generator):
    attention, _ = integer_attention(generator, 8)
    attention.value.most, tokens = 2e6, 65536
    rows, values = torch.zeros(1, tokens).double(), torch.zeros(tokens, 1)
    with pytest.raises(ValueError) as error:
        attention.value(rows, values)
    assert str(error.value) == "Attention of 65536 tokens is more than float64 holds exactly"
    assert attention.value(rows[:, :256], values[:256]).shape == (1, 1)


@pytest.mark.parametrize(("largest", "tokens", "scale", "held"), [
    (2.0**40, 1 << 13, 1e-6, False), (2.0**40, (1 << 13) - 1, 1e-6, True),
    # Probabilities add up to one: at most 2**13 of them are above the scale's half.
    (2.0**40, 1 << 14, 2.0**-12, False), (2.0**40 * 0.9, 1 << 14, 2.0**-12, True),
])
def test_sums_are_refused_from_two_to_the_53_on(largest, tokens, scale, held, generator):
    attention, _ = integer_attention(generator, 8)
    attention.value.largest, attention.value.most = largest, 2 / scale
    inputs = torch.zeros(1, tokens).double(), torch.zeros(tokens, 1)
    if held:
        assert attention.value(*inputs).shape == (1, 1)
    else:
        with pytest.raises(ValueError, match=r"is more than float64 holds exactly$"):
            attention.value(*inputs)


@pytest.mark.parametrize("argument", [{"attn_mask": torch.zeros(1)}, {"is_causal": True}])
def test_masks_other_than_swins_are_refused(argument):
    module = timm.layers.Attention(12, num_heads=2)
    attention = attention_of(module, UniformQuantizer(4), bits=4)
    with pytest.raises(ValueError) as error:
        attention(torch.zeros(1, 5, 12), **argument)
    assert str(error.value) == "QuantAttention takes no attention mask but Swin's window mask"
