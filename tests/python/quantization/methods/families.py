"""A model of each family, small and with random weights, and how noisy a recipe makes it."""

import pytest

from tests.python.random_models import random_model
from vit2rtl import checkpoint
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images, preprocessing
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import Recording

MODEL = {"name": embedded.MODEL_NAME, "arguments": {}, "weights": {"source": "embedded"}}

VIT = {"img_size": 32, "depth": 2, "embed_dim": 24, "num_heads": 3, "num_classes": 5}
FAMILIES = [
    ("vit_tiny_patch16_224", VIT),
    ("vit_tiny_patch16_224", VIT | {"num_classes": 0}),
    ("vit_tiny_patch16_224", VIT | {"act_layer": "relu"}),
    ("deit_tiny_distilled_patch16_224", VIT),
    ("vit_base_patch16_siglip_224", VIT),
    ("swin_tiny_patch4_window7_224", {
        "img_size": 32, "window_size": 4, "embed_dim": 12, "depths": (2, 2), "num_heads": (1, 2),
        "num_classes": 5}),
]


def noise(name, arguments, recipe):
    """Of the outputs, as a share of their power, against 8 bits by RepQ-ViT."""
    quantized, images, _ = random_model(name, arguments, recipe, seed=1, count=5)
    exact, _, _ = random_model(name, arguments, Recipe(8, 8, method="repq"), seed=1, count=5)
    due = exact(images)
    return float((quantized(images) - due).square().mean() / due.square().mean())


def reruns(recipe, images, folder):
    """The embedded model by a recipe: what was saved and loaded gives its logits, and calibrating
    once more its tensors. Returns both models."""
    quantized, loaded = saved_and_loaded(recipe, images, folder)
    assert loaded.recipe == recipe == Recipe(**recipe.as_dict())
    seen = embedded_images("held_out").batch(range(8))
    assert loaded(seen).equal(quantized(seen))
    again = QuantizedViT(embedded.create(), recipe).calibrate(images).network.state_dict()
    assert all(tensor.equal(again[name]) for name, tensor in quantized.network.state_dict().items())
    return quantized, loaded


def needs_other_codes(quantized, images, folder):
    """Variant integer and vectors of units are refused by one sentence each."""
    def to_integers():
        lower(quantized, variant="integer", model="x", images=images,
              preprocessing=preprocessing(embedded.create()))

    for what, use in (("Variant integer needs", to_integers),
                      ("Vectors need", lambda: Recording(quantized, folder))):
        with pytest.raises(ValueError) as error:
            use()
        assert str(error.value) == (
            f"{what} method repq or closed-form; this checkpoint has method "
            f"{quantized.recipe.method}, which is lowered in variant hardware")


def saved_and_loaded(recipe, images, folder):
    """The embedded model quantized, and what is loaded of its checkpoint in ``folder / model``."""
    network = embedded.create()
    config = preprocessing(network)
    quantized = QuantizedViT(network, recipe).calibrate(images)
    checkpoint.save(folder / "model", quantized, model=MODEL, preprocessing=config,
                    calibration={"images": []})
    loaded, _ = checkpoint.load(folder / "model")
    return quantized, loaded
