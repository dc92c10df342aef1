"""Folders of detectors: written whole, read strictly."""

import json

import pytest
import safetensors.torch
import torch

from tests.python.detection.small_detectors import CONFIG, detector, images
from vit2rtl.detection import folder


@pytest.fixture
def saved(tmp_path):
    model = detector()
    folder.save(model, tmp_path / "detector")
    return model, tmp_path / "detector"


def test_a_detector_comes_back_as_it_was(saved):
    model, path = saved
    again = folder.load(path)
    assert again.config == CONFIG == folder.config(path) and not again.training
    with torch.inference_mode():
        for one, other in zip(model(images(2)), again(images(2)), strict=True):
            assert all(torch.equal(one[name], other[name]) for name in one)


def test_halves_are_half_as_large_and_the_same_bytes_every_time(saved):
    model, path = saved
    whole = (path / folder.TENSORS).stat().st_size
    folder.save(model, path, half=True)
    data = (path / folder.TENSORS).read_bytes()
    assert len(data) < 0.7 * whole
    again = folder.load(path)
    assert all(tensor.dtype == torch.float32 for tensor in again.parameters())
    folder.save(model, path, half=True)
    assert (path / folder.TENSORS).read_bytes() == data


def test_it_takes_no_folder_of_something_else(saved, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="is not empty and not a detector: not overwriting it"):
        folder.save(saved[0], tmp_path / "other")
    with pytest.raises(ValueError, match=r"is not a detector: it has no detector\.json"):
        folder.load(tmp_path / "other")


def test_what_is_damaged_is_named(saved):
    _, path = saved
    file = path / folder.DESCRIPTION
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"config": document["config"] | {"nms": "half"}}))
    with pytest.raises(ValueError) as raised:
        folder.load(path)
    assert str(raised.value) == f"{file}: nms must be a number above 0, not 'half'"
    file.write_text(json.dumps(document))
    weights = safetensors.torch.load_file(path / folder.TENSORS)
    weights.pop("rpn.head.cls_logits.bias")
    safetensors.torch.save_file(weights, path / folder.TENSORS)
    with pytest.raises(ValueError, match=r"lacks 'rpn\.head\.cls_logits\.bias'$"):
        folder.load(path)
    (path / folder.TENSORS).unlink()
    with pytest.raises(ValueError, match="does not exist"):
        folder.load(path)
