import pytest
import safetensors.torch
import torch
from torch import nn

from vit2rtl.models import embedded
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

from . import oracle


def tensors(quantized):
    state = {k: v.contiguous() for k, v in quantized.network.state_dict().items()}
    return safetensors.torch.save(state)


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(3, 5, "official")], ids=lambda r: r.profile)
def test_two_runs_give_the_same_bytes(recipe, digits, quantize):
    torch.rand(3)
    again = QuantizedViT(embedded.create(), recipe).calibrate(digits)
    first = quantize(**recipe.as_dict())
    assert tensors(again) == tensors(first)
    assert again(digits).equal(first(digits))


def test_logits_do_not_depend_on_the_size_of_the_batch(digits, quantize):
    quantized = quantize()
    one_by_one = torch.cat([quantized(image[None]) for image in digits[:5]])
    torch.testing.assert_close(quantized(digits[:5]), one_by_one, rtol=1e-3, atol=1e-3)
    assert quantized(digits[:5]).shape == (5, 10)


@pytest.mark.parametrize("widths", [(4, 4), (3, 8), (8, 3), (2, 2), (8, 8)])
def test_weights_and_activations_have_widths_of_their_own(widths, digits, quantize):
    quantized = quantize(*widths)
    logits = quantized(digits)
    assert torch.isfinite(logits).all()
    reached = [int(layer.weight_codes.max()) for _, layer in quantized.layers()]
    assert max(reached) == 2 ** widths[0] - 1
    seen = []
    layer = dict(quantized.layers())["blocks.1.mlp.fc2"]
    handle = layer.register_forward_pre_hook(lambda m, x: seen.append(m.input_quantizer.codes(*x)))
    quantized(digits)
    handle.remove()
    assert int(torch.cat(seen).max()) == 2 ** widths[1] - 1


def sqnr(reference, got):
    return float(10 * (reference.square().sum() / (got - reference).square().sum()).log10())


def test_more_bits_are_nearer_to_the_float_model(digits, quantize):
    with torch.no_grad():
        reference = embedded.create()(digits)
    noise = [sqnr(reference, quantize(bits, bits, method="repq")(digits)) for bits in (2, 4, 6, 8)]
    assert noise == sorted(noise) and noise[-1] > 20
    solved = [sqnr(reference, quantize(bits, bits)(digits)) for bits in (2, 4, 6)]
    assert solved == sorted(solved) and all(
        new > old + 1 for new, old in zip(solved, noise, strict=False))


def test_first_and_last_layer_may_keep_8_bits(quantize):
    layers = dict(quantize(4, 4, bits_of={"patch_embed.*": 8, "head.*": 8}).layers())
    bits = {name: (layer.weight_quantizer.bits, layer.input_quantizer.bits)
            for name, layer in layers.items()}
    assert bits["patch_embed.proj"] == bits["head"] == (8, 8)
    assert {b for name, b in bits.items() if name.startswith("blocks")} == {(4, 4)}
    plain = dict(quantize(4, 4).layers())
    assert plain["patch_embed.proj"].weight_quantizer.bits == 4
    assert plain["patch_embed.proj"].input_quantizer.bits == 8
    assert plain["head"].input_quantizer.bits == 4


def test_without_reparameterization_the_layernorms_stay(digits, quantize):
    original = embedded.create().state_dict()
    for layernorm, changed in (("layer-wise", False), ("channel-wise", False), ("reparam", True)):
        for pair in quantize(layernorm=layernorm).normed_linears:
            name = next(n for n, m in quantize(layernorm=layernorm).network.named_modules()
                        if m is pair.norm)
            assert pair.norm.weight.equal(original[f"{name}.weight"]) != changed


def test_reparameterization_happens_once_between_calibration_and_freezing(digits):
    """Against Eqs. 13-17 by hand, on what the model was like when it was channel-wise."""
    kept = {}

    def observe(quantized):
        for pair in quantized.normed_linears:
            quantizer = pair.linear.input_quantizer
            assert quantizer.scale.shape == pair.norm.weight.shape
            kept[pair.name] = [
                t.double().tolist()
                for t in (quantizer.scale, quantizer.zero_point, pair.norm.weight, pair.norm.bias,
                          pair.linear.weight, pair.linear.bias)
            ], quantizer.constant.clone()

    quantized = QuantizedViT(embedded.create(), Recipe(method="repq")).calibrate(
        digits, observe=observe)
    assert len(kept) == len(quantized.normed_linears) == 8
    for pair in quantized.normed_linears:
        before, constant = kept[pair.name]
        s_mean = torch.tensor(before[0])[~constant].mean().item()
        z_mean = min(max(round(torch.tensor(before[1])[~constant].mean().item()), 0), 15)
        quantizer = pair.linear.input_quantizer
        assert float(quantizer.scale) == pytest.approx(s_mean, rel=1e-6)
        assert int(quantizer.zero_point) == z_mean
        gamma, beta, weight, bias = oracle.layer_wise(*before, float(quantizer.scale), z_mean)
        torch.testing.assert_close(pair.norm.weight.data.float(), torch.tensor(gamma))
        torch.testing.assert_close(
            pair.norm.bias.data.float(), torch.tensor(beta), rtol=1e-5, atol=1e-5
        )
        torch.testing.assert_close(pair.linear.bias, torch.tensor(bias), rtol=1e-4, atol=1e-4)
        # Algorithm 1, step 7: the weights were calibrated again, for the columns times r1.
        weights = pair.linear.weight_quantizer
        centered = pair.linear.weight_codes - weights.zero_point[:, None]
        error = (centered * weights.scale[:, None] - torch.tensor(weight)).abs()
        assert (error <= 0.5001 * weights.scale[:, None]).double().mean() > 0.95


