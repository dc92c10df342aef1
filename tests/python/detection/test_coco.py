"""COCO folders: what is right is read, what is wrong is one sentence."""

import json

import numpy as np
import pytest
from PIL import Image

from vit2rtl.detection import canvas_folder, canvases, coco, coco_masks


def document(**changes):
    """Annotations of two images, 6 × 4 pixels: a polygon, and a crowd of run lengths."""
    parts = {
        "categories": [{"id": 3, "name": "car"}, {"id": 7, "name": "train"}],
        "images": [{"id": n, "file_name": f"{n}.png", "width": 6, "height": 4} for n in (5, 9)],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 3,
             "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]},
            {"id": 2, "image_id": 5, "category_id": 7, "iscrowd": 1, "area": 4,
             "bbox": [0, 0, 1, 4], "segmentation": {"size": [4, 6], "counts": [0, 4, 20]}},
        ],
    }
    return {**parts, **changes}


def annotation(**changes):
    return document(annotations=[{**document()["annotations"][0], **changes}])


@pytest.fixture
def folder(tmp_path):
    """``folder(document)``: a COCO folder of it, with two images of 6 × 4 pixels."""
    def write(content, part="val2017"):
        (tmp_path / part).mkdir()
        (tmp_path / "annotations").mkdir(exist_ok=True)
        for name in ("5", "9"):
            Image.new("RGB", (6, 4), (10, 20, 30)).save(tmp_path / part / f"{name}.png")
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "annotations" / f"instances_{part}.json").write_text(text)
        return tmp_path

    return write


def test_a_folder_is_read_and_what_is_lacking_is_that_of_the_mask(folder):
    found = coco.open_coco(folder(document()))
    assert [entry["file_name"] for entry in found.images] == ["5.png", "9.png"]
    polygon, crowd = found.annotations
    assert (polygon["bbox"], polygon["area"], polygon["iscrowd"]) == ([1, 1, 3, 2], 6, 0)
    assert (crowd["bbox"], crowd["area"], crowd["iscrowd"]) == ([0, 0, 1, 4], 4, 1)
    assert found.pixels(0).tolist() == [[[10, 20, 30]] * 6] * 4
    assert found.first(None) is found.first(2) is found


@pytest.mark.parametrize("crowd", [0, 1])
def test_the_first_images(folder, crowd):
    first, second = document()["annotations"]
    found = coco.open_coco(folder(document(annotations=[first, {**second, "iscrowd": crowd}])))
    if not crowd:
        assert [one["image_id"] for one in found.first(1).annotations] == [5]
        return
    with pytest.raises(ValueError, match=r"^None of the first 1 images has an object that counts"):
        found.first(1)


def test_of_several_parts_val2017_is_taken_and_a_file_alone_needs_its_images(folder):
    path = folder(document())
    folder(document(), part="train2017")
    assert coco.open_coco(path).folder == path / "val2017"
    file = path / "annotations" / "instances_train2017.json"
    assert coco.open_coco(file, path / "val2017").folder == path / "val2017"
    with pytest.raises(ValueError, match=r"json needs --images, the folder of its images$"):
        coco.open_coco(file)


def test_parts_of_which_none_is_meant(folder):
    folder(document(), part="one")
    path = folder(document(), part="two")
    with pytest.raises(ValueError, match="has annotations of one, two: name the file that is"):
        coco.open_coco(path)


def wrong_images(**changes):
    return document(images=[{**document()["images"][0], **changes}, document()["images"][1]])


@pytest.mark.parametrize(("content", "message"), [
    ("{", "json is not JSON: Expecting"),
    ("[]", "json is no file of COCO annotations: it needs a list 'images'"),
    (document(images=[]), "json has no images"),
    (document(annotations=[]), "json has no annotations of its 2 images"),
    (document(categories=None), "it needs a list 'categories'"),
    (document(categories=[{"id": "3"}]),
     "A category of .* needs 'id', an integer from 0, not '3'"),
    (wrong_images(file_name="1.png"), r"Image '1.png' of .*json is not in .*val2017"),
    (wrong_images(file_name=""), "An image of .* needs 'file_name', not ''"),
    (wrong_images(width=0), "Image '5.png' of .* needs 'width', an integer from 1, not 0"),
    (wrong_images(id=9), "has two images of id 9"),
    (document(annotations=[document()["annotations"][0]] * 2), "has two annotations of id 1"),
    (annotation(iscrowd=1),
     r"No image of .*json has an object that counts: crowds \('iscrowd': 1\) do not"),
    (annotation(iscrowd=2), "Annotation 1 of .* needs 'iscrowd' of 0 or 1, not 2"),
    (annotation(image_id=6), "Annotation 1 of .*json is of image 6, which is not there"),
    (annotation(category_id=4), "Annotation 1 of .* is of category 4, which is not there"),
    (annotation(bbox=[1, 2]), r"Annotation 1 .* needs 'bbox' \(x, y, width, height\) and 'area'"),
    (annotation(segmentation=None), "Annotation 1 of .* needs a segmentation: polygons or run"),
    (annotation(segmentation=[]), "Annotation 1 of .* has no polygon in its segmentation"),
    (annotation(segmentation=[[1, 2, 3, 4]]), "has a polygon that is no list of 3 or more"),
    (annotation(segmentation={"size": [6, 4], "counts": [24]}),
     r"has run lengths of size \[6, 4\], and its image is \[4, 6\] \(height, width\)"),
    (annotation(segmentation={"size": [4, 6], "counts": [20, 3]}),
     "has run lengths of 23 pixels, and its image has 24"),
    (annotation(segmentation={"size": [4, 6], "counts": "zz"}), "has counts that are no run"),
    (annotation(segmentation={"size": [4, 6], "counts": [25, -1]}), "has counts that are no run"),
])
def test_what_is_wrong_is_named(folder, content, message):
    with pytest.raises(ValueError, match=message):
        coco.open_coco(folder(content))


