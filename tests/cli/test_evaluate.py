"""``vit2rtl evaluate``: its figures against a recomputation, and its errors in one line."""

import json
import re
import shutil

import pytest
import torch
from PIL import Image

from vit2rtl import checkpoint, checkpoint_schema, evaluation
from vit2rtl.commands import slices
from vit2rtl.models import embedded
from vit2rtl.models.images import open_images

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture
def copy(tmp_path, photos):
    """A copy of the photos' folder, to spoil."""
    return shutil.copytree(photos, tmp_path / "photos")


def figures(float_logits, logits, labels):
    """By loops and sorting: top-1, top-5, agreement in percent and SQNR in dB."""
    top1 = top5 = agrees = 0
    for row, reference, label in zip(logits, float_logits, labels.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda n: -row[n])
        top1 += order[0] == label
        top5 += label in order[:5]
        agrees += order[0] == max(range(len(row)), key=reference.__getitem__)
    noise = ((logits - float_logits).double() ** 2).sum()
    sqnr = float(10 * ((float_logits.double() ** 2).sum() / noise).log10())
    return [100 * count / len(labels) for count in (top1, top5, agrees)] + [sqnr]


@pytest.fixture
def listed(tmp_path):
    """A list of 60 of the embedded held-out images."""
    path = tmp_path / "list.txt"
    path.write_text("".join(f"mnist5k/held_out/{n:04d}\n" for n in range(3, 63)))
    return path


def test_two_workers_give_the_bytes_of_a_serial_run_and_a_store_keeps_them(
    command, mnist, listed, tmp_path, monkeypatch
):
    request = ("evaluate", mnist, "--list", listed, "--json")
    monkeypatch.setattr(slices, "TOGETHER", 32)
    serial = command(*request)
    store = ("--store", tmp_path / "store")
    assert command(*request, *store, "--jobs", 2) == serial
    monkeypatch.setattr(evaluation, "logits", None)
    assert command(*request, *store) == serial
    code, _, err = command(*request, "--cluster", "slurm")
    assert code == 2 and err.splitlines()[-1] == (
        "vit2rtl: Missing option '--store': a folder that all nodes share")


def test_figures_are_those_of_a_recomputation(command, mnist, listed):
    code, out, _ = command("evaluate", mnist, "--list", listed, "--baseline", "--json")
    assert code == 0
    report = json.loads(out)
    pixels, labels = (part[3:63] for part in embedded.images("held_out"))
    with torch.no_grad():
        float_logits = embedded.create()(pixels)
    logits = checkpoint.load(mnist)[0](pixels)
    want = figures(float_logits, logits, labels)
    got = [report["quantized"][key] for key in ("top1", "top5", "agreement", "sqnr")]
    assert got == pytest.approx(want, rel=1e-6)
    assert report["quantized"]["images"] == report["float"]["images"] == 60
    baseline = figures(float_logits, float_logits + 1e-9, labels)
    assert [report["float"][key] for key in ("top1", "top5")] == pytest.approx(baseline[:2])
    assert report["float"]["agreement"] is report["float"]["sqnr"] is None
    assert report["model"] == "mnist_vit" and report["recipe"]["weight_bits"] == 4
    assert set(report) == {"model", "recipe", "float", "quantized"}


def test_a_part_of_the_classes_draws_a_warning(command, mnist, tmp_path):
    for digit in ("3", "7"):
        (tmp_path / "part" / digit).mkdir(parents=True)
        Image.new("L", (28, 28)).save(tmp_path / "part" / digit / "1.png")
    code, _, err = command("evaluate", mnist, "--images", tmp_path / "part")
    assert (code, err) == (0, (
        "Warning: 2 class sub-folders for 10 classes; they count as classes 0, 1, ... in "
        "alphabetical order (labels.csv names any)\n"
    ))


def test_the_table_says_the_same(command, mnist, listed):
    report = json.loads(command("evaluate", mnist, "--list", listed, "--json")[1])["quantized"]
    code, out, err = command("evaluate", mnist, "--list", listed, "--baseline")
    assert (code, err) == (0, "")
    first, head, *rows, last = out.splitlines()
    assert first == "mnist_vit on 60 images; ± is one standard error of the draw of images"
    assert re.split("  +", head.strip()) == ["w4a4 closed-form", "float"]
    errors = report["standard_errors"]

    def row(title, key, decimals, unit):
        value, error = (f"{number:.{decimals}f}" for number in (report[key], errors[key]))
        return [title, f"{value} ± {error} {unit}"]

    cells = [re.split("  +", line) for line in rows]
    assert [line[:2] for line in cells] == [
        row("top-1", "top1", 1, "%"), row("top-5", "top5", 1, "%"),
        row("top-1 lost", "loss", 1, "points"), row("agrees with float", "agreement", 1, "%"),
        row("SQNR", "sqnr", 2, "dB"), row("SQNR, mean of images", "mean_sqnr", 2, "dB"),
        row("KL divergence", "kl", 3, "nats"),
    ]
    assert [len(line) for line in cells] == [3, 3, 2, 2, 2, 2, 2]
    assert all(re.fullmatch(r"[\d.]+ ± [\d.]+ %", line[2]) for line in cells[:2])
    assert last == (f"KL(float ‖ quantized) with the quantized logits divided by "
                    f"{report['temperature']:.2f}, which fits best")
    alone = command("evaluate", mnist, "--list", listed)[1].splitlines()
    assert len(alone) == len(out.splitlines()) and "float" not in alone[1]


