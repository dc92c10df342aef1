"""``vit2rtl evaluate --coco`` and ``vit2rtl canvases``: figures, pictures, errors in one line."""

import json
import shutil

import pytest
import torch
from PIL import Image

from vit2rtl.detection import canvases, coco, folder, scores
from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import build

pytestmark = pytest.mark.usefixtures("single_thread")
CONFIG = DetectorConfig(
    classes=canvases.CLASSES, category_ids=canvases.CATEGORY_IDS,
    swin=SwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2)), fpn_channels=8,
    anchor_sizes=(32, 48, 64), resize=(84, 84), size_divisible=1, box_channels=8, mask_channels=8,
    mask_convs=1, rpn_candidates=50, rpn_proposals=20, score=0.0, detections=10)


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """Folder of a small detector with random weights."""
    place = tmp_path_factory.mktemp("detectors") / "small"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        folder.save(build(CONFIG), place)
    return place


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A COCO folder of three canvases."""
    from vit2rtl.cli import main

    place = tmp_path_factory.mktemp("coco") / "canvases"
    with pytest.raises(SystemExit) as stopped:
        main(["canvases", "--count", "3", "--seed", "4", "--out", str(place)])
    assert stopped.value.code == 0
    return place


@pytest.fixture
def copy(drawn, tmp_path):
    """A copy of the canvases, to spoil."""
    return shutil.copytree(drawn, tmp_path / "copy")


def test_figures_are_those_of_the_detector_on_the_first_images(command, detector, drawn):
    code, out, _ = command("evaluate", detector, "--coco", drawn, "--limit", 2, "--json")
    assert code == 0
    images = coco.open_coco(drawn).first(2)
    found = scores.detect(folder.load(detector), images)
    wanted = scores.scores(found, images, canvases.CATEGORY_IDS)
    got = json.loads(out)
    assert got == {"model": str(detector), "float": {
        "images": 2, "box": wanted.box, "mask": wanted.mask}}
    assert len(found[0]["labels"]) > 0


def test_a_table_for_people_and_pictures(command, detector, drawn, tmp_path):
    out = tmp_path / "pictures"
    code, text, err = command("evaluate", detector, "--coco", drawn, "--show", 2, "--out", out)
    lines = text.splitlines()
    objects = len(coco.open_coco(drawn).annotations)
    assert code == 0
    assert lines[0] == f"{detector} on 3 images with {objects} objects; average precision in %"
    assert lines[1].split() == ["float"] and lines[2].startswith("box AP ")
    assert err.splitlines()[-1] == f"2 pictures written to {out}"
    assert sorted(path.name for path in out.iterdir()) == [
        "000000000001.png", "000000000002.png"]


def test_annotations_apart_from_their_images(command, detector, copy, tmp_path):
    file = shutil.move(copy / "annotations" / "instances_val2017.json", tmp_path / "mine.json")
    code, _, _ = command("evaluate", detector, "--coco", file, "--images", copy / "val2017",
                         "--limit", 1)
    assert code == 0


def test_models_of_the_other_kind(refused, detector, drawn, mnist):
    assert refused(mnist, "--coco", drawn) == (
        f"{mnist} is a classifier, which has no boxes to measure: leave out --coco")
    message = "is a detector: measure it on annotated images, --coco DIR"
    assert refused(detector) == f"{detector} {message}"
    assert refused("digit_detector") == f"digit_detector {message}"


def test_options_of_the_other_kind(refused, detector, drawn, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("")
    assert refused(detector, "--coco", drawn, "--list", listed) == (
        "--list is for classifiers: leave it out with --coco")
    assert refused(detector, "--show", 2) == "--limit and --show are for detectors, with --coco"


def spoiled(folder, change):
    """Changes the annotations of a COCO folder."""
    file = folder / "annotations" / "instances_val2017.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def other_size(document):
    document["annotations"][0]["segmentation"]["size"] = [99, 168]


@pytest.mark.parametrize(("change", "message"), [
    (lambda document: document.update(annotations=[]), "has no annotations of its 3 images"),
    (lambda document: document.update(images=[]), "has no images"),
    (lambda document: document["annotations"][0].update(category_id=11), "is of category 11, "),
    (lambda document: document["categories"][0].update(name="car"),
     "is 'car' in the annotations and '0' in the model"),
    (other_size, "has run lengths of size [99, 168], and its image is [168, 168] (height, width)"),
])
def test_wrong_annotations(refused, detector, copy, change, message):
    spoiled(copy, change)
    spoiled(copy, lambda document: [one.update(category_id=1) for one in document["annotations"]
                                    if one["category_id"] != 11])
    assert message in refused(detector, "--coco", copy)


def test_wrong_folders_and_images(refused, detector, copy, tmp_path):
    assert refused(detector, "--coco", tmp_path / "nowhere") == (
        f"COCO folder or annotations {tmp_path / 'nowhere'} do not exist")
    assert "is not a detector: it has no detector.json" in refused(copy, "--coco", copy)
    (copy / "val2017" / "000000000002.png").write_bytes(b"")
    assert "000000000002.png cannot be read" in refused(detector, "--coco", copy)
    (copy / "val2017" / "000000000002.png").unlink()
    assert "'000000000002.png' of" in refused(detector, "--coco", copy)
    Image.new("RGB", (168, 99)).save(copy / "val2017" / "000000000002.png")
    assert "is 168 × 99, its annotations are of 168 × 168" in refused(detector, "--coco", copy)


def test_nothing_is_written_where_anything_is_wrong(refused, detector, copy, tmp_path):
    out = tmp_path / "pictures"
    (copy / "val2017" / "000000000003.png").write_bytes(b"")
    refused(detector, "--coco", copy, "--show", 1, "--out", out)
    assert not out.exists()
    out.write_text("")
    assert refused(detector, "--coco", copy, "--show", 1, "--out", out).endswith("is a file.")


def test_canvases_are_counted_and_other_folders_are_left_alone(command, tmp_path):
    code, out, _ = command("canvases", "--count", 2, "--out", tmp_path / "canvases")
    images = coco.open_coco(tmp_path / "canvases")
    assert code == 0
    assert out == (f"2 canvases with {len(images.annotations)} digits written to "
                   f"{tmp_path / 'canvases'}\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("")
    code, out, err = command("canvases", "--out", tmp_path / "full")
    assert (code, out) == (2, "") and "not a folder of canvases: not overwriting it" in err


@pytest.fixture(scope="module")
def quantized(detector, drawn, tmp_path_factory):
    """Folder of the small detector quantized to W8/A8."""
    from vit2rtl.cli import main

    place = tmp_path_factory.mktemp("quantized") / "w8a8"
    with pytest.raises(SystemExit) as stopped:
        main(["quantize", str(detector), "--images", str(drawn / "val2017"), "--bits", "w8a8",
              "--out", str(place)])
    assert stopped.value.code == 0
    return place


def test_a_quantized_detector_beside_the_float_one(command, quantized, detector, drawn, tmp_path):
    code, out, _ = command("evaluate", quantized, "--coco", drawn, "--baseline", "--json")
    got = json.loads(out)
    assert code == 0 and got["scope"] == "all" and got["recipe"]["weight_bits"] == 8
    of_float = json.loads(command("evaluate", detector, "--coco", drawn, "--json")[1])
    assert got["float"] == of_float["float"]
    code, out, _ = command("evaluate", quantized, "--coco", drawn, "--json")
    assert "float" not in json.loads(out) and json.loads(out)["quantized"] == got["quantized"]


def test_pictures_have_the_float_detector_beside_the_quantized_one(
    command, quantized, drawn, tmp_path
):
    code, text, _ = command("evaluate", quantized, "--coco", drawn, "--limit", 1, "--show", 1,
                            "--out", tmp_path / "pictures")
    assert code == 0 and text.splitlines()[1].split() == ["float", "quantized"]
    (file,) = (tmp_path / "pictures").iterdir()
    with Image.open(file) as picture:
        assert picture.width == 2 * picture.height - 2 * 22 + 8  # two squares and a gap, a head


def test_a_quantized_detector_is_one_too(refused, quantized, copy):
    assert refused(quantized) == (
        f"{quantized} is a detector: measure it on annotated images, --coco DIR")
    spoiled(copy, lambda document: document["categories"][0].update(name="car"))
    assert "and '0' in the model" in refused(quantized, "--coco", copy)