def test_folders_that_are_not_there(tmp_path, folder):
    with pytest.raises(ValueError, match=r"COCO folder or annotations .*nowhere do not exist"):
        coco.open_coco(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"is no COCO folder: it has no annotations/instances_"):
        coco.open_coco(tmp_path)
    with pytest.raises(ValueError, match=r"Folder .*elsewhere of the images of .* does not exist"):
        coco.open_coco(folder(document()), tmp_path / "elsewhere")


def test_images_that_are_not_what_is_annotated(folder):
    path = folder(document())
    Image.new("RGB", (7, 4)).save(path / "val2017" / "5.png")
    (path / "val2017" / "9.png").write_bytes(b"")
    found = coco.open_coco(path)
    with pytest.raises(ValueError, match=r"5.png is 7 × 4, its annotations are of 6 × 4"):
        found.pixels(0)
    with pytest.raises(ValueError, match=r"Image .*9.png cannot be read"):
        found.pixels(1)


@pytest.mark.parametrize(("names", "message"), [
    ({1: "person", 3: "car"}, r"Category 7 \('train'\) is not the model's, which has 2: 1, 3"),
    ({3: "cab", 7: "train"}, "Category 3 is 'car' in the annotations and 'cab' in the model"),
])
def test_categories_that_are_not_the_model_s(folder, names, message):
    found = coco.open_coco(folder(document()))
    found.check_categories({3: "car", 7: "train", 8: "boat"})
    with pytest.raises(ValueError, match=message):
        found.check_categories(names)


def test_strings_of_run_lengths_are_pycocotools_own():
    generator = np.random.default_rng(0)
    for _ in range(40):
        height, width = generator.integers(1, 90, 2)
        masks = generator.random((2, height, width)) < generator.random()
        for mask, code in zip(masks, coco_masks.encoded(masks), strict=True):
            lengths = coco_masks.run_lengths(code["counts"])
            values = np.repeat(np.arange(len(lengths)) % 2, lengths)
            assert np.array_equal(values.reshape(width, height).T, mask)
            read = coco_masks.checked(code, height, width, "it")
            assert read["counts"].decode() == code["counts"]


@pytest.mark.parametrize("text", ["é", "/", "P", "P" * 40 + "1"])
def test_strings_that_are_no_run_lengths(text):
    assert coco_masks.run_lengths(text) is None


def test_a_folder_of_canvases_is_read_as_it_was_drawn(tmp_path):
    out = tmp_path / "canvases"
    count = canvas_folder.write(out, 4, seed=2)
    found = coco.open_coco(out)
    found.check_categories({n: str(n - 1) for n in range(1, 11)})
    drawn = list(canvases.canvases("held_out", 4, seed=2))
    assert count == len(found.annotations) == sum(len(canvas.labels) for canvas in drawn)
    objects = iter(found.annotations)
    for n, canvas in enumerate(drawn):
        assert np.array_equal(found.pixels(n), canvas.image)
        for label, box, mask in zip(canvas.labels, canvas.boxes, canvas.masks, strict=True):
            one = next(objects)
            x, y, width, height = one["bbox"]
            assert [x, y, x + width, y + height] == box.tolist()
            assert (one["image_id"], one["category_id"]) == (n + 1, label)
            assert one["segmentation"]["counts"].decode() == coco_masks.encoded(mask[None])[0][
                "counts"]


def test_canvases_are_the_same_bytes_again_and_overwrite_nothing_else(tmp_path):
    out = tmp_path / "canvases"
    canvas_folder.write(out, 2, seed=2)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    canvas_folder.write(out, 2, seed=2)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    (out / "mine.txt").write_text("")
    with pytest.raises(ValueError, match=r"holds 'mine.txt', which is no part of the folder of"):
        canvas_folder.write(out, 2, seed=2)
