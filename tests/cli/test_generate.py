"""vit2rtl generate: images from noise that calibrate, resumed after an interrupt, asked wrongly."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from vit2rtl import generated_images
from vit2rtl.generated_images import GeneratedImages
from vit2rtl.models.images import open_images
from vit2rtl.quantization.psaq.images import Maker

REQUEST = ("mnist_vit", "--count", "9", "--iterations", "4")


@pytest.fixture(autouse=True)
def one_thread(single_thread):
    """Sums in one order."""


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Of a run that nothing disturbed."""
    from vit2rtl.cli import main

    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("generated") / "made"
    with pytest.raises(SystemExit) as stopped:
        main(["generate", *REQUEST, "--out", str(place)])
    assert stopped.value.code == 0
    return place


def test_images_settings_and_all_at_a_glance(whole):
    assert sorted(contents(whole)) == [
        "contact_sheet.png", "generated.json", *(f"images/{n:05d}.png" for n in range(9))]
    settings = json.loads((whole / "generated.json").read_text())
    assert settings["model"]["name"] == "mnist_vit"
    assert (settings["count"], settings["iterations"], settings["seed"]) == (9, 4, 0)
    sheet = np.asarray(Image.open(whole / "contact_sheet.png"))
    assert sheet.shape == (3 * 29 + 1, 3 * 29 + 1)
    for n, place in ((0, (1, 1)), (5, (30, 59))):
        image = np.asarray(Image.open(whole / "images" / f"{n:05d}.png"))
        assert image.shape == (28, 28)
        top, left = place
        assert np.array_equal(sheet[top:top + 28, left:left + 28], image)


def test_they_calibrate(whole, command, tmp_path):
    code, out, _ = command("quantize", "mnist_vit", "--images", whole / "images", "--count", 9,
                           "--method", "psaq", "--bits", "w8a8", "--out", tmp_path / "model")
    assert code == 0 and "quantized to w8a8, method psaq" in out


@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_interrupted_run_goes_on_to_the_same(whole, after, command, tmp_path, monkeypatch):
    steps, done = Maker.steps, []

    def interrupted(self, *arguments):
        for state in steps(self, *arguments):
            done.append(state.done)
            if len(done) == after:
                os.kill(os.getpid(), signal.SIGINT)
            yield state

    out = tmp_path / "made"
    with monkeypatch.context() as patch:
        patch.setattr(Maker, "steps", interrupted)
        assert command("generate", *REQUEST, "--out", out)[0] == 130
    assert (out / "progress.safetensors").is_file()
    rest = []
    monkeypatch.setattr(Maker, "steps", lambda self, state, *more: rest.append(state.done) or steps(
        self, state, *more))
    assert command("generate", *REQUEST, "--out", out)[0] == 0
    assert rest[0] == (after - 1) % 4  # of its batch, the last whole one
    assert contents(out) == contents(whole)


def test_images_that_are_there_are_not_made_again(whole, command, monkeypatch):
    before = contents(whole)
    monkeypatch.setattr(Maker, "steps", None)
    assert command("generate", *REQUEST, "--out", whole)[0] == 0
    assert contents(whole) == before


@pytest.mark.parametrize(("arguments", "said"), [
    (("--seed", "1"), "holds images of seed 0, not 1: choose another folder"),
    (("--iterations", "5"), "holds images of iterations 4, not 5: choose another folder"),
])
def test_other_settings_go_elsewhere(whole, arguments, said, command):
    before = contents(whole)
    code, _, err = command("generate", *REQUEST, *arguments, "--out", whole)
    assert code == 2 and err.splitlines()[-1].endswith(said)
    assert contents(whole) == before


