"""vit2rtl export: what it writes, what it says, what it refuses."""

import json
import sys

import onnx
import pytest
from onnx import numpy_helper


@pytest.fixture(scope="module")
def exported(mnist, tmp_path_factory):
    """The embedded model's ONNX file."""
    from vit2rtl.cli import main

    path = tmp_path_factory.mktemp("onnx") / "mnist.onnx"
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(mnist), "--onnx", str(path)])
    assert stopped.value.code == 0
    return path


def test_export_writes_a_file_and_checks_it(command, mnist, exported, tmp_path):
    path = tmp_path / "new" / "again.onnx"
    code, out, err = command("export", mnist, "--onnx", path, "--check", "--count", "5")
    assert (code, err) == (0, "")
    assert path.read_bytes() == exported.read_bytes()
    size = path.stat().st_size / 1e6
    assert out.splitlines() == [
        f"305 nodes, 70 quantizers, {size:.1f} MB: {path}",
        "ONNX Runtime against the simulation, 5 images: logits equal on 100.0 %, "
        "top-1 agrees on 100.0 %, no noise",
    ]


def test_images_of_a_folder(command, tiny, photos, tmp_path):
    path = tmp_path / "tiny.onnx"
    code, out, err = command("export", tiny, "--onnx", path, "--check", "--images", photos,
                           "--exclude", photos / "list.txt", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "file": str(path), "bytes": path.stat().st_size, "images": 3, "precision": "float64",
        "equal": 100.0, "top1_agreement": 100.0, "sqnr": None,
    }


def test_a_wrong_zero_point_fails_the_check(command, mnist, exported, tmp_path):
    path = tmp_path / "wrong.onnx"
    model = onnx.load(exported)
    tensor = next(t for t in model.graph.initializer if t.name == "blocks.0.norm1/zeropt")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + 1, tensor.name))
    onnx.save(model, path)
    before = path.read_bytes()
    code, out, err = command("export", mnist, "--onnx", path, "--check-only", "--count", "10")
    assert code == 1
    assert out.startswith("ONNX Runtime against the simulation, 10 images: logits equal on 0.0 %, ")
    assert err == (f"vit2rtl: {path}: logits equal the simulation's on 0.0 % of 10 images, "
                   "fewer than --least 99 %\n")
    assert path.read_bytes() == before
    code, _, _ = command("export", mnist, "--onnx", path, "--check-only", "--count", "10",
                         "--least", "0")
    assert code == 0


def test_float32_is_judged_by_its_top_1(command, mnist, tmp_path):
    path = tmp_path / "float32.onnx"
    code, out, _ = command("export", mnist, "--onnx", path, "--float32", "--check", "--count",
                           "40", "--json")
    result = json.loads(out)
    assert (code, result["precision"], result["top1_agreement"]) == (0, "float32", 100.0)
    assert result["sqnr"] is None or 20 < result["sqnr"]
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name == "head/bias":
            wrong = numpy_helper.to_array(tensor).copy()
            wrong[3] += 100
            tensor.CopyFrom(numpy_helper.from_array(wrong, tensor.name))
    onnx.save(model, path)
    code, _, err = command("export", mnist, "--onnx", path, "--check-only", "--count", "40")
    assert code == 1
    assert err.startswith(f"vit2rtl: {path}: top-1 is the simulation's on ")
    assert err.endswith(" % of 40 images, fewer than --least 99 %\n")


@pytest.mark.parametrize(("arguments", "text"), [
    (["--form", "qdq"],
     "Form qdq needs 8-bit weights and activations; patch_embed.proj has 4 bits"),
    (["--check-only", "--float32"],
     "--check-only writes nothing: --form and --float32 are for writing"),
    (["--count", "4"], "--images, --list, --exclude and --count are for --check"),
])
def test_refusals(command, mnist, tmp_path, arguments, text):
    code, _, err = command("export", mnist, "--onnx", tmp_path / "m.onnx", *arguments)
    assert (code, err.splitlines()[-1]) == (2, f"vit2rtl: {text}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_left_alone(command, mnist, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("mine")
    code, out, err = command("export", mnist, "--onnx", path)
    assert (code, out, err) == (
        2, "", f"vit2rtl: An ONNX file must be named *.onnx, not {str(path)!r}\n")
    assert path.read_text() == "mine"


def test_images_must_be_named(command, tiny, tmp_path):
    code, _, err = command("export", tiny, "--onnx", tmp_path / "m.onnx", "--check")
    assert (code, err.splitlines()[-1]) == (
        2, "vit2rtl: Missing option '--images': a folder of images")
    assert list(tmp_path.iterdir()) == []


def test_a_check_needs_the_file(command, mnist, tmp_path):
    path = tmp_path / "none.onnx"
    code, _, err = command("export", mnist, "--onnx", path, "--check-only", "--count", "1")
    assert (code, err) == (2, f"vit2rtl: No such file or directory: {path}\n")


@pytest.mark.parametrize("module", ["onnx", "onnxruntime"])
def test_what_is_not_installed_is_named(command, module, mnist, tmp_path, monkeypatch):
    # Modules before the packages that they are in.
    ours = sorted((name for name in sys.modules if name.startswith("vit2rtl.onnx.")), reverse=True)
    for name in [*ours, "vit2rtl.commands.export"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
        package, _, attribute = name.rpartition(".")
        monkeypatch.delattr(sys.modules[package], attribute, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    code, _, err = command("export", mnist, "--onnx", tmp_path / "m.onnx", "--check", "--count", 1)
    assert (code, err) == (
        2, f"vit2rtl: {module} is not installed: pip install 'vit2rtl[onnx]'\n")
    assert list(tmp_path.iterdir()) == []
