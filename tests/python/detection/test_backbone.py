"""Swin as a detector's backbone: padded, then rolled, whatever the size."""

import pytest
import torch

from vit2rtl.detection.backbone import SwinFeatures
from vit2rtl.models.library import timm

from . import swin_by_hand


@pytest.fixture(scope="module")
def swin():
    """Two stages, windows of 3 × 3, heads of 2 and 4; random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        body = timm.models.swin_transformer.SwinTransformer(
            img_size=24, patch_size=4, embed_dim=8, depths=(2, 2), num_heads=(2, 4), window_size=3,
            num_classes=0, always_partition=True, strict_img_size=False)
        features = SwinFeatures(body).eval()
        for parameter in features.parameters():
            parameter.data += 0.2 * torch.randn(parameter.shape)
    return features


@pytest.mark.parametrize("size", [(24, 24), (20, 40), (30, 17), (8, 12)])
@torch.inference_mode()
def test_equal_to_padding_first_token_by_token(swin, size, generator):
    images = torch.randn(2, 3, *size, generator=generator)
    found = swin(images)
    assert list(found) == ["0", "1"]
    for n in range(2):
        for level, want in zip(found.values(), swin_by_hand.features(swin, images[n:n + 1]),
                               strict=True):
            torch.testing.assert_close(level[n].permute(1, 2, 0), want, atol=2e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_larger_image_with_padded_windows(swin, generator):
    images = torch.randn(1, 3, 160, 224, generator=generator)
    for level, want in zip(swin(images).values(), swin_by_hand.features(swin, images),
                           strict=True):
        assert (level[0].permute(1, 2, 0) - want).abs().max() <= 1e-5


@torch.inference_mode()
def test_as_timm_where_nothing_is_padded(swin, generator):
    x = images = torch.randn(2, 3, 48, 24, generator=generator)
    body, found = swin.body, swin(images)
    x = body.patch_embed(images)
    for n, stage in enumerate(body.layers):
        x = stage(x)
        assert found[str(n)].equal(swin.norms[n](x).permute(0, 3, 1, 2))


@torch.inference_mode()
def test_timm_rolls_first_and_differs_where_windows_pad(swin, generator):
    images = torch.randn(1, 3, 20, 40, generator=generator)
    timms = swin.norms[0](swin.body.layers[0](swin.body.patch_embed(images)))
    assert (swin(images)["0"].permute(0, 2, 3, 1) - timms).abs().max() > 0.1