def test_the_model_taken_over_is_no_longer_trained(quantize):
    network = quantize().network
    assert not network.training and not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_images_are_refused(count, digits):
    with pytest.raises(ValueError) as error:
        QuantizedViT(embedded.create(), Recipe()).calibrate(digits[:count])
    assert str(error.value) == f"Calibration needs at least 2 images, not {count}"


@pytest.mark.parametrize("shape", [(2, 1, 32, 28), (2, 3, 28, 28), (28, 28)])
def test_images_of_another_size_are_refused(quantize, shape):
    message = f"Images must have shape (n, 1, 28, 28), not {shape}"
    for refuses in (QuantizedViT(embedded.create(), Recipe()).calibrate, quantize()):
        with pytest.raises(ValueError) as error:
            refuses(torch.zeros(shape))
        assert str(error.value) == message


def test_what_an_observer_raises_is_raised(digits):
    def observe(quantized):
        raise AssertionError("seen")

    with pytest.raises(AssertionError, match="seen"):
        QuantizedViT(embedded.create(), Recipe()).calibrate(digits, observe=observe)


@pytest.mark.parametrize("colour", [0.0, -0.4242, 2.8, 1.0])
@pytest.mark.parametrize("recipe", [
    *(Recipe(8, 8, profile) for profile in ("hardware", "official", "paper")),
    Recipe(8, 8, method="closed-form")], ids=lambda recipe: recipe.title)
def test_images_of_one_colour_can_be_calibrated_with(colour, recipe):
    images = torch.full((3, 1, 28, 28), colour)
    with torch.no_grad():
        want = embedded.create()(images)
    quantized = QuantizedViT(embedded.create(), recipe).calibrate(images)
    got = quantized(images)
    assert torch.isfinite(got).all() and got[0].equal(got[1])
    assert sqnr(want, got) > 10


def test_a_model_with_dead_rows_and_channels_is_quantized(digits):
    model = embedded.create()
    with torch.no_grad():
        block = model.blocks[1]
        block.norm1.weight[:3] = 0
        block.norm2.weight[5] = 0
        block.norm2.bias[5] = 0
        block.mlp.fc1.weight[7] = 0
        block.mlp.fc1.weight[9] *= 1e-20
        block.attn.qkv.weight[70] = 0
        block.attn.proj.bias[:] = 0
        want = model(digits)
    quantized = QuantizedViT(model, Recipe(8, 8)).calibrate(digits)
    assert sqnr(want, quantized(digits)) > 18
    constant = quantized.network.blocks[1].attn.qkv.input_quantizer.constant
    assert constant.nonzero().flatten().tolist() == [0, 1, 2]


def test_an_untrained_head_of_zeros_is_quantized(digits):
    model = embedded.create()
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    assert QuantizedViT(model, Recipe()).calibrate(digits)(digits).abs().max() == 0


def test_activations_that_are_not_finite_are_refused(digits):
    with pytest.raises(ValueError) as error:
        QuantizedViT(embedded.create(), Recipe()).calibrate(digits * float("nan"))
    assert str(error.value) == "Calibration met values that are not finite (NaN or infinity)"


@pytest.mark.parametrize("method", ["repq", "closed-form"])
def test_a_layer_that_does_not_fit_is_named(method, digits):
    # Almost constant images far from zero: a zero point of millions.
    images = 3.0 + digits * 4e-5
    with pytest.raises(ValueError) as error:
        QuantizedViT(embedded.create(), Recipe(8, 8, method=method)).calibrate(images)
    text = str(error.value)
    assert text.startswith("Layer patch_embed.proj: Accumulator bound ")
    assert text.endswith(" does not fit 32 bits")


def test_scores_of_one_sided_queries_are_summed_exactly(digits):
    # Zero points far outside the codes: the products of q and k no longer fit float32.
    quantized = QuantizedViT(embedded.create(), Recipe(8, 8)).calibrate(digits)
    attention = quantized.attentions()[0][1]
    assert attention.products.type is torch.float32
    for quantizer in attention.qkv.outputs[:2]:
        quantizer.zero_point = torch.tensor(-40_000.0)
    attention.freeze()
    assert attention.products.type is torch.float64 and not attention.products.bytes
