"""The float model that a checkpoint was made from: its weights, and that they are the same ones."""

import pytest
import safetensors.torch
import torch

from vit2rtl import checkpoint
from vit2rtl.golden.files import documents
from vit2rtl.models import embedded
from vit2rtl.models.zoo import timm

MNIST = {"name": "mnist_vit", "arguments": {}, "weights": {"source": "embedded"}}


def test_the_float_model_is_found_again(tmp_path, digits):
    description = {"model": MNIST}
    with torch.no_grad():
        assert checkpoint.float_model(description)(digits).equal(embedded.create()(digits))
    arguments = {"img_size": 32, "depth": 1, "embed_dim": 24, "num_classes": 3}
    source = timm.create_model("vit_tiny_patch16_224", **arguments)
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(source.state_dict(), path)
    weights = {"source": "file", "file": str(path), "sha256": documents.sha256(path)}
    description = {
        "model": {"name": "vit_tiny_patch16_224", "arguments": arguments, "weights": weights}
    }
    assert checkpoint.float_model(description).state_dict()["head.weight"].equal(
        source.state_dict()["head.weight"]
    )
    moved = path.rename(tmp_path / "moved.safetensors")
    with pytest.raises(ValueError) as error:
        checkpoint.float_model(description)
    assert str(error.value) == (
        f"Float weights {path} are gone; name their place with --weights FILE"
    )
    assert checkpoint.float_model(description, moved).num_classes == 3
    safetensors.torch.save_file(embedded.create().state_dict(), moved)
    with pytest.raises(ValueError) as error:
        checkpoint.float_model(description, moved)
    assert str(error.value) == (
        f"{moved} is not the weights file that the checkpoint was made from"
    )
