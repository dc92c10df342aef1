"""Image files without torch: the same pixels as timm's evaluation transform."""

import os
import struct
import zlib

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
    ({"crop_pct": 1.2}, "crop_pct must be between 0.1 and 1, not 1.2"),
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


def header_of(width, height):
    """A PNG that claims a size and holds next to nothing."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", b"x")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize("size", [(20000, 20000), (2**31 - 1, 2**31 - 1)])
def test_an_image_that_would_fill_the_memory_is_named(tmp_path, size):
    path = tmp_path / "huge.png"
    path.write_bytes(header_of(*size))
    with pytest.raises(ValueError, match=rf"^Image {path} cannot be read \(Image size"):
        images.pixels(path, CONFIG)


def test_a_pipe_is_no_image(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ValueError) as raised:
        images.pixels(tmp_path / "a.png", CONFIG)
    assert str(raised.value) == f"Image {tmp_path / 'a.png'} is no regular file"


@pytest.mark.parametrize(("rows", "text"), [
    ("a.png,0\nb.png,1\na.png,0\n", "line 4: 'a.png' is there twice"),
    (f"a.png,0\n{'x' * 200_000},1\n", "line 3: field larger than field limit (131072)"),
])
def test_lines_of_labels_that_cannot_be_meant(tmp_path, rows, text):
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").write_text(f"file,class_index\n{rows}")
    with pytest.raises(ValueError) as raised:
        images.find(tmp_path)
    assert str(raised.value) == f"{tmp_path / 'labels.csv'} {text}"
