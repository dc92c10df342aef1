"""One thread for every test here: the tests of other files run beside these."""

import pytest
import torch

from vit2rtl.models import embedded
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


@pytest.fixture(scope="session", autouse=True)
def single_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(2023)


@pytest.fixture(scope="session")
def digits():
    """float32[16, 1, 28, 28]: images to calibrate the embedded model with."""
    return embedded.images("train")[0][:16]


@pytest.fixture(scope="session")
def quantize(digits):
    """``quantize(*fields of a Recipe) -> QuantizedViT`` of the embedded model, made once each."""
    made = {}

    def quantize(*fields, **named):
        recipe = Recipe(*fields, **named)
        if recipe not in made:
            made[recipe] = QuantizedViT(embedded.create(), recipe).calibrate(digits)
        return made[recipe]

    return quantize
