"""Method closed-form: what is exact is exact, what is fitted is the least squares solution."""

import copy

import pytest
import torch
from torch import nn

from vit2rtl import checkpoint, comparison
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import Images, preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantization.closed_form import ranges, transforms, weights
from vit2rtl.quantization.closed_form.walk import Walk
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import STEPS
from vit2rtl.quantized_vit import QuantizedViT

VIT = {"img_size": 16, "patch_size": 4, "depth": 2, "embed_dim": 48, "num_classes": 7}
MODELS = {
    "ViT": ("vit_tiny_patch16_224", VIT | {"num_heads": 3}),
    "head of 12, no bias, mean": ("vit_tiny_patch16_224", VIT | {
        "num_heads": 4, "qkv_bias": False, "global_pool": "avg", "class_token": False}),
    "LayerScale, registers": ("vit_tiny_patch16_224", VIT | {
        "num_heads": 3, "init_values": 0.3, "reg_tokens": 2}),
    "distilled": ("deit_tiny_distilled_patch16_224", VIT | {"num_heads": 3}),
    "attention pooling": ("vit_tiny_patch16_224", VIT | {
        "num_heads": 3, "global_pool": "map", "class_token": False}),
    "features": ("vit_tiny_patch16_224", VIT | {"num_heads": 3, "num_classes": 0}),
    "Swin": ("swin_tiny_patch4_window7_224", {
        "img_size": 32, "patch_size": 4, "window_size": 4, "embed_dim": 24, "depths": (2, 2),
        "num_heads": (2, 4), "num_classes": 7}),
}


def model_of(kind):
    name, arguments = MODELS[kind]
    torch.manual_seed(3)
    model = timm.create_model(name, **arguments).eval()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter, 0.5, 0.3)
    return model


def images_of(kind, count=4):
    size = MODELS[kind][1]["img_size"]
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("kind", MODELS)
@torch.inference_mode()
def test_the_float_half_stays_the_float_network(kind):
    """Balancing and the reparameterized norms and heads, folded, change nothing."""
    model, images = model_of(kind), images_of(kind)
    want = copy.deepcopy(model)(images)
    quantized = QuantizedViT(model, Recipe(8, 8, method="closed-form"))
    embeddings = [p.clone() for p in quantized.structure.embeddings]
    reference = copy.deepcopy(model_of(kind))
    for own, rounded in zip(quantized.family.embeddings(reference), embeddings, strict=True):
        own.data.copy_(rounded)
    want = reference(images)
    names = []
    both = Walk(quantized.structure, STEPS, names.append).run(images)
    assert names == [layer.name for layer in quantized.structure.layers]
    scale = want.abs().max()
    assert (both[:4] - want).abs().max() < 2e-5 * scale
    assert (both[4:] - want).abs().max() < 0.2 * scale


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("bits", [(4, 4), (2, 8), (8, 3)])
def test_the_program_is_the_simulation(kind, bits):
    model, images = model_of(kind), images_of(kind)
    config = preprocessing(model)
    quantized = QuantizedViT(model, Recipe(*bits, method="closed-form")).calibrate(images)
    program = lower(quantized, variant="hardware", model=kind, preprocessing=config)
    chosen = Images([*"abcd"], torch.zeros(4, dtype=torch.int64), images.__getitem__)
    found = comparison.compare(quantized, program, chosen)
    assert len(found["ops"]) > 20
    # Features are means of reals, which another order of summing rounds elsewhere.
    assert found["sqnr"] is None or (kind == "features" and found["sqnr"] > 250)
    assert {op["mismatch"] for op in found["ops"]} == {0.0}


def test_two_heads_are_saved(tmp_path):
    model = model_of("distilled")
    config = preprocessing(model)
    quantized = QuantizedViT(model, Recipe(method="closed-form")).calibrate(images_of("distilled"))
    name, arguments = MODELS["distilled"]
    checkpoint.save(tmp_path / "saved", quantized, preprocessing=config, calibration={"images": []},
                    model={"name": name, "arguments": arguments,
                           "weights": {"source": "pretrained"}})
    loaded, _ = checkpoint.load(tmp_path / "saved")
    images = images_of("distilled")
    assert loaded(images).equal(quantized(images))


@pytest.mark.parametrize("size", [1, 2, 12, 64])
def test_the_spreading_matrix_is_orthogonal(size):
    matrix = transforms.orthogonal(size)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(size, dtype=torch.float64))
    if size & (size - 1) == 0:
        assert matrix.abs().unique().numel() == 1


def test_balancing_makes_signal_and_importance_the_same_even_matrix():
    torch.manual_seed(0)
    signal, importance = (x @ x.T for x in torch.randn(2, 8, 20, dtype=torch.float64))
    means = [x.diagonal().mean() * transforms.REGULARIZATION for x in (signal, importance)]
    t, inverse = transforms.balancing(signal, importance)
    identity = torch.eye(8, dtype=torch.float64)
    torch.testing.assert_close(t @ inverse, identity)
    one = t.T @ (signal + means[0] * identity) @ t
    other = inverse @ (importance + means[1] * identity) @ inverse.T
    torch.testing.assert_close(one, other)
    assert one.diagonal().std() < 1e-9 * one.diagonal().mean()


def test_balancing_a_dead_head_only_rotates():
    zero = torch.zeros(4, 4, dtype=torch.float64)
    t, inverse = transforms.balancing(zero, torch.eye(4, dtype=torch.float64))
    assert t.equal(transforms.orthogonal(4)) and inverse.equal(t.T)


