"""Methods on other families: models trained once, figures of both methods."""

import pytest
import torch
from click.testing import CliRunner

from tools import compare_families as families

SWIN = "swin_tiny_patch4_window7_224"


@pytest.fixture
def short(monkeypatch):
    """One tiny model, 40 digits to measure."""
    threads = torch.get_num_threads()
    small = families.SMALL[SWIN] | {
        "patch_size": 4, "embed_dim": 16, "depths": (1,), "num_heads": (2,)}
    monkeypatch.setattr(families, "SMALL", {SWIN: small})
    images = families.embedded_images
    monkeypatch.setattr(families, "embedded_images", lambda split: images(split).sample(40, 0))
    yield
    torch.set_num_threads(threads)


def test_both_methods_are_measured_and_training_is_done_once(short, tmp_path):
    arguments = ["--epochs", "1", "--images", "64", "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(families.command, arguments)
    assert done.exit_code == 0, done.output
    (weights,) = (tmp_path / "cache").iterdir()
    assert weights.name == f"{SWIN}-1x64.safetensors"
    lines = done.stdout.splitlines()
    assert lines[0] == f"{SWIN} w4a4, calibrated on 32 images, measured on 40 others"
    assert [line.split("  ")[0] for line in lines[2:5]] == ["float32", "RepQ-ViT", "closed form"]
    written = weights.stat().st_mtime_ns
    assert CliRunner().invoke(families.command, arguments).stdout == done.stdout
    assert weights.stat().st_mtime_ns == written


def test_a_random_model_and_its_images_are_the_same_every_time(monkeypatch):
    monkeypatch.setattr(families.timm, "create_model", lambda name: torch.nn.Linear(3, 3))
    assert families.random("x").weight.equal(families.random("x").weight)
    first, again, other = (families.noise(seed).batch(range(8)) for seed in (0, 0, 1))
    assert first.equal(again) and not first.equal(other)
    assert first.shape == (8, 3, 224, 224)


def test_bits_that_are_none_are_refused():
    done = CliRunner().invoke(families.command, ["--bits", "w9a4"])
    assert done.exit_code == 2 and "between 2 and 8, not" in done.output
