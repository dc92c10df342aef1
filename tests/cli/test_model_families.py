"""One of each family, at reduced depth, through every command, features included."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from vit2rtl.models.zoo import timm

SMALL = {"img_size": 28, "patch_size": 14, "depth": 1, "num_heads": 2, "embed_dim": 16}
# name -> further arguments, and how long its output is
FAMILIES = {
    "deit3_small_patch16_224": ({"num_classes": 3}, 3),
    "vit_small_patch14_reg4_dinov2": ({}, 16),
    "vit_base_patch16_siglip_224": ({}, 16),
    "vit_base_patch16_clip_quickgelu_224": ({"num_classes": 3}, 3),
}

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(1)
    for n in range(4):
        pixels = draw.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    rows = "".join(f"{n}.png,{n % 3}\n" for n in range(4))
    (folder / "labels.csv").write_text(f"file,class_index\n{rows}")
    return folder


@pytest.mark.parametrize("name", FAMILIES)
def test_from_weights_to_vectors(command, pictures, tmp_path, name):
    more, size = FAMILIES[name]
    arguments = SMALL | more
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = timm.create_model(name, **arguments)
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
    weights = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(model.state_dict(), weights)
    given = [text for key, value in arguments.items() for text in ("--model-arg", f"{key}={value}")]
    images, features = ("--images", pictures), size == 16

    def run(*words):
        code, out, err = command(*words)
        assert code == 0, err
        return out

    run("quantize", name, "--weights", weights, *images, "--count", 4, *given, "--out",
        tmp_path / "model")
    scores = json.loads(run("evaluate", tmp_path / "model", *images, "--json"))["quantized"]
    assert ("cosine" in scores) == features and scores["sqnr"] > -10
    said = run("evaluate", tmp_path / "model", *images)
    assert ("no classes, so no top-1; its 16 features" in said) == features
    for variant in ("hardware", "integer"):
        program = tmp_path / variant
        run("lower", tmp_path / "model", "--variant", variant, "--out", program,
            *(images if variant == "integer" else ()))
        found = json.loads(run("compare", tmp_path / "model", program, *images, "--json"))
        assert (found["top1_agreement"] is None) == features
        if variant == "hardware":
            assert found["largest_mismatch"] == 0 and found["first_differing_op"] is None
        else:
            assert found["sqnr"] > 10
        rows = json.loads(run("run", program, *images, "--json"))["images"]
        assert all(len(row["features"]) == size if features else row["class_index"] < 3
                   for row in rows)
        run("inspect", program)
        run("vectors", program, *images, "--count", 1, "--ops", "*", "--out", tmp_path / "stages")
        assert "all equal" in run("vectors", tmp_path / "stages", "--check")
    run("vectors", tmp_path / "model", *images, "--count", 1, "--out", tmp_path / "vectors")
    said = run("export", tmp_path / "model", "--onnx", tmp_path / "m.onnx", "--check", *images)
    assert ("features equal on 100.0 %" if features else "logits equal on 100.0 %") in said
