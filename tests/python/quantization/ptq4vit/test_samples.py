"""Operands and gradients of every matmul, against hooks on timm's own model."""

import pytest
import torch
from torch.nn import functional as F

from vit2rtl.models.library import timm
from vit2rtl.models.surgery import quantize_modules
from vit2rtl.quantization.ptq4vit import samples
from vit2rtl.quantization.recipe import Recipe

SMALL = {
    "vit_tiny_patch16_224": {"img_size": 32, "depth": 2, "embed_dim": 24, "num_heads": 3},
    "deit_tiny_distilled_patch16_224": {
        "img_size": 32, "depth": 2, "embed_dim": 24, "num_heads": 3},
    "swin_tiny_patch4_window7_224": {
        "img_size": 32, "window_size": 4, "embed_dim": 12, "depths": (2, 2), "num_heads": (1, 2)},
}
IMAGES = 6


def models(name):
    """(timm's float model, the structure of a copy of it)"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = timm.create_model(name, num_classes=5, **SMALL[name]).eval().requires_grad_(False)
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
        images = torch.randn(IMAGES, 3, 32, 32)
    copy = timm.create_model(name, num_classes=5, **SMALL[name]).eval().requires_grad_(False)
    copy.load_state_dict(model.state_dict())
    return model, quantize_modules(copy, Recipe(method="ptq4vit", profile="official")), images


def squares(output, generator):
    return output.square().sum()


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("kept", [1 << 28, 1])
def test_linear_layers_see_what_hooks_see(name, kept, monkeypatch):
    monkeypatch.setattr(samples, "KEPT", kept)
    model, structure, images = models(name)
    seen = {}
    for layer in structure.layers:
        def hook(module, inputs, output, name=layer.name):
            output = output if output.requires_grad else output.detach().requires_grad_()
            output.retain_grad()
            seen[name] = inputs[0].detach(), output
            return output
        model.get_submodule(layer.name).register_forward_hook(hook)
    model(images).square().sum().backward()
    found = dict(samples.samples(structure, images, squares))
    assert [site.name for site in found if not site.product] == list(seen)
    assert len(found) == len(seen) + 2 * len(structure.attentions)
    for site, sample in found.items():
        if site.product:
            continue
        x, output = seen[site.name]
        gradient = output.grad * samples.GRADIENT_UNIT
        if x.ndim == 4 and site.name.startswith("patch_embed"):  # a convolution of patches
            gradient = gradient.permute(0, 2, 3, 1)
            x = F.unfold(x, 4 if "swin" in name else 16, stride=4 if "swin" in name else 16).mT
        (operand,) = sample.operands
        torch.testing.assert_close(operand, x.flatten(0, -2), rtol=1e-4, atol=1e-5)
        scale = float(gradient.abs().max())
        torch.testing.assert_close(sample.gradient / scale, gradient.flatten(0, -2) / scale,
                                   rtol=1e-3, atol=1e-5)


def test_attention_sees_q_k_probabilities_and_v_and_its_gradients_are_slopes():
    _, structure, images = models("vit_tiny_patch16_224")
    found = {site.name: sample for site, sample in samples.samples(structure, images, squares)}
    attention = structure.attentions[1]
    q, k = found[f"{attention.name}.qk"].operands
    probabilities, v = found[f"{attention.name}.av"].operands
    torch.testing.assert_close(
        probabilities, (q @ k.mT * attention.module.scale).softmax(-1))
    (x,) = found[attention.last.name].operands
    torch.testing.assert_close(
        x, (probabilities @ v).transpose(1, 2).reshape(-1, x.shape[-1]))
    # The loss along a direction of the products, by a difference.
    for product in ("qk", "av"):
        gradient = found[f"{attention.name}.{product}"].gradient / samples.GRADIENT_UNIT
        direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(1))
        losses = []
        for step in (1e-2, -1e-2):
            def tell(self, key, operands, output, moved=(product, step * direction)):
                return output + moved[1] if key == (attention.module, moved[0]) else output

            with pytest.MonkeyPatch.context() as patch, torch.no_grad():
                patch.setattr(samples.TracedNetwork, "_tell", tell)
                with samples.TracedNetwork(structure, [], lambda *_: None):
                    losses.append(float(structure.network(images).square().sum()))
        slope = (losses[0] - losses[1]) / 2e-2
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=2e-2, abs=1e-2)


def test_the_network_is_as_before_afterwards():
    _, structure, images = models("vit_tiny_patch16_224")
    with torch.inference_mode():
        list(samples.samples(structure, images, squares))
    modules = [layer.module for layer in structure.layers]
    modules += [attention.module for attention in structure.attentions]
    assert all(module.calibrator is None for module in modules)


def test_squares_of_the_fisher_gradients_are_the_variance_of_a_drawn_class_on_average():
    logits = torch.tensor([[2.0, 0.5, -1.0]]).expand(40000, 3).clone().requires_grad_()
    samples.fisher(logits, torch.Generator().manual_seed(0)).backward()
    p = logits[0].detach().softmax(0)
    torch.testing.assert_close(logits.grad.square().mean(0), p * (1 - p), rtol=0.1, atol=0)


def test_the_same_seed_draws_the_same_classes():
    _, structure, images = models("vit_tiny_patch16_224")
    first, again, other = ([sample.gradient for _, sample in samples.samples(
        structure, images, samples.fisher, seed)] for seed in (0, 0, 1))
    assert all(a.equal(b) for a, b in zip(first, again, strict=True))
    assert not all(a.equal(b) for a, b in zip(first, other, strict=True))


def test_the_authors_gradients_are_rounding_noise():
    logits = torch.randn(8, 50, generator=torch.Generator().manual_seed(0)).requires_grad_()
    samples.authors(logits, torch.Generator()).backward()
    assert 0 <= float(logits.grad.abs().max()) < 1e-6
