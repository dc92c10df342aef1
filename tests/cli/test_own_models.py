"""Models of one's own through every command: sizes, widths, one image and a thousand."""

import csv
import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from vit2rtl.models.zoo import timm

MODELS = {
    "oblong, 7 classes, mean of tokens": (
        "vit_tiny_patch16_224",
        {"img_size": [24, 40], "patch_size": 8, "depth": 3, "num_heads": 2, "embed_dim": 16,
         "global_pool": "avg"}, 7),
    "wide heads, norm in front": (
        "vit_small_patch16_224",
        {"img_size": 32, "patch_size": [16, 8], "depth": 1, "num_heads": 1, "embed_dim": 32,
         "pre_norm": True, "qkv_bias": False}, 2),
    "swin": (
        "swin_tiny_patch4_window7_224",
        {"img_size": 32, "window_size": 4, "depths": [1, 1], "num_heads": [1, 2],
         "embed_dim": 8}, 10),
    "grey images": (
        "vit_tiny_patch16_224",
        {"img_size": 16, "patch_size": 8, "depth": 1, "num_heads": 2, "embed_dim": 16,
         "in_chans": 1}, 3),
}
BITS = ("w3a3", "w2a2", "w8a4", "w4a8", "w2a8")

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folder of 6 images of different shapes, classes 0 and 1 by labels.csv."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(1)
    with open(folder / "labels.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "class_index"])
        for n in range(6):
            pixels = draw.integers(0, 256, (30 + 7 * n, 60 - 5 * n, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{n}.png")
            rows.writerow([f"{n}.png", n % 2])
    return folder


def weights_of(name, arguments, classes, path):
    kept = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = timm.create_model(name, num_classes=classes, **kept)
    safetensors.torch.save_file(model.state_dict(), path)
    return path


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("case", MODELS)
def test_from_weights_to_classes(command, pictures, tmp_path, case, bits):
    name, arguments, classes = MODELS[case]
    weights = weights_of(name, arguments, classes, tmp_path / "weights.safetensors")
    given = [text for key, value in arguments.items()
             for text in ("--model-arg", f"{key}={json.dumps(value)}")]
    code, _, err = command("quantize", name, "--weights", weights, "--images", pictures,
                           "--count", 4, "--bits", bits, *given, "--out", tmp_path / "model")
    assert code == 0, err
    for variant, extra in (("hardware", []), ("integer", ["--images", pictures])):
        program = tmp_path / variant
        code, _, err = command("lower", tmp_path / "model", "--variant", variant, *extra,
                               "--out", program)
        assert code == 0, err
        code, out, err = command("compare", tmp_path / "model", program, "--images", pictures,
                                 "--json")
        assert code == 0, err
        found = json.loads(out)
        if variant == "hardware":
            assert found["largest_mismatch"] <= 2e-4
        code, out, err = command("run", program, "--images", pictures, "--json")
        assert code == 0, err
        ran = json.loads(out)
        assert ran["count"] == 6
        assert all(0 <= row["class_index"] < classes for row in ran["images"])
        assert ran["top1"] == pytest.approx(found["top1"]["program"])


@pytest.fixture(scope="module")
def smallest(pictures, tmp_path_factory):
    """Program of the smallest ViT there is."""
    from vit2rtl.cli import main

    folder = tmp_path_factory.mktemp("smallest")
    arguments = {"img_size": 16, "patch_size": 16, "depth": 1, "num_heads": 1, "embed_dim": 8}
    weights = weights_of("vit_tiny_patch16_224", arguments, 2, folder / "weights.safetensors")
    given = [text for key, value in arguments.items() for text in ("--model-arg", f"{key}={value}")]
    for call in (
        ["quantize", "vit_tiny_patch16_224", "--weights", weights, "--images", pictures, "--count",
         "3", *given, "--out", folder / "model"],
        ["lower", folder / "model", "--out", folder / "program"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main([str(word) for word in call])
        assert stopped.value.code == 0
    return folder / "program"


@pytest.mark.parametrize("count", [1, 1000])
def test_one_image_and_a_thousand(command, smallest, pictures, tmp_path, count):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(count):
        shutil.copy(pictures / f"{n % 6}.png", folder / f"{n:04}.png")
    code, out, err = command("run", smallest, "--images", folder, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["count"] == count
    assert "top1" not in found
    first = {row["file"]: row["logit"] for row in found["images"]}
    assert all(logit == first[f"{int(file[:4]) % 6:04}.png"] for file, logit in first.items())