def test_exclude_leaves_out(command, tiny, photos):
    report = json.loads(command("evaluate", tiny, "--images", photos, "--json",
                                "--exclude", photos / "list.txt")[1])
    found = open_images(photos, checkpoint_schema.describe(tiny)["preprocessing"])
    chosen = [found.names.index(name) for name in ("0.png", "2.png", "5.png")]
    logits = checkpoint.load(tiny)[0](found.batch(chosen))
    top1 = (logits.argmax(1) == found.labels[chosen]).double().mean().item() * 100
    assert report["quantized"]["images"] == 3
    assert report["quantized"]["top1"] == pytest.approx(top1)
    assert report["quantized"]["top5"] == 100


def test_class_sub_folders_are_labels(command, tiny, photos, tmp_path):
    for n in range(6):
        folder = tmp_path / "val" / f"class{n % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(photos / f"{n}.png", folder)
    flat = json.loads(command("evaluate", tiny, "--images", photos, "--json")[1])
    nested = json.loads(command("evaluate", tiny, "--images", tmp_path / "val", "--json")[1])
    assert nested["quantized"]["top1"] == flat["quantized"]["top1"]
    assert nested["quantized"]["sqnr"] == pytest.approx(flat["quantized"]["sqnr"], abs=1e-6)


def test_weights_that_have_moved(command, refused, tiny, tiny_weights, photos, tmp_path):
    moved = tmp_path / "moved.safetensors"
    shutil.copy(tiny_weights, moved)
    gone = shutil.copytree(tiny, tmp_path / "tiny")
    path = gone / "model.json"
    path.write_text(path.read_text().replace(str(tiny_weights), str(tmp_path / "gone")))
    assert refused(gone, "--images", photos) == (
        f"Float weights {tmp_path / 'gone'} are gone; name their place with --weights FILE"
    )
    assert command("evaluate", gone, "--images", photos, "--weights", moved)[0] == 0
    moved.write_bytes(moved.read_bytes() + b" ")
    assert refused(gone, "--images", photos, "--weights", moved) == (
        f"{moved} is not the weights file that the checkpoint was made from"
    )


def test_checkpoints_that_are_none(refused, tmp_path, mnist):
    assert refused(tmp_path) == f"{tmp_path} is not a checkpoint: it has no model.json"
    assert refused(tmp_path / "no") == (
        f"{tmp_path / 'no'} is not a checkpoint: it has no model.json"
    )
    broken = shutil.copytree(mnist, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"123")
    assert refused(broken) == (
        f"{broken / 'model.safetensors'} is not the file that model.json was written with (SHA-256)"
    )


def test_images_that_do_not_serve(refused, tiny, copy, tmp_path):
    assert refused(tiny) == "Missing option '--images': a folder of images"
    labels = copy / "labels.csv"
    labels.write_text("file,class_index\n0.png,0\n1.png,3\n")
    assert refused(tiny, "--images", copy) == "Class index 3 does not fit a model of 3 classes"
    labels.write_text("file,class_index\n0.png,-1\n")
    assert refused(tiny, "--images", copy) == "Class index -1 does not fit a model of 3 classes"
    labels.write_text("image,label\n0.png,0\n")
    assert refused(tiny, "--images", copy) == f"{labels} must have the columns file,class_index"
    labels.write_text("file,class_index\n9.png,0\n")
    assert refused(tiny, "--images", copy) == f"{labels} line 2: no file '9.png'"
    labels.write_text("file,class_index\n0.png,zero\n")
    assert refused(tiny, "--images", copy) == (
        f"{labels} line 2: class_index must be an integer, not 'zero'"
    )
    labels.unlink()
    assert refused(tiny, "--images", copy) == (
        "Images have no labels: add class sub-folders or a labels.csv"
    )


def test_lists_that_do_not_serve(refused, tiny, photos, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{n}.png\n" for n in range(6)))
    assert refused(tiny, "--images", photos, "--exclude", names) == "No images are left to use"
    names.write_text("0.png\n0.jpg\n")
    assert refused(tiny, "--images", photos, "--list", names) == (
        "The list names '0.jpg', which is not among the images"
    )
    names.unlink()
    for option in ("--list", "--exclude"):
        assert refused(tiny, "--images", photos, option, names) == (
            f"No such file or directory: {names}"
        )
    names.write_bytes(b"\xff\xfe0\x00")
    assert refused(tiny, "--images", photos, "--list", names) == (
        f"{names} is not text in UTF-8 (byte 0)"
    )


def test_an_image_that_cannot_be_read_is_named(refused, tiny, copy):
    (copy / "5.png").write_bytes((copy / "5.png").read_bytes()[:99])
    line = refused(tiny, "--images", copy)
    assert line.startswith(f"Image {copy / '5.png'} cannot be read (")


def test_images_in_colour_for_a_grey_model_are_said(command, mnist, photos, tmp_path):
    line = "Warning: 0.png is in colour, and the model takes one channel: images are made grey"
    code, _, err = command("evaluate", mnist, "--images", photos)
    assert (code, line in err.splitlines()) == (0, True)
    assert command("lower", mnist, "--out", tmp_path / "program")[0] == 0
    code, _, err = command("run", tmp_path / "program", "--images", photos)
    assert (code, err) == (0, f"{line}\n")
    grey = tmp_path / "grey"
    grey.mkdir()
    for mode in ("L", "1", "LA"):
        Image.new(mode, (28, 28)).save(grey / f"{mode}.png")
    assert command("run", tmp_path / "program", "--images", grey)[2] == ""
