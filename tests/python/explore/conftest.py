"""The embedded model: as costs know it, and as an integer program at any widths."""

import json
from functools import cache

import pytest


@pytest.fixture(scope="session")
def program():
    """``program("w4a4")``: of variant integer, method repq."""
    from vit2rtl.lowering.lower import lower
    from vit2rtl.models import embedded
    from vit2rtl.models.images import embedded_images, preprocessing
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT

    images = embedded_images("train").sample(8, 0).batch(range(8))

    @cache
    def lowered(bits):
        network = embedded.create()
        config = preprocessing(network)
        quantized = QuantizedViT(network, Recipe.of(bits, method="repq")).calibrate(images)
        return lower(quantized, variant="integer", model="mnist_vit", preprocessing=config,
                     images=images)

    return lowered


@pytest.fixture(scope="session")
def network():
    """What the task gives, through JSON."""
    from vit2rtl.explore.network import Network
    from vit2rtl.explore.network import network as network_of

    data = network_of({"model": "mnist_vit"}, weights=None, images=None)
    return Network.of_dict(json.loads(json.dumps(data)))
