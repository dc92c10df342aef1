"""What an error does to a block's output, against the block itself with its matmul moved."""

import pytest
import torch

from tests.python.quantization.ptq4vit.test_samples import models
from vit2rtl.quantization.apq import blocks
from vit2rtl.quantization.ptq4vit import samples
from vit2rtl.quantization.twin_quantizers import Unquantized

STEP = 1e-2
NAMES = ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"]


def sums(structure, block, site, calibrated, passage, moved):
    """r · w times the error of the block's output, each token and draw, with the site's output
    moved: what blocks.sample has draws of signs for."""
    generator = torch.Generator().manual_seed(7)
    rows, parts = 0, []
    batches = [part.split(samples.TOGETHER)
               for part in (passage.input, passage.output, passage.weight)]
    for x, due, weight in zip(*batches, strict=True):
        def tell(self, key, operands, output):
            nonlocal rows
            if key != (site.module, site.product):
                return output
            part = moved[rows:rows + len(output)]
            rows += len(output)
            return output + part.view(output.shape)

        with pytest.MonkeyPatch.context() as patch, torch.no_grad():
            patch.setattr(samples.TracedNetwork, "_tell", tell)
            with samples.TracedNetwork(structure, [], lambda *_: None, calibrated):
                error = block.module(x) - due
        own = []
        for _ in range(blocks._DRAWS):
            signs = torch.randint(0, 2, due.shape, generator=generator) * 2 - 1
            own.append((signs * weight * error).sum(-1))
        parts.append(torch.stack(own, -1))
    result = torch.cat(parts)
    inside = site.name.startswith(block.attention.name)
    return block.attention.arrange(result) if block.attention.arrange and inside else result


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_slopes_of_the_block_s_output_token_by_token(name):
    _, structure, images = models(name)
    passages = blocks.passages(structure, images, samples.fisher)
    every = samples.sites(structure)
    block = structure.blocks[1]  # in Swin one whose windows are shifted
    own = [*blocks.sites_of(block, every)]
    assert [site.name.removeprefix(block.name + ".") for site in own] == [
        "attn.qkv", "attn.qk", "attn.av", "attn.proj", "mlp.fc1", "mlp.fc2"]
    passage = passages[block.name]
    passage.weight = passage.weight / passage.weight.abs().max()
    for site in own:
        seen = blocks.sample(structure, block, site, [], passage,
                             torch.Generator().manual_seed(7))
        attention = bool(site.product)
        shape = [*seen.gradient.shape[:-2], seen.gradient.shape[-1]]
        direction = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        if attention:
            slopes = (seen.gradient * direction[..., None, :]).sum((1, -1))
        else:
            slopes = (seen.gradient * direction[..., None, :]).sum(-1)
        up, down = (sums(structure, block, site, [], passage, sign * STEP * direction)
                    for sign in (1, -1))
        due = (up - down) / (2 * STEP)
        if site.name.endswith("qkv"):  # its tokens meet in attention
            slopes, due = slopes.sum(), due.sum()
        torch.testing.assert_close(
            slopes.reshape(due.shape), due, rtol=2e-2, atol=2e-2 * float(due.abs().max()))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_there_already_is_the_error_of_the_calibrated_matmuls(name):
    _, structure, images = models(name)
    passages = blocks.passages(structure, images, samples.fisher)
    block = structure.blocks[1]
    own = [*blocks.sites_of(block, samples.sites(structure))]
    for layer in structure.layers:
        module = layer.module
        chosen = (module.weight_quantizer, module.input_quantizer, *module.outputs)
        for quantizer in chosen:
            if isinstance(quantizer, Unquantized):  # the image
                continue
            scale = torch.full(quantizer.scale.shape, 0.05)
            quantizer.set(*((scale[0], scale[1]) if scale.ndim else (scale, scale)))
    passage = passages[block.name]
    seen = [blocks.sample(structure, block, site, own[:n], passage,
                          torch.Generator().manual_seed(7)) for n, site in enumerate(own)]
    assert float(seen[0].present.abs().max()) <= 1e-4 * float(seen[5].present.abs().max())
    for n in (3, 5):
        still = torch.zeros(*seen[n].gradient.shape[:-2], seen[n].gradient.shape[-1])
        due = sums(structure, block, own[n], own[:n], passage, still)
        torch.testing.assert_close(seen[n].present, due)
    # Operands are as the calibrated matmuls leave them: fc1 in float where fc2 is seen.
    float_fc2 = blocks.sample(structure, block, own[5], [], passage, torch.Generator())
    assert not torch.equal(seen[5].operands[0], float_fc2.operands[0])


def test_passages_are_those_of_the_float_network():
    model, structure, images = models("vit_tiny_patch16_224")
    seen = []
    model.blocks[0].register_forward_hook(
        lambda module, arguments, output: seen.append((arguments[0], output)))
    model(images)
    passage = blocks.passages(structure, images, samples.fisher)["blocks.0"]
    torch.testing.assert_close(passage.input, seen[0][0])
    torch.testing.assert_close(passage.output, seen[0][1])
    assert passage.weight.shape == passage.output.shape
    kept = (passage.weight != 0).flatten(1).float().mean(1)
    torch.testing.assert_close(kept, torch.full_like(kept, 0.5), atol=0.01, rtol=0)


def test_the_smallest_of_each_image_are_eliminated():
    gradient = torch.tensor([[[1.0, -4.0], [3.0, -2.0]], [[0.1, 0.2], [-0.3, 0.0]]])
    assert blocks.largest(gradient, 0.5).tolist() == [
        [[0, -4], [3, 0]], [[0, pytest.approx(0.2)], [pytest.approx(-0.3), 0]]]
    assert blocks.largest(gradient, 1.0).equal(gradient)
    assert (blocks.largest(gradient, 0.01) != 0).sum((1, 2)).tolist() == [1, 1]