def test_a_folder_of_others_and_another_model_are_one_line(whole, command, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, _, err = command("generate", *REQUEST, "--out", tmp_path)
    assert code == 2
    assert err.splitlines()[-1].endswith(
        "is not empty and not of generated images: not writing to it")
    code, _, err = command("generate", "resnet50", "--out", tmp_path / "none")
    assert code == 2 and not (tmp_path / "none").exists()
    settings = json.loads((whole / "generated.json").read_text())
    with pytest.raises(ValueError, match=r"holds images of another model: choose another folder$"):
        generated_images.check(whole, settings | {"model": {"name": "other"}})


def saved(done="1", batch="1", **changes):
    """A state of the second batch, which has one image."""
    tensors = {name: torch.zeros(1, 1, 28, 28) for name in ("image", "first", "second")}
    return safetensors.torch.save(tensors | changes, {"done": done, "batch": batch})


@pytest.mark.parametrize("state", [
    b"no tensors", b"", saved(done="9"), saved(done="-1"), saved(done="x"),
    saved(image=torch.zeros(2, 1, 28, 28)), saved(first=torch.zeros(1, 1, 28, 28).int()),
    saved(second=torch.full((1, 1, 28, 28), torch.nan)), saved(third=torch.zeros(1)),
], ids=range(9))
def test_a_damaged_state_is_one_line(state, whole, command, tmp_path):
    out = tmp_path / "made"
    shutil.copytree(whole, out)
    (out / "images" / "00008.png").unlink()
    (out / "progress.safetensors").write_bytes(state)
    code, _, err = command("generate", *REQUEST, "--out", out)
    assert code == 2
    assert err.splitlines()[-1].endswith("is damaged: delete it, and its batch begins anew")
    (out / "progress.safetensors").write_bytes(saved(batch="0"))
    assert command("generate", *REQUEST, "--out", out)[0] == 0
    assert contents(out) == contents(whole)


def test_what_else_lies_beside_the_images_stays(whole, command, tmp_path):
    out = tmp_path / "made"
    shutil.copytree(whole, out)
    for name in ("labels.csv", "00042.png"):
        (out / "images" / name).write_text("mine")
    (out / "images" / ".partial-x").mkdir()
    (out / "contact_sheet.png").unlink()
    code, said, _ = command("generate", *REQUEST, "--out", out)
    assert code == 0 and said.startswith("9 images of 4 iterations: ")
    assert (out / "images" / "00042.png").read_text() == "mine"
    assert contents(out)["contact_sheet.png"] == contents(whole)["contact_sheet.png"]


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b"junk"), lambda path: path.write_bytes(path.read_bytes()[:99]),
    lambda path: Image.new("L", (9, 7)).save(path), lambda path: Image.new("RGB", (28, 28)).save(
        path)], ids=["junk", "cut", "size", "colour"])
def test_a_file_that_is_none_of_the_images(damage, whole, command, tmp_path):
    out = tmp_path / "made"
    shutil.copytree(whole, out)
    path = out / "images" / "00003.png"
    damage(path)
    code, _, err = command("generate", *REQUEST, "--out", out)
    assert (code, err.splitlines()[-1]) == (
        2, f"vit2rtl: {path} is none of the images: delete it, and it is made again")
    path.unlink()
    assert command("generate", *REQUEST, "--out", out)[0] == 0
    assert contents(out) == contents(whole)


def test_plots_are_of_other_methods(whole, command, tmp_path):
    code, _, err = command("quantize", "mnist_vit", "--method", "psaq", "--plots",
                           tmp_path / "p.png", "--out", tmp_path / "model")
    assert (code, err) == (2, "vit2rtl: Plots show what methods repq and closed-form quantize, not "
                              "method psaq\n")


@pytest.mark.parametrize(("size", "crop"), [((3, 32, 32), 0.9), ((3, 24, 40), 0.875),
                                            ((1, 28, 28), 1.0)])
def test_preprocessing_crops_just_what_was_made(size, crop, tmp_path):
    config = {"input_size": list(size), "interpolation": "bicubic", "crop_pct": crop,
              "mean": [0.4] * size[0], "std": [0.25] * size[0]}
    settings = {"count": 1, "iterations": 1, "seed": 0}
    image = (torch.rand(1, *size, generator=torch.Generator().manual_seed(0)) - 0.4) / 0.25

    class Made:
        def start(self, count, seed):
            return generated_images.Progress(1, image, image, image)

        def steps(self, state, iterations, seed):
            return iter(())

    images = GeneratedImages(tmp_path / "made", settings, config)
    images.make(Made(), lambda count: None)
    seen = open_images(tmp_path / "made" / "images", config).batch([0])
    assert float((seen - image).abs().max()) <= 0.5001 / 255 / 0.25
