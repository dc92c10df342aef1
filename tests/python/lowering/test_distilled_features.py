"""Variant integer has no bits for the mean of two tokens' features, and says so when it lowers."""

import pytest
import torch

from vit2rtl.lowering.lower import lower
from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


def test_features_of_two_tokens_have_a_program_in_one_variant_alone():
    torch.manual_seed(0)
    model = timm.create_model("deit_tiny_distilled_patch16_224", img_size=32, depth=1,
                              embed_dim=24, num_heads=2, num_classes=0).eval()
    config, images = preprocessing(model), torch.randn(2, 3, 32, 32)
    quantized = QuantizedViT(model, Recipe()).calibrate(images)
    arguments = {"model": "x", "preprocessing": config, "images": images}
    assert lower(quantized, variant="hardware", **arguments).output == "features"
    with pytest.raises(ValueError, match=r"^The mean of 2 tokens' features takes 17 bits, and "):
        lower(quantized, variant="integer", **arguments)
