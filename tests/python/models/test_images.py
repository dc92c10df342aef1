import pytest
import torch
from PIL import Image

from vit2rtl.golden.program.images import read_list
from vit2rtl.models import images
from vit2rtl.models.zoo import timm

CONFIG = {
    "input_size": [3, 16, 16], "interpolation": "bicubic", "mean": [0.5, 0.4, 0.3],
    "std": [0.5, 0.25, 0.2], "crop_pct": 1.0, "crop_mode": "center",
}


def paint(path, colour=(255, 128, 0), size=(16, 16), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


@pytest.fixture
def classes(tmp_path):
    """Sub-folders 'bee', 'ant' with images, and things beside them that are none."""
    for name in ("bee/2.png", "bee/1.JPG", "ant/z.png", "cow/a.bmp"):
        paint(tmp_path / name)
    (tmp_path / "bee" / "notes.txt").write_text("no image")
    (tmp_path / "README.md").write_text("no image")
    return tmp_path


@pytest.fixture
def flat(tmp_path):
    """``flat(text of labels.csv)``: a flat folder of a.png, b.png, c.png."""

    def flat(text, encoding="utf-8"):
        for name in "abc":
            paint(tmp_path / f"{name}.png")
        if text is not None:
            (tmp_path / "labels.csv").write_text(text, encoding=encoding)
        return images.open_images(tmp_path, CONFIG)

    return flat


def test_sub_folders_are_classes_in_alphabetical_order(classes):
    found = images.open_images(classes, CONFIG)
    assert found.names == ["ant/z.png", "bee/1.JPG", "bee/2.png", "cow/a.bmp"]
    assert found.labels.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("name", [".ipynb_checkpoints", ".git"])
def test_hidden_folders_are_no_classes(classes, name):
    (classes / name).mkdir()
    assert images.open_images(classes, CONFIG).labels.tolist() == [0, 1, 1, 2]


def test_a_flat_folder_has_labels_by_its_list(flat):
    found = flat("file,class_index\nc.png,4\na.png,0\n")
    assert found.names == ["c.png", "a.png"] and found.labels.tolist() == [4, 0]


def test_columns_may_be_more_and_in_any_order(flat):
    found = flat("name,class_index,file\r\ncat,4,c.png\r\n\r\nant,0,a.png\r\n")
    assert found.names == ["c.png", "a.png"] and found.labels.tolist() == [4, 0]


def test_a_list_from_a_spreadsheet_may_begin_with_a_byte_order_mark(flat):
    assert flat("file,class_index\na.png,2\n", "utf-8-sig").labels.tolist() == [2]


def test_a_flat_folder_without_a_list_has_no_labels(flat):
    found = flat(None)
    assert found.names == ["a.png", "b.png", "c.png"] and found.labels is None
    with pytest.raises(ValueError) as error:
        images.check_labels(found.labels, 10)
    assert str(error.value) == "Images have no labels: add class sub-folders or a labels.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\na.png,0\n", " must have the columns file,class_index"),
        ("", " must have the columns file,class_index"),
        ("a.png,0\n", " must have the columns file,class_index"),
        ("file,class_index\na.png,0\nd.png,1\n", " line 3: no file 'd.png'"),
        ("file,class_index\n,0\n", " line 2: no file ''"),
        ("class_index,file\n0\n", " line 2: no file None"),
        ("file,class_index\na.png,cat\n",
         " line 2: class_index must be an integer, not 'cat'"),
        ("file,class_index\na.png,1.0\n",
         " line 2: class_index must be an integer, not '1.0'"),
        ("file,class_index\na.png\n", " line 2: class_index must be an integer, not None"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(text, said, flat, tmp_path):
    with pytest.raises(ValueError) as error:
        flat(text)
    assert str(error.value) == f"{tmp_path / 'labels.csv'}{said}"


@pytest.mark.parametrize(("encoding", "byte"), [("latin-1", 22), ("utf-16", 0)])
def test_labels_and_lists_in_another_encoding_are_named(encoding, byte, flat, tmp_path):
    path = tmp_path / "labels.csv"
    said = f"{path} is not text in UTF-8 (byte {byte})"
    with pytest.raises(ValueError) as error:
        flat("file,class_index\na.pngé,0\n", encoding=encoding)
    assert str(error.value) == said
    with pytest.raises(ValueError) as error:
        read_list(path)
    assert str(error.value) == said


def test_lists_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "list.txt").write_text("a.png\n\nb.png\n", encoding="utf-8-sig")
    assert read_list(tmp_path / "list.txt") == ["a.png", "b.png"]


