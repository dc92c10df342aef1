"""Which images calibrate, measure and search: drawn once, none twice, known by their contents."""

import shutil

import numpy as np
import pytest
from PIL import Image

from vit2rtl.explore.plan import accuracy_task
from vit2rtl.explore.sources import SETS, Source, source_of
from vit2rtl.explore.space import read


@pytest.fixture
def source(tmp_path):
    """``source(text)``: of a space with that text."""
    def of(text):
        path = tmp_path / "space.toml"
        path.write_text(text)
        return source_of(read(path))

    return of


@pytest.fixture
def photos(tmp_path):
    """A folder of 12 images of two classes, and a file of weights beside it."""
    for n in range(12):
        folder = tmp_path / "photos" / "ab"[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 20 * n, np.uint8)).save(folder / f"{n}.png")
    (tmp_path / "weights.safetensors").write_bytes(b"some")
    return tmp_path / "photos"


PHOTOS = """
model = "deit_tiny_patch16_224"
weights = "weights.safetensors"
images = "photos"
calibrate = 3
evaluate = 4
[mixed]
budgets = [0.5]
search = 2
judge = 2
"""


def drawn(one):
    return {key: [*getattr(one, key)] for key in SETS}


@pytest.mark.parametrize("text", [
    PHOTOS, 'model = "mnist_vit"\ncalibrate = 5\nevaluate = 1000\n[mixed]\nbudgets = [0.3]\njudge '
            "= 70"])
def test_no_image_is_in_two_sets(source, photos, text):
    sets = drawn(source(text))
    names = [name for some in sets.values() for name in some]
    assert len({*names}) == len(names) == sum(map(len, sets.values()))
    assert all(sets.values())
    assert drawn(source(text)) == sets
    assert drawn(source(f"seed = 1\n{text}")) != sets


def test_the_embedded_model_is_measured_on_digits_that_it_was_not_trained_on(source):
    one = source('model = "mnist_vit"\nevaluate = 30\n[mixed]\nbudgets = [0.3]')
    assert all(name.startswith("mnist5k/held_out/") for name in one.evaluation)
    assert all(name.startswith("mnist5k/train/") for name in (*one.calibration, *one.search))


def test_keys_are_of_contents_and_not_of_places(source, photos, tmp_path):
    files = dict.fromkeys(SETS, "names.txt")

    def key(text=PHOTOS):
        one = source(text)
        return accuracy_task(one, read(tmp_path / "space.toml").recipes[0], files).key

    first = key()
    shutil.move(photos, tmp_path / "elsewhere")
    moved = PHOTOS.replace('"photos"', '"elsewhere"')
    assert key(moved) == first
    shutil.copy(tmp_path / "elsewhere" / "a" / "0.png", tmp_path / "elsewhere" / "b" / "1.png")
    changed = key(moved)
    (tmp_path / "weights.safetensors").write_bytes(b"other")
    assert len({first, changed, key(moved)}) == 3


def test_keys_are_of_labels(photos, tmp_path):
    """The same images of the same names, whose classes come behind another one."""
    shutil.copytree(photos, tmp_path / "more" / "photos")
    (tmp_path / "more" / "photos" / "0").mkdir()
    shutil.copy(photos / "a" / "0.png", tmp_path / "more" / "photos" / "0")
    one, other = (Source("vit", None, folder, ["a/0.png"], ["b/1.png"], [], [])
                  for folder in (photos, tmp_path / "more" / "photos"))
    specs = [each.images_spec("evaluation") for each in (one, other)]
    assert all(specs[0][key] != specs[1][key] for key in ("calibration", "evaluation"))


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("evaluate = 4", "evaluate = 6",
     "Images are too few: 3 + 2 + 2 + 6 are asked for, and there are 12"),
    ("weights.safetensors", "none.safetensors", "Weights file {}/none.safetensors does not exist"),
    ('"photos"', '"none"', "Image folder {}/none does not exist"),
])
def test_what_is_missing_is_said(source, photos, tmp_path, old, new, problem):
    with pytest.raises(ValueError) as refused:
        source(PHOTOS.replace(old, new))
    assert str(refused.value) == problem.format(tmp_path)


def test_images_need_labels(source, photos, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in photos.glob("*/*.png"):
        shutil.copy(path, flat)
    with pytest.raises(ValueError, match=r"flat have no labels: add class sub-folders or a "
                                         r"labels\.csv$"):
        source(PHOTOS.replace('"photos"', '"flat"'))
