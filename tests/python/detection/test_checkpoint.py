"""Folders of quantized detectors: what is loaded finds the same; what is damaged is refused."""

import json

import pytest
import safetensors.torch
import torch

from vit2rtl.detection import checkpoint, folder
from vit2rtl.detection.checkpoint_schema import DESCRIPTION, TENSORS, describe, parts
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.golden.files import documents
from vit2rtl.quantization.recipe import Recipe

from .padded_detectors import image, small


def saved(place, images, *, cascade=False, scope="all", **options):
    """(QuantizedDetector, folder), made from a detector in a folder."""
    detector = small(cascade=cascade)
    folder.save(detector, place / "float")
    origin = checkpoint.origin(str(place / "float"))
    quantized = QuantizedDetector(
        folder.load(place / "float"), Recipe(4, 6, method="repq", **options), scope=scope)
    quantized.calibrate(images)
    checkpoint.save(place / "quantized", quantized, detector=origin,
                    calibration={"images": ["a.png"], "seed": 0})
    return quantized, place / "quantized"


@pytest.mark.parametrize(("cascade", "options"), [
    (False, {}), (True, {"profile": "official"}), (False, {"scope": "backbone"}),
    (False, {"profile": "paper", "layernorm": "channel-wise", "softmax": "uniform"}),
])
def test_what_is_loaded_finds_the_same(cascade, options, tmp_path, generator):
    images = [image(generator), image(generator, 40, 64)]
    quantized, place = saved(tmp_path, images[:1], cascade=cascade, **options)
    loaded, description = checkpoint.load(place)
    assert (loaded.recipe, loaded.scope, loaded.config) == (
        quantized.recipe, quantized.scope, quantized.config)
    assert parts(place) == {DESCRIPTION, TENSORS} == {path.name for path in place.iterdir()}
    assert folder.parts(place) is None and parts(tmp_path / "float") is None
    for want, found in zip(quantized(images), loaded(images), strict=True):
        assert len(want["boxes"])
        assert all(found[key].equal(want[key]) for key in want)
    state = checkpoint.float_detector(description).state_dict()
    assert all(state[name].equal(tensor) for name, tensor in small(
        cascade=cascade).state_dict().items())


@pytest.fixture
def place(tmp_path, generator):
    return saved(tmp_path, [image(generator)], scope="backbone")[1]


def test_the_float_detector_is_gone_or_another(place, tmp_path):
    description = describe(place)
    folder.save(small(seed=2), tmp_path / "other")
    with pytest.raises(ValueError, match=r"other is not the detector that the quantized one was "):
        checkpoint.float_detector(description, str(tmp_path / "other"))
    (tmp_path / "float" / folder.TENSORS).unlink()
    with pytest.raises(ValueError, match=r"^The float detector .*float is gone: put its folder "):
        checkpoint.float_detector(description)


@pytest.mark.parametrize(("change", "text"), [
    ({"scope": "heads"}, "Scope must be one of all, backbone, not 'heads'"),
    ({"scope": None}, "Scope must be one of all, backbone, not None"),
    ({"recipe": {"method": "fq"}}, "Detectors are quantized by method repq, not 'fq'"),
    ({"recipe": {"method": "repq", "weight_bits": 9}}, "Weight bits must be an integer between"),
    ({"recipe": []}, "lacks 'recipe'"),
    ({"detector": {"name": "x"}}, "lacks 'detector.sha256'"),
    ({"config": {}}, "classes is missing"),
    ({"schema": "vit2rtl.quantized_detector/0"}, "make it again with vit2rtl quantize"),
])
def test_a_description_that_says_something_else(place, change, text):
    path = place / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=text) as error:
        checkpoint.load(place)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def tampered(place, change):
    """Other tensors, with a description that has their SHA-256."""
    state = safetensors.torch.load_file(place / TENSORS)
    change(state)
    data = safetensors.torch.save(state)
    (place / TENSORS).write_bytes(data)
    description = json.loads((place / DESCRIPTION).read_text())
    description["tensors"]["sha256"] = documents.sha256_of(data)
    (place / DESCRIPTION).write_text(json.dumps(description))


QKV = "backbone.swin.body.layers.0.blocks.0.attn.qkv"


@pytest.mark.parametrize(("change", "text"), [
    (lambda state: state.pop("rpn.head.cls_logits.bias"), " lacks 'rpn.head.cls_logits.bias'"),
    (lambda state: state[f"{QKV}.weight_codes"].fill_(16),
     f": {QKV}.weight_codes must be codes of 0 to 15"),
    (lambda state: state.update({"backbone.swin.body.layers.0.blocks.0.pad": torch.zeros(3)}),
     r": backbone.swin.body.layers.0.blocks.0.pad has shape \(3,\), the model wants \(16,\)"),
])
def test_tensors_that_do_not_fit(place, change, text):
    tampered(place, change)
    with pytest.raises(ValueError, match=f"{TENSORS}{text}$"):
        checkpoint.load(place)


def test_files_that_are_damaged(place):
    (place / TENSORS).write_bytes(b"none")
    with pytest.raises(ValueError, match=r"is not the file that .* was written with \(SHA-256\)$"):
        checkpoint.load(place)
    (place / TENSORS).unlink()
    with pytest.raises(ValueError, match=f"lacks {TENSORS}$"):
        checkpoint.load(place)