def test_folders_without_images_are_refused(tmp_path):
    kinds = ".bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp"
    with pytest.raises(ValueError) as error:
        images.open_images(tmp_path, CONFIG)
    assert str(error.value) == f"Image folder {tmp_path} holds no images ({kinds})"
    (tmp_path / "labels.csv").write_text("file,class_index\n")
    with pytest.raises(ValueError) as error:
        images.open_images(tmp_path, CONFIG)
    assert str(error.value) == f"Image folder {tmp_path} holds no images ({kinds})"
    with pytest.raises(ValueError) as error:
        images.open_images(tmp_path / "absent", CONFIG)
    assert str(error.value) == f"Image folder {tmp_path / 'absent'} does not exist"


@pytest.mark.parametrize(
    ("label", "said"), [(10, "Class index 10"), (-1, "Class index -1"), (2000, "Class index 2000")]
)
def test_labels_must_fit_the_model(label, said):
    images.check_labels(torch.tensor([0, 9]), 10)
    with pytest.raises(ValueError) as error:
        images.check_labels(torch.tensor([3, label, 5]), 10)
    assert str(error.value) == f"{said} does not fit a model of 10 classes"


def test_preprocessing_is_timms(tmp_path):
    model = timm.create_model("deit_tiny_patch16_224", depth=1)
    config = images.preprocessing(model)
    assert config == {
        "input_size": [3, 224, 224], "interpolation": "bicubic", "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225], "crop_pct": 0.9, "crop_mode": "center",
    }
    path = tmp_path / "a.png"
    Image.effect_noise((300, 260), 80).convert("RGB").save(path)
    found = images.open_images(tmp_path, config)
    transform = timm.data.create_transform(
        (3, 224, 224), interpolation="bicubic", mean=config["mean"], std=config["std"],
        crop_pct=0.9,
    )
    with Image.open(path) as image:
        assert found.load(0).equal(transform(image))


@pytest.mark.parametrize("size", [160, [64, 96]])
def test_images_get_the_size_that_the_model_was_made_with(size):
    model = timm.create_model("deit_tiny_patch16_224", depth=1, img_size=size)
    want = [3, 160, 160] if size == 160 else [3, 64, 96]
    assert images.preprocessing(model)["input_size"] == want


def test_pixels_are_normalized_and_any_mode_is_converted(tmp_path):
    want = (torch.tensor([1.0, 128 / 255, 0]) - torch.tensor(CONFIG["mean"])) / torch.tensor(
        CONFIG["std"]
    )
    paint(tmp_path / "a.png")
    paint(tmp_path / "b.png", (255, 128, 0, 255), mode="RGBA")
    paint(tmp_path / "c.png", 77, mode="L")
    found = images.open_images(tmp_path, CONFIG)
    torch.testing.assert_close(found.load(0), want[:, None, None].expand(3, 16, 16))
    assert found.load(1).equal(found.load(0))
    assert found.batch([2, 0]).shape == (2, 3, 16, 16)
    grey = images.open_images(
        tmp_path, CONFIG | {"input_size": [1, 16, 16], "mean": [0.5], "std": [0.5]}
    )
    assert grey.load(2).unique().tolist() == pytest.approx([77 / 255 * 2 - 1])
    assert grey.load(0).shape == (1, 16, 16)