def problem(out=5, channels=24):
    torch.manual_seed(1)
    x = torch.randn(200, channels) @ torch.randn(channels, channels) / channels**0.5 + 0.5
    return torch.randn(out, channels, dtype=torch.float64), x, weights.Moments(x)


def error(difference, covariance):
    return float(((difference @ covariance) * difference).sum())


def test_moments_are_those_of_numpy():
    _, x, moments = problem()
    torch.testing.assert_close(moments.mean, x.double().mean(0), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(moments.covariance, x.double().T.cov(correction=0),
                               rtol=1e-4, atol=1e-5)


def test_ridge_is_the_least_squares_solution_with_its_penalty(monkeypatch):
    weight, x, moments = problem()
    target = torch.randn(200, 5)
    residual = target - x @ weight.float().T
    found = weights.ridge(weight, residual, x, moments)

    def loss(w):
        r = target.double() - x.double() @ w.T
        r = r - r.mean(0)
        pull = weights.RIDGE * moments.covariance.diagonal().mean()
        return r.square().sum(1).mean() + pull * (w - weight).square().sum()

    assert loss(found) < loss(weight)
    for _ in range(20):
        assert loss(found) < loss(found + 1e-2 * torch.randn_like(found))


def test_gptq_beats_rounding_and_descents_reach_a_minimum():
    weight, _, moments = problem()
    scale, zero_point = weights.row_ranges(weight, moments.covariance.diagonal(), 16)
    near = weights.nearest(weight, scale, zero_point, 16)
    found = {n: weights.gptq(weight, moments.covariance, scale, zero_point, 16, descents=n)
             for n in (0, 2, 8)}
    errors = [error(q - weight, moments.covariance) for q in (near, *found.values())]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.8 * errors[0]
    codes = found[8] / scale[:, None] + zero_point[:, None]
    torch.testing.assert_close(codes, codes.round(), rtol=0, atol=1e-4)
    assert codes.min() > -0.5 and codes.max() < 15.5
    # No single code can be moved to the better.
    for row in range(len(weight)):
        for column in range(weight.shape[1]):
            for step in (-1, 1):
                if 0 <= round(float(codes[row, column])) + step <= 15:
                    moved = found[8].clone()
                    moved[row, column] += step * scale[row]
                    assert error(moved - weight, moments.covariance) > 0.98 * errors[-1]


def test_row_ranges_hold_zero_and_symmetric_ones_have_it_in_the_middle():
    weight = torch.rand(3, 40, dtype=torch.float64) + 0.5
    weight[2] = 0
    importance = torch.ones(40, dtype=torch.float64)
    scale, zero_point = weights.row_ranges(weight, importance, 16)
    assert zero_point.tolist() == [0, 0, 0] and (scale > 0).all()
    _, zero_point = weights.row_ranges(weight, importance, 16, symmetric=True)
    assert zero_point.tolist() == [8, 8, 8]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_range_found_is_as_good_as_any_tried_on_the_tensor_itself(bits):
    x = nn.functional.gelu(torch.randn(4000, generator=torch.Generator().manual_seed(0)))
    quantizer = UniformQuantizer(bits)
    ranges.one_sided(x, quantizer)
    found = float((quantizer(x) - x).square().mean())
    other = UniformQuantizer(bits)
    for fraction in ranges.FRACTIONS:
        for zero_point in range(min(8, 2**bits - 1)):
            scale = fraction * x.max() / (2**bits - 1 - zero_point)
            other.set(scale, torch.tensor(float(zero_point)))
            assert found <= 1.05 * float((other(x) - x).square().mean())


@pytest.mark.parametrize("x", [torch.zeros(10), torch.full((10,), 3.0), torch.full((10,), -2.0)])
@pytest.mark.parametrize("find", [ranges.two_sided, ranges.one_sided])
def test_constant_inputs_have_a_range(find, x):
    quantizer = UniformQuantizer(4)
    find(x, quantizer)
    assert quantizer.scale > 0 and 0 <= quantizer.zero_point <= 15
    assert (quantizer(x) - x).abs().max() <= x.abs().max()


@pytest.mark.parametrize("step", STEPS)
def test_each_step_can_be_left_out(step, digits):
    full = QuantizedViT(embedded.create(), Recipe(3, 3, method="closed-form")).calibrate(digits)
    less = QuantizedViT(
        embedded.create(), Recipe(3, 3, method="closed-form", without=step)).calibrate(digits)
    assert torch.isfinite(less(digits)).all()
    assert not less(digits).equal(full(digits))


def test_steps_that_do_not_exist_are_named():
    with pytest.raises(ValueError, match=r"^Steps to leave out must be of .*, not 'rigde'"):
        Recipe(method="closed-form", without="ridge,rigde")


def test_dead_channels_and_constant_images_are_taken(digits):
    model = embedded.create()
    with torch.no_grad():
        for block in model.blocks:
            block.norm1.weight[:5] = 0
            block.norm2.weight[3:9] = 0
    quantized = QuantizedViT(model, Recipe(method="closed-form")).calibrate(digits)
    assert torch.isfinite(quantized(digits)).all()
    flat = QuantizedViT(embedded.create(), Recipe(method="closed-form"))
    flat.calibrate(torch.zeros_like(digits[:2]))
    assert torch.isfinite(flat(digits)).all()


def test_the_same_images_give_the_same_bytes(digits):
    one, other = (
        QuantizedViT(embedded.create(), Recipe(method="closed-form")).calibrate(digits).state_dict()
        for _ in range(2))
    assert all(other[key].equal(tensor) for key, tensor in one.items())
