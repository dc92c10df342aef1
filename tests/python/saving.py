"""Checkpoints to save, to edit and to be refused."""

import hashlib
import json

import pytest
import safetensors.torch

from vit2rtl import checkpoint

MNIST = {"name": "mnist_vit", "arguments": {}, "weights": {"source": "embedded"}}
CONFIG = {"input_size": [1, 28, 28], "interpolation": "bicubic", "mean": [0.1307], "std": [0.3081],
          "crop_pct": 1.0}


def save(folder, quantized, model=MNIST):
    checkpoint.save(
        folder, quantized, model=model, preprocessing=CONFIG, calibration={"images": ["a"]}
    )
    return folder


def edit(folder, change, *, file=checkpoint.DESCRIPTION):
    """Change the description by a function; with another file, its tensors, hash kept right."""
    path = folder / checkpoint.DESCRIPTION
    description = json.loads(path.read_text())
    if file == checkpoint.DESCRIPTION:
        change(description)
    else:
        tensors = folder / checkpoint.TENSORS
        with safetensors.safe_open(tensors, "pt") as opened:
            metadata = opened.metadata()
        state = safetensors.torch.load_file(tensors)
        change(state)
        safetensors.torch.save_file(state, tensors, metadata)
        description["tensors"]["sha256"] = hashlib.sha256(tensors.read_bytes()).hexdigest()
    path.write_text(json.dumps(description))


def refused(folder):
    with pytest.raises(ValueError) as error:
        checkpoint.load(folder)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)
