"""Image files without torch: the same pixels as timm's evaluation transform."""

import numpy as np
import pytest
import torch
from PIL import Image

from vit2rtl.golden.program import images
from vit2rtl.models.zoo import timm

CONFIG = {"input_size": [3, 32, 32], "interpolation": "bicubic", "crop_pct": 0.9,
          "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


@pytest.mark.parametrize("size", [(40, 36), (33, 90), (35, 35), (20, 31), (200, 117)])
@pytest.mark.parametrize("change", [{}, {"crop_pct": 1.0}, {"interpolation": "bilinear"},
                                    {"input_size": [3, 27, 27]}, {"input_size": [3, 24, 41]},
                                    {"input_size": [3, 41, 24], "crop_pct": 1.0},
                                    {"input_size": [1, 28, 28], "mean": [0.1], "std": [0.3]}])
def test_pixels_are_those_of_timm(tmp_path, size, change):
    config = CONFIG | change
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "image.png")
    pixels = images.pixels(tmp_path / "image.png", config)
    kept = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    transform = timm.data.create_transform(**kept, is_training=False)
    mode = "L" if config["input_size"][0] == 1 else "RGB"
    want = transform(Image.fromarray(noise).convert(mode))
    mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
    ours = torch.from_numpy(pixels.copy()).float().div(255).sub(mean).div(std)
    assert torch.equal(ours, want)


@pytest.mark.parametrize(("change", "text"), [
    ({"input_size": [2, 32, 30]},
     "Input size must be 1 or 3 channels, a height and a width, not [2, 32, 30]"),
    ({"input_size": [3, 32, 0]},
     "Input size must be 1 or 3 channels, a height and a width, not [3, 32, 0]"),
    ({"interpolation": "random"}, "Interpolation must be one of nearest, bilinear, bicubic, box, "
                                  "hamming, lanczos, not 'random'"),
    ({"crop_pct": 1.2}, "crop_pct must be above 0 and at most 1, not 1.2"),
    ({"crop_mode": "squash"}, "crop_mode must be center, not 'squash'"),
])
def test_other_preprocessing_is_refused(change, text):
    with pytest.raises(ValueError) as raised:
        images.check_preprocessing(CONFIG | change)
    assert str(raised.value) == text


def test_a_broken_image_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken\.png cannot be read"):
        images.pixels(tmp_path / "broken.png", CONFIG)
