"""The embedded model's architecture, weights and images; all of it works offline."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from vit2rtl.models import digits
from vit2rtl.models.torchvision_operators import declare

MODEL_NAME = "mnist_vit"
WEIGHTS = Path(__file__).with_name(f"{MODEL_NAME}.safetensors")

# Mean and standard deviation of MNIST's pixels in 0..1; the model's preprocessing is this alone.
MEAN = 0.1307
STD = 0.3081


def architecture(*, drop_path_rate: float = 0.0) -> nn.Module:
    """A timm VisionTransformer, random weights: 28×28×1 in, 50 tokens × 64 channels, 4 blocks."""
    declare()
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(
        img_size=28,
        patch_size=4,
        in_chans=1,
        num_classes=10,
        embed_dim=64,
        depth=4,
        num_heads=4,
        mlp_ratio=4,
        drop_path_rate=drop_path_rate,
        weight_init="jax",  # Xavier: timm's default of std 0.02 starts slowly at 64 channels
    )
    # What timm.data.resolve_data_config reads.
    model.pretrained_cfg = {
        "architecture": MODEL_NAME,
        "input_size": (1, 28, 28),
        "mean": (MEAN,),
        "std": (STD,),
        "crop_pct": 1.0,
        "interpolation": "bicubic",
        "num_classes": 10,
    }
    return model


def create() -> nn.Module:
    """The trained model, in eval mode.

    Logits are float32[n, 10] for float32[n, 1, 28, 28] images as :func:`images` gives them.
    """
    model = architecture()
    model.load_state_dict(load_file(WEIGHTS))
    return model.eval()


def images(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Real MNIST images, preprocessed, and their labels: :mod:`vit2rtl.models.digits`.

    split    "train" (4,000, 400 of each class) or "held_out" (the other 1,000, never trained on)
    returns  float32[n, 1, 28, 28], int64[n]; shuffled, the same order every time
    """
    _, pixels, labels = digits.named(split)
    return preprocess(torch.from_numpy(pixels)), torch.from_numpy(labels)


def preprocess(pixels: torch.Tensor) -> torch.Tensor:
    """uint8[n, 28, 28] pixels to the model's float32[n, 1, 28, 28] input."""
    return pixels.unsqueeze(1).float().div_(255).sub_(MEAN).div_(STD)


def pixels_of(batch: torch.Tensor) -> torch.Tensor:
    """The uint8[n, 28, 28] pixels that :func:`preprocess` made a batch from."""
    return batch.squeeze(1).mul(STD).add(MEAN).mul(255).round().to(torch.uint8)
