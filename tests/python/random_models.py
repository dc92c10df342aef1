"""Small models with random weights, quantized on random images."""

import torch

from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantized_vit import QuantizedViT


def random_model(name, arguments, recipe, *, seed, count):
    """(QuantizedViT, images, preprocessing), calibrated on so many images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = timm.create_model(name, **arguments).eval()
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
        images = torch.randn(count, 3, *model.patch_embed.img_size)
    config = preprocessing(model) | {"mean": [0.5] * 3, "std": [0.5] * 3}
    return QuantizedViT(model, recipe).calibrate(images), images, config
