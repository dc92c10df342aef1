"""``vit2rtl quantize`` of a detector: what it writes and says, and its errors in one line."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from vit2rtl.detection import checkpoint, folder
from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import build
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a detector of random weights, and three photos."""
    place = tmp_path_factory.mktemp("detectors")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        folder.save(build(DetectorConfig(
            classes=("disc",), category_ids=(1,), swin=SwinConfig(8, (1, 1), (1, 2), window=3),
            fpn_channels=8, anchor_sizes=(16, 32, 64), resize=(48, 64), box_channels=8,
            mask_channels=8, mask_convs=1, score=0.0, rpn_proposals=20)), place / "detector")
    (place / "photos").mkdir()
    for n in range(3):
        Image.effect_noise((60, 40), 90 + n).convert("RGB").save(place / "photos" / f"{n}.png")
    return place


def test_one_image_and_the_whole_detector_by_default(quantize, place, tmp_path):
    arguments = (place / "detector", "--images", place / "photos")
    code, out, err = quantize(*arguments)
    assert (code, err) == (0, f"Calibrating {place}/detector w4a4 repq on 1 image ...\n")
    first, second = out.splitlines()
    assert first.startswith("23 linear layers and convolutions (")
    assert " and 2 attentions quantized to w4a4, the whole detector, profile hardware" in first
    assert second == f"quantized detector: {tmp_path / 'out'}"
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert quantize(*arguments)[0] == 0
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    quantized, description = checkpoint.load(tmp_path / "out")
    assert quantized.scope == "all" and quantized.recipe.method == "repq"
    assert len(description["calibration"]["images"]) == 1
    assert description["detector"]["name"] == str(place / "detector")


def test_options_reach_the_recipe(quantize, place, tmp_path):
    code, out, err = quantize(
        place / "detector", "--images", place / "photos", "--count", 2, "--scope", "backbone",
        "--bits", "w6a5", "--profile", "official", "--bits-of", "*.fc2.input=7")
    assert code == 0 and "on 2 images ..." in err and "its backbone, profile official" in out
    description = json.loads((tmp_path / "out" / "quantized_detector.json").read_text())
    assert description["scope"] == "backbone"
    assert description["recipe"]["profile"] == "official"
    assert description["recipe"]["bits_of"] == ["*.fc2.input=7"]
    assert (description["recipe"]["weight_bits"], description["recipe"]["activation_bits"]) == (6,
                                                                                                5)


@pytest.mark.parametrize(("arguments", "text"), [
    (["{}/detector"], "Missing option '--images': a folder of images"),
    (["{}/detector", "--images", "{}/none"], "Image folder {}/none does not exist"),
    (["{}/detector", "--images", "{}/photos", "--count", "4"],
     "4 images are asked for, but there are only 3"),
    (["{}/detector", "--images", "{}/photos", "--method", "closed-form"],
     "Detectors are quantized by method repq, not 'closed-form'"),
    (["{}/detector", "--images", "{}/photos", "--weights", "x.pth"],
     "Option --weights is for classifiers"),
    (["{}/detector", "--images", "{}/photos", "--mirrors"],
     "Option --mirrors is for classifiers"),
    (["{}/detector", "--images", "{}/photos", "--bits-of", "nothing=4"],
     "No quantity of this network is called 'nothing'; near names are "),
    (["mnist_vit", "--scope", "backbone"], "Option --scope is for detectors"),
])
def test_one_line_and_nothing_written(quantize, place, tmp_path, arguments, text):
    code, out, err = quantize(*(one.format(place) for one in arguments))
    lines = [line for line in err.splitlines() if not line.startswith(("Usage", "Calib"))]
    assert (code, out, len(lines)) == (2, "", 1), err
    assert lines[0].startswith(f"vit2rtl: {text.format(place)}")
    assert not [*tmp_path.iterdir()]


def test_a_quantized_one_is_refused(quantize, place, tmp_path):
    arguments = ("--images", place / "photos", "--scope", "backbone")
    assert quantize(place / "detector", *arguments)[0] == 0
    code, _, err = quantize(tmp_path / "out", *arguments)
    assert code == 2
    assert err == (f"vit2rtl: {tmp_path}/out is quantized already: "
                   "give the float detector's folder\n")


@pytest.fixture(scope="module")
def quantized(place):
    """Its folder, w4a4."""
    from vit2rtl.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["quantize", f"{place}/detector", "--images", f"{place}/photos", "--out",
              f"{place}/quantized"])
    assert stopped.value.code == 0
    return place / "quantized"


@pytest.mark.parametrize("variant", [(), ("--variant", "integer", "--images", "{}/photos")])
def test_its_backbone_is_lowered_at_a_size(command, place, quantized, tmp_path, variant):
    code, out, err = command("lower", quantized, "--size", "40x56", "--out", tmp_path / "program",
                             *(one.format(place) for one in variant))
    assert (code, err) == (0, "") and out.endswith(f": {tmp_path / 'program'}\n")
    program = read_program(tmp_path / "program")
    assert program.image.shape == (3, 40, 56) and program.output == "features"
    assert execute(program, np.zeros((1, 3, 40, 56), np.uint8)).shape == (1, 35, 16)
    assert program.variant == (variant[1] if variant else "hardware")
    assert program.model == "detector"


def test_the_program_is_compared_and_run(command, place, quantized, tmp_path):
    program, photos = tmp_path / "program", ("--images", place / "photos")
    assert command("lower", quantized, "--size", "40x60", "--out", program)[0] == 0
    code, out, _ = command("compare", quantized, program, *photos)
    assert code == 0
    assert "first op that differs, from the image on: none" in out
    code, out, err = command("compare", quantized, program, *photos, "--baseline")
    assert code == 2 and err.endswith("vit2rtl: --baseline and --weights are for classifiers\n")
    code, out, _ = command("run", program, *photos)
    assert code == 0 and out.startswith("0.png  40×16 features, length ")


@pytest.mark.parametrize(("arguments", "text"), [
    ((), "Missing option '--size': of the detector's images, e.g. 800x1216"),
    (("--size", "40"), "--size must look like 800x1216, height and width, not '40'"),
    (("--size", "40x55"), "Size must be multiples of 4 pixels, not 40x55"),
    (("--size", "40x56", "--variant", "integer"),
     "Missing option '--images': a folder of images"),
])
def test_lowering_that_cannot_be(command, quantized, tmp_path, arguments, text):
    code, out, err = command("lower", quantized, *arguments, "--out", tmp_path / "program")
    lines = [line for line in err.splitlines() if not line.startswith("Usage")]
    assert (code, out, lines) == (2, "", [f"vit2rtl: {text}"])
    assert not [*tmp_path.iterdir()]


def test_a_classifier_has_its_size(command, mnist, tmp_path):
    code, _, err = command("lower", mnist, "--size", "28x28", "--out", tmp_path / "program")
    assert code == 2 and err.endswith("vit2rtl: --size is for quantized detectors\n")
