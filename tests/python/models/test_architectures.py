"""What makes no model, or none that is supported, is refused from its architecture alone."""

import sys

import pytest
import torch

from vit2rtl.models import architectures, zoo
from vit2rtl.models.images import preprocessing
from vit2rtl.models.zoo import timm

VIT = "vit_tiny_patch16_224"
SWIN = "swin_tiny_patch4_window7_224"
DEVICE = torch.empty(0).device
BY_ZERO = "division by zero" if sys.version_info >= (3, 14) else "integer modulo by zero"
REFUSED = [
    (VIT, {"img_sise": 32}, f"{VIT} has no argument 'img_sise'; did you mean img_size?"),
    (VIT, {"checkpoint_path": "/etc/passwd"}, f"{VIT} has no argument 'checkpoint_path'"),
    (VIT, {"pretrained": True}, f"{VIT} has no argument 'pretrained'"),
    (VIT, {"features_only": True}, f"{VIT} has no argument 'features_only'"),
    (VIT, {"device": "cuda"}, f"{VIT} has no argument 'device'"),
    (SWIN, {"depth": 2}, f"{SWIN} has no argument 'depth'; did you mean depths?"),
    (VIT, {"depth": -1}, f"Argument depth of {VIT} must be between 0 and 131072, not -1"),
    (VIT, {"mlp_ratio": -1}, f"Argument mlp_ratio of {VIT} must be between 0 and 131072, not -1"),
    (VIT, {"embed_dim": 10000000},
     f"Argument embed_dim of {VIT} must be between 0 and 131072, not 10000000"),
    (SWIN, {"depths": [2, -2]}, f"Argument depths of {SWIN} must be between 0 and 131072, not -2"),
    (VIT, {"mlp_ratio": float("nan")}, f"Argument mlp_ratio of {VIT} must be finite, not nan"),
    (VIT, {"mlp_ratio": -0.5},
     f"timm cannot make {VIT} with mlp_ratio=-0.5 (Trying to create tensor with negative dimension "
     "-96: [-96, 192])"),
    (VIT, {"depth": 100000}, f"timm cannot make {VIT} with depth=100000 (more than 5000 modules)"),
    (SWIN, {"depths": [99999]},
     f"timm cannot make {SWIN} with depths=[99999] (more than 5000 modules)"),
    (VIT, {"embed_dim": 96000},
     f"timm cannot make {VIT} with embed_dim=96000 (5.3e+12 bytes of weights, more than 1.2e+10)"),
    (VIT, {"img_size": 99200},
     f"timm cannot make {VIT} with img_size=99200 (3e+10 bytes of weights, more than 1.2e+10)"),
    (VIT, {"embed_dim": 100},
     f"timm cannot make {VIT} with embed_dim=100 (dim should be divisible by num_heads)"),
    (VIT, {"num_heads": 0}, f"timm cannot make {VIT} with num_heads=0 ({BY_ZERO})"),
    (VIT, {"norm_layer": "foo"},
     f"timm cannot make {VIT} with norm_layer='foo' (there is no 'foo')"),
    (VIT, {"in_chans": 2}, f"Images have 1 or 3 channels, {VIT} with in_chans=2 cannot take them"),
    (VIT, {"in_chans": 0}, f"timm cannot make {VIT} with in_chans=0 (a layer would be empty)"),
    (VIT, {"dynamic_img_pad": True, "img_size": 70},
     "Padding images of (70, 70) pixels to patches of (16, 16) is not supported: choose another "
     "img_size, or dynamic_img_pad=False, which leaves the rest out"),
    (SWIN, {"global_pool": ""}, "Pooling '' is not supported; avg is"),
    ("vit_base_r50_s16_224", {}, "Module 'patch_embed' (HybridEmbed) is not supported"),
    ("swinv2_tiny_window8_256", {},
     "Model type SwinTransformerV2 is not supported; supported are VisionTransformer, "
     "VisionTransformerDistilled, SwinTransformer"),
    ("beit_base_patch16_224", {},
     "Model type Beit is not supported; supported are VisionTransformer, "
     "VisionTransformerDistilled, SwinTransformer"),
]


@pytest.mark.parametrize(("name", "arguments", "text"), REFUSED,
                         ids=[f"{name}-{arguments}" for name, arguments, _ in REFUSED])
def test_it_is_refused_in_one_line(name, arguments, text):
    with pytest.raises(ValueError) as error:
        zoo.architecture(name, arguments)
    assert str(error.value) == text


def test_pretrained_weights_have_to_fit():
    name = "test_vit"
    for key, value in (("depth", 2), ("embed_dim", 32)):
        with pytest.raises(ValueError) as error:
            architectures.settled(name, {key: value}, pretrained=True)
        assert str(error.value).startswith(f"The pretrained weights of {name} do not fit {key}=")
        assert str(error.value).endswith("; give others with --weights FILE")
    for fits in ({"img_size": 384}, {"num_classes": 5}, {"in_chans": 1}, {}):
        assert set(fits) <= set(architectures.settled(name, fits, pretrained=True))


def test_a_dynamic_image_size_is_fixed_where_it_is_known():
    assert architectures.settled("test_vit", {}) == {
        "dynamic_img_size": False, "img_size": (160, 160)}
    given = {"dynamic_img_size": True, "img_size": 64, "depth": 1}
    model = zoo.architecture(VIT, given)
    assert not model.dynamic_img_size and model.patch_embed.img_size == (64, 64)
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)


def test_one_channel_means_grey_images():
    model = zoo.architecture(VIT, {"in_chans": 1, "img_size": 32, "depth": 1, "embed_dim": 24})
    config = preprocessing(model)
    assert config["input_size"] == [1, 32, 32]
    assert (config["mean"], config["std"]) == ([0.5], [0.5])
    deit = timm.create_model("deit_tiny_patch16_224", in_chans=1, depth=1)
    assert preprocessing(deit)["mean"] == [pytest.approx((0.485 + 0.456 + 0.406) / 3)]


def test_nothing_stays_on_the_meta_device():
    zoo.architecture(VIT, {"depth": 1})
    with pytest.raises(ValueError):
        zoo.architecture(VIT, {"depth": "x"})
    assert torch.empty(0).device == DEVICE
    assert next(zoo.architecture(VIT, {"depth": 1}).parameters()).device == DEVICE
