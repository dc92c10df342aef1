"""Method psaq: its quantizers, every family, and what a checkpoint keeps."""

import pytest
import torch

from tests.python.quantization.methods.families import FAMILIES, noise, saved_and_loaded
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images
from vit2rtl.quantization.fq_vit.layer_norm import IntegerLayerNorm, StreamLayerNorm
from vit2rtl.quantization.methods.psaq import PSAQViT
from vit2rtl.quantization.psaq.softmax import FloatSoftmax
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantized_vit import QuantizedViT


def test_softmax_takes_codes_and_stays_in_float():
    place = Place("blocks.0.attn.qkv", Role.QKV)
    softmax = PSAQViT(8, 6).softmax_quantizer(place)
    assert isinstance(softmax, FloatSoftmax) and (softmax.bits, softmax.logits.bits) == (16, 6)
    assert PSAQViT(8, 6, bits_of={"*.softmax": 3}).softmax_quantizer(place).logits.bits == 3
    softmax.logits.set(torch.tensor(0.5), torch.tensor(32.0))
    logits = torch.tensor([[0.6, -1.1, 3.0], [20.0, 1.0, 0.0]])
    codes = torch.tensor([[0.5, -1.0, 3.0], [15.5, 1.0, 0.0]])
    torch.testing.assert_close(softmax(logits), codes.softmax(-1))
    hidden = torch.tensor([False, False, True])
    torch.testing.assert_close(softmax(logits, hidden)[:, :2], codes[:, :2].softmax(-1))
    assert not softmax(logits, hidden)[:, 2].any()


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_is_quantized_and_near_its_float_model(name, arguments):
    fine, coarse = (noise(name, arguments, Recipe(bits, bits, method="psaq")) for bits in (8, 5))
    assert fine < min(0.1, coarse)


def test_every_norm_takes_codes_of_one_scale(digits):
    quantized = QuantizedViT(embedded.create(), Recipe(8, 5, method="psaq")).calibrate(digits)
    norms = [module for module in quantized.network.modules()
             if isinstance(module, torch.nn.LayerNorm)]
    assert all(isinstance(norm, StreamLayerNorm) and not isinstance(norm, IntegerLayerNorm)
               for norm in norms)
    seen = []
    for norm in norms:
        norm.register_forward_hook(lambda norm, inputs, output: seen.append((norm, inputs[0])))
    quantized(digits[:4])
    assert len(seen) == len(norms) > 2
    for norm, stream in seen:
        assert norm.stream.scale.shape == ()
        assert 2 < len(stream.unique()) <= 32


def test_a_checkpoint_gives_the_same_logits(digits, tmp_path):
    quantized, loaded = saved_and_loaded(Recipe(8, 6, method="psaq"), digits, tmp_path)
    images = embedded_images("held_out").batch(range(8))
    assert loaded(images).equal(quantized(images))
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: method repq or "):
        loaded.recipe.require_integers("Lowering needs")