def broken(path, kind):
    if kind == "text":
        path.write_text("no image at all")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        Image.effect_noise((64, 64), 90).save(path)
        path.write_bytes(path.read_bytes()[:700])
    elif kind == "garbled":
        Image.effect_noise((400, 400), 90).save(path)
        data = bytearray(path.read_bytes())
        at = data.index(b"IDAT", data.index(b"IDAT") + 4)
        data[at:at + 4] = b"\x01\x02\x03\x04"
        path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("kind", ["text", "empty", "truncated", "garbled"])
def test_an_image_that_cannot_be_read_is_named(kind, tmp_path):
    path = broken(tmp_path / "a.png", kind)
    found = images.open_images(tmp_path, CONFIG)
    with pytest.raises(ValueError) as error:
        found.load(0)
    text = str(error.value)
    assert text.startswith(f"Image {path} cannot be read (") and text.endswith(")")


def plain(names="abcde"):
    return images.Images(
        list(names), torch.arange(len(names)), lambda n: torch.full((1, 1, 1), float(n))
    )


def test_lists_choose_and_exclude():
    chosen = plain().only(["d", "a"])
    assert chosen.names == ["d", "a"] and chosen.labels.tolist() == [3, 0]
    assert chosen.batch(range(2)).flatten().tolist() == [3, 0]
    assert plain().excluding(["d", "a"]).names == ["b", "c", "e"]
    again = plain().excluding(["a"]).only(["e", "b"]).subset([1])
    assert again.names == ["b"] and again.load(0).item() == 1
    assert len(plain().excluding("abcde")) == 0
    with pytest.raises(ValueError) as error:
        plain().only(["a", "zebra", "yak"])
    assert str(error.value) == "The list names 'zebra', which is not among the images"


def test_subsets_of_unlabelled_images_stay_unlabelled():
    unlabelled = images.Images(["a", "b"], None, None)
    assert unlabelled.subset([1]).labels is None


def test_samples_depend_on_the_seed_alone():
    many = plain([f"{n:03}" for n in range(200)])
    first = many.sample(20, 3)
    torch.rand(5)
    assert many.sample(20, 3).names == first.names and len(set(first.names)) == 20
    assert many.sample(20, 4).names != first.names
    assert sorted(many.sample(200, 0).names) == many.names
    with pytest.raises(ValueError) as error:
        many.sample(201, 0)
    assert str(error.value) == "201 images are asked for, but there are only 200"


def test_lists_are_read_line_by_line(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("b.png\r\n\n  a b.png \n")
    assert images.read_list(path) == ["b.png", "a b.png"]


def test_the_embedded_images_have_names_and_labels():
    found = images.embedded_images("held_out")
    assert len(found) == 1000 and found.names[7] == "mnist5k/held_out/0007"
    assert found.load(0).shape == (1, 28, 28) and found.labels.bincount().tolist() == [100] * 10


@pytest.mark.parametrize("choose", ["only", "excluding"])
def test_a_list_must_name_images_that_are_there(choose):
    with pytest.raises(ValueError, match=r"^The list names 'zebra', which is not among the images"):
        getattr(plain(), choose)(["a", "zebra"])


def test_images_beside_class_folders_are_refused(classes):
    paint(classes / "loose.png")
    with pytest.raises(ValueError) as error:
        images.open_images(classes, CONFIG)
    assert str(error.value) == (
        f"Image folder {classes} holds both class sub-folders and images (loose.png): "
        "move the images into classes, or name all images in a labels.csv"
    )


def test_numbered_sub_folders_are_classes_in_the_order_of_their_numbers(tmp_path):
    for name in ("10/a.png", "2/b.png", "9/c.png"):
        paint(tmp_path / name)
    found = images.open_images(tmp_path, CONFIG)
    assert found.names == ["2/b.png", "9/c.png", "10/a.png"]
    assert found.labels.tolist() == [0, 1, 2]
